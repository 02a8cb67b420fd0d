"""The place of running code in threads, tasks and exceptions: the author's innermost frame."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import threading
import time
import types
from typing import TYPE_CHECKING, Any

import pytest
from calls import Plain, Services, queries
from processes import eventually

from gfruntime import Query, Request, Response, route
from gfruntime.logs import places
from gfruntime.serving.methods import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLUGIN = """
import asyncio
import json
import time


def late(event):
    event.wait(20)


def bug():
    json.loads("{")


async def doze():
    await asyncio.wait_for(asyncio.gather(asyncio.sleep(20)), 20)


async def gathers():
    await asyncio.gather(doze(), asyncio.sleep(20))


async def groups():
    async with asyncio.TaskGroup() as group:
        group.create_task(doze())


async def waits():
    await asyncio.wait([asyncio.create_task(gathers())])


async def parts():
    yield b"x"
    await doze()


def block():
    time.sleep(1)
"""


@pytest.fixture(scope="module")
def plugin() -> Iterator[types.ModuleType]:
    """Make an author's module."""
    module = types.ModuleType("plugin.deep.source")
    exec(compile(PLUGIN, "/somewhere/src/plugin/deep/source.py", "exec"), vars(module))  # noqa: S102  # ours
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def _places(ask: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> list[str]:
    """Cancel a call after a moment, and return the place of its code that the log names."""

    async def cancel_soon() -> None:
        task = asyncio.ensure_future(ask())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.05)  # the line comes after the answer

    with caplog.at_level(logging.INFO, "gfruntime"):
        asyncio.run(cancel_soon())
    return [vars(each).get("at", "") for each in caplog.records if each.message == "Plugin Request Completed"]


@pytest.mark.parametrize(
    ("do", "places_of_code"),
    [
        (["late"], "plugin/deep/source.py, line 8, in late"),
        (["doze"], "plugin/deep/source.py, line 16, in doze"),
        (["block"], "plugin/deep/source.py, line 38, in block"),
        (["doze", "", "doze"], "plugin/deep/source.py, line 16, in doze"),
        (["late", "block"], "plugin/deep/source.py, line 8, in late; plugin/deep/source.py, line 38, in block"),
    ],
)
def test_a_cancelled_query_logs_where_its_code_was(
    plugin: types.ModuleType, caplog: pytest.LogCaptureFixture, do: list[str], places_of_code: str
) -> None:
    """The code is in a thread, on the loop, or blocks the loop; several queries have a place each."""
    event = threading.Event()

    class Sync(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Any:
            return (plugin.late(event) if query.model["do"] == "late" else plugin.block()) or []

    class Async(Plain):
        async def query(self, query: Query[dict[str, Any]]) -> Any:  # type: ignore[override]  # async
            match query.model["do"]:
                case "doze":
                    await plugin.doze()
                case "block":
                    plugin.block()
            return []

    services = Services(Sync if "late" in do else Async)
    request = queries(*({"do": each} for each in do)).SerializeToString()
    handler = services.application.unary["/pluginv2.Data/QueryData"]
    try:
        (place,) = _places(lambda: handler(request, Call()), caplog)
        assert sorted(place.split("; ")) == sorted(places_of_code.split("; "))  # the queries run side by side
    finally:
        event.set()


def test_an_error_is_located_at_the_plugins_innermost_frame(plugin: types.ModuleType) -> None:
    """Frames of the standard library are skipped; without a package `plugin`, the place is in the caller's file."""
    try:
        plugin.bug()
    except ValueError as error:
        theirs = error
    try:
        json.loads("{")
    except ValueError as error:
        ours = error

    assert places.place_of_error(theirs) == "plugin/deep/source.py, line 12, in bug"
    assert "test_places.py, line " in places.place_of_error(ours)
    assert places.place_of_error(ValueError("never raised")) == ""


def test_a_thread_is_found_by_its_name(plugin: types.ModuleType) -> None:
    """The place is empty if no such thread exists."""
    event = threading.Event()
    thread = threading.Thread(target=plugin.late, args=(event,), name="a late one", daemon=True)
    thread.start()

    eventually(lambda: places.place_of_thread("a late one") == "plugin/deep/source.py, line 8, in late")
    event.set()
    thread.join(5)
    assert places.place_of_thread("a late one") == ""


@pytest.mark.parametrize("name", ["gathers", "groups", "waits", "parts"])
def test_tasks_and_async_generators_are_followed(plugin: types.ModuleType, name: str) -> None:
    """Tasks of `gather`, groups, `wait` and `wait_for` are followed, and generators, which awaits do not name."""

    async def read() -> str:
        runs = places.start()

        async def task() -> None:
            run = runs.begin()
            work = getattr(plugin, name)()
            if name == "parts":
                async for _ in work:
                    pass
            else:
                await work
            runs.end(run)

        reading = asyncio.create_task(task())
        await asyncio.sleep(0.1)
        runs.store_places()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return runs.place

    assert asyncio.run(read()).startswith("plugin/deep/source.py, line 16, in doze")


def test_a_successful_call_logs_no_place(caplog: pytest.LogCaptureFixture) -> None:
    """The threads and tasks of a successful call are forgotten."""

    class Source(Plain):
        @route("GET", "/x")
        def x(self, request: Request) -> Response:
            return Response(body=iter([b"a", b"b"]))

    with caplog.at_level(logging.INFO, "gfruntime"):
        Services(Source).query(queries({}, {}))
        Services(Source).resource("x")
        time.sleep(0.05)

    assert not any(vars(each).get("at") for each in caplog.records)


def test_tracebacks_begin_with_the_authors_code(caplog: pytest.LogCaptureFixture) -> None:
    """Frames of this library are left out."""

    class Source(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Any:
            raise KeyError("time")

    Services(Source).query(queries({}))
    (record,) = [each for each in caplog.records if each.message == "Query A failed"]

    assert record.exc_info is not None
    assert record.exc_info[2] is not None
    assert record.exc_info[2].tb_frame.f_code.co_name == "query"
    assert "test_places.py, line " in vars(record)["at"]


def test_a_failure_to_find_the_place_leaves_it_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter may fail to list the threads."""
    runs = places.CallRuns()
    runs.begin()
    monkeypatch.setattr("sys._current_frames", lambda: 1 / 0)
    runs.store_places()

    assert runs.place == ""


@pytest.mark.slow
def test_a_thread_can_be_inspected_while_its_generator_runs() -> None:
    """Each inspection is one step of the interpreter, and returns a place or none."""
    end = threading.Event()

    def numbers() -> Iterator[int]:
        yield from iter(lambda: 1, 0)

    def work() -> None:
        for _ in numbers():
            if end.is_set():
                return

    thread = threading.Thread(target=work, name="yields", daemon=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        results = {places.place_of_thread("yields") for _ in range(2000)}
    finally:
        sys.setswitchinterval(interval)
        end.set()
        thread.join()

    assert any("test_places.py" in each for each in results)
    assert all("test_places.py" in each or not each for each in results)
    assert gc.isenabled()
