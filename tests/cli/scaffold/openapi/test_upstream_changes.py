"""Changes between two descriptions, as users of the data source see them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from openapi_sources import COUNTS, READINGS, SEARCH, STATIONS, TEXT, WEATHER, WHOLE, column, parameter
from small_descriptions import describe, get, query, read

from gfplug.scaffold.openapi import upstream_changes

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.model import DataSource, Operation


def weather(*operations: Operation) -> DataSource:
    """Make a weather API with these operations."""
    return replace(WEATHER, operations=operations)


def list_messages(old: DataSource, new: DataSource) -> list[str]:
    """List the changes as they are shown."""
    changes = upstream_changes.compare(old, new)
    return [f"{'!' if change.is_breaking else '+'} {change.message}" for change in changes]


def test_the_same_description_changes_nothing() -> None:
    """Other descriptions in words change nothing, either."""
    other = replace(
        WEATHER, description="New", operations=tuple(replace(each, summary="New") for each in WEATHER.operations)
    )

    assert list_messages(WEATHER, WEATHER) == []
    assert list_messages(WEATHER, other) == []


def test_added_and_removed_operations_are_listed() -> None:
    """Removed ones come first."""
    assert list_messages(weather(STATIONS, COUNTS), weather(STATIONS, SEARCH)) == [
        "! operation counts was removed",
        "+ operation search is new",
    ]


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (replace(STATIONS, parameters=STATIONS.parameters[1:]), "! parameter list_stations.kind was removed"),
        (
            replace(STATIONS, parameters=(*STATIONS.parameters, parameter("near"))),
            "+ parameter list_stations.near is new",
        ),
        (
            replace(STATIONS, parameters=(*STATIONS.parameters, parameter("near", is_required=True))),
            "! parameter list_stations.near is new, and required",
        ),
        (
            replace(
                STATIONS,
                parameters=(
                    replace(STATIONS.parameters[1], type=TEXT),
                    *STATIONS.parameters[2:],
                    STATIONS.parameters[0],
                ),
            ),
            "! parameter list_stations.ids was a list of integer, and is now string",
        ),
        (
            replace(
                STATIONS,
                parameters=(
                    replace(
                        STATIONS.parameters[0],
                        type=replace(STATIONS.parameters[0].type, choices=("sea", "lake", "bog")),
                    ),
                    *STATIONS.parameters[1:],
                ),
            ),
            "+ parameter list_stations.kind now also accepts 'bog'",
        ),
        (
            replace(
                STATIONS,
                parameters=(
                    replace(STATIONS.parameters[0], type=replace(STATIONS.parameters[0].type, choices=("sea",))),
                    *STATIONS.parameters[1:],
                ),
            ),
            "! parameter list_stations.kind no longer accepts 'lake'",
        ),
        (replace(STATIONS, path="/all"), "! operation list_stations was GET /stations, and is now GET /all"),
        (replace(STATIONS, pagination=None), "+ operation list_stations no longer has pages"),
    ],
)
def test_changes_of_an_operation_are_listed(after: Operation, message: str) -> None:
    """They are about its parameters and its address."""
    assert message in list_messages(weather(STATIONS), weather(after))


def test_changes_of_columns_are_listed() -> None:
    """Dashboards use their names."""
    columns = READINGS.response.columns
    other = (columns[0], replace(columns[1], kind="string"), column("wind", "number"), columns[3])
    after = replace(READINGS, response=replace(READINGS.response, columns=other))

    assert list_messages(weather(STATIONS, READINGS), weather(STATIONS, after)) == [
        "! column list_readings.celsius was number, and is now string",
        "! column list_readings.quality was removed",
        "+ column list_readings.wind is new",
    ]


def test_changes_of_options_are_listed() -> None:
    """Provisioning files use their names."""
    after = replace(weather(COUNTS), base_urls=(), auth=WEATHER.auth[1:])

    assert list_messages(weather(COUNTS), after) == ["! option region was removed", "! option token was removed"]


def test_a_number_that_becomes_an_integer_is_a_change() -> None:
    """Its type is another one."""
    before = replace(SEARCH, parameters=(*SEARCH.parameters, parameter("count", WHOLE)))

    assert list_messages(weather(before), weather(SEARCH)) == ["! parameter search.count was removed"]


def only(*nodes: Any, **more: Any) -> DataSource:
    """Read a description of one operation with some parameters."""
    return read(describe({"/a": {**get(parameters=list(nodes), operationId="list_a"), **more}}))


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        (
            [query("filter[name]"), query("filterName")],
            [query("filter[name]"), query("filterName", required=True)],
            [
                "! parameter list_a.filter_name is now required",
                "! parameter list_a.filter_name was 'filter[name]' of the query, and is now 'filterName' of the query",
                (
                    "! parameter list_a.filter_name_2 was 'filterName' of the query, "
                    "and is now 'filter[name]' of the query"
                ),
            ],
        ),
        (
            [query("x-a")],
            [{"name": "X-A", "in": "header", "schema": {"type": "string"}}],
            ["! parameter list_a.x_a was 'x-a' of the query, and is now 'X-A' of the header"],
        ),
        (
            [query("n", {"type": "integer", "minimum": 1, "maximum": 9})],
            [query("n", {"type": "integer", "minimum": 0, "maximum": 5})],
            [
                "! the maximum of parameter list_a.n was 9, and is now 5",
                "+ the minimum of parameter list_a.n was 1, and is now 0",
            ],
        ),
        (
            [query("a", required=True)],
            [query("a")],
            ["+ parameter list_a.a is no longer required"],
        ),
        (
            [query("a", {"type": "boolean", "default": True})],
            [query("a", {"type": "boolean", "default": False})],
            ["+ the default of parameter list_a.a was True, and is now False"],
        ),
        (
            [query("a", {"type": "string", "format": "date-time"})],
            [query("a", {"type": "string", "format": "date"})],
            ["+ parameter list_a.a was sent as rfc3339, and is now sent as date"],
        ),
        (
            [query("a", {"type": "string", "enum": ["x", "y"]})],
            [query("a", {"type": "string", "enum": ["y", "z"]})],
            ["! parameter list_a.a no longer accepts 'x'", "+ parameter list_a.a now also accepts 'z'"],
        ),
    ],
)
def test_a_name_with_another_meaning_is_a_breaking_change(old: Any, new: Any, messages: list[str]) -> None:
    """Saved queries would request something else, without an error."""
    assert list_messages(only(*old), only(*new)) == messages


def test_operations_that_exchange_their_names_are_reported() -> None:
    """Two operations have one operationId, and their order changes."""
    paths = {path: get(operationId="list_users") for path in ("/users", "/all")}
    before, after = read(describe(paths)), read(describe(dict(reversed(paths.items()))))

    assert list_messages(before, after) == [
        "! operation list_users was GET /users, and is now GET /all",
        "! operation list_users_2 was GET /all, and is now GET /users",
    ]


def test_columns_that_exchange_names_are_reported() -> None:
    """One is nested, one has a dot in its name; an enum is a label."""
    nested = {"owner": {"type": "object", "properties": {"name": {"type": "string"}}}}
    dotted = {"owner.name": {"type": "string"}}
    state = {"state": {"type": "string", "enum": ["on", "off"]}}

    def rows(*properties: dict[str, Any]) -> DataSource:
        columns = {name: schema for each in properties for name, schema in each.items()}
        schema = {"type": "array", "items": {"type": "object", "properties": columns}}
        return read(describe({"/a": get(schema, operationId="list_a")}))

    assert list_messages(rows(nested, dotted, state), rows(dotted, nested, {"state": {"type": "string"}})) == [
        "! column list_a.owner.name was the value at 'owner/name', and is now the value at 'owner.name'",
        "! column list_a.owner.name_2 was the value at 'owner.name', and is now the value at 'owner/name'",
        "! column list_a.state is no longer a label: the labels of series change",
    ]


def test_a_secret_that_is_sent_to_another_place_is_reported() -> None:
    """An administrator entered it for the previous place."""

    def keys(place: str) -> DataSource:
        value = describe({"/a": get(operationId="list_a", security=[{"k": []}])})
        value["components"]["securitySchemes"] = {"k": {"type": "apiKey", "in": place, "name": "key"}}
        return read(value)

    assert list_messages(keys("query"), keys("header")) == [
        "! option k was the secret of 'k' (query key), and is now the secret of 'k' (header key)"
    ]
