"""Many files changed as one: all or none, whatever fails, and nothing overwritten that nobody expected."""

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
    """Files become folders and folders files; empty folders go, and so does the journal."""
    root = project(tmp_path)
    apply(root, edits())

    assert files_of(root) == NEW
    assert sorted(path.name for path in root.iterdir()) == [".gfplug", "a", "conf", "dir", "new", "same"]
    assert list((root / ".gfplug").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_modes_are_kept_and_given(tmp_path: Path) -> None:
    """A private file stays private, a new program is executable, a file that becomes a program too."""
    root = project(tmp_path)
    (root / "a").chmod(0o600)
    changes = {
        "a": Edit(TreeFile(b"old a"), TreeFile(b"new a")),
        "same": Edit(TreeFile(b"same"), TreeFile(b"same", is_executable=True)),
        "run": Edit(None, TreeFile(b"x", is_executable=True)),
    }
    apply(root, changes)

    assert [(root / name).stat().st_mode & 0o777 for name in ("a", "same", "run")] == [0o600, 0o755, 0o755]


@pytest.mark.parametrize("failing", range(1, 12))
def test_a_failure_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """Whichever file can't be moved into its place, the tree is as it was, and the error names the file."""
    root = project(tmp_path)
    moves, real = [0], Path.replace

    def replace(self: Path, target: Path) -> Path:
        moves[0] += "new" in self.parts
        if moves[0] == failing and "new" in self.parts:
            raise OSError(28, "No space left on device", str(self), None, str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    if failing <= 4:
        with pytest.raises(ProjectError, match=r"cannot write .*: No space left on device"):
            apply(root, edits())
        assert files_of(root) == OLD
    else:
        apply(root, edits())
        assert files_of(root) == NEW
    assert list((root / ".gfplug").iterdir()) == []


def test_a_full_disk_is_an_error_without_a_files_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write into an open file names none; the sentence does not say None."""
    root = project(tmp_path)

    def fill(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fill)
        with pytest.raises(ProjectError, match="cannot write the project's files: No space left on device"):
            apply(root, edits())
    assert files_of(root) == OLD


@pytest.mark.skipif(os.name != "posix", reason="Windows syncs no folders")
def test_the_journal_is_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut may lose what was not synced: all of the journal is, then its name, then the first file moves."""
    root = project(tmp_path)
    synced: dict[int, int] = {}
    moves, real = [], Path.replace

    def sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        synced[status.st_ino] = status.st_mtime_ns

    def replace(self: Path, target: Path) -> Path:
        needed = [self, *self.rglob("*")] if target.name == "journal" else [root / ".gfplug"]
        moves.append(target.name)
        if self.name != "journal":
            assert [path for path in needed if synced.get(path.stat().st_ino) != path.stat().st_mtime_ns] == []
        return real(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    apply(root, edits())

    assert moves[:5] == ["journal", "a", "d", "dir", "e"]


@pytest.mark.parametrize(("path", "says"), [("a", "a was changed in the meantime"), ("new/e", "new/e already exists")])
def test_a_file_that_is_not_as_expected_stops_everything(tmp_path: Path, path: str, says: str) -> None:
    """What the user wrote since the plan was made is not overwritten."""
    root = project(tmp_path)
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("by the user")

    with pytest.raises(ProjectError, match=says):
        apply(root, edits())
    assert files_of(root) == OLD | {path: "by the user"}


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege")
def test_a_link_is_in_the_way(tmp_path: Path) -> None:
    """Nothing is written through, or over, a link of the user's."""
    root = project(tmp_path)
    (root / "new").mkdir()
    (root / "new" / "e").symlink_to("nowhere")

    with pytest.raises(ProjectError, match="new/e already exists"):
        apply(root, edits())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_can_not_be_written_is_a_project_error(tmp_path: Path) -> None:
    """A read-only project is told as such."""
    root = project(tmp_path)
    (root / ".gfplug").chmod(0o500)

    with pytest.raises(ProjectError, match="cannot write"):
        apply(root, edits())


def test_only_one_process_edits_at_a_time(tmp_path: Path) -> None:
    """A second process is told, and the lock goes with its holder."""
    root = project(tmp_path)

    says = f"another upgrade of {re.escape(str(root))} is running"
    with journal.lock_project(root), pytest.raises(ProjectError, match=says):
        apply(root, edits())
    apply(root, edits())
    assert files_of(root) == NEW


def test_a_removed_lock_is_taken_again(tmp_path: Path) -> None:
    """Two holders in a row, each removing the file, never hold it together."""
    for _ in range(2):
        with mutex.hold(tmp_path / "x.lock", what="test"):
            assert (tmp_path / "x.lock").exists()
        assert not (tmp_path / "x.lock").exists()


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_the_lock_of_a_removed_file_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A holder removes the file when it ends, perhaps after the next process opened it, which then holds nothing."""
    path, flock = tmp_path / "x.lock", fcntl.flock

    def remove_first(descriptor: int, operation: int) -> None:
        path.unlink(missing_ok=True)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with pytest.raises(ProjectError, match="another test"), mutex.hold(path, what="test"):
        pytest.fail("it is held")


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_a_file_system_without_locks_is_worked_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process at a time is the usual case there, too."""
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=OSError(errno.ENOLCK, "No locks available")))
    with mutex.hold(tmp_path / "x.lock", what="test"):
        pass
    assert not (tmp_path / "x.lock").exists()


def test_an_edit_between_the_crash_and_the_repair_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the user wrote to before the repair is kept, with the upgrade's beside."""
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
    """Neither a link nor what is behind a linked folder is the project's."""
    project(tmp_path)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "linked").symlink_to("dir")

    assert list(trees.read(tmp_path, ["a", "link", "linked/c", "missing"])) == ["a"]
