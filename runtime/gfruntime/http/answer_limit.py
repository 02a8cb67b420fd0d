"""Grafana's limit on the responses of upstreams (`response_limit`), for the clients of `adapters`.

Received bytes and decompressed bytes both count; the larger number applies.
Source: grafana-plugin-sdk-go v0.299.0, backend/httpclient/response_limit_middleware.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from gfruntime.errors import DownstreamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx
    import urllib3

    from gfruntime.http.settings import HttpSettings

SET_BY_GRAFANA = "set by Grafana: its setting response_limit"
"""The end of an error text: it says who sets the limit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The number of bytes that a response may have, and the requested path."""

    most: int
    path: str

    def check(self, size: int) -> None:
        """Raise DownstreamError if a response of `size` bytes is too large."""
        if size > self.most:
            raise DownstreamError(f"{self.path} answered more than the limit of {self.most} bytes, {SET_BY_GRAFANA}")

    def count(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the parts of a response, up to the limit."""
        size = 0
        for part in parts:
            size += len(part)
            self.check(size)
            yield part

    async def acount(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the parts of a response, up to the limit."""
        size = 0
        async for part in parts:
            size += len(part)
            self.check(size)
            yield part


def requests_raw(raw: urllib3.BaseHTTPResponse, url: str, http: HttpSettings) -> Any:  # noqa: ANN401  # as requests has it
    """Return the raw response for requests, limited if the settings have a limit."""
    path = url.partition("?")[0]  # the query may have a secret
    return LimitedResponse(raw, Limit(http.response_limit, path)) if http.response_limit else raw


class LimitedResponse:
    """A response of urllib3 with a limit, for requests."""

    def __init__(self, raw: urllib3.BaseHTTPResponse, limit: Limit) -> None:
        """Wrap a response."""
        self._raw, self._limit, self._size = raw, limit, 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # all else is the answer's own
        """Return an attribute of the response."""
        return getattr(self._raw, name)

    def stream(self, *arguments: Any, **options: Any) -> Iterator[bytes]:  # noqa: ANN401  # urllib3's
        """Yield the body's parts."""
        return self._limit.count(self._raw.stream(*arguments, **options))

    def read(self, *arguments: Any, **options: Any) -> bytes:  # noqa: ANN401  # urllib3's
        """Read from the body."""
        part = self._raw.read(*arguments, **options)
        self._size += len(part)
        self._limit.check(self._size)
        return part


def httpx_response(response: httpx.Response, request: httpx.Request, http: HttpSettings) -> httpx.Response:
    """Return an httpx response that reads its body up to the limit, if the settings have one."""
    if not http.response_limit:
        return response
    bounded: Any = _httpx_class()(
        response.status_code, headers=response.headers, stream=response.stream, extensions=response.extensions
    )
    bounded.limit = Limit(http.response_limit, request.url.path)
    return bounded  # type: ignore[no-any-return]  # its class is made late


@cache
def _httpx_class() -> Any:  # noqa: ANN401  # httpx is imported late
    import httpx  # noqa: PLC0415  # loaded already

    class Response(httpx.Response):
        limit: Limit

        def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
            return self.limit.count(super().iter_raw(chunk_size))

        def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
            return self.limit.count(super().iter_bytes(chunk_size))

        def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
            return self.limit.acount(super().aiter_raw(chunk_size))

        def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
            return self.limit.acount(super().aiter_bytes(chunk_size))

    return Response
