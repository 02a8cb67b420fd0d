"""Headers: validate a request's headers, read its metadata, and write an answer's blocks.

The `hpack` library reads blocks. Answers are written without its tables: each has two headers and at most three
trailers.
Source: RFC 9113, section 8; RFC 7541, sections 5 and 6; gRPC's PROTOCOL-HTTP2.md.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gfruntime.serving.http2.framing import PROTOCOL_ERROR, StreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_REQUIRED = {b":method", b":scheme", b":path"}
_PSEUDO = _REQUIRED | {b":authority"}
_OF_CONNECTIONS = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
_NOT_METADATA = ("grpc-",)
_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_TIMEOUT = re.compile(rb"([0-9]{1,8})([HMSmun])")
_INVALID = re.compile(rb"[^!#$%&'*+.^_`|~0-9a-z-]")
_NOT_PLAIN = re.compile(rb"[^ -$&-~]")
STATUS = {
    "OK": 0,
    "CANCELLED": 1,
    "UNKNOWN": 2,
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "DATA_LOSS": 15,
    "UNAUTHENTICATED": 16,
}


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The headers of a request. Units: `timeout` in seconds, None if missing; `length` in bytes, -1 if missing."""

    path: str
    is_grpc: bool
    metadata: Mapping[str, list[str]] = field(repr=False)
    timeout: float | None = None
    length: int = -1


def read_request(headers: Iterable[tuple[bytes, bytes]]) -> RequestHead:
    """Parse a request's headers.

    Raises: StreamError if they are malformed by RFC 9113.
    """
    special: dict[bytes, bytes] = {}
    metadata: dict[str, list[str]] = {}
    timeout: float | None = None
    length, is_regular, content_type = -1, False, b""
    for name, value in headers:
        if name[:1] == b":":
            if is_regular or name not in _PSEUDO or name in special:
                raise StreamError(PROTOCOL_ERROR)
            special[name] = value
            continue
        is_regular = True
        require_valid(name, value)
        if name == b"content-type":
            content_type = value
        elif name == b"content-length":
            length = int(value) if value.isdigit() else -1
        elif name == b"grpc-timeout":
            timeout = _seconds(value)
        if not name.startswith(b"grpc-") and name not in (b"te", b"content-type"):
            metadata.setdefault(name.decode("ascii"), []).extend(_values(name, value))
    if not special.keys() >= _REQUIRED or not special[b":path"]:
        raise StreamError(PROTOCOL_ERROR)
    is_grpc = special[b":method"] == b"POST" and content_type.startswith(b"application/grpc")
    return RequestHead(special[b":path"].decode("utf-8", "replace"), is_grpc, metadata, timeout, length)


def require_valid(name: bytes, value: bytes) -> None:
    """Refuse a header that HTTP/2 does not allow.

    Raises: StreamError.
    """
    if _INVALID.search(name) or not name or name in _OF_CONNECTIONS or (name == b"te" and value != b"trailers"):
        raise StreamError(PROTOCOL_ERROR)


def _escape(text: str) -> str:
    """Encode a message for gRPC: the percent sign, and all but printable ASCII, in hexadecimal."""
    return _NOT_PLAIN.sub(lambda byte: b"%%%02X" % byte[0][0], text.encode()).decode("ascii")


def _values(name: bytes, value: bytes) -> list[str]:
    """Return a header as metadata: binary values are decoded, and may be several, separated by commas."""
    if not name.endswith(b"-bin"):
        return [value.decode("latin-1")]
    return [_decode(part).decode("latin-1") for part in value.split(b",")]


def _decode(value: bytes) -> bytes:
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4))
    except binascii.Error:
        return b""


def _seconds(value: bytes) -> float | None:
    match = _TIMEOUT.fullmatch(value)
    return int(match[1]) * _UNITS[match[2]] if match else None


def literal(name: str, value: str) -> bytes:
    """Return a header as a literal without indexing."""
    return b"\0" + _text(name) + _text(value)


def _text(text: str) -> bytes:
    content = text.encode("latin-1")
    return _integer(len(content), 7) + content


def _integer(value: int, bits: int) -> bytes:
    """Encode a number for HPACK, after zero bits."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((value,))
    value -= most
    rest = bytearray((most,))
    while value > 0x7F:  # noqa: PLR2004  # seven bits a byte
        rest.append(value & 0x7F | 0x80)
        value >>= 7
    rest.append(value)
    return bytes(rest)


HEADERS_OK = b"\x88" + literal("content-type", "application/grpc")
"""`:status: 200`, the eighth entry of the table, and the content type."""

TRAILERS_OK = literal("grpc-status", "0")
NOT_GRPC = b"\x08\x03415" + literal("content-type", "text/plain")
"""`:status: 415` as a literal with an indexed name."""

NOT_GRPC_BODY = b"This server speaks gRPC.\n"


def trailers(code: str, message: str, details: bytes = b"") -> bytes:
    """Return the block that ends a call with an error; `details` is a serialized google.rpc.Status."""
    block = literal("grpc-status", str(STATUS[code])) + literal("grpc-message", _escape(message))
    if details:
        block += literal("grpc-status-details-bin", base64.b64encode(details).rstrip(b"=").decode())
    return block
