"""Columns and rows of a data source: the place of the rows in a response, and the columns of a row."""

from typing import Any

import pytest
from small_descriptions import ROW, column, columns, describe, get, of_schema, operation, read, reasons

from gfplug.scaffold.openapi.columns import MAX_COLUMNS


def array(**properties: Any) -> dict[str, Any]:
    """Make the schema of a list of objects."""
    return {"type": "array", "items": {"type": "object", "properties": properties}}


def test_scalars_become_columns_of_their_kinds() -> None:
    """These are texts, numbers, booleans and times; lists and untyped values are JSON text."""
    query = of_schema(
        array(
            text={"type": "string"},
            whole={"type": "integer", "format": "int64"},
            real={"type": "number"},
            yes={"type": "boolean"},
            at={"type": "string", "format": "date-time"},
            day={"type": "string", "format": "date"},
            tags={"type": "array", "items": {"type": "string"}},
            any={},
            either={"oneOf": [{"type": "string"}, {"type": "object", "properties": {"a": {}}}]},
        )
    )

    assert columns(query) == {
        "text": ("string", ""),
        "whole": ("integer", ""),
        "real": ("number", ""),
        "yes": ("boolean", ""),
        "at": ("time", "rfc3339"),
        "day": ("time", "date"),
        "tags": ("json", ""),
        "any": ("json", ""),
        "either": ("json", ""),
    }


@pytest.mark.parametrize(
    ("schema", "wire"),
    [
        ({"type": "integer", "format": "unix-time"}, "seconds"),
        ({"type": "integer", "description": "Created, as a Unix timestamp."}, "seconds"),
        ({"type": "number", "description": "Milliseconds since the epoch"}, "milliseconds"),
        ({"type": "integer", "description": "Unix time in ms"}, "milliseconds"),
    ],
)
def test_numbers_that_count_since_1970_are_times(schema: dict[str, Any], wire: str) -> None:
    """The format or the description says so."""
    assert columns(of_schema(array(at=schema))) == {"at": ("time", wire)}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "description": "The epoch number"},
        {"type": "integer", "description": "Unix time in nanoseconds"},
        {"type": "integer", "description": "The time that it took"},
        {"type": "integer", "description": "The user id on Unix"},
    ],
)
def test_numbers_that_do_not_count_since_1970_are_not_times(schema: dict[str, Any]) -> None:
    """A wrong time would be worse than a number."""
    assert columns(of_schema(array(at=schema))) == {"at": ("integer", "")}


def test_nested_objects_have_dotted_names() -> None:
    """There is a depth limit; a property with a dot in its name is a separate column."""
    owner = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    query = of_schema(array(owner=owner, **{"owner.name": {"type": "integer"}}))

    assert columns(query) == {"owner.name": ("string", ""), "owner.name_2": ("integer", "")}
    assert [column.path for column in query.response.columns] == [("owner", "name"), ("owner.name",)]


def test_a_column_that_may_be_missing_is_nullable() -> None:
    """Otherwise it is required in every object on its path, and none of the three nullable forms is used."""
    inner = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    schema = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["id", "old", "new", "choice", "sure"],
            "properties": {
                "id": {"type": "integer"},
                "old": {"type": "string", "nullable": True},
                "new": {"type": ["string", "null"]},
                "choice": {"enum": ["a", None]},
                "free": {"type": "string"},
                "sure": inner,
                "perhaps": inner,
            },
        },
    }
    query = of_schema(schema, openapi="3.1.0")

    assert [column.name for column in query.response.columns if not column.is_nullable] == ["id", "sure.a"]
    assert columns(query)["new"] == ("string", "")
    assert column(query, "choice").choices == ("a",)


def test_enums_maps_and_keys_are_labels() -> None:
    """A text with few values identifies a series; other texts do not."""
    query = of_schema(
        array(
            state={"type": "string", "enum": ["on", "off"]},
            tags={"type": "object", "additionalProperties": {"type": "string"}},
            limits={"type": "object", "additionalProperties": {"type": "integer"}},
            name={"type": "string"},
            level={"type": "integer", "enum": [1, 2]},
        )
    )

    assert [column.name for column in query.response.columns if column.is_label] == ["state", "tags"]
    assert column(query, "state").choices == ("on", "off")
    assert columns(query)["level"] == ("integer", "")


def test_a_map_has_a_row_for_each_key() -> None:
    """The key is a label."""
    query = of_schema({"type": "object", "additionalProperties": ROW})

    assert (query.response.shape, query.response.row_path) == ("map", ())
    assert list(columns(query)) == ["key", "id", "name"]
    assert (column(query, "key").is_key, column(query, "key").is_label) == (True, True)


def test_rows_that_are_scalars_have_one_column() -> None:
    """The response is an array of scalars, or one scalar."""
    assert columns(of_schema({"type": "array", "items": {"type": "number"}})) == {"value": ("number", "")}
    assert columns(of_schema({"type": "string", "format": "date-time"})) == {"value": ("time", "rfc3339")}


ROWS = {"type": "array", "items": ROW}
COUNT = {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "path", "shape"),
    [
        (ROWS, (), "array"),
        ({"properties": {"data": ROWS}}, ("data",), "array"),
        (
            {"properties": {"total": COUNT, "page": COUNT, "results": ROWS, "next": {"type": "string"}}},
            ("results",),
            "array",
        ),
        (
            {"properties": {"things": ROWS, "links": {"type": "object"}, "meta": {"type": "object"}}},
            ("things",),
            "array",
        ),
        ({"properties": {"things": ROWS, "other": ROWS}}, ("things",), "array"),
        (
            {"properties": {"status": {}, "data": {"properties": {"resultType": {}, "result": ROWS}}}},
            ("data", "result"),
            "array",
        ),
        ({"properties": {"data": ROW, "meta": {"type": "object"}}}, ("data",), "object"),
        ({"properties": {"data": {"additionalProperties": ROW}}}, ("data",), "map"),
        ({"properties": {"id": COUNT, "name": {"type": "string"}, "items": ROWS}}, (), "object"),
        ({"properties": {"id": COUNT, "owners": ROWS, "readers": ROWS}}, (), "object"),
        (
            {"properties": {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}, "items": ROWS}},
            ("items",),
            "array",
        ),
        (
            {"properties": {"message": {}, "things": {"properties": {"href": {}, "items": ROWS, "next": {}}}}},
            ("things", "items"),
            "array",
        ),
        ({"properties": {"has_more": {}, "pins": COUNT, "newest": COUNT, "messages": ROWS}}, ("messages",), "array"),
        ({"properties": {"data": ROWS, "messages": ROWS, "errors": ROWS}}, ("data",), "array"),
        ({"properties": {"ok": {}, "user": ROW}}, (), "object"),
        (ROW, (), "object"),
    ],
)
def test_rows_are_found_in_envelopes(schema: Any, path: tuple[str, ...], shape: str) -> None:
    """An envelope has fields about the response beside its rows; any other object is a row."""
    response = of_schema(schema).response

    assert (response.row_path, response.shape) == (path, shape)


def test_a_recursive_schema_is_cut_where_it_repeats() -> None:
    """A remark says so; the other columns stay."""
    node = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "parent": {"$ref": "#/components/schemas/Node"}},
    }
    value = describe(
        {"/nodes": get({"type": "array", "items": {"$ref": "#/components/schemas/Node"}})}, schemas={"Node": node}
    )

    assert columns(operation(value)) == {"name": ("string", ""), "parent": ("json", "")}
    assert reasons(value) == [
        ("part", "/components/schemas/Node", "'parent' has a recursive schema: its column is JSON text")
    ]


def test_mutually_recursive_schemas_are_cut() -> None:
    """It does not matter where the cycle begins."""
    ref = "#/components/schemas/"
    schemas = {
        "User": {"type": "object", "properties": {"id": COUNT, "team": {"$ref": f"{ref}Team"}}},
        "Team": {"type": "object", "properties": {"title": {"type": "string"}, "lead": {"$ref": f"{ref}User"}}},
    }
    value = describe(
        {"/u": get({"type": "array", "items": {"$ref": f"{ref}User"}}), "/t": get({"$ref": f"{ref}Team"})},
        schemas=schemas,
    )
    kinds = [columns(query) for query in read(value).operations]

    assert kinds == [
        {"id": ("integer", ""), "team.title": ("string", ""), "team.lead": ("json", "")},
        {"title": ("string", ""), "lead.id": ("integer", ""), "lead.team": ("json", "")},
    ]


def test_an_array_of_itself_is_read() -> None:
    """An envelope that contains itself counts as a row the second time."""
    schemas = {
        "List": {"type": "array", "items": {"$ref": "#/components/schemas/List"}},
        "Data": {"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Data"}}},
    }

    assert columns(of_schema({"$ref": "#/components/schemas/List"}, schemas=schemas)) == {"value": ("json", "")}
    assert columns(of_schema({"$ref": "#/components/schemas/Data"}, schemas=schemas)) == {"data": ("json", "")}


def test_nested_objects_become_columns_up_to_the_column_limit() -> None:
    """Further objects are JSON text; only after that columns are left out; each has a remark."""
    small = {"type": "object", "properties": {f"p{number}": COUNT for number in range(30)}}
    nested = array(**{f"o{number}": small for number in range(10)}, last={"type": "string"})
    flat = array(**{f"p{number}": COUNT for number in range(MAX_COLUMNS + 5)})
    names = list(columns(of_schema(nested)))

    assert len(names) == 6 * 30 + 4 + 1
    assert names[:2] == ["o0.p0", "o0.p1"]
    assert names[-5:] == ["o6", "o7", "o8", "o9", "last"]
    assert "4 objects are JSON text" in reasons(describe({"/things": get(nested)}))[0][2]
    assert len(of_schema(flat).response.columns) == MAX_COLUMNS
    assert "5 are left out" in reasons(describe({"/things": get(flat)}))[0][2]


def test_a_broken_property_is_json_text() -> None:
    """Other properties stay, and the broken one is listed with its place."""
    value = describe({"/things": get(array(good=COUNT, bad={"$ref": "#/components/schemas/Gone"}))})

    assert columns(operation(value)) == {"good": ("integer", ""), "bad": ("json", "")}
    assert [(kind, place.rpartition("/")[2]) for kind, place, _ in reasons(value)] == [("part", "bad")]


def test_a_response_without_a_schema_is_one_column() -> None:
    """With an example, its columns are used, and numbers are fractions."""
    bare: dict[str, Any] = {"responses": {"200": {"content": {"application/json": {}}}}}
    example = {"application/json": {"example": [{"id": 1, "at": "2024-01-01T00:00:00Z"}]}}
    with_example = {"responses": {"200": {"content": example}}}

    assert columns(operation(describe({"/a": {"get": bare}}))) == {"value": ("json", "")}
    assert columns(operation(describe({"/a": {"get": with_example}}))) == {
        "id": ("number", ""),
        "at": ("time", "rfc3339"),
    }
