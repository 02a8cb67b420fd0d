"""The bytes of a request for each place and style of a parameter, written by hand from OpenAPI's tables.

Source: the tables of "Style Examples" in OpenAPI 3.0.4 and 3.1.1, where `color` is blue, or blue, black, brown, or has
R 100 and G 200; RFC 6570 for paths; for several cookies, the style `cookie` of OpenAPI 3.2, as `&` separates none; for
Swagger 2.0, `collectionFormat`. Expected values do not come from gfplug's model.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from openapi_sources import import_source
from small_descriptions import answer, describe, query, read

from gfruntime import Query, QueryError, Settings, TimeRange
from gfruntime.testing import START

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT: dict[str, Any] = {"type": "string"}
LIST: dict[str, Any] = {"type": "array", "items": TEXT}
COLORS = ("blue", "black", "brown")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def in_path(style: str, schema: Any, *, explode: bool) -> dict[str, Any]:
    """Describe a parameter in the path."""
    return {"name": "color", "in": "path", "required": True, "style": style, "explode": explode, "schema": schema}


def sent_in(place: str, schema: Any, **more: Any) -> dict[str, Any]:
    """Describe a parameter in headers or cookies."""
    return {"name": "color", "in": place, "schema": schema, **more}


TARGETS: list[tuple[dict[str, Any], Any, str]] = [
    (in_path("simple", TEXT, explode=False), "blue", "/{n}/blue"),
    (in_path("simple", TEXT, explode=True), "a b/ü?%", "/{n}/a%20b%2F%C3%BC%3F%25"),
    (in_path("simple", LIST, explode=False), COLORS, "/{n}/blue,black,brown"),
    (in_path("simple", LIST, explode=True), COLORS, "/{n}/blue,black,brown"),
    (in_path("label", TEXT, explode=False), "blue", "/{n}/.blue"),
    (in_path("label", LIST, explode=False), COLORS, "/{n}/.blue,black,brown"),
    (in_path("label", LIST, explode=True), COLORS, "/{n}/.blue.black.brown"),
    (in_path("matrix", TEXT, explode=False), "blue", "/{n}/;color=blue"),
    (in_path("matrix", LIST, explode=False), COLORS, "/{n}/;color=blue,black,brown"),
    (in_path("matrix", LIST, explode=True), COLORS, "/{n}/;color=blue;color=black;color=brown"),
    ({**in_path("simple", TEXT, explode=False), "allowReserved": True}, "a/b?c&d", "/{n}/a/b%3Fc&d"),
    (query("color"), "blue", "/{n}?color=blue"),
    (query("color"), "a b&c=d+e", "/{n}?color=a%20b%26c%3Dd%2Be"),
    (query("color", {"type": "integer"}), 9007199254740993, "/{n}?color=9007199254740993"),
    (query("color", {"type": "boolean"}), False, "/{n}?color=false"),
    (query("color", LIST), COLORS, "/{n}?color=blue&color=black&color=brown"),
    (query("color", LIST, style="form", explode=True), COLORS, "/{n}?color=blue&color=black&color=brown"),
    (query("color", LIST, explode=False), COLORS, "/{n}?color=blue,black,brown"),
    (query("color", LIST, explode=False), ("a,b", "c"), "/{n}?color=a%2Cb,c"),
    (query("color", LIST, style="spaceDelimited", explode=False), COLORS, "/{n}?color=blue%20black%20brown"),
    (query("color", LIST, style="pipeDelimited", explode=False), COLORS, "/{n}?color=blue%7Cblack%7Cbrown"),
    (query("color[]", LIST), COLORS, "/{n}?color%5B%5D=blue&color%5B%5D=black&color%5B%5D=brown"),
    (query("color", allowReserved=True), "a/b:c?d&e=f+g", "/{n}?color=a/b:c?d%26e%3Df%2Bg"),
    (
        {"name": "color", "in": "query", "content": {JSON: {"schema": {}}}},
        '{"R": 100}',
        "/{n}?color=%7B%22R%22%3A%20100%7D",
    ),
]
RGB = {"type": "object", "properties": {"R": {"type": "integer"}, "G": {"type": "integer"}}}
OBJECTS: list[tuple[dict[str, Any], dict[str, int], str]] = [
    (query("color", RGB), {"r": 100, "g": 200}, "?R=100&G=200"),
    (query("color", RGB, style="deepObject"), {"color_r": 100, "color_g": 200}, "?color%5BR%5D=100&color%5BG%5D=200"),
]
HEADERS: list[tuple[dict[str, Any], Any, str, str]] = [
    (sent_in("header", TEXT), "blue, or not", "color", "blue, or not"),
    (sent_in("header", LIST), COLORS, "color", "blue,black,brown"),
    (sent_in("header", LIST, explode=True), COLORS, "color", "blue,black,brown"),
    (sent_in("cookie", TEXT), "blue; a=b", "Cookie", "color=blue%3B%20a%3Db"),
    (sent_in("cookie", LIST, explode=False), COLORS, "Cookie", "color=blue,black,brown"),
    (sent_in("cookie", LIST), COLORS, "Cookie", "color=blue; color=black; color=brown"),
]
OBJECT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "color": LIST,
        "deep": {"type": "object", "properties": {"R": {"type": "integer"}, "any": {"type": "object"}}},
        "text": TEXT,
    },
}
IN: dict[str, Any] = {"schema": OBJECT}
FREE: dict[str, Any] = {"type": "object"}
MATCH = '{"query": {"match_all": {}}, "size": 10}'
BODIES: list[tuple[str, dict[str, Any], dict[str, Any], bytes]] = [
    (
        JSON,
        {"schema": OBJECT},
        {"color": COLORS, "deep_r": 100},
        b'{"color": ["blue", "black", "brown"], "deep": {"R": 100}}',
    ),
    (
        JSON,
        {"schema": OBJECT},
        {"deep_any": '{"a": [1]}', "text": "ü"},
        b'{"deep": {"any": {"a": [1]}}, "text": "\\u00fc"}',
    ),
    (JSON, IN, {}, b"{}"),
    (JSON, {"schema": FREE}, {"body": MATCH}, MATCH.encode()),
    (JSON, {"schema": {}}, {"body": MATCH}, MATCH.encode()),
    (JSON, {}, {"body": "[1, null]"}, b"[1, null]"),
    (JSON, {"schema": FREE}, {}, b""),
    (JSON, {"schema": {"type": "array", "items": FREE}}, {"body": '[{"id": 1}]'}, b'[{"id": 1}]'),
    (JSON, {"schema": LIST}, {"body": COLORS}, b'["blue", "black", "brown"]'),
    (JSON, {"schema": {"type": "integer"}}, {"body": 3}, b"3"),
    ("application/vnd.api+json", {"schema": FREE}, {"body": MATCH}, MATCH.encode()),
    (FORM, IN, {"color": COLORS, "text": "a b&c"}, b"color=blue&color=black&color=brown&text=a+b%26c"),
    (
        FORM,
        {**IN, "encoding": {"color": {"explode": False}}},
        {"color": COLORS},
        b"color=blue%2Cblack%2Cbrown",
    ),
    (
        FORM,
        {**IN, "encoding": {"color": {"style": "pipeDelimited", "explode": False}}},
        {"color": COLORS},
        b"color=blue%7Cblack%7Cbrown",
    ),
    (
        FORM,
        {**IN, "encoding": {"color": {"contentType": JSON}}},
        {"color": '["a"]'},
        b"color=%5B%22a%22%5D",
    ),
    (FORM, IN, {"deep": '{"R":1}'}, b"deep=%7B%22R%22%3A+1%7D"),
]
SWAGGER_FORMS = [
    ("csv", b"color=blue%2Cblack%2Cbrown"),
    ("ssv", b"color=blue+black+brown"),
    ("pipes", b"color=blue%7Cblack%7Cbrown"),
    ("multi", b"color=blue&color=black&color=brown"),
    ("", b"color=blue%2Cblack%2Cbrown"),
]


class Wire(HTTPServer):
    """A server that records its requests: method, target, headers, body."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Keeper)
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        """Return the server's address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Keeper(BaseHTTPRequestHandler):
    """Answers with an empty list."""

    server: Wire

    def do_GET(self) -> None:
        """Record a request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, dict(self.headers.items()), body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def do_POST(self) -> None:
        """Record a request with a body."""
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def description() -> dict[str, Any]:
    """Describe one operation for each case."""
    paths: dict[str, Any] = {}
    nodes: list[dict[str, Any]] = [*(node for node, *_ in TARGETS), *(node for node, *_ in HEADERS)]
    for number, node in enumerate(nodes):
        path = f"/{number}/{{color}}" if node["in"] == "path" else f"/{number}"
        paths[path] = {"get": {**answer(), "operationId": f"get_{number}", "parameters": [node]}}
    for number, (node, *_) in enumerate(OBJECTS):
        paths[f"/{number}/object"] = {"get": {**answer(), "operationId": f"object_{number}", "parameters": [node]}}
    for number, (media, content, *_) in enumerate(BODIES):
        body = {"content": {media: content}}
        paths[f"/{number}/search"] = {"post": {**answer(), "operationId": f"search_{number}", "requestBody": body}}
    return describe(paths)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Import the modules of the description."""
    with import_source(read(description()), tmp_path_factory.mktemp("raw")) as modules:
        yield modules


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """Run the server in a thread."""
    with Wire() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def send(modules: dict[str, Any], wire: Wire, name: str, **fields: Any) -> tuple[str, str, dict[str, str], bytes]:
    """Run one operation by a query in Grafana's form, and return the recorded request."""
    wire.requests.clear()
    models = modules["models"]
    model = models.Model(operation=name, **{name: models.QUERIES[name](**fields)})
    api = modules["api"].Api(Settings(options=models.Options(), url=wire.url))
    api.query(Query(ref_id="A", model=model, time_range=TimeRange(start=START, end=START)))
    api.close()
    return wire.requests[0]


@pytest.mark.parametrize("number", range(len(TARGETS)))
def test_paths_and_query_strings_have_the_right_bytes(modules: dict[str, Any], wire: Wire, number: int) -> None:
    """They are compared byte for byte."""
    _, value, expected = TARGETS[number]

    method, target, headers, body = send(modules, wire, f"get_{number}", color=value)

    assert (method, target, body) == ("GET", expected.format(n=number), b"")
    assert headers["Accept"] == JSON
    assert "Content-Type" not in headers


@pytest.mark.parametrize("number", range(len(OBJECTS)))
def test_objects_in_query_strings_have_the_right_bytes(modules: dict[str, Any], wire: Wire, number: int) -> None:
    """Each property is its own parameter."""
    _, fields, expected = OBJECTS[number]

    _, target, _, _ = send(modules, wire, f"object_{number}", **fields)

    assert target == f"/{number}/object{expected}"


@pytest.mark.parametrize("number", range(len(HEADERS)))
def test_headers_and_cookies_have_the_right_bytes(modules: dict[str, Any], wire: Wire, number: int) -> None:
    """None of them is in the address."""
    _, value, name, expected = HEADERS[number]

    _, target, headers, _ = send(modules, wire, f"get_{len(TARGETS) + number}", color=value)

    assert headers[name] == expected
    assert target == f"/{len(TARGETS) + number}"


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_bodies_have_the_right_bytes(modules: dict[str, Any], wire: Wire, number: int) -> None:
    """They have their media type; fields without a value are not sent."""
    media, _, fields, expected = BODIES[number]

    method, target, headers, body = send(modules, wire, f"search_{number}", **fields)

    assert (method, target, body) == ("POST", f"/{number}/search", expected)
    assert headers.get("Content-Type") == (media if expected else None)


@pytest.mark.parametrize(("collection", "expected"), SWAGGER_FORMS)
def test_lists_of_swagger_2_have_the_right_bytes(tmp_path: Any, wire: Wire, collection: str, expected: bytes) -> None:
    """The format is that of `collectionFormat`, or `csv`."""
    field = {"name": "color", "in": "formData", "type": "array", "items": TEXT}
    node = {**field, **({"collectionFormat": collection} if collection else {})}
    rows = {"200": {"description": "ok", "schema": {"type": "array", "items": {"type": "integer"}}}}
    post = {"operationId": "search", "consumes": [FORM], "parameters": [node], "responses": rows}
    top = {"swagger": "2.0", "info": {"title": "Old", "version": "1"}, "host": "old.example"}
    with import_source(read({**top, "paths": {"/search": {"post": post}}}), tmp_path) as modules:
        _, _, headers, body = send(modules, wire, "search", color=COLORS)

    assert (headers["Content-Type"], body) == (FORM, expected)


@pytest.mark.parametrize(
    "value", ["..", ".", "../admin", "..%2Fadmin", "a/../../admin", "..\\admin", "..;/admin", "%2e%2e/admin", "a/."]
)
def test_a_value_that_would_leave_its_part_of_the_path_is_refused(
    modules: dict[str, Any], wire: Wire, value: str
) -> None:
    """Servers and proxies read paths in different ways; slashes are tried with and without permission."""
    free = next(n for n, (node, *_) in enumerate(TARGETS) if node.get("allowReserved") and node["in"] == "path")
    for name in ("get_0", f"get_{free}"):
        with pytest.raises(QueryError, match="can't be a part of a path"):
            send(modules, wire, name, color=value)


@pytest.mark.parametrize("text", ["{", "NaN", '{"a": Infinity}'])
def test_a_body_that_is_not_json_is_not_sent(modules: dict[str, Any], wire: Wire, text: str) -> None:
    """Python accepts some texts that are not JSON."""
    number = next(n for n, (_, content, *_) in enumerate(BODIES) if content == {"schema": FREE})
    with pytest.raises(QueryError, match="body is not JSON"):
        send(modules, wire, f"search_{number}", body=text)
