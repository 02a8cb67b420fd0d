"""What an upstream answered, read whole, and what of it is an error."""

from __future__ import annotations

import http.client
import json
import time
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfruntime.errors import DownstreamError, PluginError, source_of_status

if TYPE_CHECKING:
    from gfruntime.http.connection import Connection

_CHUNK = 64 * 1024
_FAILED = 400
_GZIP = 31  # zlib's name for gzip's format


class UpstreamError(PluginError):
    """The upstream answered with an error status that says that the request was wrong: the plugin's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """An answer. `headers` knows its names in any case; `path` is what was asked, for messages."""

    status: int
    reason: str
    headers: http.client.HTTPMessage = field(repr=False)
    body: bytes = field(repr=False)
    path: str = "the upstream"

    @property
    def text(self) -> str:
        """Decode the body, by default as UTF-8."""
        return self.body.decode(self.headers.get_content_charset("utf-8"), "replace")

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the body as JSON.

        Raises: DownstreamError when it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise DownstreamError(f"{self.path} answered something that is not JSON: {error}") from error

    def raise_for_status(self) -> HttpResponse:
        """Raise an error for a status of 400 and above: downstream, unless the status blames the request."""
        if self.status < _FAILED:
            return self
        kind = DownstreamError if source_of_status(self.status) == "downstream" else UpstreamError
        raise kind(f"{self.path} answered {self.status} {self.reason}".rstrip(), status=self.status)


def read(
    connection: Connection, response: http.client.HTTPResponse, *, limit: int, deadline: float | None
) -> HttpResponse:
    """Read a body, decompressed, up to the limit; 0 is none.

    Raises: DownstreamError when there is more, TimeoutError when time is up.
    """
    is_gzip = response.headers.get("Content-Encoding", "").lower() == "gzip"
    unpack = zlib.decompressobj(_GZIP) if is_gzip else None
    parts, size = [], 0
    while True:
        bound(connection, deadline)
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        part = chunk if unpack is None else _unpacked(unpack, chunk, limit - size + 1 if limit else 0)
        size += len(part)
        if limit and size > limit:
            raise DownstreamError(f"the upstream answered more than the limit of {limit} bytes")
        parts.append(part)
    if response.length or (unpack is not None and parts and not unpack.eof):
        raise http.client.IncompleteRead(b"", response.length)
    return HttpResponse(status=response.status, reason=response.reason, headers=response.headers, body=b"".join(parts))


def bound(connection: Connection, deadline: float | None) -> None:
    """Let the next step on a connection take no longer than what is left.

    Raises: TimeoutError when nothing is left.
    """
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        raise TimeoutError
    if connection.sock is not None:  # gone when the upstream ends the connection with its answer
        connection.sock.settimeout(left)


def _unpacked(unpack: Any, chunk: bytes, most: int) -> bytes:  # noqa: ANN401  # zlib's type has no name
    try:
        return unpack.decompress(chunk, most)  # type: ignore[no-any-return]
    except zlib.error as error:
        raise DownstreamError(f"the upstream answered broken gzip: {error}") from error
