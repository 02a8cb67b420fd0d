"""The libc floor of a bundle: the oldest glibc that has every symbol its files ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.errors import ToolError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"\x7fELF"
_RELR = (2, 36)  # the loader that understands DT_RELR; its marker GLIBC_ABI_DT_RELR has no number


@dataclass(frozen=True, slots=True, order=True)
class Floor:
    """The newest glibc version that a file asks for, and the file."""

    version: tuple[int, ...]
    path: str

    def __str__(self) -> str:
        """Return the version as glibc writes it."""
        return ".".join(map(str, self.version))


def floor(folder: Path) -> Floor | None:
    """Return the glibc floor of every ELF file below a folder; None if no file asks for glibc.

    Of several files with the same floor the last by name is told.
    """
    asked = (
        Floor(version, path.relative_to(folder).as_posix()) for path in files.walk(folder) for version in needs(path)
    )
    return max(asked, default=None)


def needs(path: Path) -> set[tuple[int, ...]]:
    """Return the glibc versions that one file asks for; none if it is not ELF."""
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - only a build reads ELF
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415
    from elftools.elf.gnuversions import GNUVerNeedSection  # noqa: PLC0415

    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return set()
        try:
            sections = [
                section for section in ELFFile(stream).iter_sections() if isinstance(section, GNUVerNeedSection)
            ]
            names = [
                auxiliary.name
                for section in sections
                for _, auxiliaries in section.iter_versions()
                for auxiliary in auxiliaries
            ]
        except ELFError:
            return set()
    return {version for name in names if (version := _parse(name))}


def enforce(folder: Path, limit: str) -> None:
    """Refuse a bundle that needs a newer glibc than `limit`.

    Raises: ToolError naming each such file, and a symbol it wants; UsageError if the limit is no version.
    """
    highest = parse(limit)
    found = [
        (path, newest) for path in files.walk(folder) if (asked := needs(path)) and (newest := max(asked)) > highest
    ]
    if not found:
        return
    lines = []
    for path, newest in sorted(found, key=lambda each: each[1], reverse=True):
        symbol = wanted(path, newest) or "its relocations"
        lines.append(f"{path.relative_to(folder).as_posix()}: GLIBC_{'.'.join(map(str, newest))}, for {symbol}")
    raise ToolError(
        f"the bundle needs a newer glibc than {limit}: {lines[0]}",
        hint="build where glibc is older: docs/building.md has a container for it",
        details="\n".join(lines),
    )


def parse(text: str) -> tuple[int, ...]:
    """Return a glibc version as numbers.

    Raises: UsageError if it is none.
    """
    parts = text.split(".")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004 - 2.31
        raise UsageError(f"{text!r} is not a glibc version", hint="such as 2.31")
    return tuple(map(int, parts))


def wanted(path: Path, version: tuple[int, ...]) -> str:
    """Return a symbol that a file wants in a version of glibc; empty if none is named."""
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415
    from elftools.elf.gnuversions import GNUVerNeedSection, GNUVerSymSection  # noqa: PLC0415
    from elftools.elf.sections import SymbolTableSection  # noqa: PLC0415

    with path.open("rb") as stream:
        sections = list(ELFFile(stream).iter_sections())
        numbers = {
            each["vna_other"]
            for section in sections
            if isinstance(section, GNUVerNeedSection)
            for _, auxiliaries in section.iter_versions()
            for each in auxiliaries
            if _parse(each.name) == version
        }
        table = next(
            (each for each in sections if isinstance(each, SymbolTableSection) and each.name == ".dynsym"), None
        )
        versions = next((each for each in sections if isinstance(each, GNUVerSymSection)), None)
        if table is None or versions is None:
            return ""
        for number in range(table.num_symbols()):
            if versions.get_symbol(number)["ndx"] in numbers:
                return str(table.get_symbol(number).name)
    return ""


def _parse(name: str) -> tuple[int, ...]:
    if name == "GLIBC_ABI_DT_RELR":
        return _RELR
    library, _, number = name.partition("_")
    parts = number.split(".")
    return tuple(map(int, parts)) if library == "GLIBC" and all(part.isdigit() for part in parts) else ()
