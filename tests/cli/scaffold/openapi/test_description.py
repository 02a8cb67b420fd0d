"""A whole description: versions, servers, authentication, the choice of operations, and omissions."""

import json
from pathlib import Path
from typing import Any

import pytest
from small_descriptions import answer, columns, describe, get, operation, query, read, reasons

from gfplug.errors import FetchError, ProjectError, UsageError
from gfplug.scaffold.openapi import description
from gfplug.scaffold.openapi.model import Auth, BaseUrl, UrlVariable


def test_the_description_has_title_version_and_text() -> None:
    """They are the API's title, version and description."""
    source = read(describe({"/a": get()}, info={"title": "Shop", "version": "2", "description": " All of it. "}))

    assert (source.title, source.version, source.description) == ("Shop", "2", "All of it.")
    assert read(describe({"/a": get()})) == read(describe({"/a": get()}))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "is not an API description"),
        ([], "is not an API description"),
        ("hello", "is not an API description"),
        (describe({"/a": get()}, openapi="2.0"), "is OpenAPI '2.0'"),
        ({"swagger": "1.2", "paths": {}}, "is Swagger '1.2'"),
        ({"openapi": ["3.0.0"]}, "is OpenAPI a list"),
        (describe({}), "has no operation that can be a query"),
        (describe({"/a": {"post": answer()}}), "has no operation that can be a query"),
        ("{", "is not valid"),
        ("a: [", "is not valid YAML"),
        ("a: &a [*a]", "nests more than"),
    ],
)
def test_an_invalid_description_is_refused(value: Any, sentence: str) -> None:
    """The error is one sentence; so it is for a description without operations."""
    with pytest.raises(ProjectError, match=sentence):
        read(value)


def test_a_missing_or_too_large_file_is_an_error(tmp_path: Path) -> None:
    """A path that is not a file is an error, too."""
    with pytest.raises(FetchError, match="does not exist"):
        description.read(str(tmp_path / "api.yaml"))
    with pytest.raises(ProjectError, match="not a regular file"):
        description.read(str(tmp_path))
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(33 << 20)
    with pytest.raises(ProjectError, match="at most"):
        description.read(str(tmp_path / "large"))


def test_yaml_is_read_with_jsons_types(tmp_path: Path) -> None:
    """Keys may be numbers, times are texts, and aliases work."""
    (tmp_path / "api.yaml").write_text(
        """
openapi: 3.0.0
info: {title: Shop, version: 2024-01-01}
paths:
  /a:
    get:
      parameters:
        - {name: state, in: query, schema: {type: string, enum: [on, off, 01]}}
      responses:
        200: &ok
          description: ok
          content: {application/json: {schema: {type: array, items: {type: string}}}}
  /b: {get: {responses: {200: *ok}}}
""",
        encoding="utf-8",
    )
    source = description.read(str(tmp_path / "api.yaml"))

    assert (source.version, len(source.operations)) == ("2024-01-01", 2)
    assert source.operations[0].parameters[0].type.choices == ("on", "off", "01")


@pytest.mark.parametrize("version", ["openapi: 3.0", "openapi: 3.1", "swagger: 2.0", 'openapi: "3.1.0"'])
def test_numbers_of_yaml_are_plain_numbers(tmp_path: Path, version: str) -> None:
    """They are in versions, which should be texts, in limits and in defaults."""
    schema = "type: integer, default: 1_0, minimum: 01, maximum: 0x1F"
    (tmp_path / "api.yaml").write_text(
        f"""
{version}
info: {{title: 404, version: 1.10}}
paths:
  /a:
    get:
      operationId: 7
      parameters: [{{name: n, in: query, {schema}, schema: {{{schema}}}}}]
      responses:
        200: {{description: ok, schema: {{type: number}}, content: {{application/json: {{schema: {{type: number}}}}}}}}
""",
        encoding="utf-8",
    )
    source = description.read(str(tmp_path / "api.yaml"))
    (query,) = source.operations
    (parameter,) = query.parameters
    numbers = [parameter.default, parameter.type.minimum, parameter.type.maximum]

    assert (source.title, source.version, query.name, query.identifier) == ("404", "1.10", "7", "operation_7")
    assert numbers == [10, 1, 31]
    assert [type(number) for number in numbers] == [int, int, int]


def test_servers_are_base_urls() -> None:
    """Variables are filled in; an address that is not http is left out."""
    servers = [
        {"url": "https://{region}.shop.example/v1/", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}},
        {"url": "wss://shop.example"},
        {"url": "https://user:secret@shop.example"},
        {"url": "https://{gone}.shop.example"},
        {"url": "javascript:alert(1)"},
    ]
    source = read(describe({"/a": get()}, servers=servers))

    assert source.base_urls == (
        BaseUrl(
            template="https://{region}.shop.example/v1",
            url="https://eu.shop.example/v1",
            variables=(UrlVariable(name="region", identifier="region", default="eu", choices=("eu", "us")),),
        ),
    )
    assert [omission.place for omission in source.left_out] == [f"/servers/{number}" for number in range(1, 5)]


def test_a_relative_server_is_the_end_of_the_users_url() -> None:
    """A description in a file has no address."""
    source = read(describe({"/a": get()}, servers=[{"url": "/api/v3"}]))

    assert (source.base_urls, source.base_path) == ((), "/api/v3")


def test_an_operation_may_have_its_own_servers() -> None:
    """They are given by the operation or its path."""
    own = [{"url": "https://search.example"}]
    source = read(describe({"/a": get(servers=own), "/b": {**get(), "servers": own}, "/c": get()}))

    assert [[url.url for url in query.base_urls] for query in source.operations] == [
        ["https://search.example"],
        ["https://search.example"],
        [],
    ]


SCHEMES = {
    "b": {"type": "http", "scheme": "Bearer"},
    "p": {"type": "http", "scheme": "basic"},
    "k": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "o": {
        "type": "oauth2",
        "flows": {
            "implicit": {"authorizationUrl": "https://shop.example/auth", "scopes": {}},
            "clientCredentials": {"tokenUrl": "/token", "scopes": {"read": "Reads"}},
        },
    },
    "i": {"type": "openIdConnect", "openIdConnectUrl": "https://shop.example/.well-known"},
    "d": {"type": "http", "scheme": "digest"},
    "m": {"type": "mutualTLS"},
    "h": {"type": "apiKey", "in": "header", "name": "X-Key\r\nHost: other"},
    "unused": {"type": "http", "scheme": "basic"},
}


def test_ways_to_authenticate_are_read() -> None:
    """Those are read that an operation names and gfplug supports; the others are listed."""
    value = describe(
        {"/a": get(security=[{"b": []}, {"k": [], "p": []}, {"d": []}, {}])}, security=[{name: []} for name in "oi"]
    )
    value["paths"]["/b"] = get()
    value["components"]["securitySchemes"] = SCHEMES
    source = read(value)

    assert {auth.name: auth for auth in source.auth} == {
        "b": Auth(name="b", identifier="b", kind="bearer"),
        "p": Auth(name="p", identifier="p", kind="basic"),
        "k": Auth(name="k", identifier="k", kind="api_key", key_name="X-Key", key_location="header"),
        "o": Auth(
            name="o",
            identifier="o",
            kind="oauth2",
            flow="client_credentials",
            token_url="https://shop.example/token",  # noqa: S106 - no secret
            scopes=(("read", "Reads"),),
        ),
        "i": Auth(name="i", identifier="i", kind="bearer", description="An OpenID Connect token"),
    }
    assert [query.auth for query in source.operations] == [(("b",), ("k", "p")), (("o",), ("i",))]
    assert [omission.place.rpartition("/")[2] for omission in source.left_out] == ["d", "m", "h"]


def test_only_reading_operations_are_queries() -> None:
    """They are GETs that answer JSON, and POSTs whose names say that they read."""
    html: dict[str, Any] = {"responses": {"200": {"content": {"text/html": {}}}}}
    value = describe(
        {
            "/get": get(),
            "/html": {"get": html},
            "/empty": {"get": {"responses": {"204": {"description": "nothing"}}}},
            "/moved": {"get": {"responses": {"302": {"description": "there"}}}},
            "/undescribed": {"get": {"responses": {"200": {"description": "ok"}}}},
            "/none": {"get": {}},
            "/put": {"put": answer()},
            "/events": {"get": {"responses": {"200": {"content": {"text/event-stream": {}}}}}},
        }
    )

    assert operation(value).path == "/get"
    assert {(omission.operation, omission.kind) for omission in read(value).left_out} == {
        ("GET /html", "not_a_query"),
        ("GET /empty", "not_a_query"),
        ("GET /moved", "not_a_query"),
        ("GET /undescribed", "flawed"),
        ("GET /none", "flawed"),
        ("PUT /put", "not_a_query"),
        ("GET /events", "not_a_query"),
    }
    assert ("not_a_query", "/paths/~1put/put", "a PUT changes data, so it is not a query") in reasons(value)


@pytest.mark.parametrize(
    ("path", "node", "is_query"),
    [
        ("/search", {}, True),
        ("/users/_search", {}, True),
        ("/v1/query", {"summary": "Query the metrics"}, True),
        ("/metrics:query", {}, True),
        ("/reports", {"operationId": "listReports"}, True),
        ("/rpc", {"operationId": "DescribeAlarms"}, True),
        ("/users", {"operationId": "createUser"}, False),
        ("/queries", {"summary": "Create a query"}, False),
        ("/search", {"summary": "Saves a search"}, False),
        ("/token", {"operationId": "getToken"}, False),
        ("/x", {"operationId": "getOrCreate"}, False),
        ("/list/delete", {}, False),
        ("/things", {}, False),
    ],
)
def test_a_post_is_a_query_if_its_names_say_so(path: str, node: Any, is_query: bool) -> None:  # noqa: FBT001 - a case
    """No word in them says that it changes something."""
    source = read(describe({path: {"post": {**answer(), **node}}, "/other": get()}))

    assert (path in [query.path for query in source.operations]) is is_query


@pytest.mark.parametrize("choice", ["listUsers", "list_users", "GET /users"])
def test_operations_can_be_chosen(choice: str) -> None:
    """The choice is by operationId, identifier, or method and path; operations that are not chosen are not listed."""
    value = describe({"/users": get(operationId="listUsers"), "/teams": get(), "/b": {"put": answer()}})
    source = read(value, operations=[choice])

    assert [query.name for query in source.operations] == ["listUsers"]
    assert source.left_out == ()


def test_an_unknown_operation_is_refused_with_suggestions() -> None:
    """The name has a typing error."""
    with pytest.raises(UsageError, match="no operation 'listUser'") as excinfo:
        read(describe({"/users": get(operationId="listUsers")}), operations=["listUser"])

    assert "listUsers" in excinfo.value.hint


def test_missing_and_duplicate_names_become_unique_identifiers() -> None:
    """Identifiers differ, whatever the operations are called."""
    source = read(describe({"/a-b": get(), "/a_b": get(), "/c": get(operationId="x"), "/d": get(operationId="X")}))

    assert [(query.name, query.identifier) for query in source.operations] == [
        ("GET /a-b", "get_a_b"),
        ("GET /a_b", "get_a_b_2"),
        ("x", "x"),
        ("X", "x_2"),
    ]


def test_an_unreadable_path_does_not_affect_others() -> None:
    """It is listed."""
    value = describe({"/a": {"$ref": "#/gone"}, "/b": 7, "/c": get(), "x-note": {}})

    assert operation(value).path == "/c"
    assert reasons(value) == [
        ("flawed", "/paths/~1a", "the reference '#/gone' has no target"),
        ("flawed", "/paths/~1b", "the path is '7', not a mapping"),
    ]


def test_the_path_of_an_errors_message_is_found() -> None:
    """The description of error responses names it."""

    def error_path(schema: Any) -> tuple[str, ...]:
        node = get()
        node["get"]["responses"]["default"] = {"content": {"application/problem+json": {"schema": schema}}}
        return operation(describe({"/a": node})).error_path

    text = {"type": "string"}

    assert error_path({"properties": {"title": text, "detail": text}}) == ("detail",)
    assert error_path({"properties": {"error": {"properties": {"code": text, "message": text}}}}) == (
        "error",
        "message",
    )
    assert error_path({"properties": {"errors": {"type": "array", "items": {"properties": {"message": text}}}}}) == (
        *("errors", "0", "message"),
    )
    assert error_path({"properties": {"code": text}}) == ()


def test_fitting_examples_are_kept_and_others_generated() -> None:
    """A generated test with an example that contradicts its schema would fail."""
    schema = {
        "type": "array",
        "items": {"properties": {"id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}}},
    }

    def response(example: Any) -> tuple[Any, bool]:
        response = operation(describe({"/a": {"get": answer(schema, example=example)}})).response
        return json.loads(response.example), response.is_example_made

    fits = [{"id": 7, "at": "2024-05-01T00:00:00Z"}]
    default = [{"id": 1, "at": "2024-01-01T00:00:00Z"}]

    assert response(fits) == (fits, False)
    assert response([{"id": "seven"}]) == (default, True)
    assert response([]) == (default, True)
    assert response([{"id": 7, "at": "yesterday"}]) == (default, True)


def test_plain_json_is_preferred_to_its_variants() -> None:
    """A stream is never requested."""
    schema = {"schema": {"type": "array", "items": {"type": "integer"}}}
    medias = {
        "application/json;stream=watch": {},
        "application/vnd.shop+json": {},
        "application/json; charset=utf-8": schema,
    }
    endpoint = operation(describe({"/a": {"get": {"responses": {"2XX": {"content": medias}}}}}))

    assert endpoint.accept == "application/json; charset=utf-8"
    assert columns(endpoint) == {"value": ("integer", "")}


def test_texts_of_a_description_are_limited() -> None:
    """They may have any length."""
    node = get(summary="s" * 9999, description="d" * 9999, operationId="o" * 9999, parameters=[query("p" * 150)])
    endpoint = operation(describe({"/a": node}))

    assert (len(endpoint.summary), len(endpoint.description), len(endpoint.name)) == (200, 2000, 200)
    assert len(endpoint.identifier) <= 60
    assert len(endpoint.parameters[0].identifier) <= 60


def test_a_key_parameter_without_a_scheme_is_a_secret() -> None:
    """Otherwise it would be in every dashboard; the ways to authenticate stay."""
    keys = [query("api_key"), {"name": "X-Auth-Token", "in": "header"}, query("key", description="Your API key")]
    value = describe({"/a": get(parameters=[*keys, query("b")]), "/b": get(parameters=[keys[0]], security=[{"p": []}])})
    value["components"]["securitySchemes"] = {"p": {"type": "http", "scheme": "basic"}}
    source = read(value)

    assert [[parameter.name for parameter in query.parameters] for query in source.operations] == [["b"], []]
    assert [query.auth for query in source.operations] == [(), (("p",),)]
    assert [query.optional_auth for query in source.operations] == [("api_key", "X-Auth-Token", "key"), ("api_key",)]
    assert {auth.name: (auth.kind, auth.key_name, auth.key_location) for auth in source.auth} == {
        "p": ("basic", "", ""),
        "api_key": ("api_key", "api_key", "query"),
        "X-Auth-Token": ("api_key", "X-Auth-Token", "header"),
        "key": ("api_key", "key", "query"),
    }


def test_a_required_key_belongs_to_every_way_to_authenticate() -> None:
    """An optional key is sent if the user has it; the key of a scheme is one of the ways."""
    keys = [query("api_key", required=True), query("access_token"), query("sid")]
    value = describe({"/a": get(parameters=keys, security=[{"p": []}, {"s": []}])})
    value["components"]["securitySchemes"] = {
        "p": {"type": "http", "scheme": "bearer"},
        "s": {"type": "apiKey", "in": "query", "name": "sid"},
    }
    endpoint = operation(value)

    assert endpoint.auth == (("p", "api_key"), ("s", "api_key"))
    assert endpoint.optional_auth == ("access_token",)


@pytest.mark.parametrize("node", [query("key", description="Sort by this key"), query("token"), query("password_hint")])
def test_other_parameters_are_not_keys(node: Any) -> None:
    """A word in the name is not enough."""
    source = read(describe({"/a": get(parameters=[node])}))

    assert (len(source.operations[0].parameters), source.auth) == (1, ())
