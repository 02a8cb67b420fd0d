"""Untrusted descriptions: the model is safe to generate code from, or reading ends in an error."""

from __future__ import annotations

import copy
import json
import keyword
import re
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_descriptions import ROW, answer, describe, get, query, read

from gfplug.errors import GfplugError, ProjectError
from gfplug.scaffold.openapi import schema_reader

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.model import DataSource

BAD = "\"\"\"'''\\\n\r\x00\x1b\u2028{__import__('os').system('x')}#%s%(a)s{{a}}\ud7ff"
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
REF = "#/components/schemas/"
FULL: dict[str, Any] = describe(
    {
        "/users/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            **get(
                {
                    "type": "object",
                    "properties": {"data": {"type": "array", "items": {"$ref": f"{REF}User"}}, "next_cursor": {}},
                },
                operationId="users",
                parameters=[
                    query("since", {"type": "string", "format": "date-time"}),
                    query("ids", {"type": "array", "items": {"type": "integer", "enum": [1, 2]}}, explode=False),
                    query("cursor"),
                    query("page", {"type": "integer", "default": 1, "minimum": 1}),
                ],
                security=[{"key": []}],
            ),
        },
        "/search": {
            "post": {
                **answer(
                    {"oneOf": [{"$ref": f"{REF}User"}, {"$ref": f"{REF}Node"}], "discriminator": {"propertyName": "k"}}
                ),
                "requestBody": {"content": {"application/json": {"schema": {"$ref": f"{REF}Node"}}}},
            }
        },
    },
    schemas={
        "User": {"allOf": [ROW, {"properties": {"at": {"type": "string", "format": "date-time"}}}]},
        "Node": {"type": "object", "properties": {"name": {"type": "string"}, "nodes": {"$ref": f"{REF}Node"}}},
    },
)
FULL["components"]["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "host": "shop.example",
    "schemes": ["https"],
    "definitions": {"Row": ROW},
    "securityDefinitions": {
        "o": {"type": "oauth2", "flow": "application", "tokenUrl": "https://shop.example/t", "scopes": {}}
    },
    "paths": {
        "/rows": {
            "get": {
                "security": [{"o": []}],
                "parameters": [{"name": "a", "in": "query", "type": "array", "items": {"type": "string"}}],
                "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Row"}}}},
            }
        }
    },
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["object", "array", "string", "query", "path", "$ref", "{a}", BAD, "https://x.example", REF, "date-time"]
    )
)
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["$ref", "type", "properties", "allOf", "get", "200"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of all values in a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(inner for key, child in pairs for inner in places(child, (*place, key)))]


def replace_at(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """Return a document with another value at a path."""
    if not place:
        return new
    value = copy.deepcopy(value)
    parent = value
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = new
    return value


PLACES = [(value, place) for value in (FULL, SWAGGER) for place in places(value)]
POINTERS = [
    "#" + "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in place) for place in places(FULL)
]


def check(source: DataSource) -> None:
    """Check every property of the model that code generators rely on."""
    names = [scheme.identifier for scheme in source.auth]
    urls = [*source.base_urls, *(url for query in source.operations for url in query.base_urls)]
    names += {variable.name: variable.identifier for url in urls for variable in url.variables}.values()
    check_identifiers(names)
    check_identifiers([query.identifier for query in source.operations])
    for url in urls:
        assert re.fullmatch(r"https?://[!-~]+[^/]", url.url)
        assert re.findall(r"\{(.+?)\}", url.template) == [variable.name for variable in url.variables] or url.variables
    for endpoint in source.operations:
        check_identifiers([parameter.identifier for parameter in endpoint.parameters])
        assert re.fullmatch(r"/[^\x00-\x20?#]*", endpoint.path)
        fields = set(re.findall(r"\{(.+?)\}", endpoint.path))
        assert fields == {parameter.name for parameter in endpoint.parameters if parameter.location == "path"}
        assert endpoint.response.columns
        assert len({column.name for column in endpoint.response.columns}) == len(endpoint.response.columns)
        json.loads(endpoint.response.example)
        assert {name for way in endpoint.auth for name in way} <= {scheme.name for scheme in source.auth}
        if endpoint.pagination:
            own = {parameter.identifier for parameter in endpoint.parameters}
            assert {endpoint.pagination.parameter, endpoint.pagination.size_parameter} <= {*own, ""}
        for parameter in endpoint.parameters:
            check_types(parameter.default, parameter.example, *parameter.type.choices)
            if parameter.location in ("header", "cookie"):
                assert re.fullmatch(r"[!-~]+", parameter.name)


def check_identifiers(names: list[str]) -> None:
    """Check that names are valid identifiers, unique without case and underscores."""
    assert all(IDENTIFIER.fullmatch(name) and not keyword.iskeyword(name) for name in names)
    assert len({name.replace("_", "") for name in names}) == len(names)


def check_types(*values: Any) -> None:
    """Check that values have plain types, whose text is code."""
    for value in values:
        if isinstance(value, tuple):
            check_types(*value)
        else:
            assert type(value) in (str, int, float, bool, type(None))


def read_or_refuse(value: Any) -> None:
    """Read a description and check the model, or expect an error for the user."""
    try:
        source = read(value)
    except GfplugError:
        return
    check(source)


def test_the_base_descriptions_are_read() -> None:
    """Otherwise the tests below would prove nothing."""
    assert len(read(FULL).operations) == 2
    assert len(read(SWAGGER).operations) == 1
    check(read(FULL))


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(junk)
def test_random_documents_are_refused(value: Any) -> None:
    """They may have any content."""
    read_or_refuse(value)
    read_or_refuse(
        {"openapi": "3.1.0", "paths": {"/a": value, "/b": {"get": value}, "/c": get(value)}, "components": value}
    )


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(st.sampled_from(PLACES), junk | st.builds(lambda pointer: {"$ref": pointer}, st.sampled_from(POINTERS)))
@example((FULL, ("components", "schemas", "Node")), {"allOf": [{"$ref": f"{REF}Node"}]})
@example((FULL, ("paths",)), {BAD: get()})
@example((FULL, ("info",)), {"title": BAD})
def test_replacing_any_value_of_a_description_causes_no_traceback(place: tuple[Any, tuple[Any, ...]], new: Any) -> None:
    """Any value may be replaced by any other."""
    read_or_refuse(replace_at(*place, new))


def test_hostile_texts_stay_texts() -> None:
    """Names, titles, choices and keys keep their value, and identifiers are made of letters."""
    row = {"type": "object", "properties": {BAD: {"type": "string", "enum": [BAD], "description": BAD}}}
    value = describe(
        {
            "/a": get(
                {"type": "array", "items": row}, operationId=BAD, summary=BAD, parameters=[query(BAD, description=BAD)]
            )
        },
        info={"title": BAD, "version": BAD, "description": BAD},
    )
    source = read(value)
    (endpoint,) = source.operations

    check(source)
    assert endpoint.identifier == "import_os_system_x_s_a_s_a"
    assert endpoint.response.columns[0].path == (BAD,)
    assert endpoint.response.columns[0].choices == (BAD,)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "a: " + "[" * 50_000,
        "a: &a {b: *a}",
        "? [1, 2]\n: 3",
        "!!python/object/apply:os.system ['true']",
        "a: 1\na: 2",
        "- " * 20_000 + "x",
        "\x00",
    ],
)
def test_documents_that_would_exhaust_a_reader_are_refused(text: str) -> None:
    """They are deep, have cyclic aliases, or would create objects."""
    start = time.process_time()
    with pytest.raises(ProjectError):
        read(text)

    assert time.process_time() - start < 10


@pytest.mark.slow
def test_a_large_description_is_read_in_seconds() -> None:
    """It has eight hundred operations with one schema."""
    paths = {f"/things{number}": get({"type": "array", "items": {"$ref": f"{REF}User"}}) for number in range(800)}
    value = {**FULL, "paths": paths}
    start = time.process_time()
    source = read(value)

    assert len(source.operations) == 800
    assert time.process_time() - start < 20


@pytest.mark.slow
def test_operations_that_would_take_long_are_left_out() -> None:
    """Each merges as many schemas as allowed; together they exceed the limit of a description."""
    variants = {
        f"V{number}": {"type": "object", "properties": {f"p{number % 50}": {"type": "string"}}} for number in range(900)
    }
    refs = [{"$ref": f"{REF}{name}"} for name in variants]
    value = describe(
        {f"/a{number}": get({"oneOf": [*refs, {"title": str(number)}]}) for number in range(3)}, schemas=variants
    )

    assert len(read(value).operations) == 3
    value["paths"] = {"/a": get({"oneOf": [*refs, {"oneOf": [{"title": str(n)} for n in range(1200)]}]})}
    with pytest.raises(ProjectError, match="no operation") as excinfo:
        read(value)

    assert "has more than 2000 parts" in excinfo.value.details


def test_operations_beyond_the_limit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remark says to choose operations; chosen alone, such an operation is read."""
    monkeypatch.setattr(schema_reader, "_MOST_PARTS_OF_ALL", 50)
    value = describe({f"/a{number}": get() for number in range(20)})
    source = read(value)

    assert 0 < len(source.operations) < 20
    assert {omission.reason.rpartition("; ")[2] for omission in source.left_out} == {
        "choose operations: --operations NAME,NAME"
    }
    assert [query.path for query in read(value, operations=["GET /a19"]).operations] == ["/a19"]


@pytest.mark.parametrize("part", ["parameters", "responses", "properties"])
def test_a_large_shared_part_is_read_fast(part: str) -> None:
    """It is not read again for each operation."""
    many: dict[str, Any] = {str(number): {} for number in range(5000)}
    shared: dict[str, Any] = get({"type": "object", "properties": many} if part == "properties" else None)
    if part != "properties":
        shared["get"][part] = [query(name) for name in many] if part == "parameters" else many
    value = describe({"/good": get(), **{f"/a{number}": {"$ref": "#/x"} for number in range(200)}}, x=shared)
    start = time.process_time()
    source = read(value)

    assert [query.path for query in source.operations] == ["/good"]
    assert time.process_time() - start < 10


@pytest.mark.slow
def test_a_long_key_is_in_memory_once() -> None:
    """The place of each value below shows only the beginning of the key."""
    key = "k" * 100_000
    properties = {f"p{number}": {"type": "string"} for number in range(1500)}
    schema = {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": f"#/x/{key}"}}}}
    text = json.dumps(describe({"/a": get(schema)}, x={key: {"type": "object", "properties": properties}}))
    tracemalloc.start()
    source = read(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 30_000_000
    assert len(source.operations[0].response.columns) == 200
    assert all(len(omission.place) < 1000 for omission in source.left_out)
