"""The data source against a stand-in for the API, made of the examples in its description."""

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
    """The mock, on a free port."""
    with Mock() as mock:
        thread = threading.Thread(target=mock.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield mock
        mock.shutdown()
        thread.join()


@pytest.fixture
def api(server: Mock) -> Mock:
    """The mock as it is at first: it answers the examples."""
    server.is_empty, server.failure = False, ""
    server.received.clear()
    return server


def connect(api: Mock) -> Datasource:
    """Configure the data source, with every credential that the API knows."""
    secrets: dict[str, Any] = {each.option: Secret("test") for each in CREDENTIALS.values() if each.option}
    options = replace(Options(), **secrets)
    basic = {"basic_auth_enabled": True, "basic_auth_user": "test", "secrets": {"basicAuthPassword": "test"}}
    more: dict[str, Any] = basic if any(each.kind == "basic" for each in CREDENTIALS.values()) else {}
    return Datasource(Settings(options=options, url=api.url, **more))


def example(name: str, **view: object) -> Model:
    """Make the query of an operation that the mock answers, shown as a table unless told otherwise."""
    model = EXAMPLES[name]
    own = getattr(model, name, QUERIES[name]())
    shown: dict[str, Any] = {"show": "table", **view} if hasattr(own, "show") else {}
    return replace(model, **{name: replace(own, **shown)}) if shown else model


def strange_columns(frame: Frame) -> set[str]:
    """Name the columns whose values in the example are not as the API describes them."""
    notices: Any = (frame.meta or {}).get("notices", [])
    return {str(notice["text"]).partition(" is shown as text")[0] for notice in notices}


def types_of(frame: Frame) -> dict[str, str]:
    """Map the columns of a frame to their types."""
    return {field.name: field.type for field in frame.fields}


@OPERATIONS
def test_an_operation_answers_its_columns(api: Mock, name: str) -> None:
    """Each of its type; where the example is not as it is described, a column is text, and a notice says so."""
    (frame,) = ask(connect(api), query(example(name)))

    expected = {column.name: TYPES[column.kind] for column in ENDPOINTS[name].columns}
    strange = strange_columns(frame)
    assert types_of(frame) == {key: "string" if key in strange else kind for key, kind in expected.items()}


@OPERATIONS
def test_an_empty_answer_has_the_same_types(api: Mock, name: str) -> None:
    """Panels and alert rules know the columns before there are rows."""
    api.is_empty = True

    (frame,) = ask(connect(api), query(example(name)))

    assert types_of(frame) == {column.name: TYPES[column.kind] for column in ENDPOINTS[name].columns}
    assert len(frame) == 0


@OPERATIONS
def test_a_failure_says_what_the_api_says(api: Mock, name: str) -> None:
    """Its own text is in the panel, and it counts as the API's failure."""
    api.failure = "the API has a day off"

    with pytest.raises(PluginError, match=r"503.*the API has a day off") as caught:
        ask(connect(api), query(example(name)))

    assert caught.value.source == "downstream"


@pytest.mark.parametrize("name", [name for name, kind in QUERIES.items() if hasattr(kind(), "time_column")])
def test_rows_with_a_time_become_series(api: Mock, name: str) -> None:
    """One frame for each number and set of labels, which alert rules read; what is not as described is an error."""
    model = example(name, show="series")
    numbers = [column for column in ENDPOINTS[name].columns if column.kind in ("integer", "number")]
    drawn = {column.name for column in numbers if not column.is_id} or {column.name for column in numbers}
    (table,) = ask(connect(api), query(example(name)))
    if strange_columns(table) & {*drawn, getattr(model, name).time_column}:
        with pytest.raises(PluginError, match="makes no series"):
            ask(connect(api), query(model))
        return

    frames = ask(connect(api), query(model))

    assert all([field.type for field in frame.fields][:1] == ["time"] for frame in frames)
    assert all({field.type for field in frame.fields[1:]} == {"float64"} for frame in frames)


@pytest.mark.parametrize("field", [f"{name}.{field}" for name, each in ENDPOINTS.items() for field in each.choices])
def test_the_choices_of_a_field_are_rows_of_another_operation(api: Mock, field: str) -> None:
    """The query editor offers them."""
    source = ENDPOINTS[ENDPOINTS[field.partition(".")[0]].choices[field.partition(".")[2]].operation]
    given = {name: ["1"] for name, each in source.parameters.items() if each.location == "path"}

    choices = connect(api).api.choices(field, given)

    assert choices
    assert all(each["value"] for each in choices)


def test_save_and_test_is_content(api: Mock) -> None:
    """It asks what needs no parameter."""
    assert connect(api).check_health().status == "ok"
