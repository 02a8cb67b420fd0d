"""Guesses about values and responses, their limits, and the remarks about omissions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_sources import column as make_column
from openapi_sources import parameter as make_parameter
from small_descriptions import (
    ROW,
    column,
    columns,
    describe,
    get,
    of_schema,
    operation,
    parameters,
    query,
    read,
    reasons,
)

from gfplug.errors import ProjectError
from gfplug.scaffold.openapi import upstream_files
from gfplug.scaffold.openapi.model import Column, ValueType
from gfplug.scaffold.openapi.stored_model import StoredModel
from gfplug.scaffold.openapi.time_bounds import bind_time_range
from gfplug.scaffold.openapi.values import time_of

LIST = {"type": "array", "items": ROW}


@pytest.mark.parametrize(
    ("description", "wire"),
    [
        ("Unix timestamp", "seconds"),
        ("Unix time in seconds", "seconds"),
        ("Unix timestamp in milliseconds", "milliseconds"),
        ("Milliseconds since the epoch", "milliseconds"),
        ("Seconds since 1970-01-01", "seconds"),
        ("Seconds since January 1, 1970", "seconds"),
        ("Epoch time (ms)", "milliseconds"),
        ("UNIX timestamp. In milliseconds.", "milliseconds"),
        ("When it began, as a Unix timestamp", "seconds"),
        ("Timestamp (epoch)", "seconds"),
        ("Unix timestamp in seconds, not milliseconds", "seconds"),
        ("Unix timestamp in seconds. Latencies are in ms.", "seconds"),
        ("Unix timestamp. Latencies are in ms.", "seconds"),
        ("Unix timestamp in milliseconds rather than seconds", "milliseconds"),
        ("Unix timestamp, in seconds or milliseconds", ""),
        ("Microseconds since the epoch", ""),
        ("Time per epoch in seconds", ""),
        ("Timeout in seconds of the unix socket", ""),
        ("Slot time within the epoch", ""),
        ("Duration in seconds since the unix epoch", ""),
        ("Elapsed time since the epoch began", ""),
        ("Number of the epoch", ""),
        ("Time to live in seconds", ""),
        ("", ""),
    ],
)
def test_a_number_is_a_time_if_its_description_says_so(description: str, wire: str) -> None:
    """Latencies and epochs of training are not times."""
    assert time_of(description) == wire


def test_a_filter_has_the_time_format_of_the_outermost_column() -> None:
    """A nested column of the same family does not decide it; two different ones decide nothing."""
    whole = ValueType(kind="integer")
    filters = [make_parameter("created[gte]", whole), make_parameter("created[lte]", whole)]
    outer = make_column("created", "time", wire="seconds")
    inner = make_column("meta.created_at", "time", wire="milliseconds")
    other = make_column("created_at", "time", wire="rfc3339")

    def wires(*columns: Column) -> list[str]:
        return [each.type.wire for each in bind_time_range(filters, columns)]

    assert wires(outer, inner) == wires(inner, outer) == ["seconds", "seconds"]
    assert wires(outer, other) == wires(other, outer) == ["", ""]


@pytest.mark.parametrize(
    ("properties", "left_out"),
    [
        ({"forecasts": LIST, "alerts": LIST}, "'alerts'"),
        ({"items": LIST, "total_count": {"type": "integer"}, "currency": {"type": "string"}}, "'currency'"),
        ({"items": LIST, "total": {"type": "integer"}, "next": {"type": "string"}}, ""),
    ],
)
def test_fields_outside_the_rows_are_reported(properties: Any, left_out: str) -> None:
    """They are not in the data source; fields about the response itself are not reported."""
    value = describe({"/forecasts": get({"type": "object", "properties": properties})})
    remarks = [reason for _, _, reason in reasons(value)]

    assert operation(value).response.row_path in (("forecasts",), ("items",))
    assert [reason.rpartition(": ")[2] for reason in remarks] == ([left_out] if left_out else [])


def test_additional_properties_of_an_object_are_reported() -> None:
    """Only named keys become columns."""
    schema = {"type": "object", "properties": ROW["properties"], "additionalProperties": {"type": "number"}}
    value = describe({"/rates": get(schema)})

    assert set(columns(operation(value))) == {"id", "name"}
    assert [reason for _, _, reason in reasons(value)] == ["an object can have other keys: they are left out"]


def test_keywords_that_contradict_their_reference_are_ignored() -> None:
    """OpenAPI 3.0 ignores all of them; a description is used."""
    money = {"type": "object", "properties": {"amount": {"type": "number"}}}
    schema = {"type": "object", "properties": {"price": {"$ref": "#/components/schemas/Money", "type": "string"}}}
    query = of_schema({"type": "array", "items": schema}, schemas={"Money": money})

    assert columns(query) == {"price.amount": ("number", "")}


@pytest.mark.parametrize(
    ("enum", "choices"), [([True, False], ()), ([1.5, 2.5], ()), (["a", 1], ("a", "1")), ([1, 2], ("1", "2"))]
)
def test_choices_with_an_unknown_spelling_are_dropped(enum: list[Any], choices: tuple[str, ...]) -> None:
    """`True` may have been true, and 1.5 may have been 1.50."""
    (parameter,) = parameters(query("a", {"type": "string", "enum": enum}))

    assert parameter.type == ValueType(kind="string", choices=choices)


def test_huge_numbers_are_read() -> None:
    """They are in examples, limits and defaults: no float has 309 digits."""
    large = int("9" * 400)
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "x": {"type": "number"}}}
    node = get({"type": "array", "items": schema}, parameters=[query("q", {"type": "integer", "default": large})])
    media = node["get"]["responses"]["200"]["content"]["application/json"]
    media["example"] = [{"n": large, "x": large}]
    source = read(describe({"/a": node}))

    assert upstream_files.write_upstream(StoredModel(source)).data["threshold"] == 0
    assert json.loads(source.operations[0].response.example)[0]["n"] == large
    assert column(source.operations[0], "n").kind == "integer"


def test_half_a_surrogate_pair_is_read() -> None:
    """JSON allows it."""
    value = json.dumps(describe({"/a": get(summary="X")})).replace('"X"', '"\\ud83d"')

    assert read(value).operations[0].path == "/a"


@pytest.mark.parametrize(
    ("name", "is_there"),
    [("X-Team", True), ("X-Forwarded-For", False), ("Cookie", False), ("Host", False), ("TE", False)],
)
def test_headers_of_the_connection_are_not_fields(name: str, *, is_there: bool) -> None:
    """Otherwise a panel could choose the user that the API sees."""
    fields = parameters({"name": name, "in": "header", "schema": {"type": "string"}})

    assert bool(fields) == is_there


def test_only_the_first_remarks_and_their_number_are_listed() -> None:
    """There are 30 remarks, and the number of the others."""
    bad = [{"name": f"p{number}", "in": "nowhere"} for number in range(40)]
    remarks = reasons(describe({"/a": get(parameters=bad)}))

    assert len(remarks) == 31
    assert remarks[-1][2] == "and 10 more parts"


@pytest.mark.parametrize(
    ("name", "form", "kind"),
    [
        ("bytes", "int64", "integer"),
        ("price", "decimal", "number"),
        ("ratio", "double", "number"),
        ("projectId", "int64", "string"),
        ("resourceVersion", "uint64", "string"),
        ("name", "", "string"),
    ],
)
def test_texts_with_a_number_format_are_numbers(name: str, form: str, kind: str) -> None:
    """Protobuf's JSON has such numbers; identifiers stay texts and keep their digits."""
    row = {"type": "object", "properties": {name: {"type": "string", "format": form}}}

    assert columns(of_schema({"type": "array", "items": row})) == {name: (kind, "")}


def test_operations_at_other_hosts_are_reported() -> None:
    """Tokens of another host and addresses without encryption are reported, too."""
    flow = {"tokenUrl": "https://login.example/token", "scopes": {}}
    schemes = {"o": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
    servers = [
        [{"url": url}] for url in ("https://collector.example/v1", "https://eu.shop.example", "https://shop.example")
    ]
    paths = {f"/{number}": get(servers=each, security=[{"o": []}]) for number, each in enumerate(servers)}
    value = describe({**paths, "/open": get(servers=servers[0])}, servers=[{"url": "http://shop.example"}])
    value["components"]["securitySchemes"] = schemes
    remarks = reasons(value)

    assert [reason for _, _, reason in remarks] == [
        "it is at collector.example, not at shop.example: gfplug sends no credentials there",
        "it is at collector.example, not at shop.example: gfplug sends no credentials there",
        "the tokens of 'o' come from login.example, not from shop.example: login.example receives the client secret",
        "http://shop.example is not encrypted: credentials are sent as plain text",
    ]


def test_an_https_address_comes_before_its_http_variant() -> None:
    """Their order in the description does not matter; other addresses stay in place."""
    urls = ["http://a.example", "http://b.example", "https://a.example"]
    source = read(describe({"/a": get()}, servers=[{"url": url} for url in urls]))

    assert [each.url for each in source.base_urls] == ["http://b.example", "https://a.example", "http://a.example"]


def test_unsupported_credentials_are_reported() -> None:
    """The operation is called without them and may return less."""
    value = describe({"/a": get(security=[{"gone": []}]), "/b": get(security=[{"gone": []}, {"p": []}])})
    value["components"]["securitySchemes"] = {"p": {"type": "http", "scheme": "basic"}}

    assert [reason for _, _, reason in reasons(value)] == [
        "gfplug does not support 'gone': requests have no credentials"
    ]


def test_operations_beside_a_path_reference_are_read() -> None:
    """Other values beside it are listed."""
    value = describe({"/a": {"$ref": "#/x/a", **get()}, "/b": {"get": None, "post": "x", "query": {}}, "/c": get()})
    value["x"] = {"a": {"summary": "A"}}

    assert [query.path for query in read(value).operations] == ["/a", "/c"]
    assert [(kind, place) for kind, place, _ in reasons(value)] == [
        ("flawed", "/paths/~1b/get"),
        ("flawed", "/paths/~1b/post"),
        ("not_a_query", "/paths/~1b/query"),
    ]


def test_a_few_of_very_many_operations_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for operations that become queries."""
    monkeypatch.setattr("gfplug.scaffold.openapi.description._MOST_OPERATIONS", 2)
    value = describe({f"/{number}": get() for number in range(3)})

    assert len(read(value, operations=["GET /1"]).operations) == 1
    with pytest.raises(ProjectError, match="more than 2 operations"):
        read(value)


NAMES = {"type": "array", "items": {"type": "string"}}
NUMBERS = {"type": "array", "items": {"type": "number"}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (
            {"type": "object", "properties": {"hourly": {"properties": {"time": NUMBERS, "wind": NUMBERS}}}},
            "one list for each column",
        ),
        ({"type": "object", "properties": {"time": NUMBERS, "wind": NUMBERS}}, "one list for each column"),
        ({"type": "array", "items": NUMBERS}, "each row is a list"),
        ({"type": "object", "properties": {"warnings": NAMES, "mirrors": NAMES}}, ""),
        ({"type": "array", "items": {"type": "object", "properties": {"tags": NUMBERS, "n": {"type": "number"}}}}, ""),
    ],
)
def test_a_response_with_a_list_for_each_column_is_reported(schema: Any, words: str) -> None:
    """They are text in one row, which no panel can draw."""
    remarks = [reason for _, _, reason in reasons(describe({"/forecast": get(schema)}))]

    assert [words in reason for reason in remarks] == ([True] if words else [])
