"""`HttpClient` for `async def` handlers.

It runs an `HttpClient` in threads: so addresses, redirects, credentials, bounds and errors are the same, and no second
HTTP library is loaded, which takes longer to import than all the rest of a plugin.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from gfruntime.http import deadlines, retries
from gfruntime.http.client import HttpClient
from gfruntime.http.deadlines import Deadline
from gfruntime.serving.threads import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.http.response import HttpResponse
    from gfruntime.request.vocabulary import Settings

_WORKERS = Pool(100)  # for all clients: threads that wait for upstreams


class AsyncHttpClient:
    """A client for one data source; make it in the constructor, close it in `dispose`.

    >>> client = AsyncHttpClient.of(settings)
    >>> rows = (await client.get("/rows", params={"limit": "10"})).raise_for_status().json()  # doctest: +SKIP
    """

    def __init__(self, client: HttpClient) -> None:
        """Ask as this client does."""
        self._client = client

    @classmethod
    def of(cls, settings: Settings[Any], **options: Any) -> AsyncHttpClient:  # noqa: ANN401  # those of `HttpClient.of`
        """Make a client as the data source's settings say."""
        return cls(HttpClient.of(settings, **options))

    async def get(self, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401  # those of `HttpClient.request`
        """Send a GET request."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401
        """Send a POST request."""
        return await self.request("POST", url, **options)

    async def request(self, method: str, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401
        """Send a request and read the answer, as `HttpClient.request`; cancelling ends the exchange at once."""
        stop = Deadline(None)
        send: Callable[[], HttpResponse] = functools.partial(self._client.request, method, url, **options)
        while True:
            token = deadlines.current.set(stop)
            try:
                with retries.deferring():
                    reply = _WORKERS.run(send)
            finally:
                deadlines.current.reset(token)
            try:
                return await reply
            except retries.RestError as error:
                rest = error
            except asyncio.CancelledError:
                stop.stop()
                raise
            await asyncio.sleep(rest.seconds)  # in no thread
            send = rest.resume

    async def close(self) -> None:
        """Close the connections that wait for a next request."""
        self._client.close()
