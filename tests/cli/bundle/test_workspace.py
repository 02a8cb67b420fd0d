"""The folder of a build: one build at a time, temporary files removed, and system errors explained."""

import errno
import os
from pathlib import Path

import pytest

from gfplug.bundle import workspace
from gfplug.errors import ProjectError, ToolError

POSIX = pytest.mark.skipif(os.name != "posix", reason="links need a privilege")


def test_the_build_folder_is_removed_after_the_build(tmp_path: Path) -> None:
    """Results have been moved out; the rest is removed, also after an interruption."""
    with workspace.open_folder(tmp_path / "artifacts") as folder:
        workspace.make_empty(folder).joinpath("half").write_text("")
    assert not folder.exists()

    folder.mkdir()
    with pytest.raises(KeyboardInterrupt), workspace.open_folder(tmp_path / "artifacts"):
        raise KeyboardInterrupt
    assert not folder.exists()


def test_the_files_of_a_killed_build_stay_until_the_folder_is_emptied(tmp_path: Path) -> None:
    """The next build can reuse them; a process of the killed build writes to another folder."""
    (tmp_path / "artifacts/.build/old").mkdir(parents=True)
    with workspace.open_folder(tmp_path / "artifacts") as folder:
        assert (folder / "old").is_dir()
        first = workspace.make_empty(folder)
        second = workspace.make_empty(folder)
        assert first != second
        assert list(folder.rglob("*")) == [second]


def test_a_second_build_is_refused(tmp_path: Path) -> None:
    """Two builds of one project would overwrite each other; after the first ends, the next may run."""
    with (
        workspace.open_folder(tmp_path),
        pytest.raises(ProjectError, match="another build"),
        workspace.open_folder(tmp_path),
    ):
        pytest.fail("two builds at once")
    with workspace.open_folder(tmp_path):
        pass


@pytest.mark.parametrize("place", ["file", "folder", pytest.param("link", marks=POSIX)])
def test_a_path_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    """It is a file in place of the folder, or a folder or link in place of the lock."""
    if place == "file":
        (tmp_path / "artifacts").write_text("")
    elif place == "folder":
        (tmp_path / "artifacts/.lock").mkdir(parents=True)
    else:
        (tmp_path / "artifacts").mkdir()
        (tmp_path / "artifacts/.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProjectError, match=r"cannot write .*artifacts"), workspace.open_folder(tmp_path / "artifacts"):
        pytest.fail("there is no folder")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_project_is_named(tmp_path: Path) -> None:
    """The error names the folder, the hint says that it must be writable."""
    tmp_path.chmod(0o500)
    with (
        pytest.raises(ProjectError, match="Permission denied") as excinfo,
        workspace.open_folder(tmp_path / "artifacts"),
    ):
        pytest.fail("it is read-only")
    tmp_path.chmod(0o700)

    assert "writable" in excinfo.value.hint


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (errno.ENOSPC, ToolError, "the disk is full: here"),
        (errno.EROFS, ProjectError, "cannot write here: Read-only file system"),
        (errno.EACCES, ProjectError, "cannot write here: Permission denied"),
        (errno.ECONNRESET, ConnectionResetError, "Connection reset by peer: 'here'"),
    ],
)
def test_a_write_error_is_explained(tmp_path: Path, code: int, kind: type[Exception], sentence: str) -> None:
    """The error number becomes a message and an exit code; a lost connection is not a disk error."""
    with pytest.raises(kind, match=sentence), workspace.convert_os_errors(tmp_path):
        raise OSError(code, os.strerror(code), "here")


def test_a_full_disk_of_another_program_is_recognised(tmp_path: Path) -> None:
    """If PyInstaller meets a full disk, the error says so above PyInstaller's lines."""
    failure = ToolError("PyInstaller failed", details="OSError: [Errno 28] No space left on device: 'x'")
    with pytest.raises(ToolError, match="the disk is full") as excinfo, workspace.convert_os_errors(tmp_path):
        raise failure

    assert excinfo.value.details == failure.details
