"""Routes: any name for a part of the path, and unknown methods of a path."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest
from calls import Plain, Services

from gfruntime import Request, Response, route
from gfruntime.testing import call

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = [
    *("name", "source", "method", "self", "cls", "request", "caller", "call", "path", "pattern", "parts", "match"),
    *("args", "kwargs", "arguments", "named", "function", "func", "work", "timeout", "instance", "result", "error"),
    *("datasource", "settings", "query", "headers", "body", "class", "from", "_private", "ID"),
]


def _source(name: str, *, is_async: bool) -> type:
    """Make a data source with one route whose part has a name; the handler has positional-only parameters."""

    def take(_: Any, __: Request, /, **parts: str) -> dict[str, str]:
        return parts

    async def take_async(_: Any, __: Request, /, **parts: str) -> dict[str, str]:
        return parts

    handler = take_async if is_async else take
    return type("Source", (Plain,), {"tables": route("GET", f"/tables/{{{name}}}")(handler)})


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_part_may_have_any_name(name: str, *, is_async: bool) -> None:
    """No name collides with the runtime's, for `def` and `async def`, and in an author's tests."""
    kind = _source(name, is_async=is_async)
    (answer,) = Services(kind).resource("tables/sales%2F1")

    assert (answer.code, json.loads(answer.body)) == (200, {name: "sales/1"})
    assert json.loads(call(kind(None), Request(path="tables/sales")).read()) == {name: "sales"}


def _add_tag(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(self: object, request: Request, **parts: str) -> Any:
        return function(self, request, tag="x", **parts)

    return wrapper


class Source(Plain):
    """Routes with parameters as authors write them."""

    @route("GET", "/names/{name}/{source}")
    def names(self, request: Request, name: str, source: str) -> list[str]:
        return [name, source]

    @_add_tag
    @route("GET", "/tagged/{name}")
    def with_tag(self, request: Request, name: str, tag: str) -> list[str]:
        return [name, tag]

    @route("GET", "/items/{item}")
    def item(self, request: Request, item: str) -> dict[str, str]:
        return {"item": item}

    @route("PUT", "/items/{key}")
    @route("post", "/items/{key}")
    def put(self, request: Request, key: str) -> None:
        return None

    @route("HEAD", "/head")
    def head(self, request: Request) -> Response:
        return Response(status=204)

    @route("OPTIONS", "/items/{item}")
    def options(self, request: Request, item: str) -> Response:
        return Response(status=204, headers={"Allow": "GET"})


class Mismatches(Plain):
    """Routes whose methods lack parameters for the parts of their paths; a build refuses them."""

    @route("GET", "/same/{request}")
    def same(self, request: Request) -> list[str]:
        return []

    @route("GET", "/more/{a}/{b}")
    async def more(self, request: Request, a: str) -> list[str]:
        return [a]

    @route("GET", "/none")
    def none(self) -> list[str]:
        return []


@pytest.fixture(scope="module")
def services() -> Services:
    """Return the services of the source."""
    return Services(Source)


def test_a_decorator_may_add_an_argument_of_the_handler(services: Services) -> None:
    """The route calls the class's method, not the function inside the decorator."""
    assert json.loads(services.resource("names/a/b")[0].body) == ["a", "b"]
    assert json.loads(services.resource("tagged/a")[0].body) == ["a", "x"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("same/a", "same can't be called with the request and {request} of its route: multiple values for argument"),
        ("more/a/b", "more can't be called with the request and {a} and {b} of its route: got an unexpected keyword"),
        ("none", "none can't be called with the request of its route: too many positional arguments"),
    ],
)
def test_a_part_that_the_method_does_not_take_is_answered_with_a_sentence(path: str, sentence: str) -> None:
    """The sentence names the method and the part, and no traceback is logged."""
    (answer,) = Services(Mismatches).resource(path)

    assert answer.code == 500
    assert json.loads(answer.body)["message"].startswith(sentence)


def test_a_route_with_two_parts_of_one_name_is_refused() -> None:
    """The sentence has the pattern and the name."""
    with pytest.raises(ValueError, match=r"the route '/\{a\}/\{a\}' has two parts \{a\}"):
        route("GET", "/{a}/{a}")


@pytest.mark.parametrize(
    ("method", "path", "code", "allow"),
    [
        ("GET", "items/1", 200, None),
        ("HEAD", "items/1", 200, None),
        ("PUT", "items/1", 204, None),
        ("POST", "items/1", 204, None),
        ("OPTIONS", "items/1", 204, "GET"),
        ("DELETE", "items/1", 405, "GET, HEAD, OPTIONS, POST, PUT"),
        ("PATCH", "/items/1/", 405, "GET, HEAD, OPTIONS, POST, PUT"),
        ("OPTIONS", "names/a/b", 405, "GET, HEAD"),
        ("TRACE", "names/a/b", 405, "GET, HEAD"),
        ("HEAD", "head", 204, None),
        ("GET", "head", 405, "HEAD"),
        ("GET", "gfplug/schema", 200, None),
        ("HEAD", "gfplug/schema", 200, None),
        ("DELETE", "gfplug/schema", 405, "GET, HEAD"),
        ("OPTIONS", "gfplug/schema", 405, "GET, HEAD"),
        *((method, "nowhere", 404, None) for method in ("GET", "HEAD", "DELETE", "OPTIONS", "BREW")),
    ],
)
def test_every_method_of_a_path_has_its_status(
    services: Services, method: str, path: str, code: int, allow: str | None
) -> None:
    """A route answers; another method of its path is 405 with the known methods; an unknown path is 404."""
    (answer,) = services.resource(path, method=method)

    assert answer.code == code
    assert (", ".join(answer.headers["Allow"].values) or None if "Allow" in answer.headers else None) == allow
    assert (answer.body == b"") is (method == "HEAD" or code == 204)
