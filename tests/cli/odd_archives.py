"""Archives with any members, for the tests of untrusted archives."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib

from gfplug.untrusted import archives

REGULAR = stat.S_IFREG | 0o644


def pack(*members: tuple[str, bytes, int], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack members with any names."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", kind) as archive:
        for name, content, mode in members:
            entry = zipfile.ZipInfo("x" * len(name))
            entry.filename = name
            entry.compress_type, entry.create_system, entry.external_attr = kind, 3, mode << 16
            archive.writestr(entry, content)
    return output.getvalue()


def read_all(content: bytes, **limits: int) -> dict[str, bytes]:
    """Open an archive and read all members."""
    with archives.open_archive(io.BytesIO(content), name="A.zip", limits=archives.Limits(**limits)) as archive:
        return {name: archive.read(name) for name in archive.members}


def bomb(copies: int, size: int) -> bytes:
    """Make an archive whose members all share the bytes of one."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(b"\0" * size) + deflate.flush()
    crc = zlib.crc32(b"\0" * size)
    name = b"p/%06d"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(body), size, 8, 0) + name % 0 + body
    central = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(body), size, 8, 0, 0, 0, 0, REGULAR << 16, 0
        )
        + name % number
        for number in range(copies)
    )
    return local + central + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, copies, copies, len(central), len(local), 0)
