"""WSGI and ASGI applications (Flask, FastAPI and others) as the data source's resources.

class Datasource:
    def __init__(self, settings: Settings[Options]) -> None:
        self.app = make_flask_app(self)

    def call_resource(self, request: Request) -> Response:
        return call_wsgi(self.app, request)          # async def, and `return await call_asgi(...)`, for ASGI

Bodies are streamed while the application produces them. The application finds the `Request`, and with it the user, in
`environ["gfruntime.request"]` or `scope["extensions"]["gfruntime.request"]`. Only the `Request` has headers whose names
have an underscore: in WSGI's spelling `X_Grafana_User` would look like `X-Grafana-User`. ASGI's lifespan events are not
sent: create objects that the application needs for longer than a request in the data source's constructor.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes, urlsplit

from gfruntime.request import headers
from gfruntime.request.services import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping

    from gfruntime.request.services import Request

    WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    AsgiApp = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

_LOGGER = logging.getLogger("gfruntime")
_KEY = "gfruntime.request"
_SERVER = ("grafana", 80)
_DROPPED_HEADERS = ("content-length", "proxy")


def call_wsgi(app: WsgiApp, request: Request) -> Response:
    """Answer a request with a WSGI application.

    Raises: RuntimeError when the application starts no response.

    >>> call_wsgi(wsgi_app, Request(path="tables")).read()
    b'sales'
    """
    started: list[tuple[str, list[tuple[str, str]]]] = []
    early: list[bytes] = []

    def start_response(status: str, pairs: list[tuple[str, str]], error: Any = None) -> Callable[[bytes], None]:  # noqa: ANN401
        if error is None and started:
            raise RuntimeError("the application started its response twice")
        started[:] = [(status, pairs)]
        return early.append

    body = _wsgi_body(app(_environ(request), start_response), early)
    first = next(body, b"")  # an application may call start_response only when it yields its first part
    if not started:
        raise RuntimeError("the application started no response")
    status, pairs = started[0]
    return Response(status=int(status.split()[0]), headers=_headers(pairs), body=_prepend(first, body))


async def call_asgi(app: AsgiApp, request: Request) -> Response:
    """Answer a request with an ASGI application; the application is cancelled when the client stops reading.

    Raises: RuntimeError if the application ends without a response, or the application's exception.

    >>> asyncio.run(call_asgi(asgi_app, Request(path="tables"))).status
    200
    """
    messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(maxsize=16)
    exchange = _Exchange(request, messages)
    task = asyncio.create_task(exchange.run(app))
    try:
        start = await messages.get()
    except asyncio.CancelledError:
        task.cancel()
        raise
    if start is None or start["type"] != "http.response.start":
        await task
        raise RuntimeError("the application ended without a response")
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start.get("headers", [])]
    return Response(status=start["status"], headers=_headers(pairs), body=_asgi_body(messages, task))


class _Exchange:
    """One request and its answer, as ASGI messages."""

    def __init__(self, request: Request, messages: asyncio.Queue[dict[str, Any] | None]) -> None:
        self._request = request
        self._messages = messages
        self._is_read = False

    async def run(self, app: AsgiApp) -> None:
        try:
            await app(_scope(self._request), self._receive, self._messages.put)
        except Exception:
            await self._messages.put(None)  # not when cancelled: nobody reads the queue then
            raise
        await self._messages.put(None)

    async def _receive(self) -> dict[str, Any]:
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        while not self._request.cancel.is_set():  # noqa: ASYNC110  # it is a thread's event, set on another loop
            await asyncio.sleep(0.2)
        return {"type": "http.disconnect"}


async def _asgi_body(messages: asyncio.Queue[dict[str, Any] | None], task: asyncio.Task[None]) -> AsyncIterator[bytes]:
    try:
        while (message := await messages.get()) is not None:
            if message.get("body"):
                yield bytes(message["body"])
            if not message.get("more_body"):
                break
        else:
            await task  # the application ended before its last part: raise its exception, if any
    finally:
        _let_finish(task)


def _let_finish(task: asyncio.Task[None]) -> None:
    """Let an application that has responded finish its background work; cancel any other application."""
    task.add_done_callback(_log_failure)
    if sys.exc_info()[0] is not None:
        task.cancel()


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _LOGGER.error("The application failed after its response", exc_info=task.exception())


def _wsgi_body(chunks: Iterable[bytes], early: list[bytes]) -> Iterator[bytes]:
    try:
        for chunk in chunks:
            while early:  # from WSGI's old `write` function
                yield early.pop(0)
            if chunk:
                yield chunk
        yield from early
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def _prepend(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a part that was read early, then the rest; closing this generator closes the generator of the rest."""
    if first:
        yield first
    yield from rest


def _environ(request: Request) -> dict[str, Any]:
    """Make WSGI's environment (PEP 3333), whose texts are bytes decoded as Latin-1."""
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes("/" + request.path.lstrip("/")).decode("latin-1"),
        "QUERY_STRING": urlsplit(request.url).query,
        "SERVER_NAME": _SERVER[0],
        "SERVER_PORT": str(_SERVER[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        _KEY: request,
    }
    for name, values in _forwarded(request).items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = values[0] if values else ""
        else:
            environ[f"HTTP_{key}"] = ("; " if key == "COOKIE" else ",").join(values)
    return environ


def _scope(request: Request) -> dict[str, Any]:
    """Make ASGI's connection scope."""
    raw = "/" + request.path.lstrip("/")
    header_pairs = [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, values in _forwarded(request).items()
        for value in values
    ]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method.upper(),
        "scheme": "http",
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw.encode("ascii", "replace"),
        "query_string": urlsplit(request.url).query.encode("ascii", "replace"),
        "root_path": "",
        "headers": [*header_pairs, (b"content-length", str(len(request.body)).encode())],
        "client": None,
        "server": _SERVER,
        "state": {},
        "extensions": {_KEY: request},
    }


def _forwarded(request: Request) -> dict[str, list[str]]:
    """List the headers for the application as a web server would; without `Proxy`, which CGI uses differently."""
    return {
        name: values
        for name, values in headers.merge_names(request.headers).items()
        if headers.is_legal(name) and "_" not in name and name.lower() not in _DROPPED_HEADERS
    }


def _headers(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str | list[str]]:
    """Collect headers, keeping all values of a repeated name."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return cast("Mapping[str, str | list[str]]", values)
