"""WSGI and ASGI applications behind call_resource: small ones written by hand, Flask and Starlette."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from calls import Plain, Services

from gfruntime import Request, Response, Settings, call_asgi, call_wsgi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pluginv2 import backend_pb2 as pb

closure = threading.Event()


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """Answer with the request, in parts."""
    if environ["PATH_INFO"] == "/fails":
        raise ValueError("no such thing")
    write = start_response("201 Created", [("Content-Type", "text/plain"), ("X-Twice", "a"), ("X-Twice", "b")])
    write(b"early ")
    try:
        yield environ["PATH_INFO"].encode("latin-1") + b"?" + environ["QUERY_STRING"].encode()
        yield environ["REQUEST_METHOD"].encode() + environ["wsgi.input"].read() + environ["HTTP_X_ONE"].encode()
        yield environ["gfruntime.request"].context.plugin_id.encode()
    finally:
        closure.set()


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with the request, in parts."""
    if scope["path"] == "/fails":
        raise ValueError("no such thing")
    if scope["path"] == "/silent":
        return
    message = await receive()
    headers = [(b"content-type", b"text/plain"), (b"x-twice", b"a"), (b"x-twice", b"b")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    if scope["path"] == "/endless":
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(0.01)
        finally:
            closure.set()
    path = scope["path"].encode() + b"?" + scope["query_string"]
    await send({"type": "http.response.body", "body": path, "more_body": True})
    body = scope["method"].encode() + message["body"] + dict(scope["headers"])[b"x-one"]
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if scope["path"] == "/breaks":
        raise ValueError("in the middle")
    plugin = scope["extensions"]["gfruntime.request"].context.plugin_id.encode()
    await send({"type": "http.response.body", "body": plugin})


class Wsgi(Plain):
    """Mounts a WSGI application."""

    app: Any = staticmethod(wsgi)

    def call_resource(self, request: Request) -> Response:
        return call_wsgi(self.app, request)


class Asgi(Wsgi):
    """Mounts an ASGI application."""

    app = staticmethod(asgi)

    async def call_resource(self, request: Request) -> Response:  # type: ignore[override]  # async
        return await call_asgi(self.app, request)


def call(kind: type, path: str, **parts: Any) -> list[pb.CallResourceResponse]:
    """Post to a resource."""
    return Services(kind).resource(path, **{"method": "POST", "headers": {"X-One": "1"}} | parts)


@pytest.mark.parametrize("kind", [Wsgi, Asgi])
def test_application_sees_the_request_and_streams_its_answer(kind: type) -> None:
    """The application gets path, query, method, body, headers and user; each part of the answer is a message."""
    first, *others = call(kind, "caf%C3%A9/x?a=1&a=2", body=b"\x00\xff")
    body = b"".join(part.body for part in (first, *others)).removeprefix(b"early ")

    assert first.code == 201
    assert body == "/café/x?a=1&a=2".encode() + b"POST\x00\xff1" + b"acme-sample-datasource"
    assert {key.lower(): list(value.values) for key, value in first.headers.items()} == {
        "content-type": ["text/plain"],
        "x-twice": ["a", "b"],
    }
    assert len(others) >= 2


@pytest.mark.parametrize("kind", [Wsgi, Asgi])
def test_application_that_fails_is_500_in_json(kind: type) -> None:
    """An exception before the response starts is answered like one of an author's method (item 66)."""
    (answer,) = call(kind, "fails")

    assert (answer.code, json.loads(answer.body)) == (500, {"message": "the plugin failed; its log says why"})


def test_application_that_answers_nothing_is_500() -> None:
    """An ASGI application that ends without a response is answered like one that raises."""
    assert call(Asgi, "silent")[0].code == 500


def test_application_that_breaks_ends_the_body() -> None:
    """An exception after the first part can only cut the answer."""
    with pytest.raises(Exception, match="in the middle"):
        call(Asgi, "breaks")


@pytest.mark.parametrize(("kind", "path"), [(Wsgi, "x"), (Asgi, "endless")])
def test_reader_that_leaves_ends_the_application(kind: type, path: str) -> None:
    """When nobody reads, a WSGI body is closed and an ASGI application cancelled."""
    closure.clear()
    call(kind, path, count=1)

    assert closure.wait(2)


def test_a_flask_application_answers_calls() -> None:
    """A Flask application has routes, JSON bodies and repeated query parameters."""
    flask = pytest.importorskip("flask")
    app = flask.Flask(__name__)

    @app.post("/tables/<name>")  # type: ignore[untyped-decorator,unused-ignore]
    def table(name: str) -> Any:
        return {"name": name, "body": flask.request.json, "all": flask.request.args.getlist("a")}, 202

    class Source(Wsgi):
        def __init__(self, settings: Settings[dict[str, Any]]) -> None:
            self.app = app.wsgi_app

    (answer,) = call(Source, "tables/x?a=1&a=2", body=b'{"n": 1}', headers={"Content-Type": "application/json"})

    assert (answer.code, json.loads(answer.body)) == (202, {"name": "x", "body": {"n": 1}, "all": ["1", "2"]})


def test_a_starlette_application_answers_calls() -> None:
    """A Starlette application, as with FastAPI, has routes, JSON, a streamed response and a background task."""
    starlette = pytest.importorskip("starlette.applications")
    responses = pytest.importorskip("starlette.responses")
    routing = pytest.importorskip("starlette.routing")
    background = pytest.importorskip("starlette.background")
    task_end = threading.Event()

    async def table(request: Any) -> Any:
        body = await request.json()
        return responses.JSONResponse({"name": request.path_params["name"], "body": body}, status_code=202)

    async def rows(_request: Any) -> Any:
        async def parts() -> Any:
            for number in range(3):
                yield f"{number}\n"

        return responses.StreamingResponse(parts(), background=background.BackgroundTask(task_end.set))

    app = starlette.Starlette(
        routes=[routing.Route("/tables/{name}", table, methods=["POST"]), routing.Route("/rows", rows)]
    )

    class Source(Asgi):
        def __init__(self, settings: Settings[dict[str, Any]]) -> None:
            self.app = app

    (answer,) = call(Source, "tables/x", body=b'{"n": 1}')
    chunks = call(Source, "rows", method="GET")

    assert (answer.code, json.loads(answer.body)) == (202, {"name": "x", "body": {"n": 1}})
    assert [part.body for part in chunks] == [b"0\n", b"1\n", b"2\n"]
    assert task_end.wait(2)


@pytest.mark.parametrize("kind", [Wsgi, Asgi])
def test_an_answer_without_a_body_ends_the_application(kind: type) -> None:
    """The answer to HEAD has no body, and the application's generator is closed."""
    closure.clear()
    path = "endless" if kind is Asgi else "a"
    (answer,) = Services(kind).resource(path, method="HEAD", headers={"X-One": "1"})

    assert (answer.code, answer.body) == (201, b"")
    assert closure.wait(5)


def test_a_request_that_is_cancelled_early_ends_the_application() -> None:
    """The request is cancelled before the application has answered anything."""
    cancellation = asyncio.Event()

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancellation.set()

    async def main() -> None:
        task = asyncio.create_task(call_asgi(app, Request(method="GET", path="x")))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait_for(cancellation.wait(), 5)

    asyncio.run(main())
