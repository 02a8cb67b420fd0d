"""The bound on concurrent queries of a data source: the others wait, and no place is lost."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from calls import Plain, Services, run
from pluginv2 import backend_pb2 as pb
from protectedsources import AsyncCountingSource, Callers, CountingSource, make_class, request, until

from gfruntime import Frame, Health, Query
from gfruntime.serving.methods import Call
from gfruntime.telemetry import metrics

each_single = pytest.mark.parametrize("base", [CountingSource, AsyncCountingSource])


@each_single
def test_no_more_queries_run_than_there_are_places(base: type[CountingSource]) -> None:
    """The other queries wait, and all are answered."""
    kind = make_class(base, cache=None, concurrency=4)

    async def act() -> None:
        callers = Callers(kind)
        await asyncio.gather(*(callers.ask(request({"seconds": 0.02, "n": n})) for n in range(20)))

    run(act())
    assert (kind.most, len(kind.queries), kind.running) == (4, 20, 0)


@each_single
def test_each_data_source_has_separate_places(base: type[CountingSource]) -> None:
    """Each version of the settings has its own places, too."""
    kind = make_class(base, cache=None, concurrency=1, gate=threading.Event())

    async def act() -> None:
        callers = Callers(kind)
        requests = [request({}) for _ in range(3)]
        for number, each in enumerate(requests):
            each.pluginContext.dataSourceInstanceSettings.id = number + 1
        calls = [callers.start(each) for each in requests]
        await until(lambda: kind.running == 3)
        kind.gate.set()
        await asyncio.gather(*calls)

    run(act())


def test_health_is_not_limited() -> None:
    """The health check answers while every place is taken."""
    gate = threading.Event()

    class Busy(CountingSource):
        concurrency = 1

        def check_health(self) -> Health:
            return Health.ok("well")

    Busy.gate = gate
    services = Services(Busy)
    query = services.application.unary["/pluginv2.Data/QueryData"]
    health = services.application.unary["/pluginv2.Diagnostics/CheckHealth"]

    async def act() -> None:
        calls = [asyncio.ensure_future(query(request({"n": n}).SerializeToString(), Call())) for n in range(3)]
        await until(lambda: Busy.running == 1)
        health_request = pb.CheckHealthRequest(pluginContext=request({}).pluginContext).SerializeToString()
        answer = pb.CheckHealthResponse.FromString(bytes(await health(health_request, Call())))
        assert answer.message == "well"
        assert "gfruntime_upstream_waiting 2" in metrics.text().decode()
        gate.set()
        await asyncio.gather(*calls)
        assert "gfruntime_upstream_waiting 0" in metrics.text().decode()

    run(act())


@each_single
def test_a_cancelled_call_in_the_queue_is_never_run(base: type[CountingSource]) -> None:
    """The next call in the queue runs."""
    kind = make_class(base, cache=None, concurrency=1, gate=threading.Event())

    async def act() -> None:
        callers = Callers(kind)
        calls = [callers.start(request({"n": n})) for n in range(4)]
        await until(lambda: kind.running == 1)
        await until(lambda: "gfruntime_upstream_waiting 3" in metrics.text().decode())
        calls[1].cancel()
        await asyncio.wait([calls[1]])
        kind.gate.set()
        await asyncio.gather(calls[0], *calls[2:])
        assert sorted(query.model["n"] for query in kind.queries) == [0, 2, 3]

    run(act())


def test_an_abandoned_thread_keeps_its_place() -> None:
    """Many cancelled calls do not send a slow upstream more queries than the limit."""
    gate, running, most = threading.Event(), [], []

    class Deaf(Plain):
        concurrency = 2

        def query(self, query: Query[dict[str, Any]]) -> Frame:
            running.append(1)
            most.append(len(running))
            gate.wait(10)
            running.pop()
            return Frame.of(v=[1])

    async def act() -> None:
        callers = Callers(Deaf)
        for _ in range(3):
            calls = [callers.start(request({"n": n})) for n in range(6)]
            await until(lambda: len(running) == 2)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
        last = callers.start(request({}))
        gate.set()
        assert (await last)["A"].status == 200

    run(act())
    assert max(most) == 2
