"""ELF files: their dependencies, and edits that move nothing.

pyelftools reads the files. Every edit keeps each mapped byte at its place, so it can't cause the damage of `strip` and
`patchelf` (segments whose alignment a wheel's repair tool chose). `slim` decides which edits to make.

Source: System V ABI, chapter 5 (program loading, dynamic section), as <elf.h> of glibc 2.36 spells it.
"""

from __future__ import annotations

import io
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from elftools.elf.elffile import ELFFile

MAX_FILE_BYTES = 1 << 30
"""Bytes of the largest file that is read."""

_MAGIC = b"\x7fELF"
_LITTLE_64 = _MAGIC + b"\x02\x01"
_ALLOCATED = 2  # SHF_ALLOC
_LOAD, _READ, _RUNPATH = 1, 4, 29  # PT_LOAD, PF_R, DT_RUNPATH
_RUN_PATHS = ("DT_RPATH", "DT_RUNPATH")
_ENTRY = struct.Struct("<qQ")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_PAGE = 0x10000  # bytes of the largest memory page on Grafana's platforms: arm64
_DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    struct.error,
)


class UnreadableError(ValueError):
    """The file is not a supported ELF file: 64 bits, little endian, complete."""


def is_elf(path: Path) -> bool:
    """Return whether a file starts like an ELF file."""
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


@contextmanager
def convert_read_errors(content: bytes) -> Iterator[ELFFile]:
    """Convert errors while a block reads an ELF file.

    Raises: UnreadableError for a damaged file: pyelftools checks little, so any of its errors may mean damage.
    """
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - 80 ms, and only a build reads ELF
    from elftools.construct import ConstructError  # noqa: PLC0415
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        yield ELFFile(io.BytesIO(content))
    except UnreadableError:
        raise
    except (ELFError, ConstructError, *_DAMAGED) as error:
        raise UnreadableError(f"a damaged ELF file: {error!r}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Elf:
    """One file in memory, read by pyelftools; edits return its new bytes.

    `segments` are the program headers; `table` is the dynamic section's program header; `dynamic` are the section's
    entries before its end, and `strings` are the texts that they refer to: `needed` are the required libraries, in the
    loader's order, `run_paths` the folders in which the loader searches them; `$ORIGIN` is the file's own folder.
    """

    content: bytes
    segments: tuple[Any, ...]
    table: Any = None
    dynamic: tuple[Any, ...] = ()
    strings: bytes = b""
    needed: tuple[str, ...] = ()
    run_paths: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Elf:
        """Read a file.

        Raises: UnreadableError.
        """
        return cls.parse(documents.read_bytes(path, most=MAX_FILE_BYTES))

    @classmethod
    def parse(cls, content: bytes) -> Elf:
        """Read the segments and the dynamic section.

        Raises: UnreadableError.
        """
        from elftools.elf.dynamic import DynamicSegment  # noqa: PLC0415

        if content[: len(_LITTLE_64)] != _LITTLE_64:
            raise UnreadableError("not a 64-bit little-endian ELF file")
        with convert_read_errors(content) as file:
            segments = list(file.iter_segments())
            headers = tuple(each.header for each in segments)
            dynamic = next((each for each in segments if isinstance(each, DynamicSegment)), None)
            if dynamic is None:
                return cls(content=content, segments=headers)
            *tags, _ = dynamic.iter_tags()
            _, at = dynamic.get_table_offset("DT_STRTAB")
            [size] = [each["d_val"] for each in tags if each["d_tag"] == "DT_STRSZ"]
            paths = [_text(content, at + each["d_val"]) for each in tags if each["d_tag"] in _RUN_PATHS]
            return cls(
                content=content,
                segments=headers,
                table=dynamic.header,
                dynamic=tuple(each.entry for each in tags),
                strings=content[at : at + size],
                needed=tuple(_text(content, at + each["d_val"]) for each in tags if each["d_tag"] == "DT_NEEDED"),
                run_paths=tuple(folder for path in paths for folder in path.split(":") if folder),
            )

    def symbols(self) -> tuple[set[bytes], set[bytes]]:
        """Return the names of the symbols that the file exports, and of the symbols that it imports.

        Raises: UnreadableError.
        """
        defined: set[bytes] = set()
        undefined: set[bytes] = set()
        with convert_read_errors(self.content) as file:
            [table] = file.iter_sections("SHT_DYNSYM")
            names = file.get_section(table["sh_link"]).data()
            for name, info, _, section, _, _ in _SYMBOL.iter_unpack(table.data()):  # iter_symbols takes 6 times as long
                if name and info >> 4:  # skip local symbols
                    (defined if section else undefined).add(names[name : names.index(b"\0", name)])
        return defined, undefined

    def drop_needed(self, names: Collection[str]) -> bytes:
        """Remove required libraries: their entries repeat the name of a remaining library.

        If no library would remain, the first one stays.
        """
        entries = [(number, each.d_val) for number, each in enumerate(self.dynamic) if each.d_tag == "DT_NEEDED"]
        remaining = [value for (_, value), name in zip(entries, self.needed, strict=True) if name not in names]
        remaining = remaining or [value for _, value in entries[:1]]
        content = bytearray(self.content)
        for number, value in entries:
            self._set(content, number, value if value in remaining else remaining[0])
        return bytes(content)

    def set_runpath(self, path: str) -> bytes:
        """Make the loader search libraries in `path` first; `$ORIGIN` in it is the file's own folder.

        The strings move to new bytes at the file's end, mapped in place of a note segment, which the loader does not
        need.
        Raises: UnreadableError if there is no dynamic section, no note, or no free entry.
        """
        tags = [each.d_tag for each in self.dynamic]
        free = self._free_entry(tags)
        note = next((number for number, each in enumerate(self.segments) if each.p_type == "PT_NOTE"), None)
        if free is None or note is None:
            raise UnreadableError("no room for a search path")
        text = self.strings + path.encode() + b"\0"
        content, address = self._append(text, header=note)
        self._set(content, tags.index("DT_STRTAB"), address)
        self._set(content, tags.index("DT_STRSZ"), len(text))
        self._set(content, free, len(self.strings), tag=_RUNPATH)
        return bytes(content)

    def strip(self) -> bytes:
        """Return the file without symbols and debug information: unmapped bytes are removed, all others stay in place.

        Raises: UnreadableError.
        """
        with convert_read_errors(self.content) as file:
            header, structs = file.header, file.structs
            if not file.num_sections():
                return self.content
            names, sections = _allocated_sections(file)
            end = max([structs.Elf_Ehdr.sizeof(), *(each.p_offset + each.p_filesz for each in self.segments)])
            end = max(end, header.e_phoff + header.e_phnum * header.e_phentsize)
            if end > len(self.content):
                raise UnreadableError("a truncated ELF file")
            sections[-1].sh_offset = end
            header.e_shoff = start = (end + len(names) + 7) // 8 * 8
            header.e_shnum, header.e_shstrndx = len(sections), len(sections) - 1
            body = (self.content[:end] + names).ljust(start, b"\0")
            content = structs.Elf_Ehdr.build(header) + body[structs.Elf_Ehdr.sizeof() :]
            content += b"".join(map(structs.Elf_Shdr.build, sections))
        return min(content, self.content, key=len)

    def _free_entry(self, tags: list[str | int]) -> int | None:
        """Return the number of the dynamic entry that a search path may use; None if there is none."""
        if "DT_RUNPATH" in tags:
            return tags.index("DT_RUNPATH")
        if tags and self.table.p_filesz // _ENTRY.size > len(tags) + 1:  # there is an unused null entry
            return len(tags)
        return tags.index("DT_DEBUG") if "DT_DEBUG" in tags else None  # filled at run time, only for debuggers

    def _set(self, content: bytearray, number: int, value: int, *, tag: int | None = None) -> None:
        at = self.table.p_offset + number * _ENTRY.size
        _ENTRY.pack_into(content, at, _ENTRY.unpack_from(content, at)[0] if tag is None else tag, value)

    def _append(self, text: bytes, *, header: int) -> tuple[bytearray, int]:
        """Add bytes at the file's end, mapped by a program header; return the new content, and their address in it.

        No padding is added before them: the loader needs the same offset within a page in file and memory.
        """
        with convert_read_errors(self.content) as file:
            content = bytearray(self.content)
            top = max(each.p_vaddr + each.p_memsz for each in self.segments if each.p_type == "PT_LOAD")
            offset, size = len(content), len(text)
            address = _round_up(top) + offset % _PAGE
            content += text
            at = file["e_phoff"] + header * file["e_phentsize"]
            _PROGRAM.pack_into(content, at, _LOAD, _READ, offset, address, address, size, size, _PAGE)
            return content, address


def _text(content: bytes, at: int) -> str:
    return content[at : content.index(b"\0", at)].decode()


def _round_up(number: int) -> int:
    return (number + _PAGE - 1) // _PAGE * _PAGE


def _allocated_sections(file: ELFFile) -> tuple[bytes, list[Any]]:
    """Return the names and headers of the loaded sections, and last the header of the section names."""
    sections = [
        (number, each)
        for number, each in enumerate(file.iter_sections())
        if number == 0 or each["sh_flags"] & _ALLOCATED
    ]
    numbers = {old: new for new, (old, _) in enumerate(sections)}
    names = bytearray(b"\0")
    for number, section in sections:
        header = section.header
        header.sh_name = len(names) if number else 0
        names += section.name.encode() + b"\0" if number else b""
        header.sh_link = numbers.get(header.sh_link, 0)
        if header.sh_type in {"SHT_REL", "SHT_RELA"}:  # `sh_info` is the number of the relocated section
            header.sh_info = numbers.get(header.sh_info, 0)
    own = file.get_section(file["e_shstrndx"]).header
    own.sh_name = len(names)
    names += b".shstrtab\0"
    own.sh_size = len(names)
    return bytes(names), [*(section.header for _, section in sections), own]
