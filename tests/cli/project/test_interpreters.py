"""Pythons on the PATH."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from gfplug.project.environment import interpreters

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform == "win32", reason="programs have a suffix there")
@pytest.mark.parametrize("entry", ["", ".", "bin", "./bin"])
def test_a_folder_of_the_path_that_is_relative_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    """It means another folder in each working folder: what lies there was not put on the PATH by anybody."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "real").mkdir()
    for name in ("python3", "bin/python3", "real/python3"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([entry, str(tmp_path / "real")]))

    assert list(interpreters.on_path()) == [tmp_path / "real/python3"]
