"""Protobuf encoded by hand, for speed (answers with large frames) or without imports (answers before the slow imports).

The generated classes copy every frame four times; here the frames' memory is joined once. The output is the same, field
by field; default values are left out, as in proto3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Parts = list[bytes]  # bytes, or objects with the buffer protocol, such as Arrow's buffers

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}


def data_response(
    frames: Sequence[Parts] = (), *, error: str = "", status: int = 200, source: str = "", is_json: bool = False
) -> Parts:
    """Encode one pluginv2.DataResponse."""
    parts: Parts = []
    for frame in frames:
        parts.append(_field_header(1, _size(frame)))
        parts += frame
    tail = text(2, error) + integer(4, status) + text(5, source) + integer(6, int(is_json))
    return [*parts, tail]


def query_data_response(responses: Iterable[tuple[str, Parts]]) -> bytes:
    """Encode a pluginv2.QueryDataResponse: a map from ref id to DataResponse."""
    parts: Parts = []
    for ref_id, response in responses:
        key = length_delimited(1, ref_id.encode())  # the key of a map entry is always written
        size = _size(response)
        value_head = _field_header(2, size)
        entry = len(key) + len(value_head) + size
        parts += [_field_header(1, entry), key, value_head, *response]
    return b"".join(parts)


def health_response(*, status: int, message: str, details: bytes = b"") -> bytes:
    """Encode a pluginv2.CheckHealthResponse."""
    return integer(1, status) + text(2, message) + (length_delimited(3, details) if details else b"")


def read_health_response(message: bytes) -> tuple[int, str, bytes]:
    """Read a pluginv2.CheckHealthResponse: status, message, details.

    Raises: ValueError if the bytes are not a protobuf message.
    """
    parts = dict(fields(message))
    status, sentence, details = parts.get(1, 0), parts.get(2, b""), parts.get(3, b"")
    return (
        status if isinstance(status, int) else 0,
        sentence.decode("utf-8", "replace") if isinstance(sentence, bytes) else "",
        details if isinstance(details, bytes) else b"",
    )


def metrics_response(prometheus: bytes) -> bytes:
    """Encode a pluginv2.CollectMetricsResponse."""
    return length_delimited(1, length_delimited(1, prometheus))


def read_metrics_response(message: bytes) -> bytes:
    """Return the Prometheus text of a pluginv2.CollectMetricsResponse; empty if the message has none.

    Raises: ValueError if the bytes are not a protobuf message.
    """
    payload = dict(fields(message)).get(1, b"")
    prometheus = dict(fields(payload)).get(1, b"") if isinstance(payload, bytes) else b""
    return prometheus if isinstance(prometheus, bytes) else b""


def resource_response(*, code: int, content_type: str, body: bytes) -> bytes:
    """Encode a pluginv2.CallResourceResponse with one header."""
    header = text(1, "Content-Type") + length_delimited(2, text(1, content_type))
    return integer(1, code) + length_delimited(2, header) + length_delimited(3, body)


def chunk(
    frame: Parts = [],  # noqa: B006  # never changed
    *,
    ref_id: str,
    frame_id: str = "",
    error: str = "",
    status: int = 200,
    source: str = "",
    is_json: bool = False,
) -> bytes:
    """Encode a pluginv2.QueryChunkedDataResponse."""
    head = text(1, ref_id) + text(2, frame_id) + (_field_header(3, _size(frame)) if frame else b"")
    tail = text(4, error) + integer(5, status) + text(6, source) + integer(7, int(is_json))
    return b"".join([head, *frame, tail])


def error_details(message: str, *, source: str, code: int = 2) -> bytes:
    """Encode a google.rpc.Status whose ErrorInfo names the error's source, as the Go SDK does; code 2 is UNKNOWN."""
    entry = length_delimited(1, b"errorSource") + text(2, source)
    packed = text(1, "type.googleapis.com/google.rpc.ErrorInfo") + length_delimited(2, length_delimited(3, entry))
    return integer(1, code) + text(2, message) + length_delimited(3, packed)


def integer(number: int, value: int) -> bytes:
    """Encode a varint field; return no bytes for zero."""
    return _varint(number << 3 | _VARINT) + _varint(value) if value else b""


def text(number: int, value: str) -> bytes:
    """Encode a string field; return no bytes for an empty string. Invalid Unicode is replaced."""
    return length_delimited(number, value.encode("utf-8", "replace")) if value else b""


def length_delimited(number: int, value: bytes) -> bytes:
    """Encode a bytes or message field, even if it is empty."""
    return _field_header(number, len(value)) + value


def packed(number: int, values: Iterable[int]) -> bytes:
    """Encode a repeated field of integers, zeros included."""
    return length_delimited(number, b"".join(map(_varint, values)))


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield a message's fields in order: (number, integer or bytes).

    Raises: ValueError when the bytes are not a protobuf message.
    """
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = _read_varint(message, position)
            yield number, value
            continue
        if kind == _LENGTH:
            size, position = _read_varint(message, position)
        elif kind in _WIDTHS:
            size = _WIDTHS[kind]
        else:
            raise ValueError(f"unknown wire type {kind}")
        if position + size > len(message):
            raise ValueError("the message is incomplete")
        yield number, message[position : position + size]
        position += size


def ref_ids(request: bytes) -> list[str]:
    """Read the ref ids of a pluginv2.QueryDataRequest."""
    queries = (value for number, value in fields(request) if number == 3 and isinstance(value, bytes))  # noqa: PLR2004
    return [
        next((value.decode() for number, value in fields(query) if number == 1 and isinstance(value, bytes)), "")
        for query in queries
    ]


def _size(parts: Parts) -> int:
    return len(parts[0]) if len(parts) == 1 else sum(map(len, parts))


def _field_header(number: int, size: int) -> bytes:
    return _varint(number << 3 | _LENGTH) + _varint(size)


def _varint(value: int) -> bytes:
    if value < 0x80:  # noqa: PLR2004  # one byte, as most are
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message) or shift > 63:  # noqa: PLR2004  # a varint has at most 64 bits
            raise ValueError("the message is incomplete")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004
            return value, position
        shift += 7
