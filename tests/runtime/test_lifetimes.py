"""The start of an instance, the number of its threads, cancellation and deadlines."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
import time
from typing import Any

import pytest
from calls import Plain, Services, queries

from gfruntime import Frame, Query, Request, StreamRequest, TimeRange
from gfruntime.author.author_class import Author
from gfruntime.request.cancellation import Cancellation
from gfruntime.serving.methods import Call

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def error(kind: type, call: Call | None = None) -> str:
    """Ask one query and return its error."""
    return Services(kind).query(queries({}), call)["A"].error


class StartsOnLoop(Plain):
    """Opens something on the event loop before its first query."""

    starts = 0

    async def start(self) -> None:
        type(self).starts += 1
        self.loop = asyncio.get_running_loop()
        await asyncio.sleep(0)

    async def query(self, query: Query[dict[str, Any]]) -> Frame:  # type: ignore[override]  # as authors may
        assert asyncio.get_running_loop() is self.loop
        return Frame.of(v=[1])


class StartsInThread(Plain):
    """The same without a loop."""

    def start(self) -> None:
        self.is_open = True

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        return Frame.of(v=[int(self.is_open)])


def test_start_runs_once_on_the_loop_of_the_handlers() -> None:
    """`start` runs before the first call, and only once."""
    services = Services(StartsOnLoop)
    answers = [services.query(queries({}, {}, {})) for _ in range(2)]

    assert [answer["C"].error for answer in answers] == ["", ""]
    assert StartsOnLoop.starts == 1


def test_start_may_be_def() -> None:
    """A `def start` runs in a thread."""
    assert error(StartsInThread) == ""


def test_a_failed_start_is_answered_and_tried_again() -> None:
    """The failed object is disposed of: it may have opened some connections."""
    events: list[str] = []

    class Failing(Plain):
        async def start(self) -> None:
            events.append("start")
            if events.count("start") == 1:
                raise OSError("no route to the database")

        async def dispose(self) -> None:
            events.append("dispose")

    services = Services(Failing)

    assert "no route to the database" in services.query(queries({}))["A"].error
    assert services.query(queries({}))["A"].error == ""
    assert events == ["start", "dispose", "start"]


def test_a_start_method_with_arguments_is_not_called() -> None:
    """Older classes may have such a method, which is not called."""

    class Own(Plain):
        def start(self, job: str) -> None:
            raise AssertionError(job)

    assert error(Own) == ""
    assert "start" not in Author.of(Own).methods


@pytest.mark.parametrize(("threads", "expected"), [(3, 3), ("3", None), (True, None), (None, None)])
def test_the_class_says_how_many_threads_it_has(threads: object, expected: int | None) -> None:
    """An attribute `threads` that is not a number has no effect."""
    assert Author.of(type("Sized", (Plain,), {"threads": threads})).threads == expected


def test_zero_threads_are_refused() -> None:
    """Such a class could not answer any call."""
    with pytest.raises(TypeError, match="the attribute threads must be above 0, not 0"):
        Author.of(type("Sized", (Plain,), {"threads": 0}))


def test_no_more_handlers_run_than_there_are_threads() -> None:
    """The class's number is the bound."""
    running, most = [], []

    class Two(Plain):
        threads = 2

        def query(self, query: Query[dict[str, Any]]) -> Frame:
            running.append(1)
            most.append(len(running))
            time.sleep(0.02)
            running.pop()
            return Frame.of(v=[1])

    Services(Two).query(queries(*[{}] * 8))

    assert max(most) == 2


def test_a_function_is_called_on_cancellation() -> None:
    """The function runs in its own thread, as soon as the call is cancelled, while the handler still runs."""
    callback, entered = threading.Event(), threading.Event()

    class Slow(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Frame:
            with query.on_cancel(callback.set):
                entered.set()
                assert callback.wait(10)
            return Frame.of(v=[1])

    call = Call()

    def cancel() -> None:
        entered.wait(10)
        call.cancel.set()

    threading.Thread(target=cancel).start()

    assert error(Slow, call) == ""
    assert callback.is_set()


@pytest.mark.parametrize("holds_block", [True, False])
def test_a_function_is_not_called_after_its_block_or_handler(holds_block: bool) -> None:  # noqa: FBT001
    """Another query may use the connection after the block."""
    calls: list[int] = []

    class Quick(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Frame:
            registration = query.on_cancel(lambda: calls.append(1))
            if holds_block:
                with registration:
                    pass
                query.cancel.set()
            return Frame.of(v=[1])

    call = Call()
    assert error(Quick, call) == ""
    call.cancel.set()
    time.sleep(0.05)
    assert calls == []


def test_leaving_a_block_waits_for_the_function() -> None:
    """Otherwise the function could cancel the next query of the connection."""
    cancel, order = Cancellation(), list[str]()
    query = Query(model=None, time_range=TimeRange(start=NOON, end=NOON), cancel=cancel)
    began = threading.Event()

    def slow() -> None:
        began.set()
        time.sleep(0.1)
        order.append("cancelled")

    with query.on_cancel(slow):
        cancel.set()
        assert began.wait(5)
    order.append("left")

    assert order == ["cancelled", "left"]


def test_a_late_function_is_called_at_once_and_its_failure_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Whether the cancellation or the registration came first makes no difference."""
    request, callback = Request(path="x"), threading.Event()
    request.cancel.set()

    def fail() -> None:
        callback.set()
        raise OSError("the server has closed the connection")

    with request.on_cancel(fail):
        assert callback.wait(5)
    assert "A function of on_cancel failed" in caplog.text


def test_a_cancellation_function_does_not_block_the_event_loop() -> None:
    """An `async def` handler leaves its block without waiting for a thread."""
    stream = StreamRequest(path="x")

    async def handler() -> float:
        began = time.monotonic()
        with stream.on_cancel(lambda: time.sleep(0.5)):
            stream.cancel.set()
        return time.monotonic() - began

    assert asyncio.run(handler()) < 0.4


def test_a_plain_event_can_be_the_cancellation() -> None:
    """Older tests have `Query(cancel=threading.Event())`."""
    query = Query(model=None, time_range=TimeRange(start=NOON, end=NOON), cancel=threading.Event())

    with query.on_cancel(lambda: None):
        pass


def test_a_query_knows_how_long_grafana_waits() -> None:
    """The query has an aware time and the time left, or None if Grafana sets no deadline."""
    history: list[Query[Any]] = []

    class Curious(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Frame:
            history.append(query)
            return Frame.of(v=[1])

    services = Services(Curious)
    for deadline in (time.monotonic() + 30, None, time.monotonic() - 5, 1e18):
        services.query(queries({}), Call(deadline=deadline))
    soon, none, past, never = history

    assert soon.deadline is not None
    assert soon.time_left is not None
    assert dt.timedelta(seconds=20) < soon.time_left <= dt.timedelta(seconds=30)
    assert soon.deadline.utcoffset() == dt.timedelta()
    assert (none.deadline, none.time_left) == (None, None)
    assert past.time_left == dt.timedelta()
    assert never.deadline is None
