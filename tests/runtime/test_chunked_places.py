"""Which calls hold one of the `concurrency` places: chunked queries do, resources and streams do not."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from calls import Plain, Services, run
from pluginv2 import backend_pb2 as pb
from protectedsources import request, until

from gfruntime import Frame, Query, Request, Response, StreamRequest
from gfruntime.calls import gates
from gfruntime.serving.methods import Call
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class GatedSource(Plain):
    """Counts how many generators run at once; each stops after its first part until the gate is open."""

    concurrency = 2
    gate: threading.Event
    running: list[int]
    most: list[int]
    at_gate: list[int]

    def __init_subclass__(cls) -> None:
        """Give each class its own counters."""
        cls.gate, cls.running, cls.most, cls.at_gate = threading.Event(), [], [], []

    def query_chunked(self, query: Query[dict[str, Any]]) -> Iterator[Frame]:
        self.running.append(1)
        self.most.append(len(self.running))
        try:
            yield Frame.of(v=[1])
            self.at_gate.append(1)
            self.gate.wait(10)
            yield Frame.of(v=[2])
        finally:
            self.running.pop()

    def call_resource(self, request: Request) -> Response:
        return Response.json({"path": request.path})

    def run_stream(self, request: StreamRequest) -> Iterator[Frame]:
        yield Frame.of(v=[3])
        self.gate.wait(10)


class AsyncGatedSource(GatedSource):
    """The same on a loop."""

    async def query_chunked(self, query: Query[dict[str, Any]]) -> AsyncIterator[Frame]:  # type: ignore[override]
        self.running.append(1)
        self.most.append(len(self.running))
        try:
            yield Frame.of(v=[1])
            self.at_gate.append(1)
            while not self.gate.is_set():  # noqa: ASYNC110  # a test of another thread sets it
                await asyncio.sleep(0.002)
            yield Frame.of(v=[2])
        finally:
            self.running.pop()


@pytest.fixture(params=[GatedSource, AsyncGatedSource])
def kind(request: pytest.FixtureRequest) -> type[GatedSource]:
    """Return a new class of each kind."""
    return type("Fresh", (request.param,), {})


class RunningServices:
    """The services of a class, on the running loop."""

    def __init__(self, kind: type) -> None:
        """Inspect the class."""
        self.application = Services(kind).application

    def chunked(self, *models: dict[str, Any]) -> asyncio.Task[list[bytes]]:
        """Begin a call with chunked queries."""
        query_request = request(*models)
        message = pb.QueryChunkedDataRequest(pluginContext=query_request.pluginContext, queries=query_request.queries)
        return asyncio.create_task(self.read("Data/QueryChunkedData", message))

    async def read(self, method: str, message: Any, *, count: int = 0) -> list[bytes]:
        """Read all messages of an answer, or the first ones."""
        parts: list[bytes] = []
        messages: Any = self.application.streams[f"/pluginv2.{method}"](message.SerializeToString(), Call())
        try:
            async for part in messages:
                parts.append(part)
                if len(parts) == count:
                    break
        finally:
            await messages.aclose()
        return parts


def waiting(count: int) -> bool:
    """Tell whether this number of calls waits for a place."""
    return f"gfruntime_upstream_waiting {count}\n" in metrics.text().decode()


def test_no_more_generators_run_than_there_are_places(kind: type[GatedSource]) -> None:
    """Generators of one call and of several share the places; each call is answered completely."""

    async def act() -> None:
        services = RunningServices(kind)
        calls = [services.chunked({"n": 1}, {"n": 2}), services.chunked({"n": 3}), services.chunked({"n": 4})]
        await until(lambda: len(kind.running) == 2 and waiting(2))
        kind.gate.set()
        assert [len(parts) for parts in await asyncio.gather(*calls)] == [4, 2, 2]

    run(act())
    assert (max(kind.most), kind.running) == (2, [])
    assert waiting(0)


def test_queries_and_chunked_queries_share_the_places(kind: type[GatedSource]) -> None:
    """A query waits for a generator that has not ended."""

    async def act() -> None:
        services = RunningServices(kind)
        calls = [services.chunked({"n": 1}), services.chunked({"n": 2})]
        await until(lambda: len(kind.running) == 2)
        ask = services.application.unary["/pluginv2.Data/QueryData"]
        query = asyncio.ensure_future(ask(request({}).SerializeToString(), Call()))
        await until(lambda: waiting(1))
        assert not query.done()
        kind.gate.set()
        assert pb.QueryDataResponse.FromString(bytes(await query)).responses["A"].status == 200
        await asyncio.gather(*calls)

    run(act())


def test_resources_and_streams_hold_no_place_and_wait_for_none(kind: type[GatedSource]) -> None:
    """Users wait for resources, and a stream would keep its place for hours."""

    async def act() -> None:
        services = RunningServices(kind)
        calls = [services.chunked({"n": 1}), services.chunked({"n": 2})]
        await until(lambda: len(kind.running) == 2)
        context = request({}).pluginContext
        resource = pb.CallResourceRequest(pluginContext=context, path="tables", url="tables", method="GET")
        (answer,) = await services.read("Resource/CallResource", resource)
        stream = pb.RunStreamRequest(pluginContext=context, path="ticks")
        packets = await services.read("Stream/RunStream", stream, count=1)
        assert (b"tables" in answer, len(packets)) == (True, 1)
        assert waiting(0)
        kind.gate.set()
        await asyncio.gather(*calls)

    run(act())


def test_a_reader_that_stops_frees_its_place_after_the_generator_ends(
    kind: type[GatedSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task is cancelled at once; a thread that still runs keeps its place, as the upstream is busy."""
    monkeypatch.setattr(gates, "HOLD_SECONDS_AFTER_CANCEL", 60.0)

    async def act() -> None:
        services = RunningServices(kind)
        calls = [services.chunked({"n": number}) for number in range(3)]
        await until(lambda: len(kind.at_gate) == 2 and waiting(1))
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        last = services.chunked({"n": 9})
        if not issubclass(kind, AsyncGatedSource):
            await until(lambda: waiting(1))
        kind.gate.set()
        assert len(await last) == 2

    run(act())
    assert max(kind.most) == 2


def test_a_chunked_query_that_gets_no_thread_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may start no more threads for this user."""
    fresh: Any = type("Fresh", (GatedSource,), {"concurrency": 1})

    def refuse(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("can't start new thread")

    async def act() -> None:
        services = RunningServices(fresh)
        fresh.gate.set()
        with monkeypatch.context() as patch:
            patch.setattr("gfruntime.calls.iterate.run_in_thread", refuse)
            (chunk,) = await services.chunked({})
        assert b"can't start new thread" in chunk or pb.QueryChunkedDataResponse.FromString(chunk).status == 500
        assert len(await services.chunked({})) == 2

    run(act())
