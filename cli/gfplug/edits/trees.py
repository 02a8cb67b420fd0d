"""Trees of files in memory: relative POSIX paths, contents, executable flags, and edits of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.untrusted import documents
from gfplug.untrusted.paths import is_linked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file of a tree."""

    content: bytes
    is_executable: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """The change of one file: None before means a new file, None after a removed file."""

    before: TreeFile | None
    after: TreeFile | None

    @property
    def kind(self) -> str:
        """The kind of change: `added`, `changed` or `deleted`."""
        return "added" if self.before is None else "deleted" if self.after is None else "changed"


def compare(old: Mapping[str, TreeFile], new: Mapping[str, TreeFile]) -> dict[str, Edit]:
    """Return the edits that turn one tree into another."""
    edits = {path: Edit(old.get(path), new.get(path)) for path in old.keys() | new.keys()}
    return {path: edit for path, edit in edits.items() if edit.before != edit.after}


def read(root: Path, paths: Iterable[str]) -> dict[str, TreeFile]:
    """Read the paths that are regular files below a folder; links, and paths behind them, are left out."""
    return {path: entry_of(root / path) for path in paths if (root / path).is_file() and not is_linked(root, path)}


def edit_text(entry: TreeFile, change: Callable[[str], str]) -> TreeFile:
    """Return a text file changed by a function, which gets LF line ends; the file keeps its line ends.

    Raises: UnicodeDecodeError if the file is not UTF-8 text.
    """
    text = entry.content.decode()
    lines = text.replace("\r\n", "\n")
    new_text = change(lines)
    if new_text == lines:
        return entry
    return replace(entry, content=(new_text.replace("\n", "\r\n") if "\r\n" in text else new_text).encode())


def entry_of(path: Path) -> TreeFile:
    """Read one file."""
    return TreeFile(documents.read_bytes(path), bool(path.stat().st_mode & 0o100))
