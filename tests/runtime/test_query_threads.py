"""Ten queries run at once, and large results are encoded in worker threads."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from calls import Plain, Services, queries
from querysources import Async, AsyncBatch, Source

from gfruntime import Frame, Query
from gfruntime.author.author_class import Author
from gfruntime.calls import answers


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
    """Frames of 50,000 rows and more, and tables of unknown size, do not block other async handlers of the loop."""
    services, threads, encode = Services(kind), list[str](), answers.encode

    def encode_and_note(*args: Any, **options: Any) -> answers.EncodedAnswer:
        threads.append(threading.current_thread().name.partition("-")[0])
        return encode(*args, **options)

    monkeypatch.setattr(answers, "encode", encode_and_note)
    services.query(queries(model))

    assert threads == [thread]


class Counting(Plain):
    """Counts how many of its queries run at once."""

    running: set[str] = set()  # noqa: RUF012  # shared by the test below
    most = 0
    seconds = 0.05

    def query(self, query: Query[dict[str, Any]]) -> Any:
        self.begin(query)
        time.sleep(self.seconds)
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
        await asyncio.sleep(self.seconds)
        return self.end(query)


@pytest.mark.shows("protocol 61")
@pytest.mark.parametrize("kind", [Counting, AsyncCounting])
def test_ten_queries_of_a_request_run_at_once(kind: type[Counting], monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the Go SDK's helper, ten run at a time; an exception is status 500 of its query (item 61)."""
    monkeypatch.setattr(kind, "seconds", 0.2)
    Counting.most = 0
    refs = ["B", *(f"R{number}" for number in range(23))]
    answers = Services(kind).query(queries(*({} for _ in refs), refs=refs))

    assert Counting.most == 10
    assert {ref: answer.status for ref, answer in answers.items() if answer.status != 200} == {"B": 500}


@pytest.mark.parametrize("kind", [Counting, AsyncCounting])
@pytest.mark.parametrize("count", [1, 3, 14])
def test_the_class_says_how_many_queries_of_a_request_run_at_once(kind: type, count: int) -> None:
    """The number may be fewer than ten, for an upstream that allows few requests, or more."""
    Counting.most = 0
    limited = type("Limited", (kind,), {"concurrent_query_count": count})
    refs = [f"R{number}" for number in range(2 * count + 6)]
    answers = Services(limited).query(queries(*({} for _ in refs), refs=refs))

    assert Counting.most == count
    assert len(answers) == 2 * count + 6


@pytest.mark.parametrize(("count", "expected"), [("4", 10), (True, 10), (None, 10), (4, 4)])
def test_a_count_of_another_type_is_ignored(count: object, expected: int) -> None:
    """A class may already use an attribute of that name for something else."""
    assert Author.of(type("Own", (Plain,), {"concurrent_query_count": count})).concurrent_query_count == expected


def test_a_count_below_one_is_refused() -> None:
    """No query would ever run."""
    with pytest.raises(TypeError, match="the attribute concurrent_query_count must be above 0, not 0"):
        Author.of(type("Own", (Plain,), {"concurrent_query_count": 0}))
