"""`HttpClient` for `async def` handlers.

It runs an `HttpClient` in threads, so that addresses, redirects, credentials, limits and errors are the same, and no
second HTTP library is loaded: its import takes longer than all other imports of a plugin.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from gfruntime.http import deadlines, retries
from gfruntime.http.client import HttpClient
from gfruntime.http.deadlines import Deadline
from gfruntime.http.middleware import chain_async
from gfruntime.serving.threads import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gfruntime.http.middleware import AsyncMiddleware, HttpRequest
    from gfruntime.http.response import HttpResponse
    from gfruntime.request.vocabulary import Settings

_WORKERS = ThreadPool(100)  # for all clients: threads that wait for upstreams


class AsyncHttpClient:
    """A client for one data source; create it in the constructor, close it in `dispose`.

    >>> client = AsyncHttpClient.of(settings)
    >>> rows = (await client.get("/rows", params={"limit": "10"})).raise_for_status().json()  # doctest: +SKIP
    """

    def __init__(self, client: HttpClient, *, middleware: Sequence[AsyncMiddleware] = ()) -> None:
        """Wrap a client, with `async def` middleware around it; the first is outermost."""
        self._client = client
        self._middleware = tuple(middleware)

    @classmethod
    def of(cls, settings: Settings[Any], **options: Any) -> AsyncHttpClient:  # noqa: ANN401  # those of `HttpClient.of`
        """Make a client with the data source's settings; its middleware is `async def`.

        The options are those of `HttpClient.of`.
        """
        middleware = options.pop("middleware", ())
        return cls(HttpClient.of(settings, **options), middleware=middleware)

    async def get(self, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401  # those of `HttpClient.request`
        """Send a GET request; the options and errors are those of `request`."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401
        """Send a POST request; the options and errors are those of `request`."""
        return await self.request("POST", url, **options)

    async def request(self, method: str, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401
        """Send a request and read the response, like `HttpClient.request`; a cancellation ends the request at once."""
        stop = Deadline(None)
        with deadlines.as_current(stop):
            try:
                return await self._send(method, url, **options)
            except asyncio.CancelledError:
                stop.stop()
                raise

    async def _send(self, method: str, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401
        if not self._middleware:
            return await _run(functools.partial(self._client.request, method, url, **options))
        request, send = self._client._sender.prepare(method, url, **options)  # noqa: SLF001  # its twin

        async def send_prepared(request: HttpRequest) -> HttpResponse:
            return await _run(functools.partial(send, request))

        return await chain_async(self._middleware, send_prepared)(request)

    async def close(self) -> None:
        """Close the idle connections."""
        self._client.close()


async def _run(send: Callable[[], HttpResponse]) -> HttpResponse:
    """Send in a thread; the pauses between two attempts need no thread."""
    while True:
        with retries.raise_instead_of_waiting():
            reply = _WORKERS.run(send)
        try:
            return await reply
        except retries.RetryLaterError as error:
            rest = error
        await asyncio.sleep(rest.seconds)
        send = rest.resume
