"""A limit on the calls of an upstream that run at once; the others wait, first come, first served.

Queries count, also those answered in chunks, until their generator ends. Streams do not count: a stream lasts as long
as a panel is open, and a few of them would block all queries. Resources do not count: a user waits for an editor's
choices, and a body may last as long as a stream. Health checks do not count: they must answer while the upstream is
busy.

A call holds its place until its work has ended. A thread cannot be stopped, so a cancelled call keeps its place,
but only for a limited time: otherwise threads that hang would block all queries.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from gfruntime.serving.work import mailbox
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gfruntime.calls.instances import InstanceSource

T = TypeVar("T")

HOLD_SECONDS_AFTER_CANCEL = 60.0
"""Seconds that cancelled work may hold its place while it still runs."""

_waiting = metrics.MetricFamily(
    "gauge", "gfruntime_upstream_waiting", "Queries that wait for one of `concurrency` places."
)
_running = metrics.MetricFamily("gauge", "gfruntime_upstream_running", "Queries that hold one of `concurrency` places.")
_seconds = metrics.Histogram(
    "gfruntime_upstream_wait_seconds",
    "Seconds that queries waited for one of `concurrency` places.",
    buckets=(0.005, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0),
)


class Gate:
    """The places of one data source. Only the control loop uses it."""

    def __init__(self, limit: int) -> None:
        """Create a gate with all places free."""
        self._limit = limit
        self._used_places = 0
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def is_idle(self) -> bool:
        """Tell whether all places are free."""
        return self._used_places == 0

    async def enter(self) -> GatePlace:
        """Wait for a place; a cancelled caller leaves the queue."""
        began = time.perf_counter()
        if self._used_places < self._limit:
            self._used_places += 1
        else:
            await self._wait()
        _seconds.observe(time.perf_counter() - began)
        _running.add()
        return GatePlace(self)

    def leave(self) -> None:
        """Give the place to the caller that has waited longest."""
        _running.add(by=-1)
        self._hand_on()

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        _waiting.add()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the caller got the place before the cancellation
                self._hand_on()
            raise
        finally:
            _waiting.add(by=-1)

    def _hand_on(self) -> None:
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._used_places -= 1


class Gates:
    """The gates of all data sources of a class, one for each version of a data source's settings."""

    def __init__(self, limit: int | None) -> None:
        """Set the limit for each data source; without a limit there are no gates."""
        self._limit = limit
        self._gates = WeakValueDictionary[tuple[object, ...], Gate]()  # a gate exists as long as it is used

    async def enter(self, source: InstanceSource) -> GatePlace | None:
        """Wait for a place at a data source; None if the class has no limit."""
        if self._limit is None:
            return None
        key = source.key, source.version.updated_ms, source.version.digest
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = Gate(self._limit)
        return await gate.enter()


class GatePlace:
    """One place at a gate, for work that runs in a thread or on another loop."""

    def __init__(self, gate: Gate) -> None:
        """Hold one place of a gate."""
        self._gate = gate
        self._loop = asyncio.get_running_loop()
        self._not_begun = [None]  # the work and its canceller race to remove the item
        self._is_held = True

    async def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run the work, and release the place when the work has ended, even after a cancellation.

        Raises: CancelledError if the call is cancelled.
        """
        if not self._begin():
            raise asyncio.CancelledError
        try:
            return await work()
        finally:
            with contextlib.suppress(RuntimeError):  # the control loop has ended
                mailbox(self._loop).call(self.release)

    def abandon(self) -> None:
        """Release the place later, or at once if the work has not begun; call it on the control loop."""
        if self._begin():
            self.release()
        else:
            self._loop.call_later(HOLD_SECONDS_AFTER_CANCEL, self.release)

    def release(self) -> None:
        """Release the place, once; call it on the control loop."""
        if self._is_held:
            self._is_held = False
            self._gate.leave()

    def _begin(self) -> bool:
        try:
            self._not_begun.pop()
        except IndexError:
            return False
        return True
