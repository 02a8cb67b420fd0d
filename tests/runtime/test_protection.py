"""Protection of an upstream: equal queries run once, answers are cached, and users get only their own answers."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import numpy as np
import pytest
from calls import Plain, queries, run
from protectedsources import (
    AsyncBatchSource,
    AsyncCountingSource,
    BatchSource,
    Callers,
    CountingSource,
    make_class,
    request,
    until,
)

from gfruntime import Cache, Frame, Query
from gfruntime.calls import protection
from gfruntime.calls.protection import ProtectedQueries
from gfruntime.serving.methods import Call
from gfruntime.telemetry import metrics

each_single = pytest.mark.parametrize("base", [CountingSource, AsyncCountingSource])
each_kind = pytest.mark.parametrize("base", [CountingSource, AsyncCountingSource, BatchSource, AsyncBatchSource])
MANY = 64


def counts(result: str) -> float:
    """Read one counter of the cache."""
    lines = metrics.text().decode().splitlines()
    name = f'gfruntime_query_cache_total{{result="{result}"}} '
    return next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0)


@each_kind
def test_equal_concurrent_queries_run_once(base: type[CountingSource]) -> None:
    """Sixty-four calls send one query and get the same bytes; the next call sends another, as nothing is cached."""
    kind = make_class(base, gate=threading.Event())
    before = counts("miss"), counts("shared")

    async def act() -> None:
        callers = Callers(kind)
        calls = [callers.start(request({"a": 1})) for _ in range(MANY)]
        await until(lambda: counts("shared") - before[1] == MANY - 1)
        kind.gate.set()
        answers = await asyncio.gather(*calls)

        assert len(kind.queries) == 1
        assert {answer["A"].SerializeToString() for answer in answers} == {answers[0]["A"].SerializeToString()}
        assert answers[0]["A"].status == 200
        assert counts("miss") - before[0] == 1
        await callers.ask(request({"a": 1}))
        assert len(kind.queries) == 2

    run(act())


@each_kind
def test_an_answer_is_cached_for_the_configured_seconds(base: type[CountingSource]) -> None:
    """After these seconds it is requested again; another model, user or ref id has its own answer."""
    kind = make_class(base, cache=Cache(seconds=0.3))

    async def act() -> None:
        callers, before = Callers(kind), counts("hit")
        first = await callers.ask(request({"a": 1}))
        for _ in range(3):
            assert await callers.ask(request({"a": 1})) == first
        assert (len(kind.queries), counts("hit") - before) == (1, 3)
        for other in (request({"a": 2}), request({"a": 1}, login="bob"), queries({"a": 1}, refs="B")):
            await callers.ask(other)
        assert len(kind.queries) == 4
        await asyncio.sleep(0.31)
        assert await callers.ask(request({"a": 1})) != first

    run(act())


@pytest.mark.parametrize("base", [BatchSource, AsyncBatchSource])
def test_a_batch_asks_only_for_missing_answers(base: type[BatchSource]) -> None:
    """Cached answers are not requested again, and answers that another call requests are awaited."""
    kind = make_class(base, cache=Cache(seconds=60), gate=threading.Event())

    async def act() -> None:
        callers, shares = Callers(kind), counts("shared")
        kind.gate.set()
        await callers.ask(request({"a": 1}))
        kind.gate.clear()
        first = callers.start(request({"a": 1}, {"b": 1}))
        await until(lambda: len(kind.batches) == 2)
        second = callers.start(request({"a": 1}, {"b": 1}, {"c": 1}))
        await until(lambda: counts("shared") == shares + 1)
        kind.gate.set()
        await asyncio.gather(first, second)

        assert kind.batches == [["A"], ["B"], ["C"]]
        assert set(second.result()) == set("ABC")
        assert second.result()["B"] == first.result()["B"]

    run(act())


def test_a_batch_continues_for_a_caller_that_joined_one_query() -> None:
    """The call that started the query is cancelled while it waits for a place."""
    kind = make_class(BatchSource, concurrency=1, gate=threading.Event())

    async def act() -> None:
        callers, shares = Callers(kind), counts("shared")
        first = callers.start(request({"z": 1}))
        await until(lambda: kind.running == 1)
        asking = callers.start(request({"a": 1}, {"b": 1}))
        await until(lambda: "gfruntime_upstream_waiting 1" in metrics.text().decode())
        lone = request({}, {"b": 1})
        del lone.queries[0]
        joining = callers.start(lone)
        await until(lambda: counts("shared") == shares + 1)
        asking.cancel()
        await asyncio.wait([asking])
        kind.gate.set()
        assert (await joining)["B"].status == 200
        assert (await first)["A"].status == 200

        assert kind.batches == [["A"], ["A", "B"]]

    run(act())


@each_kind
def test_an_error_is_shared_and_never_cached(base: type[CountingSource]) -> None:
    """Each waiting call gets the error in its own answer; a later call sends the query again."""
    kind = make_class(base, cache=Cache(seconds=60), gate=threading.Event())

    async def act() -> None:
        callers, shares = Callers(kind), counts("shared")
        calls = [callers.start(request({"do": "fail"})) for _ in range(5)]
        await until(lambda: counts("shared") == shares + 4)
        kind.gate.set()
        answers = await asyncio.gather(*calls)

        assert [(each["A"].status, each["A"].error) for each in answers] == [(503, "the upstream is busy")] * 5
        assert len(kind.queries) == 1
        await callers.ask(request({"do": "fail"}))
        assert len(kind.queries) == 2

    run(act())


@each_single
@pytest.mark.parametrize("leaving", [0, 1])
def test_a_cancelled_caller_does_not_cancel_shared_work(base: type[CountingSource], leaving: int) -> None:
    """Neither the first caller nor a later one cancels it; a `def` handler that checks `query.cancel` continues."""
    kind = make_class(base, gate=threading.Event())

    async def act() -> None:
        callers, shares = Callers(kind), counts("shared")
        calls = [callers.start(request({"a": 1})) for _ in range(3)]
        await until(lambda: counts("shared") == shares + 2)
        calls.pop(leaving).cancel()
        await asyncio.sleep(0.05)
        kind.gate.set()
        answers = await asyncio.gather(*calls)

        assert (len(kind.queries), kind.cancellations) == (1, 0)
        assert [answer["A"].status for answer in answers] == [200, 200]

    run(act())


@each_single
def test_shared_work_ends_when_all_callers_have_left(base: type[CountingSource]) -> None:
    """No call can join ended work, so the next call starts it again."""
    kind = make_class(base, gate=threading.Event())

    async def act() -> None:
        callers, shares = Callers(kind), counts("shared")
        calls = [callers.start(request({"a": 1})) for _ in range(3)]
        await until(lambda: counts("shared") == shares + 2 and kind.running == 1)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        late = callers.start(request({"a": 1}))
        await until(lambda: kind.cancellations == 1)
        assert all(call.cancelled() for call in calls)
        kind.gate.set()
        assert (await late)["A"].status == 200
        assert len(kind.queries) == 2

    run(act())


def test_a_call_does_not_join_work_that_is_about_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """No call can join the work once its last call is cancelled."""
    handlers: list[ProtectedQueries] = []

    class RecordingQueries(ProtectedQueries):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            handlers.append(self)

    monkeypatch.setattr(protection, "ProtectedQueries", RecordingQueries)
    kind = make_class(CountingSource, gate=threading.Event())

    async def act() -> None:
        callers = Callers(kind)
        call = callers.start(request({"a": 1}))
        await until(lambda: kind.running == 1)
        assert len(handlers[0]._flights) == 1
        call.cancel()
        await asyncio.sleep(0)
        assert handlers[0]._flights == {}

    run(act())


def test_a_short_deadline_does_not_fail_calls_with_more_time() -> None:
    """If a query exceeds the time of one call, it is sent again, once for all calls with more time."""

    class Strict(Plain):
        cache = Cache()
        times_left: list[Any] = []  # noqa: RUF012  # of this class alone

        def query(self, query: Query[dict[str, Any]]) -> Frame:
            time_left = query.time_left
            assert time_left is not None
            self.times_left.append(time_left.total_seconds())
            if len(self.times_left) == 1:
                time.sleep(time_left.total_seconds())
                raise TimeoutError("its time is over")
            return Frame.of(v=[1])

    async def act() -> None:
        callers, shares = Callers(Strict), counts("shared")
        now = time.monotonic()
        first_call = callers.start(request({}), Call(deadline=now + 0.3))
        await until(lambda: Strict.times_left)
        calls = [callers.start(request({}), Call(deadline=now + seconds)) for seconds in (0.4, 30, 40)]
        await until(lambda: counts("shared") == shares + 3)
        answers = await asyncio.gather(first_call, *calls)

        assert len(Strict.times_left) == 2
        assert Strict.times_left[1] > 30
        assert [each["A"].status for each in answers] == [200] * 4

    run(act())


def test_later_changes_of_an_array_do_not_change_a_cached_answer() -> None:
    """Frames share the memory of arrays, so the cache stores a copy."""
    values = np.ones(100_000)

    class ReusesArray(Plain):
        cache = Cache(seconds=60)

        def query(self, query: Query[dict[str, Any]]) -> Frame:
            return Frame.of(v=values)

    async def act() -> None:
        callers = Callers(ReusesArray)
        first = await callers.ask(request({}))
        values[:] = 7
        assert await callers.ask(request({})) == first

    run(act())
