"""A small tree, a later state of it, and the edits between the two, for the tests of the journal."""

from pathlib import Path

from gfplug.edits import journal
from gfplug.edits.trees import Edit, TreeFile

OLD = {"a": "old a", "gone/b": "old b", "conf": "a file", "dir/c": "old c", "same": "same"}
NEW = {"a": "new a", "conf/d": "now a folder", "dir": "now a file", "new/e": "new e", "same": "same"}


def project(folder: Path) -> Path:
    """Make a folder with the first tree."""
    for path, text in OLD.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / ".gfplug").mkdir()
    return folder


def edits() -> dict[str, Edit]:
    """Return the edits from the first tree to the second."""
    sides = [{path: TreeFile(text.encode()) for path, text in tree.items()} for tree in (OLD, NEW)]
    return {path: Edit(sides[0].get(path), sides[1].get(path)) for path in (OLD | NEW) if path != "same"}


def files_of(folder: Path) -> dict[str, str]:
    """Read the files of a folder."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def apply(folder: Path, changes: dict[str, Edit]) -> None:
    """Apply edits as a command does."""
    with journal.lock_project(folder):
        journal.apply(folder, changes)
