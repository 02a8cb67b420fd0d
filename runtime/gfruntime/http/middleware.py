"""A request of an `HttpClient`, and its extension points: authentication and middleware.

The order, from the author's call to the network:

1. middleware: the first in the list sees the request first and the response last;
2. the headers of the data source's settings, of Grafana and of the trace;
3. `auth`, which sees the complete request, because a signature needs it;
4. the exchange: connection, redirects, body.

A middleware that calls `send` twice sends two requests, each with its own trace and its own call of `auth`.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from gfruntime.http.response import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request, as `auth` and middleware receive it: immutable; `with_headers` makes a copy.

    >>> HttpRequest(method="GET", url="http://localhost:8000/rows").with_headers({"X-Page": "2"}).headers
    {'X-Page': '2'}
    """

    method: str
    """The method, such as `GET`."""

    url: str = field(repr=False)
    """The complete address, query included."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For middleware, the author's headers; for `auth`, all headers that are sent."""

    body: bytes = field(default=b"", repr=False)
    """The body as it is sent."""

    has_user_token: bool = False
    """Whether Grafana forwards the user's token, which `auth` does not replace."""

    def with_headers(self, headers: Mapping[str, str]) -> HttpRequest:
        """Return a copy with additional headers; a name replaces the same name in any case."""
        return replace(self, headers=merge(self.headers, headers))


class Auth(Protocol):
    """The data source's authentication: returns the headers to add to a request, or None to add nothing.

    Several threads of `HttpClient` and `AsyncHttpClient` call it at once, and only for the data source's host. Headers
    that the author passes for a call, custom headers of the settings, and a forwarded user token take precedence over
    its headers.
    """

    def __call__(self, request: HttpRequest, /) -> Mapping[str, str] | None:
        """Return the headers to add."""


@runtime_checkable
class RenewableAuth(Protocol):
    """An `Auth` that can renew its credentials if the upstream answers 401."""

    def renew(self, request: HttpRequest, /) -> bool:
        """Renew the refused credentials; return True to send the request again, once."""


Send: TypeAlias = "Callable[[HttpRequest], HttpResponse]"
Middleware: TypeAlias = "Callable[[HttpRequest, Send], HttpResponse]"
AsyncSend: TypeAlias = "Callable[[HttpRequest], Awaitable[HttpResponse]]"
AsyncMiddleware: TypeAlias = "Callable[[HttpRequest, AsyncSend], Awaitable[HttpResponse]]"


def merge(headers: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return headers with additional headers, which replace the same names in any case."""
    replaced = {name.lower() for name in more}
    return {name: value for name, value in headers.items() if name.lower() not in replaced} | dict(more)


def chain(middleware: Sequence[Middleware], send: Send) -> Send:
    """Put middleware around `send`, the first outermost.

    Raises, when it is called: TypeError if a middleware returns no response.
    """
    for each in reversed(middleware):
        send = _link(each, send)
    return send


def chain_async(middleware: Sequence[AsyncMiddleware], send: AsyncSend) -> AsyncSend:
    """Put `async def` middleware around `send`, the first outermost.

    Raises, when it is called: TypeError if a middleware returns no response.
    """
    for each in reversed(middleware):
        send = _link_async(each, send)
    return send


def _link(middleware: Middleware, send: Send) -> Send:
    def send_once(request: HttpRequest) -> HttpResponse:
        answer: Any = middleware(request, send)
        if inspect.iscoroutine(answer):
            answer.close()
            raise TypeError(f"the middleware {_name(middleware)} is async; it is for AsyncHttpClient")
        return _require_response(answer, middleware)

    return send_once


def _link_async(middleware: AsyncMiddleware, send: AsyncSend) -> AsyncSend:
    async def send_once(request: HttpRequest) -> HttpResponse:
        answer: Any = middleware(request, send)
        if not inspect.isawaitable(answer):
            raise TypeError(f"the middleware {_name(middleware)} is not async; it is for HttpClient")
        return _require_response(await answer, middleware)

    return send_once


def _require_response(answer: Any, middleware: object) -> HttpResponse:  # noqa: ANN401  # the author's
    if not isinstance(answer, HttpResponse):
        raise TypeError(f"the middleware {_name(middleware)} returned {type(answer).__name__}, not an HttpResponse")
    return answer


def _name(middleware: object) -> str:
    return str(getattr(middleware, "__qualname__", type(middleware).__qualname__))
