"""What an instance opens before its first call, what ends work that nobody wants, and how long Grafana waits."""

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


class Started(Plain):
    """Opens something on the event loop before its first query."""

    starts = 0

    async def start(self) -> None:
        type(self).starts += 1
        self.loop = asyncio.get_running_loop()
        await asyncio.sleep(0)

    async def query(self, query: Query[dict[str, Any]]) -> Frame:  # type: ignore[override]  # as authors may
        assert asyncio.get_running_loop() is self.loop
        return Frame.of(v=[1])


class StartedPlainly(Plain):
    """The same without a loop."""

    def start(self) -> None:
        self.opened = True

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        return Frame.of(v=[int(self.opened)])


def test_start_runs_once_on_the_loop_of_the_handlers() -> None:
    """Before the first call, and not before the second."""
    services = Services(Started)
    answers = [services.query(queries({}, {}, {})) for _ in range(2)]

    assert [answer["C"].error for answer in answers] == ["", ""]
    assert Started.starts == 1


def test_start_may_be_def() -> None:
    """Then it runs in a thread."""
    assert error(StartedPlainly) == ""


def test_a_failed_start_is_the_answer_and_is_tried_again() -> None:
    """The object that failed is disposed of: it may have opened half of what it needs."""
    seen: list[str] = []

    class Failing(Plain):
        async def start(self) -> None:
            seen.append("start")
            if seen.count("start") == 1:
                raise OSError("no route to the database")

        async def dispose(self) -> None:
            seen.append("dispose")

    services = Services(Failing)

    assert "no route to the database" in services.query(queries({}))["A"].error
    assert services.query(queries({}))["A"].error == ""
    assert seen == ["start", "dispose", "start"]


def test_a_start_that_needs_arguments_is_the_authors_own() -> None:
    """Classes of before may have one."""

    class Own(Plain):
        def start(self, job: str) -> None:
            raise AssertionError(job)

    assert error(Own) == ""
    assert "start" not in Author.of(Own).methods


@pytest.mark.parametrize(("threads", "expected"), [(3, 3), ("3", None), (True, None), (None, None)])
def test_the_class_says_how_many_threads_it_has(threads: object, expected: int | None) -> None:
    """An attribute `threads` that is no number is the author's own."""
    assert Author.of(type("Sized", (Plain,), {"threads": threads})).threads == expected


def test_no_threads_are_refused() -> None:
    """They would answer nothing."""
    with pytest.raises(TypeError, match="the attribute threads must be above 0, not 0"):
        Author.of(type("Sized", (Plain,), {"threads": 0}))


def test_only_so_many_handlers_run_at_once() -> None:
    """The class's own number is the bound."""
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
    """In a thread of its own, as soon as the call is cancelled, while the handler still runs."""
    called, entered = threading.Event(), threading.Event()

    class Slow(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Frame:
            with query.on_cancel(called.set):
                entered.set()
                assert called.wait(10)
            return Frame.of(v=[1])

    call = Call()

    def cancel() -> None:
        entered.wait(10)
        call.cancel.set()

    threading.Thread(target=cancel).start()

    assert error(Slow, call) == ""
    assert called.is_set()


@pytest.mark.parametrize("holds_block", [True, False])
def test_a_function_is_not_called_after_its_time(holds_block: bool) -> None:  # noqa: FBT001
    """Neither after its block nor after the handler: the connection is another query's by then."""
    called: list[int] = []

    class Quick(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Frame:
            registration = query.on_cancel(lambda: called.append(1))
            if holds_block:
                with registration:
                    pass
                query.cancel.set()
            return Frame.of(v=[1])

    call = Call()
    assert error(Quick, call) == ""
    call.cancel.set()
    time.sleep(0.05)
    assert called == []


def test_leaving_a_block_waits_for_the_function() -> None:
    """It would else cancel what the connection does next."""
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


def test_a_late_function_is_called_at_once_and_a_broken_one_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Whether the cancellation or the registration came first makes no difference."""
    request, called = Request(path="x"), threading.Event()
    request.cancel.set()

    def broken() -> None:
        called.set()
        raise OSError("the server has closed the connection")

    with request.on_cancel(broken):
        assert called.wait(5)
    assert "A function of on_cancel failed" in caplog.text


def test_a_function_on_the_event_loop_does_not_hold_it() -> None:
    """An `async def` handler leaves its block without waiting for a thread."""
    stream = StreamRequest(path="x")

    async def handler() -> float:
        began = time.monotonic()
        with stream.on_cancel(lambda: time.sleep(0.5)):
            stream.cancel.set()
        return time.monotonic() - began

    assert asyncio.run(handler()) < 0.4


def test_an_event_of_a_tests_own_does_no_harm() -> None:
    """`Query(cancel=threading.Event())`, as tests of before have it."""
    query = Query(model=None, time_range=TimeRange(start=NOON, end=NOON), cancel=threading.Event())

    with query.on_cancel(lambda: None):
        pass


def test_a_query_knows_how_long_grafana_waits() -> None:
    """As an aware time, and as what is left of it; None where Grafana did not say."""
    seen: list[Query[Any]] = []

    class Curious(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Frame:
            seen.append(query)
            return Frame.of(v=[1])

    services = Services(Curious)
    for deadline in (time.monotonic() + 30, None, time.monotonic() - 5, 1e18):
        services.query(queries({}), Call(deadline=deadline))
    soon, none, past, never = seen

    assert soon.deadline is not None
    assert soon.time_left is not None
    assert dt.timedelta(seconds=20) < soon.time_left <= dt.timedelta(seconds=30)
    assert soon.deadline.utcoffset() == dt.timedelta()
    assert (none.deadline, none.time_left) == (None, None)
    assert past.time_left == dt.timedelta()
    assert never.deadline is None
