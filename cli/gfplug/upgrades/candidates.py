"""The author's files that an upgrade may read: the files of git, without large ones."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.untrusted import repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SKIPPED = {".git", ".venv", "node_modules", "dist", "artifacts", "build", "__pycache__", ".gfplug"}
_MAX_SEARCHED_BYTES = 1_000_000


def find(root: Path) -> Iterator[str]:
    """Yield the paths of files that git tracks or would track; without git, all except files that tools generate."""
    names = repository.list_files(root)
    if names is None:
        names = [path.relative_to(root).as_posix() for path in _walk(root)]
    return (path for path in names if _is_small(root / path))


def list_blocking_files(root: Path, rendered: Iterable[str]) -> Iterator[str]:
    """List the user's files whose path is a folder in the template, and those in a folder that is a file there."""
    for path in rendered:
        above = [folder.as_posix() for folder in PurePosixPath(path).parents]
        yield from (folder for folder in above if (root / folder).is_file())
        if (root / path).is_dir():
            yield from (file.relative_to(root).as_posix() for file in files.walk(root / path))


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _SKIPPED or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _is_small(path: Path) -> bool:
    return path.is_file() and path.stat().st_size < _MAX_SEARCHED_BYTES
