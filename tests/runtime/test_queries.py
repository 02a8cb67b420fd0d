"""QueryData: which method answers a query, where it runs, and what each result or failure becomes."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from calls import Plain, Services, queries
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, Query, QueryError, User
from gfruntime.author.schema import describe
from gfruntime.calls import answers
from gfruntime.calls.resources import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Model:
    """What a panel asks."""

    do: str = ""
    rows: int = 1


@dataclass(frozen=True)
class Names:
    """What a variable asks."""

    of: str = "tables"


@dataclass(frozen=True)
class Unshown:
    """What no form shows."""

    anything: dict[str, str] = field(default_factory=dict)


class Source(Plain):
    """Answers panels one by one, and variables with a method of their own."""

    def query(self, query: Query[Model]) -> Any:  # type: ignore[override]  # another model
        """Answer a panel, or an annotation, which has no method here."""
        frame = Frame.of(name=f"{query.query_type} {query.model.do}", v=np.zeros(query.model.rows))
        match query.model.do:
            case "exit":
                raise SystemExit(3)
            case "cancel":
                raise asyncio.CancelledError
            case "seen":
                seen = [query.context.user, query.from_alert, sorted(query.http_headers.items()), query.query_type]
                return Frame.of(seen=[repr(item) for item in seen])
            case "bad meta":
                return Frame(fields=frame.fields, meta={"custom": {(1,): 2}})
        results = {"nothing": None, "text": "text", "none": [], "many": [frame, frame], "table": pa.table({"v": [1.0]})}
        return results.get(query.model.do, frame)

    async def query_variable(self, query: Query[Names]) -> Frame:
        """Answer a variable."""
        if query.model.of == "nothing":
            raise ValueError("no such list")
        return Frame.of(name=f"names of {query.model.of}", text=["a"])


class Async(Source):
    """The same on a loop."""

    async def query(self, query: Query[Model]) -> Any:  # type: ignore[override]  # async
        await asyncio.sleep(0)
        return super().query(query)


class Wrapped(Async):
    """Looks like `def`, as an `async def` behind a decorator does."""

    def query(self, query: Query[Model]) -> Any:  # type: ignore[override]  # another model
        return super().query(query)


class Batch(Source):
    """Answers all queries of a request together."""

    def query_batch(self, queries: list[Query[Model]]) -> Mapping[str, Any]:
        match queries[0].model.do:
            case "raise":
                raise ValueError("all of them")
            case "exit":
                raise SystemExit(3)
            case "list":
                return []  # type: ignore[return-value]  # the mistake to test
        results = {query.ref_id: self.query(query) for query in queries if query.model.do != "skip"}
        return results | {query.ref_id: QueryError("not this") for query in queries if query.model.do == "refuse"}


class AsyncBatch(Batch):
    """The same on a loop."""

    async def query_batch(self, queries: list[Query[Model]]) -> Any:  # type: ignore[override]  # async
        await asyncio.sleep(0)
        return super().query_batch(queries)


each_single = pytest.mark.parametrize("kind", [Source, Async, Wrapped])
each_batch = pytest.mark.parametrize("kind", [Batch, AsyncBatch])


def errors(kind: type, *models: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Ask queries A, B, ... and list the status and the error of each."""
    return {ref: (item.status, item.error) for ref, item in Services(kind).query(queries(*models)).items()}


@each_batch
def test_batch_answers_each_query(kind: type) -> None:
    """One call answers all: a frame, an exception, nothing at all and a bad model each become their query's answer."""
    assert errors(kind, {}, {"do": "refuse"}, {"do": "skip"}, {"do": 5}) == {
        "A": (200, ""),
        "B": (400, "not this"),
        "C": (500, "TypeError: query_batch returned nothing for query C"),
        "D": (400, "the query: do: expected str, got int"),
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
    """When the call itself raises, or returns something without ref ids, every query has that error."""
    assert errors(kind, {"do": do}, {}) == dict.fromkeys("AB", (500, error))


@each_single
def test_odd_results_are_errors(kind: type) -> None:
    """Nothing, or something that is no frame, is an error, and so is what ends a process or a task elsewhere."""
    expected = {
        "nothing": (500, "TypeError: the query returned nothing; expected a Frame or a list of frames"),
        "text": (500, "TypeError: the query returned str; expected a Frame or a list of frames"),
        "bad meta": (500, "the frame's meta.custom can't be written as JSON: its keys must be text, not (1,)"),
        "exit": (500, "SystemExit: 3"),
        "cancel": (500, "CancelledError"),
        "table": (200, ""),
    }

    assert errors(kind, *({"do": do} for do in expected)) == dict(zip("ABCDEF", expected.values(), strict=True))


@each_single
@pytest.mark.parametrize(("do", "count"), [("none", 0), ("", 1), ("many", 2), ("table", 1)])
def test_a_result_is_any_number_of_frames(kind: type, do: str, count: int) -> None:
    """A list of frames, one frame, a table that speaks Arrow; an empty list is no data."""
    answer = Services(kind).query(queries({"do": do}))["A"]

    assert (answer.status, len(answer.frames)) == (200, count)


@pytest.mark.parametrize(
    ("kind", "model", "thread"),
    [
        (Async, {"rows": 49_999}, "async handlers"),
        (Async, {"rows": 50_000}, "worker"),
        (Async, {"do": "many", "rows": 25_000}, "worker"),
        (Async, {"do": "table"}, "worker"),
        (Async, {"do": "exit"}, "async handlers"),
        (AsyncBatch, {"rows": 49_999}, "async handlers"),
        (AsyncBatch, {"rows": 50_000}, "worker"),
        (Source, {"rows": 49_999}, "worker"),
        (Source, {"rows": 50_000}, "worker"),
    ],
)
def test_large_results_are_encoded_in_worker_threads(
    monkeypatch: pytest.MonkeyPatch, kind: type, model: dict[str, Any], thread: str
) -> None:
    """Frames of 50,000 rows and more, and tables of unknown size, do not keep the loop from other async handlers."""
    services, threads, encode = Services(kind), list[str](), answers.encode

    def watched(*args: Any, **named: Any) -> answers.EncodedAnswer:
        threads.append(threading.current_thread().name.partition("-")[0])
        return encode(*args, **named)

    monkeypatch.setattr(answers, "encode", watched)
    services.query(queries(model))

    assert threads == [thread]


@pytest.mark.parametrize("kind", [Source, Batch])
def test_the_query_type_finds_the_method(kind: type) -> None:
    """Each is decoded into its own model; one failing variable sinks no panel."""
    request = queries({"do": "x"}, {"of": "hosts"}, {}, {"of": "nothing"}, {"of": []})
    request.format = pb.JSON
    for message, query_type in zip(
        request.queries, ["", "variable", "annotation", "variable", "variable"], strict=True
    ):
        message.queryType = query_type
    found = Services(kind).query(request)

    assert {ref_id: (item.status, item.error) for ref_id, item in found.items()} == {
        "A": (200, ""),
        "B": (200, ""),
        "C": (200, ""),
        "D": (500, "ValueError: no such list"),
        "E": (400, "the query: of: expected str, got array"),
    }
    names = {ref_id: json.loads(found[ref_id].frames[0])["schema"]["name"] for ref_id in "ABC"}
    assert names == {"A": " x", "B": "names of hosts", "C": "annotation "}


def read_schema(kind: type) -> tuple[int, Any]:
    """Ask for the schema where editors do."""
    request = pb.CallResourceRequest(pluginContext=context(), path=SCHEMA, url=SCHEMA, method="GET")
    parts = Services(kind).stream("Resource/CallResource", request, pb.CallResourceResponse)
    return parts[0].code, json.loads(b"".join(part.body for part in parts))


def test_the_schema_is_served_where_the_plugin_runs() -> None:
    """The same as the build embeds, so that editors and backend can be compared."""
    status, schema = read_schema(Source)

    assert (status, schema) == (200, describe(Source, plugin_id=context().pluginId))
    assert [field["name"] for field in schema["own"]["variable"]["fields"]] == ["of"]


def test_dataclasses_without_a_form_have_no_schema() -> None:
    """With editors of its own, a data source needs none."""

    class Bare(Source):
        def query(self, query: Query[Unshown]) -> Frame:  # type: ignore[override]  # another model
            raise NotImplementedError

    assert read_schema(Bare)[0] == 404


def test_every_ref_id_is_answered_once() -> None:
    """Duplicate and empty ref ids crash nothing; each ref id has one answer, that of the later query."""
    found = Services(Source).query(queries({"do": "nothing"}, {}, {}, refs=["A", "A", ""]))

    assert {ref: item.status for ref, item in found.items()} == {"A": 200, "": 200}


@pytest.mark.parametrize("kind", [Source, Batch])
def test_a_request_without_queries_has_no_answers(kind: type) -> None:
    """The author is not asked, and nothing fails."""
    assert Services(kind).query(queries()) == {}


@pytest.mark.parametrize(("asked", "answered", "start"), [(0, 0, b"ARROW1"), (1, 1, b'{"schema"'), (7, 0, b"ARROW1")])
def test_format_describes_the_bytes(asked: int, answered: int, start: bytes) -> None:
    """JSON is answered as JSON, everything else, unknown numbers too, as Arrow; the label says which."""
    request = queries({})
    request.format = asked  # type: ignore[assignment]  # an open enum
    answer = Services(Source).query(request)["A"]

    assert answer.format == answered
    assert answer.frames[0].startswith(start)


def test_query_knows_who_asks() -> None:
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


class Counting(Plain):
    """Counts how many of its queries run at once."""

    running: set[str] = set()  # noqa: RUF012  # shared by the test below
    most = 0

    def query(self, query: Query[dict[str, Any]]) -> Any:
        self.begin(query)
        time.sleep(0.05)
        return self.end(query)

    def begin(self, query: Query[dict[str, Any]]) -> None:
        self.running.add(query.ref_id)
        Counting.most = max(Counting.most, len(self.running))

    def end(self, query: Query[dict[str, Any]]) -> Frame:
        self.running.discard(query.ref_id)
        if query.ref_id == "B":
            raise ValueError("only this one")
        return Frame.of(v=[1])


class AsyncCounting(Counting):
    """The same on a loop."""

    async def query(self, query: Query[dict[str, Any]]) -> Any:  # type: ignore[override]  # async
        self.begin(query)
        await asyncio.sleep(0.05)
        return self.end(query)


@pytest.mark.parametrize("kind", [Counting, AsyncCounting])
def test_ten_queries_of_a_request_run_at_once(kind: type) -> None:
    """As by the Go SDK's helper, ten at a time, each by itself; an exception is its query's status 500 (item 61)."""
    Counting.most = 0
    refs = ["B", *(f"R{number}" for number in range(23))]
    found = Services(kind).query(queries(*({} for _ in refs), refs=refs))

    assert Counting.most == 10
    assert {ref: answer.status for ref, answer in found.items() if answer.status != 200} == {"B": 500}
