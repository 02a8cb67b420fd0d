"""Many files change as one: all or none after any failure, and no unexpected file is overwritten."""

import errno
import os
import re
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from small_edits import NEW, OLD, apply, edits, files_of, project

from gfplug.edits import journal, mutex, trees
from gfplug.edits.trees import Edit, TreeFile
from gfplug.errors import ProjectError

if sys.platform != "win32":
    import fcntl


def test_edits_change_the_tree_and_leave_no_other_files(tmp_path: Path) -> None:
    """Files become folders and the other way round; empty folders and the journal are removed."""
    root = project(tmp_path)
    apply(root, edits())

    assert files_of(root) == NEW
    assert sorted(path.name for path in root.iterdir()) == [".gfplug", "a", "conf", "dir", "new", "same"]
    assert list((root / ".gfplug").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_edits_keep_file_modes_and_set_executable_bits(tmp_path: Path) -> None:
    """A private file stays private; a new program, and a file that becomes a program, are executable."""
    root = project(tmp_path)
    (root / "a").chmod(0o600)
    changes = {
        "a": Edit(TreeFile(b"old a"), TreeFile(b"new a")),
        "same": Edit(TreeFile(b"same"), TreeFile(b"same", is_executable=True)),
        "run": Edit(None, TreeFile(b"x", is_executable=True)),
    }
    apply(root, changes)

    assert [(root / name).stat().st_mode & 0o777 for name in ("a", "same", "run")] == [0o600, 0o755, 0o755]


@pytest.mark.parametrize("number", range(1, 12))
def test_a_failed_edit_restores_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """If any file cannot be moved, the tree is unchanged, and the error names the file."""
    root = project(tmp_path)
    moves, real = [0], Path.replace

    def replace(self: Path, target: Path) -> Path:
        moves[0] += "new" in self.parts
        if moves[0] == number and "new" in self.parts:
            raise OSError(28, "No space left on device", str(self), None, str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    if number <= 4:
        with pytest.raises(ProjectError, match=r"cannot write .*: No space left on device"):
            apply(root, edits())
        assert files_of(root) == OLD
    else:
        apply(root, edits())
        assert files_of(root) == NEW
    assert list((root / ".gfplug").iterdir()) == []


def test_an_error_without_a_file_name_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing to an open file on a full disk raises an error without a name; the message does not say None."""
    root = project(tmp_path)

    def fill(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fill)
        with pytest.raises(ProjectError, match="cannot write the project's files: No space left on device"):
            apply(root, edits())
    assert files_of(root) == OLD


@pytest.mark.skipif(os.name != "posix", reason="Windows syncs no folders")
def test_the_journal_is_synced_before_files_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the journal's content is synced, then its name, then the first file moves, so a power cut loses nothing."""
    root = project(tmp_path)
    syncs: dict[int, int] = {}
    moves, real = [], Path.replace

    def sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        syncs[status.st_ino] = status.st_mtime_ns

    def replace(self: Path, target: Path) -> Path:
        needed = [self, *self.rglob("*")] if target.name == "journal" else [root / ".gfplug"]
        moves.append(target.name)
        if self.name != "journal":
            assert [path for path in needed if syncs.get(path.stat().st_ino) != path.stat().st_mtime_ns] == []
        return real(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    apply(root, edits())

    assert moves[:5] == ["journal", "a", "d", "dir", "e"]


@pytest.mark.parametrize(("path", "says"), [("a", "a was changed in the meantime"), ("new/e", "new/e already exists")])
def test_an_unexpected_file_content_stops_all_edits(tmp_path: Path, path: str, says: str) -> None:
    """Changes that the user made after the plan are not overwritten."""
    root = project(tmp_path)
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("by the user")

    with pytest.raises(ProjectError, match=says):
        apply(root, edits())
    assert files_of(root) == OLD | {path: "by the user"}


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege")
def test_a_link_is_not_overwritten(tmp_path: Path) -> None:
    """Nothing is written through a link or over it."""
    root = project(tmp_path)
    (root / "new").mkdir()
    (root / "new" / "e").symlink_to("nowhere")

    with pytest.raises(ProjectError, match="new/e already exists"):
        apply(root, edits())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_a_project_error(tmp_path: Path) -> None:
    """The error says that the folder cannot be written."""
    root = project(tmp_path)
    (root / ".gfplug").chmod(0o500)

    with pytest.raises(ProjectError, match="cannot write"):
        apply(root, edits())


def test_only_one_process_edits_at_a_time(tmp_path: Path) -> None:
    """A second process gets an error; the lock ends with its process."""
    root = project(tmp_path)

    says = f"another upgrade of {re.escape(str(root))} is running"
    with journal.lock_project(root), pytest.raises(ProjectError, match=says):
        apply(root, edits())
    apply(root, edits())
    assert files_of(root) == NEW


def test_the_lock_file_is_removed_when_the_lock_is_released(tmp_path: Path) -> None:
    """Both remove the lock file when they end."""
    for _ in range(2):
        with mutex.hold(tmp_path / "x.lock", what="test"):
            assert (tmp_path / "x.lock").exists()
        assert not (tmp_path / "x.lock").exists()


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_a_lock_on_a_removed_lock_file_is_not_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process removes the file when it ends; another one may have opened that file before."""
    path, flock = tmp_path / "x.lock", fcntl.flock

    def remove_first(descriptor: int, operation: int) -> None:
        path.unlink(missing_ok=True)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with pytest.raises(ProjectError, match="another test"), mutex.hold(path, what="test"):
        pytest.fail("it is held")


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_a_file_system_without_locks_can_be_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Usually only one process works there."""
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=OSError(errno.ENOLCK, "No locks available")))
    with mutex.hold(tmp_path / "x.lock", what="test"):
        pass
    assert not (tmp_path / "x.lock").exists()


def test_an_edit_between_the_crash_and_the_repair_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's file stays, and the upgrade's version is written beside it."""
    root = project(tmp_path)
    monkeypatch.setattr(journal, "_finish", lambda _: None)
    apply(root, edits())
    monkeypatch.undo()
    (root / "a").write_text("by the user")
    with journal.lock_project(root):
        pass

    assert files_of(root) == NEW | {"a": "by the user", "a.gfplug-new": "new a"}


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege")
def test_a_tree_leaves_out_links(tmp_path: Path) -> None:
    """Links and files behind linked folders do not belong to the project."""
    project(tmp_path)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "linked").symlink_to("dir")

    assert list(trees.read(tmp_path, ["a", "link", "linked/c", "missing"])) == ["a"]
