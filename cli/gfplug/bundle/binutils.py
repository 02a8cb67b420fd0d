"""The two programs of GNU binutils that PyInstaller calls on Linux, so that binutils need not be installed.

`objdump -a FILE` tells whether a file is a complete ELF file. `objcopy --add-section NAME=DATA FILE` adds a section
that no segment maps: PyInstaller's archive, which its bootloader finds by a marker at the archive's end. Programs that
copy ELF files keep a section, but drop bytes after the last one. The project's interpreter runs this file, so it
imports nothing of gfplug.

Source: System V ABI, chapter 4 (ELF header, sections); PyInstaller 6.22, building/api.py and depend/bindepend.py.
"""

from __future__ import annotations

import shlex
import struct
import sys
from pathlib import Path

PROGRAMS = ("objcopy", "objdump")
_IDENTITIES = {b"\x7fELF" + bytes([bits, order]) for bits in (1, 2) for order in (1, 2)}
_LITTLE_64 = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_PROGBITS, _NOBITS = 1, 8


def write_programs(folder: Path, *, python: Path) -> Path:
    """Write both programs, which run this file, into a new folder; return the folder, for the front of the PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    command = shlex.join([str(python), "-I", "-S", "-B", str(Path(__file__).absolute())])
    for name in PROGRAMS:
        program = folder / name
        program.write_bytes(f'#!/bin/sh\nexec {command} {name} "$@"\n'.encode(errors="surrogateescape"))
        program.chmod(0o755)
    return folder


def is_elf(content: bytes) -> bool:
    """Tell whether bytes are an ELF file; a 64-bit little-endian file must also be complete."""
    if content[:6] not in _IDENTITIES:
        return False
    if content[:6] != _LITTLE_64:
        return True
    if len(content) < _HEADER.size:
        return False
    header = _HEADER.unpack_from(content)
    tables = ((header[5], _PROGRAM.size * header[10]), (header[6], _SECTION.size * header[12]))
    return all(start + size <= len(content) for start, size in tables if size)


def add_section(content: bytes, name: str, data: bytes) -> bytes:
    """Return an ELF file with one more section, which no segment maps; all mapped bytes stay in place.

    The tables at the file's end, section names and section headers, are written again after the data.
    Raises: ValueError if the file is not a whole 64-bit little-endian ELF file with sections.
    """
    if content[:6] != _LITTLE_64 or not is_elf(content):
        raise ValueError("not a whole 64-bit little-endian ELF file")
    header = list(_HEADER.unpack_from(content))
    table, count, names_at = header[6], header[12], header[13]
    if not table or not 0 < names_at < count:
        raise ValueError("no sections")
    sections = [list(_SECTION.unpack_from(content, table + number * _SECTION.size)) for number in range(count)]
    names = content[sections[names_at][4] : sections[names_at][4] + sections[names_at][5]]
    end = _end_of_contents(content, header, sections[:names_at] + sections[names_at + 1 :])
    sections.append([len(names), _PROGBITS, 0, 0, end, len(data), 0, 0, 1, 0])
    names += name.encode() + b"\0"
    sections[names_at][4:6] = [end + len(data), len(names)]
    body = content[:end] + data + names
    body += bytes(-len(body) % 8)
    header[6], header[12] = len(body), count + 1
    return _HEADER.pack(*header) + body[_HEADER.size :] + b"".join(_SECTION.pack(*each) for each in sections)


def _end_of_contents(content: bytes, header: list[int], sections: list[list[int]]) -> int:
    """Return the offset after the last byte of all segments, program headers and sections."""
    segments = [_PROGRAM.unpack_from(content, header[5] + number * _PROGRAM.size) for number in range(header[10])]
    ends = [section[4] + section[5] for section in sections if section[1] != _NOBITS]
    ends += [segment[2] + segment[5] for segment in segments]
    return max([_HEADER.size, header[5] + _PROGRAM.size * header[10], *ends])


def main(program: str, *words: str) -> str:
    """Run one of the two programs; return an error message, empty if it succeeded."""
    match (program, *words):
        case ("objdump", "-a", file):
            return "" if is_elf(Path(file).read_bytes()) else f"{file}: file format not recognized"
        case ("objcopy", "--add-section", added, file):
            name, _, data = added.partition("=")
            path = Path(file)
            try:
                path.write_bytes(add_section(path.read_bytes(), name, Path(data).read_bytes()))
            except ValueError as error:
                return f"{file}: {error}"
            return ""
    return f"gfplug's {program} does only what PyInstaller needs, not: {shlex.join(words)}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
