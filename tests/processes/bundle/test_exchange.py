"""A build that is killed while the new bundle replaces the old one."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gfplug.bundle import exchange

if TYPE_CHECKING:
    from pathlib import Path


KILLED = """
import os, signal, sys
from pathlib import Path
from gfplug.bundle import exchange as bundle
from gfplug.bundle.dist import Bundle
top = Path(sys.argv[1])
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "between":
    bundle._exchange = lambda *_: False
    rename, count = Path.rename, []
    def once(self, to):
        die() if count else count.append(rename(self, to))
    Path.rename = once
bundle.install(Bundle(top / "new", top / "new/gpx"), top / "dist", aside=top / "old")
die()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize(("moment", "text"), [("between", "old"), ("after", "new")])
def test_a_killed_build_leaves_a_whole_bundle(tmp_path: Path, moment: str, text: str) -> None:
    """If the kill is between the two renames, the next build restores the old bundle; else the new one stays."""
    for name, content in (("new", "new"), ("dist", "old")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gpx").write_text(content)
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path, moment], check=False, timeout=60)
    exchange.recover(tmp_path / "dist", aside=tmp_path / "old")

    assert done.returncode == -9
    assert (tmp_path / "dist/gpx").read_text() == text
