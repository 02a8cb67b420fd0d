"""The files of a bundle, the same whether they are in a folder or in an archive."""

from __future__ import annotations

import stat
import zipfile
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """One file or link; `name` is its POSIX path in the bundle, `mode` what Unix calls st_mode."""

    name: str
    mode: int
    size: int
    read: Callable[[], bytes]

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link; `read` then gives where it leads."""
        return stat.S_ISLNK(self.mode)

    @property
    def is_executable(self) -> bool:
        """Whether its owner may execute it."""
        return bool(self.mode & stat.S_IXUSR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All files of a bundle by name; of an archive also its root folders, and names that lead elsewhere."""

    items: dict[str, BundledFile]
    roots: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


def of_folder(folder: Path) -> Contents:
    """List a folder."""
    items = {}
    for path in files.entries(folder):
        name, status = path.relative_to(folder).as_posix(), path.lstat()
        read = partial(bytes, path.readlink().as_posix().encode()) if path.is_symlink() else path.read_bytes
        items[name] = BundledFile(name=name, mode=status.st_mode, size=status.st_size, read=read)
    return Contents(items=items)


def of_archive(archive: Path) -> Contents:
    """List an archive.

    Raises: IntegrityError if it is not a whole zip file.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            entries = [entry for entry in source.infolist() if not entry.is_dir()]
            broken = source.testzip()
    except (OSError, zipfile.BadZipFile) as failure:
        raise IntegrityError(f"{archive} is not a zip file: {failure}", hint="build it again") from failure
    if broken:
        raise IntegrityError(f"{archive} is damaged: {broken}", hint="build it again")
    roots = tuple(sorted({entry.filename.split("/")[0] for entry in entries}))
    strays = tuple(entry.filename for entry in entries if _leads_elsewhere(entry.filename))
    items = {}
    for entry in entries:
        name = entry.filename.partition("/")[2]
        if name and entry.filename not in strays:
            items[name] = BundledFile(
                name=name,
                mode=entry.external_attr >> 16,
                size=entry.file_size,
                read=partial(_read, archive, entry.filename),
            )
    return Contents(items=items, roots=roots, strays=strays)


def _leads_elsewhere(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _read(archive: Path, name: str) -> bytes:
    with zipfile.ZipFile(archive) as source:
        return source.read(name)
