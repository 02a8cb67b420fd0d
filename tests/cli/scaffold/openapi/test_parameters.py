"""Parameters: types, choices, limits, lists, objects and names."""

from typing import Any

import pytest
from small_descriptions import of_schema, parameters, query

from gfplug.scaffold.openapi.model import Parameter, ValueType


def by_name(*nodes: Any, **options: Any) -> dict[str, Parameter]:
    """Map the parameters of a GET by their names in the API."""
    return {parameter.name: parameter for parameter in parameters(*nodes, **options)}


def test_choices_limits_and_defaults_are_read() -> None:
    """Each kind of value has them."""
    fields = by_name(
        query("state", {"type": "string", "enum": ["on", "off"], "default": "on"}),
        query("level", {"type": "integer", "enum": [1, 2]}),
        query("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        query("ratio", {"type": "number", "exclusiveMinimum": True, "minimum": 0}),
        query("code", {"type": "string", "minLength": 2, "maxLength": 4}),
        query("deep", {"type": "boolean", "default": False}, description="all levels", required=True),
    )

    assert fields["state"].type == ValueType(kind="string", choices=("on", "off"))
    assert fields["state"].default == "on"
    assert fields["level"].type == ValueType(kind="integer", choices=(1, 2))
    assert fields["limit"].type == ValueType(kind="integer", minimum=1, maximum=100)
    assert fields["limit"].default == 20
    assert fields["ratio"].type.minimum == pytest.approx(0, abs=1e-300)
    assert (fields["ratio"].type.minimum or 0) > 0
    assert fields["code"].type == ValueType(kind="string", min_length=2, max_length=4)
    assert (fields["deep"].default, fields["deep"].is_required, fields["deep"].description) == (
        False,
        True,
        "all levels",
    )


def test_exclusive_limits_of_openapi_3_1_are_numbers() -> None:
    """For integers, the limit becomes the next integer."""
    (parameter,) = parameters(
        query("n", {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}), openapi="3.1.0"
    )

    assert (parameter.type.minimum, parameter.type.maximum) == (1, 9)


def test_contradictory_limits_are_ignored() -> None:
    """An editor would accept no value."""
    (parameter,) = parameters(query("n", {"type": "integer", "minimum": 5, "maximum": 1}))

    assert parameter.type == ValueType(kind="integer")


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        ({"type": "integer", "default": "10"}, None),
        ({"type": "integer", "default": 10.0}, 10),
        ({"type": "integer", "maximum": 5, "default": 10}, None),
        ({"type": "string", "enum": ["a"], "default": "b"}, None),
        ({"type": "string", "default": 10}, "10"),
        ({"type": "boolean", "default": "true"}, None),
        ({"type": "string", "default": {"a": 1}}, None),
        ({"type": "string", "format": "date-time", "default": "yesterday"}, None),
        ({"type": "array", "items": {"type": "string"}, "default": ["a", "b"]}, ("a", "b")),
        ({"type": "array", "items": {"type": "string"}, "default": "a"}, ("a",)),
        ({"type": "array", "items": {"type": "integer"}, "default": ["a"]}, None),
    ],
)
def test_an_invalid_default_is_ignored(schema: Any, default: Any) -> None:
    """The API's own default applies."""
    (parameter,) = parameters(query("a", schema))

    assert parameter.default == default
    assert type(parameter.default) is type(default)


def test_an_enum_is_read_from_an_array_or_its_items() -> None:
    """Many descriptions put the enum beside `type: array` by mistake."""
    items = {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}
    beside = {"type": "array", "enum": ["a", "b"], "items": {"type": "string"}}
    fields = by_name(query("items", items), query("beside", beside))

    assert fields["items"].type == ValueType(kind="string", choices=("a", "b"), is_list=True)
    assert fields["beside"].type == ValueType(kind="string", choices=("a", "b"), is_list=True)


@pytest.mark.parametrize(
    ("node", "separator"),
    [
        ({}, ""),
        ({"style": "form", "explode": True}, ""),
        ({"explode": False}, ","),
        ({"style": "spaceDelimited", "explode": False}, " "),
        ({"style": "pipeDelimited", "explode": False}, "|"),
        ({"style": "pipeDelimited"}, "|"),
    ],
)
def test_lists_are_joined_or_repeated(node: Any, separator: str) -> None:
    """The keywords `style` and `explode` decide."""
    (parameter,) = parameters(query("a", {"type": "array", "items": {"type": "string"}}, **node))

    assert (parameter.type.is_list, parameter.separator) == (True, separator)


@pytest.mark.parametrize(
    ("style", "explode", "expected"),
    [
        ("simple", False, (",", "")),
        ("simple", True, (",", "")),
        ("label", False, (",", ".")),
        ("label", True, (".", ".")),
        ("matrix", False, (",", ";ids=")),
        ("matrix", True, (";ids=", ";ids=")),
    ],
)
def test_lists_in_a_path_have_the_styles_of_rfc_6570(style: str, explode: bool, expected: tuple[str, str]) -> None:  # noqa: FBT001 - a case
    """Simple, label and matrix styles are tried."""
    node = {"name": "ids", "in": "path", "required": True, "style": style, "explode": explode}
    (parameter,) = parameters({**node, "schema": {"type": "array", "items": {"type": "integer"}}}, path="/a/{ids}")

    assert (parameter.separator, parameter.prefix) == expected


def test_objects_become_one_parameter_for_each_property() -> None:
    """The name has brackets with deepObject; with form it is the property's name."""
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "o": {"type": "object"}},
    }

    assert list(by_name(query("filter", schema, style="deepObject", explode=True))) == ["filter[name]", "filter[age]"]
    assert list(by_name(query("filter", schema))) == ["name", "age"]


def test_names_become_unique_identifiers() -> None:
    """They are keywords, builtins, brackets, digits, other scripts, and names with the same identifier."""
    names = [
        "class",
        "id",
        "type",
        "filter[name]",
        "filterName",
        "filter_name",
        "2fa",
        "größe",
        "名前",
        "x-y",
        "self",
        "None",
    ]
    fields = parameters(*(query(name) for name in names))

    assert [parameter.identifier for parameter in fields] == [
        *("class_", "id_", "type_", "filter_name", "filter_name_2", "filter_name_3", "parameter_2_fa"),
        *("groe", "parameter", "x_y", "self_", "none_value"),
    ]
    assert [parameter.name for parameter in fields] == names


def test_required_parameters_come_first() -> None:
    """In a dataclass, fields without defaults must come first."""
    fields = parameters(query("a"), query("b", required=True), query("c"), query("d", required=True))

    assert [parameter.name for parameter in fields] == ["b", "d", "a", "c"]


def test_a_parameter_that_is_json_is_written_as_json() -> None:
    """It has `content` instead of `schema`."""
    (parameter,) = parameters(
        {"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}
    )

    assert parameter.type == ValueType(kind="json")


def test_a_value_of_several_types_is_a_text() -> None:
    """It is a text in the request."""
    fields = by_name(
        query("a", {"oneOf": [{"type": "string"}, {"type": "integer"}]}), query("b", {}), {"name": "c", "in": "query"}
    )

    assert {parameter.type for parameter in fields.values()} == {ValueType(kind="string")}
    assert of_schema({"type": "array", "items": {}}).response.columns[0].kind == "json"


def test_an_endless_response_is_not_requested() -> None:
    """A panel would wait for its end."""
    flags = [query(name, {"type": "boolean", "default": True}) for name in ("stream", "watch", "deep")]

    assert [parameter.default for parameter in parameters(*flags)] == [False, False, True]
