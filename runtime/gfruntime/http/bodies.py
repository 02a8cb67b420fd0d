"""Bodies of answers: decompressed, whole, and never more than a bound.

urllib3 gives the bytes as they come. It would take a body that was cut inside of its compressed data for a whole one.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

from gfruntime.errors import DownstreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from urllib3 import BaseHTTPResponse

_CHUNK = 64 * 1024
_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's numbers for its formats
_MOST_ENCODINGS = 3
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31  # RFC 1950


def read(response: BaseHTTPResponse, *, limit: int, encodings: Iterable[str], shown: str, bound: str) -> bytes:
    """Read a body through its encodings, up to the limit; 0 is none. `bound` says what the limit is.

    Raises: DownstreamError when there is more, or it is broken or cut.
    """
    parts = response.stream(_CHUNK, decode_content=False)
    for encoding in reversed(list(encodings)):
        parts = _inflate(parts, encoding)
    body = io.BytesIO()
    try:
        for part in parts:
            if limit and body.tell() + len(part) > limit:
                raise DownstreamError(f"{shown} answered more than the limit of {limit} bytes, {bound}")
            body.write(part)
    except (zlib.error, EOFError) as error:
        raise DownstreamError(f"{shown} answered broken or incomplete compressed data: {error}") from error
    return body.getvalue()


def encodings_of(response: BaseHTTPResponse, *, shown: str, is_asked_for: bool) -> list[str]:
    """List the encodings to undo, the first applied first; those that the author asks for are the author's to undo.

    Raises: DownstreamError when one is not known, or they are more than anybody needs.
    """
    names = [name.strip().lower() for name in response.headers.get("Content-Encoding", "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    unknown = [name for name in names if name not in ("gzip", "x-gzip", "deflate")]
    if unknown and is_asked_for:
        return []
    if unknown or len(names) > _MOST_ENCODINGS:
        raise DownstreamError(f"{shown} answered in an encoding that was not asked for: {', '.join(names)[:100]!r}")
    return names


def _inflate(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decompress, a part at a time; gzip may have several members, and zeros after them.

    Raises: EOFError when the data ends too early, zlib.error when they are broken.
    """
    unpack = None
    head = b""
    for chunk in chunks:
        rest = head + chunk
        head = b""
        while rest:
            if unpack is None or unpack.eof:
                rest = rest.lstrip(b"\0") if unpack is not None else rest
                if len(rest) < 2:  # noqa: PLR2004  # the bytes that tell zlib's formats apart
                    head = rest
                    break
                if unpack is not None and encoding == "deflate":
                    raise zlib.error("there is more after its end")
                unpack = zlib.decompressobj(_format(encoding, rest))
            part = unpack.decompress(rest, _CHUNK)
            while part:
                yield part
                part = b"" if unpack.eof else unpack.decompress(unpack.unconsumed_tail, _CHUNK)
            rest = unpack.unused_data
    if head or (unpack is not None and not unpack.eof):
        raise EOFError("it ends too early")


def _format(encoding: str, head: bytes) -> int:
    """Choose zlib's format; what HTTP calls deflate is with or without zlib's header."""
    if encoding != "deflate":
        return _GZIP
    has_header = head[0] % 16 == _ZLIB_METHOD and int.from_bytes(head[:2], "big") % _ZLIB_CHECK == 0
    return _ZLIB if has_header else _RAW
