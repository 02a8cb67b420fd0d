"""The list that offers the values of a path's parameter."""

from typing import Any

import pytest
from small_descriptions import ROW, describe, get, query, read

from gfplug.scaffold.openapi.model import OptionsFrom


def path(name: str, kind: str = "string") -> dict[str, Any]:
    """Make a parameter of the path."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def options(paths: dict[str, Any]) -> dict[tuple[str, str], OptionsFrom | None]:
    """Map operations and parameters to the source of their options."""
    return {
        (query.path, parameter.name): parameter.options_from
        for query in read(describe(paths)).operations
        for parameter in query.parameters
        if parameter.location == "path"
    }


@pytest.mark.parametrize(("name", "kind"), [("id", "integer"), ("user_id", "integer"), ("userId", "string")])
def test_a_list_offers_the_values_of_the_next_parameter(name: str, kind: str) -> None:
    """The value is the id, the label is the name."""
    lists = options({"/users": get(), f"/users/{{{name}}}/posts": get(parameters=[path(name, kind)])})

    assert lists == {
        (f"/users/{{{name}}}/posts", name): OptionsFrom(operation="get_users", value="id", label="name", arguments=())
    }


def test_a_list_can_depend_on_earlier_parameters() -> None:
    """The members are those of the chosen team."""
    lists = options(
        {
            "/teams": get(),
            "/teams/{team}/members": get(parameters=[path("team", "integer")]),
            "/teams/{team}/members/{id}": get(ROW, parameters=[path("team", "integer"), path("id", "integer")]),
        }
    )

    assert lists["/teams/{team}/members/{id}", "id"] == OptionsFrom(
        operation="get_teams_team_members", value="id", label="name", arguments=(("team", "team"),)
    )
    assert lists["/teams/{team}/members/{id}", "team"] == OptionsFrom(operation="get_teams", value="id", label="name")


@pytest.mark.parametrize(
    "paths",
    [
        {"/users/{id}": get(ROW, parameters=[path("id")])},
        {"/users": get(parameters=[query("org", required=True)]), "/users/{id}": get(ROW, parameters=[path("id")])},
        {"/users": get(ROW), "/users/{id}": get(ROW, parameters=[path("id")])},
        {
            "/users": get({"type": "array", "items": {"type": "string"}}),
            "/users/{id}": get(ROW, parameters=[path("id")]),
        },
        {"/users": get(), "/users/{id}": get(ROW, parameters=[path("id", "boolean")])},
        {"/users": get(), "/users/x{id}": get(ROW, parameters=[path("id")])},
    ],
)
def test_an_unsuitable_operation_offers_no_values(paths: dict[str, Any]) -> None:
    """It is not a list, needs more parameters, or has no such column."""
    assert set(options(paths).values()) == {None}


def test_options_refer_to_existing_names() -> None:
    """Operations, columns and parameters exist even after names were made unique."""
    source = read(
        describe(
            {
                "/a": get(operationId="list"),
                "/b": get(operationId="list"),
                "/b/{id}": get(ROW, operationId="list", parameters=[path("id")]),
            }
        )
    )
    queries = {query.identifier: query for query in source.operations}
    (options,) = [p.options_from for query in source.operations for p in query.parameters if p.options_from]

    assert list(queries) == ["list_", "list_2", "list_3"]
    assert queries[options.operation].path == "/b"


@pytest.mark.parametrize(("one", "many"), [("/users/", "/users/{id}/"), ("/users.json", "/users/{id}.json")])
def test_the_path_of_a_list_can_have_a_suffix(one: str, many: str) -> None:
    """It is a slash or a file extension."""
    lists = options({one: get(), many: get(ROW, parameters=[path("id")])})

    assert lists[many, "id"] is not None


def rows(**kinds: str) -> dict[str, Any]:
    """Make a list whose rows have columns of some kinds; two underscores in a name stand for a nested object."""
    item: dict[str, Any] = {"type": "object", "properties": {}}
    for name, kind in kinds.items():
        outer, _, inner = name.rpartition("__")
        properties = item["properties"]
        if outer:
            properties = properties.setdefault(outer, {"type": "object", "properties": {}})["properties"]
        properties[inner] = {"type": kind}
    return {"type": "array", "items": item}


@pytest.mark.parametrize(
    ("many", "name", "columns", "value"),
    [
        ("users", "username", {"id": "integer", "login": "string"}, "login"),
        ("users", "username", {"id": "integer"}, None),
        ("users", "user", {"id": "integer"}, None),
        ("customers", "customer", {"id": "string"}, "id"),
        ("namespaces", "namespace", {"metadata__name": "string", "metadata__namespace": "string"}, "metadata.name"),
        ("pods", "name", {"metadata__name": "string", "metadata__namespace": "string"}, "metadata.name"),
        ("countries", "country", {"country": "string", "id": "string"}, "country"),
        ("things", "thing_id", {"attributes__id": "string"}, "attributes.id"),
    ],
)
def test_values_have_the_type_of_the_parameter(
    many: str, name: str, columns: dict[str, str], value: str | None
) -> None:
    """A number is not a user's name, and a namespace does not contain itself."""
    lists = options({f"/{many}": get(rows(**columns)), f"/{many}/{{{name}}}": get(ROW, parameters=[path(name)])})
    options_from = lists[f"/{many}/{{{name}}}", name]

    assert (options_from.value if options_from else None) == value
