"""Detect changed files by polling their times and sizes. A hundred files take a millisecond."""

from __future__ import annotations

import os
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Snapshot = dict[str, tuple[int, int]]

_IGNORED = {"__pycache__", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
_NOISE = ("~", ".swp", ".swx", ".tmp", ".pyc", ".pyo")


def source_folder() -> Path:
    """Return the folder that contains the author's package `plugin`, without importing it.

    Raises: ModuleNotFoundError if sys.path has no such package.
    """
    spec = find_spec("plugin")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("no package named 'plugin': PYTHONPATH must name the project's src", name="plugin")
    return Path(next(iter(spec.submodule_search_locations))).parent


def snapshot(folder: Path) -> Snapshot:
    """Map each file below a folder to its modification time and size, except editors' temporary files and caches."""
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in _files(str(folder))}


def changes(old: Snapshot, new: Snapshot) -> list[str]:
    """List the files that were changed, added or removed."""
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def forget(paths: Iterable[str]) -> None:
    """Remove the bytecode of changed files.

    Python uses bytecode if its source has the same size and the same time in seconds, as after two saves in one second.
    """
    for path in paths:
        if path.endswith(".py"):
            try:
                Path(cache_from_source(path)).unlink(missing_ok=True)
            except OSError:
                continue  # not writable: the folder has no new bytecode either


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # it was removed meanwhile
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _IGNORED:
                    yield from _files(entry.path)
            elif not entry.name.endswith(_NOISE) and not entry.name.startswith(".#"):
                yield entry.path, entry.stat()
        except OSError:
            continue
