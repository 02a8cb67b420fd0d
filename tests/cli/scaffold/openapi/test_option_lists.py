"""Which list fills a path's parameter."""

from typing import Any

import pytest
from small_descriptions import ROW, describe, get, query, read

from gfplug.scaffold.openapi.model import OptionsFrom


def path(name: str, kind: str = "string") -> dict[str, Any]:
    """Make a parameter of the path."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def options(paths: dict[str, Any]) -> dict[tuple[str, str], OptionsFrom | None]:
    """Map operations and parameters to where their options are."""
    return {
        (query.path, parameter.name): parameter.options_from
        for query in read(describe(paths)).operations
        for parameter in query.parameters
        if parameter.location == "path"
    }


@pytest.mark.parametrize(("name", "kind"), [("id", "integer"), ("user_id", "integer"), ("userId", "string")])
def test_a_list_fills_the_parameter_behind_it(name: str, kind: str) -> None:
    """With its id as the value and its name as the label."""
    lists = options({"/users": get(), f"/users/{{{name}}}/posts": get(parameters=[path(name, kind)])})

    assert lists == {
        (f"/users/{{{name}}}/posts", name): OptionsFrom(operation="get_users", value="id", label="name", arguments=())
    }


def test_a_list_may_need_what_comes_before() -> None:
    """The team's members are those of the chosen team."""
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
def test_an_unsuitable_operation_fills_no_option_list(paths: dict[str, Any]) -> None:
    """No list, one that needs more parameters, or one without such a column."""
    assert set(options(paths).values()) == {None}


def test_every_name_that_options_have_is_there() -> None:
    """Operations, columns and parameters, when names were made unique."""
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
def test_a_lists_path_may_have_an_end(one: str, many: str) -> None:
    """A slash, or a suffix."""
    lists = options({one: get(), many: get(ROW, parameters=[path("id")])})

    assert lists[many, "id"] is not None


def rows(**kinds: str) -> dict[str, Any]:
    """Make a list whose rows have columns of some kinds, two underscores in a name standing for an object's."""
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
def test_values_are_those_that_the_parameter_takes(
    many: str, name: str, columns: dict[str, str], value: str | None
) -> None:
    """A number is no name of a user, and a namespace is not in itself."""
    lists = options({f"/{many}": get(rows(**columns)), f"/{many}/{{{name}}}": get(ROW, parameters=[path(name)])})
    options_from = lists[f"/{many}/{{{name}}}", name]

    assert (options_from.value if options_from else None) == value
