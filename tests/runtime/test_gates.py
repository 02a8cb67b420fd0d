"""A bound on concurrent work: first come, first served, and no place is lost or given twice."""

from __future__ import annotations

import asyncio
import threading

import pytest
from calls import run

from gfruntime.calls import gates
from gfruntime.calls.gates import Gate, GatePlace
from gfruntime.calls.runner import run_here
from gfruntime.serving.threads import ThreadPool


def test_places_are_given_in_the_order_of_arrival() -> None:
    """If no query waits, a returned place is free."""
    order: list[int] = []

    async def visit(gate: Gate, number: int) -> None:
        place = await gate.enter()
        order.append(number)
        await asyncio.sleep(0.01)
        place.release()
        place.release()  # the second call does nothing

    async def visit_all() -> bool:
        gate = Gate(2)
        await asyncio.gather(*(visit(gate, number) for number in range(6)))
        return gate.is_idle

    assert run(visit_all())
    assert order == list(range(6))


@pytest.mark.parametrize("is_late", [False, True])
def test_a_cancelled_waiter_does_not_lose_a_place(*, is_late: bool) -> None:
    """A place given at the moment of the cancellation is not lost, either."""

    async def scene() -> bool:
        gate = Gate(1)
        first = await gate.enter()
        second, third = asyncio.create_task(gate.enter()), asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        if is_late:
            first.release()
        second.cancel()
        if not is_late:
            first.release()
        place = await asyncio.wait_for(third, 5)
        assert not gate.is_idle
        place.release()
        return gate.is_idle

    assert run(scene())


def test_work_in_an_abandoned_thread_keeps_its_place() -> None:
    """The place is free when the thread ends, since the upstream is busy until then."""
    began, go_on = threading.Event(), threading.Event()

    async def work() -> None:
        began.set()
        assert go_on.wait(10)

    async def scene() -> None:
        gate = Gate(1)
        place = await gate.enter()
        job = ThreadPool(1).run(run_here, place.run, work)
        await asyncio.to_thread(began.wait, 10)
        job.cancel()
        place.abandon()
        await asyncio.sleep(0.05)
        assert not gate.is_idle
        go_on.set()
        (await asyncio.wait_for(gate.enter(), 5)).release()
        assert gate.is_idle

    run(scene())


def test_work_that_has_not_begun_gives_its_place_back_at_once() -> None:
    """The work is not started later."""
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)

    async def scene() -> None:
        gate = Gate(1)
        place = await gate.enter()
        place.abandon()
        assert gate.is_idle
        with pytest.raises(asyncio.CancelledError):
            await place.run(work)
        assert runs == []

    run(scene())


def test_work_that_hangs_loses_its_place_after_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise such work would block all other queries."""
    monkeypatch.setattr(gates, "HOLD_SECONDS_AFTER_CANCEL", 0.05)

    async def scene() -> None:
        gate = Gate(1)
        place: GatePlace = await gate.enter()
        hanging = asyncio.create_task(place.run(asyncio.Event().wait))
        await asyncio.sleep(0)
        place.abandon()
        (await asyncio.wait_for(gate.enter(), 5)).release()
        hanging.cancel()

    run(scene())
