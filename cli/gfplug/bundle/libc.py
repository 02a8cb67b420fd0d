"""The libc floor of a bundle: the oldest glibc that has every symbol that its files need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.bundle.elf import MAX_FILE_BYTES, UnreadableError, convert_read_errors, is_elf
from gfplug.errors import ToolError, UsageError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import VersionAuxiliary

_RELR = (2, 36)  # the first version with DT_RELR; its marker GLIBC_ABI_DT_RELR has no number


@dataclass(frozen=True, slots=True, order=True)
class Floor:
    """The newest glibc version that a file needs, and the file."""

    version: tuple[int, ...]
    path: str

    def __str__(self) -> str:
        """Return the version in glibc's form."""
        return ".".join(map(str, self.version))


def floor(folder: Path) -> Floor | None:
    """Return the glibc floor of every ELF file below a folder; None if no file needs glibc.

    Of several files with the same floor, the last by name is returned.
    """
    floors = (
        Floor(version, path.relative_to(folder).as_posix()) for path in files.walk(folder) for version in needs(path)
    )
    return max(floors, default=None)


def needs(path: Path) -> set[tuple[int, ...]]:
    """Return the glibc versions that one file needs; none if the file is not ELF, or is damaged."""
    if not is_elf(path):
        return set()
    try:
        with convert_read_errors(documents.read_bytes(path, most=MAX_FILE_BYTES)) as file:
            return {version for auxiliary in _required_versions(file) if (version := _parse(auxiliary.name))}
    except UnreadableError:
        return set()


def enforce(folder: Path, limit: str) -> None:
    """Refuse a bundle that needs a newer glibc than `limit`.

    Raises: ToolError naming each such file, and a symbol that it needs; UsageError if the limit is not a version.
    """
    highest = parse(limit)
    newest_needs = [(path, max(needs(path), default=())) for path in files.walk(folder)]
    offenders = [(path, newest) for path, newest in newest_needs if newest > highest]
    if not offenders:
        return
    lines = []
    for path, newest in sorted(offenders, key=lambda each: each[1], reverse=True):
        symbol = find_needed_symbol(path, newest) or "its relocations"
        lines.append(f"{path.relative_to(folder).as_posix()}: GLIBC_{'.'.join(map(str, newest))}, for {symbol}")
    raise ToolError(
        f"the bundle needs a newer glibc than {limit}: {lines[0]}",
        hint="build where glibc is older: docs/building.md has a container for it",
        details="\n".join(lines),
    )


def parse(text: str) -> tuple[int, ...]:
    """Return a glibc version as numbers.

    Raises: UsageError if the text is not a version.
    """
    parts = text.split(".")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004 - 2.31
        raise UsageError(f"{text!r} is not a glibc version", hint="such as 2.31")
    return tuple(map(int, parts))


def find_needed_symbol(path: Path, version: tuple[int, ...]) -> str:
    """Return a symbol that a file needs in a version of glibc; empty if the file names no such symbol."""
    from elftools.elf.gnuversions import GNUVerSymSection  # noqa: PLC0415 - only a build reads ELF
    from elftools.elf.sections import SymbolTableSection  # noqa: PLC0415

    with convert_read_errors(documents.read_bytes(path, most=MAX_FILE_BYTES)) as file:
        numbers = {
            auxiliary["vna_other"] for auxiliary in _required_versions(file) if _parse(auxiliary.name) == version
        }
        symbols = next(file.iter_sections("SHT_DYNSYM"), None)
        versions = next(file.iter_sections("SHT_GNU_versym"), None)
        if not isinstance(symbols, SymbolTableSection) or not isinstance(versions, GNUVerSymSection):
            return ""
        for number in range(symbols.num_symbols()):
            if versions.get_symbol(number)["ndx"] in numbers:
                return str(symbols.get_symbol(number).name)
    return ""


def _required_versions(file: ELFFile) -> Iterator[VersionAuxiliary]:
    """List the versions that a file needs of each library."""
    from elftools.elf.gnuversions import GNUVerNeedSection  # noqa: PLC0415

    for section in file.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for _, auxiliaries in section.iter_versions():
                yield from auxiliaries


def _parse(name: str) -> tuple[int, ...]:
    if name == "GLIBC_ABI_DT_RELR":
        return _RELR
    library, _, number = name.partition("_")
    parts = number.split(".")
    return (
        tuple(map(int, parts))
        if library == "GLIBC" and all(part.isascii() and part.isdigit() for part in parts)
        else ()
    )
