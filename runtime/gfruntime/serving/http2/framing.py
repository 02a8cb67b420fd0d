"""HTTP/2 frames: their types, flags, error codes and encoding.

Source: RFC 9113, sections 4, 6 and 7.
"""

from __future__ import annotations

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
HAS_PRIORITY = 0x20

NO_ERROR = 0x0
PROTOCOL_ERROR = 0x1
INTERNAL_ERROR = 0x2
FLOW_CONTROL_ERROR = 0x3
STREAM_CLOSED = 0x5
FRAME_SIZE_ERROR = 0x6
REFUSED_STREAM = 0x7
CANCEL = 0x8
COMPRESSION_ERROR = 0x9
ENHANCE_YOUR_CALM = 0xB

HEADER_TABLE_SIZE, ENABLE_PUSH, _, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
DEFAULT_WINDOW = 65_535
LARGEST_WINDOW = 2**31 - 1
DEFAULT_FRAME, LARGEST_FRAME = 2**14, 2**24 - 1

_HEAD = struct.Struct(">HBBBL")
_SETTING = struct.Struct(">HL")
_UINT32 = struct.Struct(">L")


class ProtocolError(Exception):
    """The peer broke the protocol: the connection ends with GOAWAY and this code."""

    def __init__(self, code: int, reason: str) -> None:
        """Store the code and a short reason for the log."""
        super().__init__(reason)
        self.code = code


class StreamError(Exception):
    """One stream broke the protocol: it ends with RST_STREAM and this code."""

    def __init__(self, code: int) -> None:
        """Store the code."""
        super().__init__(code)
        self.code = code


def head(length: int, kind: int, flags: int, stream: int) -> bytes:
    """Return the nine bytes before a frame's content."""
    return _HEAD.pack(length >> 8, length & 0xFF, kind, flags, stream)


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    """Return a complete frame."""
    return head(len(content), kind, flags, stream) + content


def settings(**values: int) -> bytes:
    """Return a SETTINGS frame; names are the names in this module, in lower case."""
    names = globals()
    content = b"".join(_SETTING.pack(names[name.upper()], value) for name, value in values.items())
    return frame(SETTINGS, 0, 0, content)


def read_settings(content: bytes) -> list[tuple[int, int]]:
    """Return the identifiers and values of a SETTINGS frame.

    Raises: ProtocolError if its length is invalid.
    """
    if len(content) % _SETTING.size:
        raise ProtocolError(FRAME_SIZE_ERROR, f"SETTINGS of {len(content)} bytes, not a multiple of {_SETTING.size}")
    return list(_SETTING.iter_unpack(content))


def read_uint31(content: bytes) -> int:
    """Return a frame's content as one number, without its reserved first bit.

    Raises: ProtocolError if the content has another length.
    """
    if len(content) != _UINT32.size:
        raise ProtocolError(FRAME_SIZE_ERROR, f"expected {_UINT32.size} bytes, got {len(content)}")
    return int.from_bytes(content, "big") & LARGEST_WINDOW


def reset(stream: int, code: int) -> bytes:
    """Return a RST_STREAM frame."""
    return frame(RST_STREAM, 0, stream, _UINT32.pack(code))


def go_away(last: int, code: int) -> bytes:
    """Return a GOAWAY frame; `last` is the last stream that was or will be answered."""
    return frame(GOAWAY, 0, 0, _UINT32.pack(last) + _UINT32.pack(code))


def window_update(stream: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE frame."""
    return frame(WINDOW_UPDATE, 0, stream, _UINT32.pack(increment))


def unpad(content: bytes, flags: int) -> bytes:
    """Return a frame's content without its padding.

    Raises: ProtocolError if the padding is as long as the content or longer.
    """
    if not flags & PADDED:
        return content
    if not content:
        raise ProtocolError(FRAME_SIZE_ERROR, "a padded frame without a padding length")
    padding = content[0]
    if padding >= len(content):
        raise ProtocolError(PROTOCOL_ERROR, "more padding than content")
    return content[1 : len(content) - padding]
