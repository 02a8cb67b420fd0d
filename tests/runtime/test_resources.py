"""CallResource: routes, streamed bodies, and failures of both."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING

import pytest
from calls import Plain, Services
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import QueryError, Request, Response, route
from gfruntime.serving.methods import CallError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

closure = threading.Event()


class Source(Plain):
    """Has routes."""

    @route("GET", "/tables")
    def tables(self, request: Request) -> list[str]:
        return ["a", "b"]

    @route("GET", "/tables/{table}")
    @route("POST", "/tables/{table}/rows")
    async def table(self, request: Request, table: str) -> dict[str, str]:
        return {"table": table, "method": request.method}

    @route("DELETE", "/tables/{table}")
    def drop(self, request: Request, table: str) -> None:
        return None

    @route("GET", "/files/{path...}")
    def file(self, request: Request, path: str) -> Response:
        return Response(body=path)

    @route("GET", "/stream")
    def stream(self, request: Request) -> Response:
        return Response(body=self.parts(), status=201, headers={"X-One": "1"})

    @route("GET", "/async")
    async def async_stream(self, request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for part in self.parts():
                yield part
                await asyncio.sleep(0)

        return Response(body=parts())

    @route("GET", "/{how}/fails")
    def fails(self, request: Request, how: str) -> Response:
        def parts() -> Iterator[bytes]:
            if how == "late":
                yield b"begun"
            raise ValueError("the file is gone")

        return Response(body=parts())

    @route("GET", "/empty")
    def empty(self, request: Request) -> Response:
        return Response(body=iter(()), status=202)

    @route("GET", "/big")
    def big(self, request: Request) -> Response:
        return Response(body=iter([b"x" * (5 << 19)]))

    def parts(self) -> Iterator[bytes]:
        try:
            for number in range(3):
                yield f"part {number}\n".encode()
        finally:
            closure.set()


class WithFallback(Source):
    """Answers requests without a route."""

    def call_resource(self, request: Request) -> Response:
        match request.path:
            case "nothing":
                return Response(status=204, body="dropped")
            case "missing":
                raise QueryError("no such path", status=404)
            case "text":
                return "text"  # type: ignore[return-value]  # the mistake to test
            case "raise":
                raise ValueError("token")
        return Response(body=f"fallback {request.path}")


@pytest.fixture(scope="module")
def services() -> Services:
    """Return the services of the class with routes only."""
    return Services(Source)


@pytest.mark.shows("protocol 67")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "tables", ["a", "b"]),
        ("GET", "/tables/", ["a", "b"]),
        ("GET", "tables/sales%2F2026", {"table": "sales/2026", "method": "GET"}),
        ("POST", "tables/x/rows", {"table": "x", "method": "POST"}),
    ],
)
def test_routes_match_method_and_path(services: Services, method: str, path: str, body: object) -> None:
    """Parts of the path are decoded and given by name; JSON is answered as JSON; `def` and `async def` alike (67)."""
    (answer,) = services.resource(path, method=method)

    assert (answer.code, json.loads(answer.body)) == (200, body)
    assert answer.headers["Content-Type"].values == ["application/json"]


def test_rest_of_a_path_may_have_slashes(services: Services) -> None:
    """`{path...}` matches the rest of the path."""
    (answer,) = services.resource("files/a/b%20c.txt")

    assert answer.body == b"a/b c.txt"


def test_a_route_that_returns_none_answers_204(services: Services) -> None:
    """None becomes status 204 without a body (item 65)."""
    (answer,) = services.resource("tables/x", method="DELETE")

    assert (answer.code, answer.body) == (204, b"")


@pytest.mark.shows("protocol 66")
def test_unknown_path_is_404_in_json(services: Services) -> None:
    """A path without a route is 404 with a JSON message (item 66)."""
    (answer,) = services.resource("nowhere")

    assert answer.code == 404
    assert json.loads(answer.body) == {"message": "there is no resource 'nowhere'"}


def test_known_path_with_another_method_is_405(services: Services) -> None:
    """The answer lists the methods of the path."""
    (answer,) = services.resource("tables/x", method="PUT")

    assert (answer.code, list(answer.headers["Allow"].values)) == (405, ["DELETE, GET, HEAD"])


def test_head_is_get_without_the_body(services: Services) -> None:
    """HEAD needs no route."""
    (answer,) = services.resource("tables", method="HEAD")

    assert (answer.code, answer.body) == (200, b"")


def test_call_resource_answers_paths_without_a_route() -> None:
    """Routes are tried first, then the method for all paths, which gets the unchanged path."""
    services = Services(WithFallback)

    assert services.resource("tables")[0].headers["Content-Type"].values == ["application/json"]
    assert services.resource("an%20other")[0].body == b"fallback an%20other"


@pytest.mark.parametrize(
    ("path", "code", "body"),
    [
        ("nothing", 204, b""),
        ("missing", 404, b'{"message": "no such path"}'),
        ("text", 500, b'{"message": "the plugin failed; its log says why"}'),
        ("raise", 500, b'{"message": "the plugin failed; its log says why"}'),
    ],
)
def test_failures_are_json(path: str, code: int, body: bytes) -> None:
    """A failed resource answers JSON with a status; 204 has no body; an answer always has a message."""
    (answer,) = Services(WithFallback).resource(path)

    assert (answer.code, answer.body) == (code, body)


@pytest.mark.shows("protocol 65")
@pytest.mark.parametrize("path", ["stream", "async"])
def test_generators_are_streamed(services: Services, path: str) -> None:
    """Each part is its own message; only the first has code and headers (item 65)."""
    first, *others = services.resource(path)

    assert [part.body for part in (first, *others)] == [b"part 0\n", b"part 1\n", b"part 2\n"]
    assert first.code in {200, 201}
    assert [(part.code, len(part.headers)) for part in others] == [(0, 0)] * 2


def test_reader_that_leaves_closes_the_body(services: Services) -> None:
    """If the browser disconnects, the generator's `finally` runs (item 59)."""
    closure.clear()
    services.resource("stream", count=1)

    assert closure.wait(1)


@pytest.mark.shows("protocol 66")
def test_body_that_fails_at_once_is_500(services: Services) -> None:
    """A failure before the first part can still have a status (item 66)."""
    (answer,) = services.resource("early/fails")

    assert (answer.code, json.loads(answer.body)) == (500, {"message": "the plugin failed; its log says why"})


def test_body_that_fails_later_ends_with_an_error(services: Services) -> None:
    """After the first part the body can only be cut, and the call fails with the reason."""
    with pytest.raises(CallError, match="the file is gone"):
        services.resource("late/fails")


@pytest.mark.shows("protocol 65")
def test_empty_stream_is_one_message(services: Services) -> None:
    """An answer without a message would be an error for the host (item 65)."""
    assert [(part.code, part.body) for part in services.resource("empty")] == [(202, b"")]


def test_long_parts_are_split(services: Services) -> None:
    """No message carries more than a mebibyte of body."""
    assert [len(part.body) for part in services.resource("big")] == [1 << 20, 1 << 20, 1 << 19]


def test_requests_are_read_by_the_handler() -> None:
    """A handler reads repeated query parameters, headers in any case and a JSON body (item 67)."""
    request = Request(path="x", url="x?a=1&a=2&b=", headers={"X-One": ["one"]}, body=b'{"x":1}')

    assert (request.query, request.json()) == ({"a": ["1", "2"], "b": [""]}, {"x": 1})
    assert (request.header("x-one"), request.header("x-two")) == ("one", "")


@pytest.mark.parametrize("pattern", ["tables", "/a{b", "/{a...}/b", "/{1}"])
def test_malformed_patterns_are_refused(pattern: str) -> None:
    """A route that can never match is an error in its decorator."""
    with pytest.raises(ValueError, match="route"):
        route("GET", pattern)


class Headers(Plain):
    """Answers with the headers of the request."""

    def call_resource(self, request: Request) -> Response:
        return Response.json({"headers": dict(request.headers), "user": request.header("x-grafana-user")})


@pytest.mark.parametrize("order", [1, -1])
def test_the_hosts_spelling_of_a_header_comes_first(order: int) -> None:
    """Grafana spells names as Go does; another spelling cannot override its header, and invalid lines are dropped."""
    request = pb.CallResourceRequest(pluginContext=context(), path="x", method="GET")
    for name in ["x-grafana-user", "X-Grafana-User", "X_Grafana_User", "X-Broken", "x\r\ny"][::order]:
        request.headers[name].values.append("a\r\nb" if name == "X-Broken" else name)
    (answer,) = Services(Headers).stream("Resource/CallResource", request, pb.CallResourceResponse)

    assert json.loads(answer.body) == {
        "headers": {"X-Grafana-User": ["X-Grafana-User", "x-grafana-user"], "X_Grafana_User": ["X_Grafana_User"]},
        "user": "X-Grafana-User",
    }
