"""The response of an upstream, read completely, and its errors.

urllib3 only returns the bytes of a body; its decoder would accept truncated compressed data.
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
_MAX_TEXT_CHARACTERS = 300  # characters of an upstream's text in a message
_MOST_EXPLAINED = 1 << 20  # bytes of the largest body that is searched for an error text
_MAX_DEPTH = 4
_KEYS = ("message", "error", "detail", "errors", "error_description", "description", "reason", "title", "msg")


class UpstreamError(PluginError):
    """The upstream answers that the request is wrong: the plugin caused the error, not the upstream.

    >>> raise UpstreamError("/rows answered 400 Bad Request", status=400)
    Traceback (most recent call last):
    gfruntime.http.response.UpstreamError: /rows answered 400 Bad Request
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response. `headers` accepts names in any case; `path` is the requested path, for messages.

    >>> HttpResponse(status=200, reason="OK", headers=headers, body=b'[{"value": 1.5}]').json()
    [{'value': 1.5}]
    """

    status: int
    """The HTTP status code."""

    reason: str
    """The reason phrase after the status."""

    headers: http.client.HTTPMessage = field(repr=False)
    """The headers; names in any case."""

    body: bytes = field(repr=False)
    """The body, decompressed."""

    path: str = "the upstream"
    """The requested path, for messages."""

    explanation: str = ""
    """The upstream's error text, in one line and without secrets."""

    @property
    def text(self) -> str:
        """Decode the body, by default as UTF-8."""
        try:
            return self.body.decode(self.headers.get_content_charset("utf-8"), "replace")
        except LookupError:  # an unknown character set
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the body as JSON.

        Raises: DownstreamError if it is not JSON.
        """
        try:
            return json.loads(self.body)
        except RecursionError:
            raise DownstreamError(f"{self.path} answered JSON that is nested too deeply") from None
        except ValueError as error:
            raise DownstreamError(f"{self.path} answered something that is not JSON: {one_line(str(error))}") from error

    def raise_for_status(self) -> HttpResponse:
        """Raise an error for a status of 400 and above: downstream, unless the upstream finds the request wrong.

        The error's text has the status and the upstream's error text; for 401 only the status, because the upstream's
        text may repeat credentials.
        """
        if self.status < _FAILED:
            return self
        kind = DownstreamError if source_of_status(self.status) == "downstream" else UpstreamError
        sentence = f"{self.path} answered {self.status} {one_line(self.reason)}".rstrip()
        has_explanation = self.explanation and self.status != _UNAUTHORIZED
        raise kind(f"{sentence}: {self.explanation}" if has_explanation else sentence, status=self.status)


def read_body(response: BaseHTTPResponse, *, limit: int, encodings: Iterable[str], path: str, bound: str) -> bytes:
    """Decode a body, up to the limit; 0 means no limit. `bound` says who sets the limit.

    Raises: DownstreamError if it is larger, broken or truncated.
    """
    parts = response.stream(_CHUNK, decode_content=False)
    for encoding in reversed(list(encodings)):
        parts = _inflate(parts, encoding)
    body = io.BytesIO()
    try:
        for part in parts:
            if limit and body.tell() + len(part) > limit:
                raise DownstreamError(f"{path} answered more than the limit of {limit} bytes, {bound}")
            body.write(part)
    except (zlib.error, EOFError) as error:
        raise DownstreamError(f"{path} answered broken or incomplete compressed data: {error}") from error
    return body.getvalue()


def encodings_of(response: BaseHTTPResponse, *, path: str, is_asked_for: bool) -> list[str]:
    """List the encodings to decode, in the order of application; none if the author has requested another encoding.

    Raises: DownstreamError for an unknown encoding, or too many.
    """
    names = [name.strip().lower() for name in response.headers.get("Content-Encoding", "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    unknown = [name for name in names if name not in ("gzip", "x-gzip", "deflate")]
    if unknown and is_asked_for:
        return []
    if unknown or len(names) > _MOST_ENCODINGS:
        raise DownstreamError(f"{path} answered in an encoding that was not requested: {', '.join(names)[:100]!r}")
    return names


def _inflate(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decompress, part by part; gzip may have several members, and zeros after them.

    Raises: EOFError if the data ends too early, zlib.error if it is broken.
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
    """Return zlib's format; HTTP's "deflate" exists with and without zlib's header."""
    if encoding != "deflate":
        return _GZIP
    has_header = head[0] % 16 == _ZLIB_METHOD and int.from_bytes(head[:2], "big") % _ZLIB_CHECK == 0
    return _ZLIB if has_header else _RAW


def explain(body: bytes) -> str:
    """Return an error text from a body: a JSON object's message, or the first line of a text."""
    text = body[:_MOST_EXPLAINED].decode("utf-8", "replace")
    try:
        return _message(json.loads(text), _MAX_DEPTH)
    except RecursionError:
        return ""
    except ValueError:
        is_markup = text.lstrip().startswith("<")
        return "" if is_markup or "\0" in text else next(iter(text.strip().splitlines()), "")


def one_line(text: str, *, secrets: Iterable[str] = ()) -> str:
    """Shorten an upstream's text, without secrets and control characters.

    `secrets` are values of the request that the upstream may repeat.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    printable = "".join(each if each.isprintable() else " " for each in masking.hide(text[: 10 * _MAX_TEXT_CHARACTERS]))
    line = " ".join(printable.split())
    return line if len(line) <= _MAX_TEXT_CHARACTERS else f"{line[:_MAX_TEXT_CHARACTERS]}…"


def _message(value: Any, depth: int) -> str:  # noqa: ANN401  # JSON
    """Return the text in `message`, `error`, `error.message`, `detail`, `errors[0].message` and similar keys."""
    if isinstance(value, str):
        return value
    if depth and isinstance(value, list) and value:
        return _message(value[0], depth - 1)
    if depth and isinstance(value, dict):
        return next(filter(None, (_message(value.get(key), depth - 1) for key in _KEYS)), "")
    return ""
