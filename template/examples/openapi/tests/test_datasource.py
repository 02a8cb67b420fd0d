"""Test the data source with a mock of the API, which answers with the examples in its description."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gfruntime import Frame, PluginError, Secret, Settings
from gfruntime.openapi.views import TYPES
from gfruntime.testing import ask, query
from plugin.datasource import Datasource
from upstream import Model, Options
from upstream.endpoints import CREDENTIALS, ENDPOINTS
from upstream.mock import Mock
from upstream.models import EXAMPLES, QUERIES

OPERATIONS = pytest.mark.parametrize("name", ENDPOINTS)


@pytest.fixture(scope="module")
def server() -> Iterator[Mock]:
    """Start the mock on a free port."""
    with Mock() as mock:
        thread = threading.Thread(target=mock.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield mock
        mock.shutdown()
        thread.join()


@pytest.fixture
def api(server: Mock) -> Mock:
    """Reset the mock: it answers with the examples."""
    server.is_empty, server.failure = False, ""
    server.received.clear()
    return server


def connect(api: Mock) -> Datasource:
    """Configure the data source, with all credentials of the API."""
    secrets: dict[str, Any] = {each.option: Secret("test") for each in CREDENTIALS.values() if each.option}
    options = replace(Options(), **secrets)
    basic = {"basic_auth_enabled": True, "basic_auth_user": "test", "secrets": {"basicAuthPassword": "test"}}
    more: dict[str, Any] = basic if any(each.kind == "basic" for each in CREDENTIALS.values()) else {}
    return Datasource(Settings(options=options, url=api.url, **more))


def example(name: str, **view: object) -> Model:
    """Make the example query of an operation; it is shown as a table unless `view` says otherwise."""
    model = EXAMPLES[name]
    own = getattr(model, name, QUERIES[name]())
    changes: dict[str, Any] = {"show": "table", **view} if hasattr(own, "show") else {}
    return replace(model, **{name: replace(own, **changes)}) if changes else model


def mismatched_columns(frame: Frame) -> set[str]:
    """Return the columns whose values in the example do not match the API's description."""
    notices: Any = (frame.meta or {}).get("notices", [])
    return {str(notice["text"]).partition(" is shown as text")[0] for notice in notices}


def types_of(frame: Frame) -> dict[str, str]:
    """Map the columns of a frame to their types."""
    return {field.name: field.type for field in frame.fields}


@OPERATIONS
def test_an_operation_returns_its_columns(api: Mock, name: str) -> None:
    """Each has its type. If the example does not match the description, the column is text, with a notice."""
    (frame,) = ask(connect(api), query(example(name)))

    described_types = {column.name: TYPES[column.kind] for column in ENDPOINTS[name].columns}
    mismatched = mismatched_columns(frame)
    assert types_of(frame) == {key: "string" if key in mismatched else kind for key, kind in described_types.items()}


@OPERATIONS
def test_an_empty_response_has_the_same_types(api: Mock, name: str) -> None:
    """Panels and alert rules get the columns even without rows."""
    api.is_empty = True

    (frame,) = ask(connect(api), query(example(name)))

    assert types_of(frame) == {column.name: TYPES[column.kind] for column in ENDPOINTS[name].columns}
    assert len(frame) == 0


@OPERATIONS
def test_an_error_has_the_apis_text(api: Mock, name: str) -> None:
    """The panel shows the API's text, and the error counts as the API's."""
    api.failure = "the API is down"

    with pytest.raises(PluginError, match=r"503.*the API is down") as caught:
        ask(connect(api), query(example(name)))

    assert caught.value.source == "downstream"


@pytest.mark.parametrize("name", [name for name, kind in QUERIES.items() if hasattr(kind(), "time_column")])
def test_rows_with_a_time_become_series(api: Mock, name: str) -> None:
    """There is a frame for each number and set of labels. Values that do not match the description are an error."""
    model = example(name, show="series")
    numbers = [column for column in ENDPOINTS[name].columns if column.kind in ("integer", "number")]
    value_columns = {column.name for column in numbers if not column.is_id} or {column.name for column in numbers}
    (table,) = ask(connect(api), query(example(name)))
    if mismatched_columns(table) & {*value_columns, getattr(model, name).time_column}:
        with pytest.raises(PluginError, match="can't be shown as series"):
            ask(connect(api), query(model))
        return

    frames = ask(connect(api), query(model))

    assert all([field.type for field in frame.fields][:1] == ["time"] for frame in frames)
    assert all({field.type for field in frame.fields[1:]} == {"float64"} for frame in frames)


@pytest.mark.parametrize("field", [f"{name}.{field}" for name, each in ENDPOINTS.items() for field in each.choices])
def test_the_choices_of_a_field_are_rows_of_another_operation(api: Mock, field: str) -> None:
    """The query editor lists them."""
    source = ENDPOINTS[ENDPOINTS[field.partition(".")[0]].choices[field.partition(".")[2]].operation]
    parameters = {name: ["1"] for name, each in source.parameters.items() if each.location == "path"}

    choices = connect(api).api.choices(field, parameters)

    assert choices
    assert all(each["value"] for each in choices)


def test_save_and_test_succeeds(api: Mock) -> None:
    """It calls an operation that needs no parameter."""
    assert connect(api).check_health().status == "ok"
