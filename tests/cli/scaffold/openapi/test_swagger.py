"""Swagger 2.0 gives the same data source as OpenAPI 3."""

from typing import Any

import pytest
from small_descriptions import ROW, answer, columns, describe, get, operation, query, read

from gfplug.scaffold.openapi.model import Auth

ROWS = {"type": "array", "items": {"$ref": "#/definitions/Row"}}


def swagger(paths: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Make a description of Swagger 2.0."""
    top = {"swagger": "2.0", "info": {"title": "Shop", "version": "1"}, "host": "shop.example", "basePath": "/v1"}
    return {**top, "schemes": ["https"], "paths": paths, "definitions": {"Row": ROW}, **rest}


def swagger_get(schema: Any = ROWS, **operation: Any) -> dict[str, Any]:
    """Make a path with a GET."""
    return {"get": {"responses": {"200": {"description": "ok", "schema": schema}}, **operation}}


def test_both_formats_of_an_api_give_the_same_data_source() -> None:
    """The API has parameters, lists, defaults, responses, servers and authentication."""
    old_nodes = [
        {"name": "state", "in": "query", "type": "string", "enum": ["on", "off"], "default": "on"},
        {"name": "ids", "in": "query", "type": "array", "items": {"type": "integer"}, "collectionFormat": "multi"},
        {"name": "limit", "in": "query", "type": "integer", "maximum": 50, "required": True},
        {"name": "id", "in": "path", "type": "string", "required": True},
    ]
    new_nodes = [
        query("state", {"type": "string", "enum": ["on", "off"], "default": "on"}),
        query("ids", {"type": "array", "items": {"type": "integer"}}),
        query("limit", {"type": "integer", "maximum": 50}, required=True),
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
    ]
    old = swagger(
        {"/a/{id}": swagger_get(parameters=old_nodes, security=[{"o": ["read"]}])},
        securityDefinitions={
            "o": {
                "type": "oauth2",
                "flow": "application",
                "tokenUrl": "https://shop.example/t",
                "scopes": {"read": "Reads"},
            }
        },
    )
    new = describe({"/a/{id}": get(parameters=new_nodes, security=[{"o": ["read"]}])})
    flow = {"tokenUrl": "https://shop.example/t", "scopes": {"read": "Reads"}}
    new["components"]["securitySchemes"] = {"o": {"type": "oauth2", "flows": {"clientCredentials": flow}}}

    assert read(old) == read(new)
    assert read(old).auth[0].flow == "client_credentials"


@pytest.mark.parametrize(
    ("form", "separator"),
    [({}, ","), *(({"collectionFormat": name}, text) for name, text in (("ssv", " "), ("tsv", "\t")))],
)
def test_the_collection_format_of_a_list_gives_its_separator(form: dict[str, str], separator: str) -> None:
    """The default is commas."""
    node = {"name": "a", "in": "query", "type": "array", "items": {"type": "string"}, **form}
    (parameter,) = operation(swagger({"/a": swagger_get(parameters=[node])})).parameters

    assert parameter.separator == separator


def test_bodies_are_one_schema_or_a_form() -> None:
    """Both are read as in OpenAPI 3."""
    schema = {"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}}
    body = {"name": "body", "in": "body", "required": True, "schema": schema}
    form = {"name": "q", "in": "formData", "type": "string", "required": True}
    old, old_form = (
        operation(swagger({"/search": {"post": {**swagger_get()["get"], "parameters": [node]}}}))
        for node in (body, form)
    )
    new_body = {"required": True, "content": {"application/json": {"schema": schema}}}
    new = operation(describe({"/search": {"post": {**answer(), "requestBody": new_body}}}))

    assert old == new
    assert (old_form.body_type, old_form.parameters) == ("application/x-www-form-urlencoded", old.parameters)


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        (swagger_get({"type": "file"}), "not_a_query"),
        (swagger_get(produces=["text/csv"]), "not_a_query"),
        ({"get": {"responses": {"200": {"description": "ok"}}}}, "flawed"),
        ({"get": {"responses": {"204": {"description": "none"}}}}, "not_a_query"),
    ],
)
def test_unsupported_operations_are_omitted(node: Any, kind: str) -> None:
    """They have a file, another media type, or an empty response."""
    source = read(swagger({"/bad": node, "/good": swagger_get()}))

    assert [(omission.operation, omission.kind) for omission in source.left_out] == [("GET /bad", kind)]


def test_an_example_without_a_schema_is_read() -> None:
    """It is found by its media type."""
    node = {"get": {"responses": {"200": {"description": "ok", "examples": {"application/json": [{"id": 1}]}}}}}

    assert columns(operation(swagger({"/a": node}))) == {"id": ("number", "")}


@pytest.mark.parametrize(
    ("change", "urls", "path"),
    [
        ({}, ["https://shop.example/v1"], ""),
        ({"schemes": ["http", "https", "ws"]}, ["https://shop.example/v1", "http://shop.example/v1"], ""),
        ({"schemes": None, "basePath": None}, ["https://shop.example"], ""),
        ({"host": None}, [], "/v1"),
        ({"host": "user@shop.example"}, [], ""),
    ],
)
def test_base_urls_are_built_from_schemes_host_and_path(change: Any, urls: list[str], path: str) -> None:
    """HTTPS comes first."""
    source = read(swagger({"/a": swagger_get()}, **change))

    assert ([url.url for url in source.base_urls], source.base_path) == (urls, path)


@pytest.mark.parametrize(
    ("name", "description", "kind"),
    [("BearerToken", "", "bearer"), ("token", "As `Bearer TOKEN`", "bearer"), ("token", "Your key", "api_key")],
)
def test_a_bearer_token_described_as_a_header_is_recognised(name: str, description: str, kind: str) -> None:
    """Swagger 2 has no keyword for it."""
    scheme = {"type": "apiKey", "in": "header", "name": "authorization", "description": description}
    value = swagger({"/a": swagger_get(security=[{name: []}])}, securityDefinitions={name: scheme})

    assert [auth.kind for auth in read(value).auth] == [kind]


def test_nullable_and_basic_authentication_are_read() -> None:
    """They are `x-nullable` and `basic`."""
    row = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "x-nullable": True}}}
    value = swagger({"/a": swagger_get(row, security=[{"b": []}])}, securityDefinitions={"b": {"type": "basic"}})
    source = read(value)

    assert source.operations[0].response.columns[0].is_nullable
    assert source.auth == (Auth(name="b", identifier="b", kind="basic"),)
