"""Make a frozen plugin smaller: remove unused libraries, and data for debuggers.

This module decides which edits to make; `elf` makes them. Unreadable files, and files that may be used, stay
unchanged.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.bundle.elf import Elf, UnreadableError, is_elf

if TYPE_CHECKING:
    from collections.abc import Collection

OVERLINKED = ("pyarrow",)
"""Packages whose libraries require libraries but use no symbol of them: parquet, substrait, dataset, acero."""

INSTALLATION = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json")
"""Metadata files of a package that describe its installation, and not the package."""

_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True)
class _Library:
    path: Path
    elf: Elf
    defined: set[bytes]
    undefined: set[bytes]


def slim(folder: Path, *, executable: str) -> None:
    """Make the libraries of a frozen plugin smaller, in place, but not the executable, which has PyInstaller's data."""
    for package in OVERLINKED:
        for place in folder.glob(f"*/{package}"):
            drop_unused(place)
    drop_links(folder)
    for path in libraries(folder):
        if path != folder / executable:
            strip(path)
    remove_installation_data(folder)


def drop_links(folder: Path) -> None:
    """Remove PyInstaller's links to Linux libraries, except links that a library needs.

    The links are at the top of the contents folder, for libraries that do not find their dependencies by run paths.
    Unpackers lose links or store their targets twice.
    """
    links = {link for link in folder.glob("*/*") if link.is_symlink() and ".so" in link.suffixes}
    needed = {name for path in (libraries(folder) if links else ()) for name in _unresolved(path, links)}
    for link in links:
        if link.name not in needed:
            link.unlink()


def remove_installation_data(folder: Path) -> None:
    """Remove paths of the build machine, and digests of paths, from packages' metadata."""
    for place in folder.rglob("*.dist-info"):
        for name in INSTALLATION:
            (place / name).unlink(missing_ok=True)


def libraries(folder: Path) -> list[Path]:
    """List the ELF files below a folder, without links to them."""
    return [path for path in files.walk(folder) if not path.is_symlink() and is_elf(path)]


def strip(path: Path) -> None:
    """Remove a file's symbols and debug information."""
    try:
        elf = Elf.read(path)
        content = elf.strip()
    except UnreadableError as error:
        _log.debug("Left %s unstripped: %s", path.name, error)
        return
    if len(content) < len(elf.content):
        path.write_bytes(content)


def drop_unused(folder: Path) -> list[str]:
    """Remove libraries that other libraries of the package require but do not use; return their names."""
    by_name = {path.name: library for path in libraries(folder) if (library := _read(path))}
    before = {name: by_name.keys() & set(library.elf.needed) for name, library in by_name.items()}
    after = {
        name: {other for other in needed if by_name[name].undefined & by_name[other].defined}
        for name, needed in before.items()
    }
    _undo_losses(by_name, before, after)
    for name, library in by_name.items():
        if needless := before[name] - after[name]:
            content = library.elf.drop_needed(needless)
            after[name] |= needless & set(Elf.parse(content).needed)
            library.path.write_bytes(content)
    return _remove_orphans(by_name, after)


def _unresolved(path: Path, links: Collection[Path]) -> set[str]:
    """Return the required libraries that a file does not find by its run paths; `links` do not count."""
    try:
        elf = Elf.read(path)
    except UnreadableError:
        return set()
    folders = [Path(os.path.normpath(each.replace("$ORIGIN", str(path.parent)))) for each in elf.run_paths]
    return {
        name
        for name in elf.needed
        if not any((place / name).exists() and place / name not in links for place in folders)
    }


def _read(path: Path) -> _Library | None:
    try:
        elf = Elf.read(path)
        defined, undefined = elf.symbols()
    except UnreadableError:
        return None
    return _Library(path, elf, defined, undefined)


def _undo_losses(by_name: dict[str, _Library], before: dict[str, set[str]], after: dict[str, set[str]]) -> None:
    """If a library would lose a symbol of any dependency, direct or indirect, undo its edits and its dependencies'."""
    for name, library in by_name.items():
        way = _closure(name, before)
        if _symbols_from(library, way, by_name) != _symbols_from(library, _closure(name, after), by_name):
            after.update({each: before[each] for each in way})


def _closure(name: str, needed: dict[str, set[str]]) -> set[str]:
    """Return a library and all its direct and indirect dependencies."""
    names: set[str] = set()
    ahead = [name]
    while ahead:
        each = ahead.pop()
        if each not in names:
            names.add(each)
            ahead.extend(needed[each])
    return names


def _symbols_from(library: _Library, names: set[str], by_name: dict[str, _Library]) -> set[bytes]:
    """Return the symbols that a library needs and that the libraries `names` define."""
    return {symbol for name in names for symbol in library.undefined & by_name[name].defined}


def _remove_orphans(by_name: dict[str, _Library], needed: dict[str, set[str]]) -> list[str]:
    """Remove the plain libraries that no file requires any more; Python imports the other files."""
    orphan_names: list[str] = []
    while True:
        required = {other for name in by_name.keys() - set(orphan_names) for other in needed[name]}
        orphans = sorted(name for name in by_name.keys() - required - set(orphan_names) if name.startswith("lib"))
        orphans = [name for name in orphans if ".so." in name]
        if not orphans:
            return orphan_names
        for name in orphans:
            by_name[name].path.unlink()
        orphan_names += orphans
