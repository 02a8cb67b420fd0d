"""The files of a bundle, read in the same way from a folder and from an archive."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.untrusted import archives, documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_MAX_FILE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """One file or link; `name` is its POSIX path in the bundle, `mode` what Unix calls st_mode."""

    name: str
    mode: int
    size: int
    read: Callable[[], bytes]

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link; `read` then returns its target."""
        return stat.S_ISLNK(self.mode)

    @property
    def is_executable(self) -> bool:
        """Whether its owner may execute it."""
        return bool(self.mode & stat.S_IXUSR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All files of a bundle by name; for an archive also its root folders."""

    items: dict[str, BundledFile]
    roots: tuple[str, ...] = ()


def of_folder(folder: Path) -> Contents:
    """List a folder."""
    items = {}
    for path in files.entries(folder):
        name, status = path.relative_to(folder).as_posix(), path.lstat()
        if path.is_symlink():
            read = partial(bytes, os.fsencode(path.readlink().as_posix()))
        else:
            read = partial(documents.read_bytes, path, most=_MAX_FILE_BYTES)
        items[name] = BundledFile(name=name, mode=status.st_mode, size=status.st_size, read=read)
    return Contents(items=items)


@contextmanager
def of_archive(archive: Path) -> Iterator[Contents]:
    """List an archive; its files can be read inside the block.

    Raises: IntegrityError if it is not a complete zip file, or has entries that no plugin's archive has.
    """
    with archives.open_archive(archive) as source:
        roots, items = set(), {}
        for member in source.members.values():
            root, _, name = member.name.partition("/")
            roots.add(root)
            if name:
                items[name] = BundledFile(
                    name=name, mode=member.mode, size=member.size, read=partial(source.read, member.name)
                )
        yield Contents(items=items, roots=tuple(sorted(roots)))
