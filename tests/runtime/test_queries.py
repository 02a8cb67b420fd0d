"""QueryData: the method that answers a query, where it runs, and the answer for each result or failure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, get_type_hints

import pytest
from calls import Services, queries
from children import context
from pluginv2 import backend_pb2 as pb
from querysources import Async, AsyncBatch, Batch, ReturnsAwaitable, Source

from gfruntime import Frame, Query, User
from gfruntime.author.reserved import SCHEMA
from gfruntime.author.schema import describe


@dataclass(frozen=True)
class Unshown:
    """A model that no form can show."""

    anything: dict[str, str] = field(default_factory=dict)


each_single = pytest.mark.parametrize("kind", [Source, Async, ReturnsAwaitable])
each_batch = pytest.mark.parametrize("kind", [Batch, AsyncBatch])


def errors(kind: type, *models: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Ask queries A, B, ... and list the status and the error of each."""
    return {ref: (item.status, item.error) for ref, item in Services(kind).query(queries(*models)).items()}


@each_batch
def test_batch_answers_each_query(kind: type) -> None:
    """One call answers all: a frame, an exception, None and an invalid model become the answers of their queries."""
    assert errors(kind, {}, {"do": "refuse"}, {"do": "skip"}, {"do": [5]}) == {
        "A": (200, ""),
        "B": (400, "not this"),
        "C": (500, "TypeError: query_batch returned nothing for query C"),
        "D": (400, "the query: do: expected str, got array [5]"),
    }


@each_batch
@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("raise", "ValueError: all of them"),
        ("exit", "SystemExit: 3"),
        ("list", "TypeError: query_batch returned list; expected a dict of answers by ref id"),
    ],
)
def test_failed_batch_fails_each_query(kind: type, do: str, error: str) -> None:
    """If the call raises, or its result has no ref ids, every query has this error."""
    assert errors(kind, {"do": do}, {}) == dict.fromkeys("AB", (500, error))


@each_single
def test_invalid_results_are_errors(kind: type) -> None:
    """None, or an object other than a frame, is an error; so are SystemExit and cancellation."""
    expected = {
        "nothing": (500, "TypeError: the query returned nothing; expected a Frame or a list of frames"),
        "text": (500, "TypeError: the query returned str; expected a Frame or a list of frames"),
        "bad meta": (500, "the frame's meta.custom: the key (1,) can't be written as JSON, because it is not a text"),
        "exit": (500, "SystemExit: 3"),
        "cancel": (500, "CancelledError"),
        "table": (200, ""),
    }

    assert errors(kind, *({"do": do} for do in expected)) == dict(zip("ABCDEF", expected.values(), strict=True))


@each_single
@pytest.mark.parametrize(("do", "count"), [("none", 0), ("", 1), ("many", 2), ("table", 1)])
def test_a_result_is_any_number_of_frames(kind: type, do: str, count: int) -> None:
    """A result is a list of frames, one frame, or a table with the Arrow interface; an empty list is no data."""
    answer = Services(kind).query(queries({"do": do}))["A"]

    assert (answer.status, len(answer.frames)) == (200, count)


@pytest.mark.parametrize("kind", [Source, Batch])
def test_the_query_type_selects_the_method(kind: type) -> None:
    """Each query is decoded into the method's model; a failing variable fails no panel."""
    request = queries({"do": "x"}, {"of": "hosts"}, {}, {"of": "nothing"}, {"of": []})
    request.format = pb.JSON
    for message, query_type in zip(
        request.queries, ["", "variable", "annotation", "variable", "variable"], strict=True
    ):
        message.queryType = query_type
    answers = Services(kind).query(request)

    assert {ref_id: (item.status, item.error) for ref_id, item in answers.items()} == {
        "A": (200, ""),
        "B": (200, ""),
        "C": (200, ""),
        "D": (500, "ValueError: no such list"),
        "E": (400, "the query: of: expected str, got array []"),
    }
    names = {ref_id: json.loads(answers[ref_id].frames[0])["schema"]["name"] for ref_id in "ABC"}
    assert names == {"A": " x", "B": "names of hosts", "C": "annotation "}


def read_schema(kind: type) -> tuple[int, Any]:
    """Request the schema where editors do."""
    parts = Services(kind).resource(SCHEMA)
    return parts[0].code, json.loads(b"".join(part.body for part in parts))


def test_the_running_plugin_serves_its_schema() -> None:
    """The schema equals the build's, so that editors and backend can be compared, and has the keys that are read."""
    status, schema = read_schema(Source)

    assert schema.pop("keys")["own"] == {"variable": {"of": None}}
    assert (status, schema) == (200, describe(Source, plugin_id=context().pluginId))
    assert [field["name"] for field in schema["own"]["variable"]["fields"]] == ["of"]


def test_dataclasses_without_a_form_have_no_schema() -> None:
    """A data source with its own editors needs none."""

    class Bare(Source):
        def query(self, query: Query[Unshown]) -> Frame:  # type: ignore[override]  # another model
            raise NotImplementedError

    status, answer = read_schema(Bare)

    assert (status, answer["isSchemaError"]) == (404, True)
    assert answer["keys"]["query"] == dict.fromkeys(get_type_hints(Unshown))


@pytest.mark.shows("protocol 51", "frames 48")
def test_every_ref_id_is_answered_once() -> None:
    """Duplicate and empty ref ids do no harm; each ref id has one answer, that of the later query."""
    answers = Services(Source).query(queries({"do": "nothing"}, {}, {}, refs=["A", "A", ""]))

    assert {ref: item.status for ref, item in answers.items()} == {"A": 200, "": 200}


@pytest.mark.parametrize("kind", [Source, Batch])
def test_a_request_without_queries_has_no_answers(kind: type) -> None:
    """The author's code is not called, and nothing fails."""
    assert Services(kind).query(queries()) == {}


@pytest.mark.shows("protocol 54")
@pytest.mark.parametrize(
    ("request_format", "answer_format", "start"), [(0, 0, b"ARROW1"), (1, 1, b'{"schema"'), (7, 0, b"ARROW1")]
)
def test_format_describes_the_bytes(request_format: int, answer_format: int, start: bytes) -> None:
    """A request for JSON gets JSON, any other number gets Arrow; the answer has its format."""
    request = queries({})
    request.format = request_format  # type: ignore[assignment]  # an open enum
    answer = Services(Source).query(request)["A"]

    assert answer.format == answer_format
    assert answer.frames[0].startswith(start)


def test_a_query_has_user_headers_and_alert_flag() -> None:
    """User, alert flag, forwarded headers and query type reach the handler."""
    request = queries({"do": "seen"})
    request.pluginContext.user.login = "ada"
    request.headers.update({"FromAlert": "true", "http_X-Rule-Name": "r", "http_x-panel-id": "7", "X-Other": "no"})
    request.queries[0].queryType = "kind"
    request.format = pb.JSON
    answer = Services(Source).query(request)["A"]

    assert json.loads(answer.frames[0])["data"]["values"][0] == [
        repr(User(login="ada")),
        "True",
        repr([("X-Panel-Id", "7"), ("X-Rule-Name", "r")]),
        "'kind'",
    ]
