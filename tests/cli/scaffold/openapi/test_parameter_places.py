"""Parameters by their place: path, headers and body, and those that are left out."""

from typing import Any

import pytest
from small_descriptions import answer, describe, get, operation, parameters, query, read, reasons


def test_an_operation_overrides_the_parameters_of_its_path() -> None:
    """A parameter is identified by name and place."""
    item = {
        "parameters": [query("a", {"type": "integer"}), query("b")],
        **get(parameters=[query("a", {"type": "boolean"})]),
    }
    fields = operation(describe({"/things": item})).parameters

    assert [(parameter.name, parameter.type.kind) for parameter in fields] == [("a", "boolean"), ("b", "string")]


def test_the_path_and_its_parameters_are_matched() -> None:
    """A name without a parameter is a text; a parameter without a name in the path is left out; both are listed."""
    stray = {"name": "stray", "in": "path", "required": True, "schema": {"type": "string"}}
    value = describe({"/a/{id}/b/{id}": get(parameters=[stray])})
    (parameter,) = operation(value).parameters

    assert (parameter.name, parameter.location, parameter.type.kind, parameter.is_required) == (
        "id",
        "path",
        "string",
        True,
    )
    assert [reason for _, _, reason in reasons(value)] == [
        "the path has 'id', but no parameter describes it: it is text",
        "the path parameter 'stray' is not in the path: it is left out",
    ]


@pytest.mark.parametrize(
    ("path", "plain"), [("/a/{+rest}", "/a/{rest}"), ("/a/{rest}:run", "/a/{rest}:run"), ("a", "/a"), ("/a#b", "/a")]
)
def test_types_in_names_of_a_path_are_removed(path: str, plain: str) -> None:
    """Some frameworks add them."""
    assert operation(describe({path: get()})).path == plain


@pytest.mark.parametrize("path", ["/a?b=c", "/a/{", "/a/}{b}", "/a/{}", "/a b", "/a\n", "/a\\b", "/a/{{b}}"])
def test_an_invalid_path_is_omitted(path: str) -> None:
    """All other paths stay."""
    source = read(describe({path: get(), "/good": get()}))

    assert [query.path for query in source.operations] == ["/good"]
    assert [omission.kind for omission in source.left_out] == ["flawed"]


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ({"in": "query", "schema": {}}, "a parameter has no name"),
        ({"name": "a", "in": "qurey"}, "the parameter 'a' has in: 'qurey', not path, query, header or cookie"),
        ({"name": "a\nb", "in": "header"}, r"the parameter 'a\nb' is not a valid name of a header"),
        (
            query("a", {"type": "array", "items": {"type": "object"}}),
            "the parameter 'a' is an object, or a list of objects",
        ),
        (query("a", {"$ref": "#/gone"}), "the reference '#/gone' has no target"),
        (query("a", {"allOf": [{"type": "string"}, {"type": "integer"}]}), "no value is valid for the parameter 'a'"),
    ],
)
def test_an_unreadable_parameter_is_left_out(node: Any, reason: str) -> None:
    """If it is required, so is its operation."""
    optional = read(describe({"/a": get(parameters=[node, query("b")]), "/b": get()}))
    required = read(describe({"/a": get(parameters=[{**node, "required": True}]), "/b": get()}))

    assert [parameter.name for parameter in optional.operations[0].parameters] == ["b"]
    assert [(omission.kind, omission.reason[: len(reason)]) for omission in optional.left_out] == [("part", reason)]
    assert [query.path for query in required.operations] == ["/b"]
    assert [(omission.kind, omission.reason[: len(reason)]) for omission in required.left_out] == [("flawed", reason)]


def test_headers_that_openapi_ignores_are_left_out() -> None:
    """The HTTP client sets them."""
    headers = [
        {"name": name, "in": "header", "schema": {"type": "string"}} for name in ("Accept", "Authorization", "X-Team")
    ]

    assert [parameter.name for parameter in parameters(*headers)] == ["X-Team"]


def test_the_fields_of_a_post_body_become_parameters() -> None:
    """Nested fields have their path as a name; deeper objects and lists of objects are JSON text."""
    schema = {
        "type": "object",
        "required": ["query", "window"],
        "properties": {
            "query": {"type": "string"},
            "window": {
                "type": "object",
                "required": ["from"],
                "properties": {
                    "from": {"type": "string", "format": "date-time"},
                    "to": {"type": "string", "format": "date-time"},
                },
            },
            "tags": {"type": "array", "items": {"type": "string"}},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "id": {"type": "integer", "readOnly": True},
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    endpoint = operation(describe({"/search": {"post": {**answer(), "requestBody": body}}}))

    assert (endpoint.method, endpoint.body_type) == ("POST", "application/json")
    assert [(p.identifier, p.path, p.type.kind, p.is_required) for p in endpoint.parameters] == [
        ("query", ("query",), "string", True),
        ("window_from", ("window", "from"), "time", True),
        ("window_to", ("window", "to"), "time", False),
        ("tags", ("tags",), "string", False),
        ("parts", ("parts",), "json", False),
    ]
    assert [parameter.bound for parameter in endpoint.parameters] == ["", "start", "end", "", ""]


def test_keys_of_authentication_are_not_parameters() -> None:
    """They are secrets."""
    scheme = {"securitySchemes": {"k": {"type": "apiKey", "in": "query", "name": "key"}}}
    value = describe({"/a": get(parameters=[query("key"), query("b")], security=[{"k": []}])})
    value["components"] = scheme

    assert [parameter.name for parameter in operation(value).parameters] == ["b"]


def test_a_get_with_a_required_body_is_left_out() -> None:
    """An optional body is not sent."""
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}}
    value = describe({"/a": get(requestBody=body), "/b": get(requestBody={**body, "required": True})})
    source = read(value)

    assert [(query.path, query.body_type, query.parameters) for query in source.operations] == [("/a", "", ())]
    assert [omission.kind for omission in source.left_out] == ["part", "flawed"]


def test_required_parameters_stay_if_others_exceed_the_limit() -> None:
    """An editor with hundreds of fields is not usable."""
    nodes = [query(f"p{number}") for number in range(150)] + [query("last", required=True)]
    value = describe({"/things": get(parameters=nodes)})
    names = [parameter.name for parameter in operation(value).parameters]

    assert (len(names), names[0], names[-1]) == (100, "last", "p98")
    assert reasons(value)[0][2] == "it has 151 parameters: 51 optional ones are left out"
