"""The libc floor of a bundle: the oldest glibc that has every symbol its files ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug import files

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


def _parse(name: str) -> tuple[int, ...]:
    if name == "GLIBC_ABI_DT_RELR":
        return _RELR
    library, _, number = name.partition("_")
    parts = number.split(".")
    return tuple(map(int, parts)) if library == "GLIBC" and all(part.isdigit() for part in parts) else ()
