"""Archives whose headers are wrong or truncated, and zip bombs."""

from __future__ import annotations

import struct
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from odd_archives import REGULAR, bomb, pack, read_all

from gfplug.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable


def patch(content: bytes, change: Callable[[bytearray, int, int], None]) -> bytes:
    """Change the local and the central header of the first member."""
    data = bytearray(content)
    change(data, data.find(b"PK\3\4"), data.find(b"PK\1\2"))
    return bytes(data)


def _encrypt(data: bytearray, local: int, central: int) -> None:
    data[local + 6] |= 1
    data[central + 8] |= 1


def _unknown_method(data: bytearray, local: int, central: int) -> None:
    data[local + 8 : local + 10] = data[central + 10 : central + 12] = struct.pack("<H", 77)


def _lie_about_size(data: bytearray, _local: int, central: int) -> None:
    data[central + 24 : central + 28] = struct.pack("<I", 7)


def _lie_about_checksum(data: bytearray, _local: int, central: int) -> None:
    data[central + 16 : central + 20] = struct.pack("<I", 7)


def _end_beyond(data: bytearray, _local: int, central: int) -> None:
    data[central + 20 : central + 24] = struct.pack("<I", 1 << 20)


def _zero_byte(data: bytearray, local: int, central: int) -> None:
    data[local + 31] = data[central + 47] = 0


@pytest.mark.parametrize(
    "change", [_encrypt, _unknown_method, _lie_about_size, _lie_about_checksum, _end_beyond, _zero_byte]
)
def test_wrong_headers_are_refused(change: Callable[[bytearray, int, int], None]) -> None:
    """They claim encryption, an unknown method, another size or checksum, or have a zero byte in a name."""
    with pytest.raises(IntegrityError, match=r"A\.zip"):
        read_all(patch(pack(("p/x", b"y" * 1000, REGULAR)), change))


@pytest.mark.parametrize("count", range(1, 200, 7))
def test_a_truncated_archive_is_refused(count: int) -> None:
    """It may end anywhere."""
    content = pack(("p/x", b"y" * 1000, REGULAR), ("p/z", bytes(range(256)), REGULAR))

    with pytest.raises(IntegrityError):
        read_all(content[:-count])


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (lambda: pack(("p/x", b"\0" * (80 << 20), REGULAR)), "times its size"),
        (lambda: bomb(2, 1000), "shares its bytes"),
        (lambda: bomb(1000, 4 << 20), "unpacks to"),
        (lambda: bomb(30_000, 10), "more than 20000 members"),
        (lambda: bomb(65_535, 1), "more than 20000 members"),
    ],
    ids=["a great ratio", "shared bytes", "shared bytes, gigabytes", "many members", "as many as there can be"],
)
def test_zip_bombs_are_refused_by_their_headers(content: Callable[[], bytes], because: str) -> None:
    """Size, ratio, number and overlap of members are checked before unpacking."""
    archive = content()
    tracemalloc.start()
    with pytest.raises(IntegrityError, match=because):
        read_all(archive)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 30 << 20
