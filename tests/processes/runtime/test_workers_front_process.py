"""No process that is loading the author's code for workers outlives the process that Grafana started."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from children import GO_PLUGIN, running
from places import SOURCE
from processes import alive, descendants, eventually

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = """
import ctypes, os, sys, threading, time
from pathlib import Path
from gfruntime import serve
from gfruntime.serving.workers import front_process

WAY = sys.argv.pop()
if WAY == "in a thread":
    front_process.watch = front_process.watch_in_thread

def load():
    if WAY != "forked" and not Path("first").exists():
        Path("first").touch()
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        raise RuntimeError("the first process becomes a worker, because it has a thread; the second one blocks")
    Path("blocked").touch()
    if WAY == "in a thread":
        time.sleep(60)
    ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock

serve(load, workers=2)
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("way", "count"), [("forked", 1), ("started", 2), ("in a thread", 2)])
def test_a_blocked_import_does_not_outlive_the_front_process(tmp_path: Path, way: str, count: int) -> None:
    """These are a template that forks, a worker that is a separate program, and such a worker as on other systems."""
    with (tmp_path / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", PLUGIN, way],
            env={**GO_PLUGIN, "PYTHONPATH": str(SOURCE), "TMPDIR": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=tmp_path,
        )
    with running(process, tmp_path / "stderr"):
        eventually((tmp_path / "blocked").exists, within_s=20)
        family = descendants(process.pid)
        process.kill()

        assert len(family) == count
        eventually(lambda: not any(map(alive, family)), within_s=4)
