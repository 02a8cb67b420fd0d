"""Temporary folders are removed after any end of a process."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from children import plugin
from places import SOURCE

from gfruntime.serving import folders

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no unix sockets")

OWNER = """
import sys, time
from gfruntime.serving import folders
print(folders.make(sys.argv[1]), flush=True)
time.sleep(60)
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Run a process that makes a folder."""
    source = str(SOURCE)
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, tmp_path], env={"PYTHONPATH": source}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    folder = process.stdout.readline().strip()
    assert folder
    yield process, Path(folder)
    process.kill()
    process.wait(10)
    process.stdout.close()


@pytest.mark.shows("protocol 36")
def test_folder_of_a_killed_process_is_removed_by_the_next_start(
    owner: tuple[subprocess.Popen[str], Path], tmp_path: Path
) -> None:
    """SIGKILL leaves the folder; the next process that makes one removes it with all its files (item 36)."""
    process, folder = owner
    (folder / "socket").touch()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    new_folder = Path(folders.make(str(tmp_path)))

    assert [path for path in tmp_path.iterdir() if path.name.startswith("plugin")] == [new_folder]


@pytest.mark.shows("protocol 36")
def test_folder_in_use_is_left_alone(owner: tuple[subprocess.Popen[str], Path], tmp_path: Path) -> None:
    """The lock of a running process protects its folder; a folder without a lock may be new (item 36)."""
    young = tmp_path / "plugin-young"
    young.mkdir()
    new_folder = Path(folders.make(str(tmp_path)))

    assert stat.S_IMODE(new_folder.stat().st_mode) == 0o700
    assert owner[1].is_dir()
    assert young.is_dir()


@pytest.mark.shows("protocol 36")
@pytest.mark.long
@pytest.mark.soak
def test_the_folders_of_a_hundred_killed_processes_are_removed(stub_folder: Path, tmp_path: Path) -> None:
    """After 100 starts that end by SIGKILL, one with a normal end leaves the temp folder empty (item 36)."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    for _ in range(100):
        with plugin(stub_folder, tmp_path, TMPDIR=str(temporary)) as child:
            assert child.line.startswith("1|2|unix|")
            os.kill(child.process.pid, signal.SIGKILL)
    assert len(list(temporary.iterdir())) == 1
    with plugin(stub_folder, tmp_path, TMPDIR=str(temporary)) as child:
        child.ping()
        child.shutdown()

    assert list(temporary.iterdir()) == []
