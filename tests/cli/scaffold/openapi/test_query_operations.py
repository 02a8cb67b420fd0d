"""Operations that become queries: the choice of them, their names, and their examples."""

import json
from typing import Any

import pytest
from small_descriptions import answer, columns, describe, get, operation, read, reasons

from gfplug.errors import UsageError


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
def test_a_post_is_a_query_if_its_names_say_that_it_reads(path: str, node: Any, is_query: bool) -> None:  # noqa: FBT001 - a case
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
    """Identifiers differ for any names of operations."""
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


def test_the_path_of_the_message_in_an_error_response_is_found() -> None:
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
