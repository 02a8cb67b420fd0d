"""ELF files, as far as a bundle needs them changed: what a library asks for, and edits that move nothing.

Every edit keeps each byte that the loader maps at its place, so it can't break what `strip` and `patchelf` are known to
break (segments whose alignment a wheel's own repair tool chose). Owns the format; which edits to make is `slim`'s.

Source: System V ABI, chapter 5 (program loading, dynamic section), as <elf.h> of glibc 2.36 spells it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"\x7fELF"
_LITTLE_64 = b"\x02\x01"
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_DYNAMIC = struct.Struct("<qQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_LOAD, _DYNAMIC_SEGMENT, _INTERP, _NOTE = 1, 2, 3, 4
_NULL, _NEEDED, _STRTAB, _SYMTAB, _STRSZ, _SONAME, _RPATH, _DEBUG, _RUNPATH = 0, 1, 5, 6, 10, 14, 15, 21, 29
_SHT_NULL, _SHT_STRTAB, _SHT_NOBITS, _SHF_ALLOC = 0, 3, 8, 2
_READ = 4
_PAGE = 0x10000  # the largest page of a machine that Grafana runs on: arm64's


class UnreadableError(ValueError):
    """The file is not an ELF file of a kind that we read: 64 bits, little endian, with a dynamic section."""


@dataclass(slots=True)
class _Segment:
    kind: int
    flags: int
    offset: int
    address: int
    size: int
    in_memory: int
    alignment: int


@dataclass(slots=True)
class Elf:
    """One file in memory. Edits change `content`; whoever made them writes it back."""

    content: bytearray
    segments: list[_Segment] = field(default_factory=list)
    dynamic: list[tuple[int, int]] = field(default_factory=list)
    dynamic_at: int = 0
    strings: bytes = b""

    @classmethod
    def read(cls, path: Path) -> Elf:
        """Read a file.

        Raises: UnreadableError.
        """
        return cls.parse(path.read_bytes())

    @classmethod
    def parse(cls, content: bytes) -> Elf:
        """Read the segments and the dynamic section.

        Raises: UnreadableError.
        """
        if content[:4] != MAGIC or content[4:6] != _LITTLE_64:
            raise UnreadableError("not a 64-bit little-endian ELF file")
        made = cls(bytearray(content))
        try:
            made._parse()
        except struct.error as error:
            raise UnreadableError(f"a truncated ELF file: {error}") from error
        return made

    def _parse(self) -> None:
        header = _HEADER.unpack_from(self.content)
        at, size, count = header[5], header[9], header[10]
        for number in range(count):
            kind, flags, offset, address, _, length, memory, alignment = _PROGRAM.unpack_from(
                self.content, at + number * size
            )
            self.segments.append(_Segment(kind, flags, offset, address, length, memory, alignment))
        for segment in self.segments:
            if segment.kind == _DYNAMIC_SEGMENT:
                self.dynamic_at = segment.offset
                self.dynamic = list(
                    _DYNAMIC.iter_unpack(self.content[segment.offset : segment.offset + segment.size // 16 * 16])
                )
        if self.dynamic:
            at = self._offset(self._value(_STRTAB))
            self.strings = bytes(self.content[at : at + self._value(_STRSZ)])

    @property
    def needed(self) -> list[str]:
        """The libraries it asks for, in the loader's order."""
        return [self._text(value) for tag, value in self._entries() if tag == _NEEDED]

    @property
    def soname(self) -> str:
        """The name it is asked for by; empty if it has none."""
        return next((self._text(value) for tag, value in self._entries() if tag == _SONAME), "")

    @property
    def search(self) -> list[str]:
        """The folders it names for its libraries: RPATH and RUNPATH."""
        found = [self._text(value) for tag, value in self._entries() if tag in {_RPATH, _RUNPATH}]
        return [folder for text in found for folder in text.split(":")]

    @property
    def interpreter(self) -> str:
        """The loader that a program asks for; empty for a library or a static program."""
        for segment in self.segments:
            if segment.kind == _INTERP:
                return self.content[segment.offset : segment.offset + segment.size].rstrip(b"\0").decode()
        return ""

    def symbols(self) -> tuple[set[bytes], set[bytes]]:
        """Return the names it defines for others, and those it wants from others."""
        names = self.strings
        defined: set[bytes] = set()
        wanted: set[bytes] = set()
        for name, info, _, section, _, _ in _SYMBOL.iter_unpack(self._symbol_table()):
            if name and info >> 4:  # a local symbol is nobody else's
                (defined if section else wanted).add(names[name : names.index(b"\0", name)])
        return defined, wanted

    def drop_needed(self, name: str) -> bool:
        """Stop asking for a library, by asking for another one twice; False if it is the only one, or not asked for."""
        keep = next((value for tag, value in self._entries() if tag == _NEEDED and self._text(value) != name), None)
        at = [
            number
            for number, (tag, value) in enumerate(self._entries())
            if tag == _NEEDED and self._text(value) == name
        ]
        if keep is None or not at:
            return False
        for number in at:
            self._set(number, _NEEDED, keep)
        return True

    def set_runpath(self, path: str) -> None:
        """Let the loader look for libraries in `path` first; `$ORIGIN` in it is the file's own folder.

        The strings move to new bytes at the file's end, which the place of a note segment (nobody loads by it) maps.
        Raises: UnreadableError if there is no dynamic section, no note, or no free entry.
        """
        entries = list(self._entries())
        free = next((number for number, (tag, _) in enumerate(entries) if tag == _RUNPATH), None)
        if free is None:  # the last null ends the list, one before it is spare
            free = len(entries) if len(self.dynamic) > len(entries) + 1 else None
        if free is None:  # a debugger's, filled at run time, and not missed
            free = next((number for number, (tag, _) in enumerate(entries) if tag == _DEBUG), None)
        note = next((number for number, segment in enumerate(self.segments) if segment.kind == _NOTE), None)
        if not entries or free is None or note is None:
            raise UnreadableError("no room for a search path")
        start, text = len(self.strings), self.strings + path.encode() + b"\0"
        address = self._append(note, text)
        for number, (tag, _) in enumerate(entries):
            if tag == _STRTAB:
                self._set(number, tag, address)
            elif tag == _STRSZ:
                self._set(number, tag, len(text))
        self._set(free, _RUNPATH, start)
        self.strings = text

    def stripped(self) -> bytes:
        """Return the file without symbols and debug information: what no segment maps goes, the rest stays in place."""
        header = list(_HEADER.unpack_from(self.content))
        at, count, names_at = header[6], header[12], header[13]
        end = max([_HEADER.size, *(segment.offset + segment.size for segment in self.segments)])
        end = max(end, header[5] + header[9] * header[10])
        if not at or not count:
            return bytes(self.content)
        sections = [list(_SECTION.unpack_from(self.content, at + number * _SECTION.size)) for number in range(count)]
        names = self.content[sections[names_at][4] : sections[names_at][4] + sections[names_at][5]]
        kept = [number for number, section in enumerate(sections) if number == 0 or section[2] & _SHF_ALLOC]
        renumbered = {old: new for new, old in enumerate(kept)}
        text, table = bytearray(b"\0"), bytearray()
        for number in kept:
            section = sections[number]
            name = bytes(names[section[0] : names.index(b"\0", section[0])])
            section[0] = len(text) if number else 0
            text += name + b"\0" if number else b""
            section[6] = renumbered.get(section[6], 0)
            if section[1] in {4, 9}:  # REL and RELA name the section they belong to
                section[7] = renumbered.get(section[7], 0)
            table += _SECTION.pack(*section)
        own = len(text)
        text += b".shstrtab\0"
        table += _SECTION.pack(own, _SHT_STRTAB, 0, 0, end, len(text), 0, 0, 1, 0)
        start = (end + len(text) + 7) // 8 * 8
        header[6], header[12], header[13] = start, len(kept) + 1, len(kept)
        body = bytes(self.content[:end]) + bytes(text)
        made = bytearray(body.ljust(start, b"\0") + bytes(table))
        _HEADER.pack_into(made, 0, *header)
        return bytes(made) if len(made) < len(self.content) else bytes(self.content)

    def _entries(self) -> Iterator[tuple[int, int]]:
        for tag, value in self.dynamic:
            if tag == _NULL:
                return
            yield tag, value

    def _set(self, number: int, tag: int, value: int) -> None:
        self.dynamic[number] = (tag, value)
        _DYNAMIC.pack_into(self.content, self.dynamic_at + number * _DYNAMIC.size, tag, value)

    def _value(self, wanted: int) -> int:
        for tag, value in self._entries():
            if tag == wanted:
                return value
        raise UnreadableError("no dynamic section")

    def _offset(self, address: int) -> int:
        for segment in self.segments:
            if segment.kind == _LOAD and segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
        raise UnreadableError(f"nothing is at address {address:#x}")

    def _text(self, at: int) -> str:
        return self.strings[at : self.strings.index(b"\0", at)].decode()

    def _symbol_table(self) -> bytes:
        """Return the dynamic symbols; linkers put the strings right behind them, so that is where they end."""
        start, end = self._value(_SYMTAB), self._value(_STRTAB)
        if end <= start:
            raise UnreadableError("symbols in an unusual place")
        size = (end - start) // _SYMBOL.size * _SYMBOL.size
        at = self._offset(start)
        return bytes(self.content[at : at + size])

    def _append(self, place: int, text: bytes) -> int:
        """Put bytes at the file's end, mapped by the program header `place`; return their address."""
        self.content += bytes(-len(self.content) % _PAGE)
        offset = len(self.content)
        top = max(segment.address + segment.in_memory for segment in self.segments if segment.kind == _LOAD)
        address = (top + _PAGE - 1) // _PAGE * _PAGE
        self.content += text
        size = _HEADER.unpack_from(self.content)[9]
        table = _HEADER.unpack_from(self.content)[5]
        _PROGRAM.pack_into(
            self.content, table + place * size, _LOAD, _READ, offset, address, address, len(text), len(text), _PAGE
        )
        self.segments[place] = _Segment(_LOAD, _READ, offset, address, len(text), len(text), _PAGE)
        return address
