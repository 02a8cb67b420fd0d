"""Trees of files in memory: relative POSIX paths, contents, and whether a file may be executed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.edits.paths import is_linked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file of a tree."""

    content: bytes
    is_executable: bool = False


def read(root: Path, paths: Iterable[str]) -> dict[str, TreeFile]:
    """Read those of some paths that are regular files below a folder; links, and what is behind them, are left out."""
    return {path: entry_of(root / path) for path in paths if (root / path).is_file() and not is_linked(root, path)}


def entry_of(path: Path) -> TreeFile:
    """Read one file."""
    return TreeFile(path.read_bytes(), bool(path.stat().st_mode & 0o100))
