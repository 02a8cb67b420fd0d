"""What an upstream answered, read whole, and what of it is an error.

urllib3 gives the bytes of a body as they come. It would take one that was cut inside of its compressed data for whole.
"""

from __future__ import annotations

import io
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfruntime.errors import DownstreamError, PluginError, source_of_status
from gfruntime.logs import masking

if TYPE_CHECKING:
    import http.client
    from collections.abc import Iterable, Iterator

    from urllib3 import BaseHTTPResponse

_CHUNK = 64 * 1024
_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's numbers for its formats
_MOST_ENCODINGS = 3
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31  # RFC 1950
_FAILED, _UNAUTHORIZED = 400, 401
_LONGEST = 300  # of what an upstream says in a message
_MOST_EXPLAINED = 1 << 20  # bytes of a body that is searched for an explanation
_DEEPEST = 4
_KEYS = ("message", "error", "detail", "errors", "error_description", "description", "reason", "title", "msg")


class UpstreamError(PluginError):
    """The upstream answered with an error status that says that the request was wrong: the plugin's fault.

    >>> raise UpstreamError("/rows answered 400 Bad Request", status=400)
    Traceback (most recent call last):
    gfruntime.http.response.UpstreamError: /rows answered 400 Bad Request
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """An answer. `headers` knows its names in any case; `path` is what was asked, for messages.

    >>> HttpResponse(status=200, reason="OK", headers=headers, body=b'[{"value": 1.5}]').json()
    [{'value': 1.5}]
    """

    status: int
    """The HTTP status code."""

    reason: str
    """The words beside it."""

    headers: http.client.HTTPMessage = field(repr=False)
    """The headers; names in any case."""

    body: bytes = field(repr=False)
    """The body, decompressed."""

    path: str = "the upstream"
    """The path that was asked, for messages."""

    explanation: str = ""
    """What the upstream says about an error, in one line and without secrets."""

    @property
    def text(self) -> str:
        """Decode the body, by default as UTF-8."""
        try:
            return self.body.decode(self.headers.get_content_charset("utf-8"), "replace")
        except LookupError:  # a character set that Python does not know
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the body as JSON.

        Raises: DownstreamError when it is none.
        """
        try:
            return json.loads(self.body)
        except RecursionError:
            raise DownstreamError(f"{self.path} answered JSON that is nested too deeply") from None
        except ValueError as error:
            raise DownstreamError(f"{self.path} answered something that is not JSON: {one_line(str(error))}") from error

    def raise_for_status(self) -> HttpResponse:
        """Raise an error for a status of 400 and above: downstream, unless the status blames the request.

        Its text has the status, and what the upstream says about it; not for 401, which may repeat what it refuses.
        """
        if self.status < _FAILED:
            return self
        kind = DownstreamError if source_of_status(self.status) == "downstream" else UpstreamError
        sentence = f"{self.path} answered {self.status} {one_line(self.reason)}".rstrip()
        is_told = self.explanation and self.status != _UNAUTHORIZED
        raise kind(f"{sentence}: {self.explanation}" if is_told else sentence, status=self.status)


def read_body(response: BaseHTTPResponse, *, limit: int, encodings: Iterable[str], shown: str, bound: str) -> bytes:
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


def explain(body: bytes) -> str:
    """Return what the body of an error says: a JSON object's message, or the first line of a text."""
    text = body[:_MOST_EXPLAINED].decode("utf-8", "replace")
    try:
        return _message(json.loads(text), _DEEPEST)
    except RecursionError:
        return ""
    except ValueError:
        is_markup = text.lstrip().startswith("<")
        return "" if is_markup or "\0" in text else next(iter(text.strip().splitlines()), "")


def one_line(text: str, *, secrets: Iterable[str] = ()) -> str:
    """Shorten what an upstream says, without secrets and without characters that control a terminal.

    `secrets` are what the upstream may repeat of the request.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    printable = "".join(each if each.isprintable() else " " for each in masking.hide(text[: 10 * _LONGEST]))
    line = " ".join(printable.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _message(value: Any, depth: int) -> str:  # noqa: ANN401  # JSON
    """Find the text in `message`, `error`, `error.message`, `detail`, `errors[0].message` and their like."""
    if isinstance(value, str):
        return value
    if depth and isinstance(value, list) and value:
        return _message(value[0], depth - 1)
    if depth and isinstance(value, dict):
        return next(filter(None, (_message(value.get(key), depth - 1) for key in _KEYS)), "")
    return ""
