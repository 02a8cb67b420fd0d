"""A client of HTTP/2 that sends any bytes: gRPC's libraries refuse to send invalid ones."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _GOAWAY, _WINDOW_UPDATE, _CONTINUATION = 0, 1, 3, 4, 7, 8, 9
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_LONGEST = 16_384

Header = tuple[bytes, bytes]
USUAL: dict[bytes, bytes] = {
    b":method": b"POST",
    b":scheme": b"http",
    b":path": b"/pluginv2.Data/QueryData",
    b":authority": b"localhost",
    b"te": b"trailers",
    b"content-type": b"application/grpc",
}


def headers(changes: dict[bytes, bytes | None] | None = None, more: Sequence[Header] = ()) -> list[Header]:
    """List the headers of a query, with some changed or left out, and others appended."""
    headers_sent = {**USUAL, **(changes or {})}
    return [*((name, value) for name, value in headers_sent.items() if value is not None), *more]


def message(content: bytes, *, flag: int = 0, size: int | None = None) -> bytes:
    """Put gRPC's prefix before a message."""
    return struct.pack(">BI", flag, len(content) if size is None else size) + content


def ask(path: str, fields: Sequence[Header], body: bytes, *, seconds: float = 2.0) -> bytes:
    """Send one request on its own connection; return all bytes until the end of the answer or the connection."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(path)
        with contextlib.suppress(OSError):  # the plugin may close the connection before it has read all
            connection.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, b"") + _head(fields))
            connection.sendall(b"".join(_parts(body)))
        return _read(connection)


def _read(connection: socket.socket) -> bytes:
    """Read until the stream or the connection ends, or until a timeout."""
    came = b""
    with contextlib.suppress(OSError):
        while chunk := connection.recv(65536):
            came += chunk
            if _has_ended(came):
                break
    return came


def _has_ended(came: bytes) -> bool:
    at = 0
    while at + 9 <= len(came):
        size = int.from_bytes(came[at : at + 3], "big")
        kind, flags, stream = came[at + 3], came[at + 4], int.from_bytes(came[at + 5 : at + 9], "big")
        at += 9 + size
        if at <= len(came) and (kind in (_RESET, _GOAWAY) or (stream and kind in (_DATA, _HEADERS) and flags & 1)):
            return True
    return False


def _head(fields: Sequence[Header]) -> bytes:
    """Write the headers, in as many frames as they need; each is a literal that is not stored in a table."""
    block = b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)
    pieces = [block[at : at + _LONGEST] for at in range(0, len(block), _LONGEST)] or [b""]
    frames = [
        _frame(_CONTINUATION if at else _HEADERS, _END_HEADERS if at == len(pieces) - 1 else 0, 1, piece)
        for at, piece in enumerate(pieces)
    ]
    return b"".join(frames)


def _parts(body: bytes) -> list[bytes]:
    pieces = [body[at : at + _LONGEST] for at in range(0, len(body), _LONGEST)] or [b""]
    return [_frame(_DATA, _END_STREAM if at == len(pieces) - 1 else 0, 1, piece) for at, piece in enumerate(pieces)]


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + content


def _text(content: bytes) -> bytes:
    """Write a string of HPACK, with its length as an integer with a prefix of 7 bits."""
    size = len(content)
    if size < 0x7F:
        return bytes((size,)) + content
    out, rest = bytearray((0x7F,)), size - 0x7F
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out) + content
