"""A bound on how many calls of an upstream run at once: the others wait, first come, first served.

Queries are counted, those that are answered in chunks too, until their generator has ended. Streams are not: one lasts
as long as somebody looks at it, and as many as there are places would lock all queries out. Resources are not: a person
waits for the choices of an editor, and a body may last as long as a stream. Nor are health checks, which are to tell
how the upstream is while it is busy.

A place is held until the work has really ended. A thread can't be stopped: when nobody waits for it any more, it keeps
its place, but not for ever, as one that hangs would else lock everybody out.
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

    from gfruntime.calls.instances import Source

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds for which cancelled work that still runs holds its place."""

_waiting = metrics.Family("gauge", "gfruntime_upstream_waiting", "Queries that wait for one of `concurrency` places.")
_running = metrics.Family("gauge", "gfruntime_upstream_running", "Queries that hold one of `concurrency` places.")
_seconds = metrics.Histogram(
    "gfruntime_upstream_wait_seconds",
    "Seconds that queries waited for one of `concurrency` places.",
    buckets=(0.005, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0),
)


class Gate:
    """The places of one data source. Used on the control loop alone."""

    def __init__(self, limit: int) -> None:
        """Begin with all places free."""
        self._limit = limit
        self._taken = 0
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def is_idle(self) -> bool:
        """Tell whether nobody has a place."""
        return self._taken == 0

    async def enter(self) -> Place:
        """Wait for a place; cancelling leaves the line."""
        began = time.perf_counter()
        if self._taken < self._limit:
            self._taken += 1
        else:
            await self._wait()
        _seconds.observe(time.perf_counter() - began)
        _running.add()
        return Place(self)

    def leave(self) -> None:
        """Hand a place on to who has waited longest."""
        _running.add(by=-1)
        self._hand_on()

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        _waiting.add()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was this one's turn by then
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
        self._taken -= 1


class Gates:
    """The gates of all data sources of a class: each has one in each version of its settings."""

    def __init__(self, limit: int | None) -> None:
        """Bound the calls of each data source; without a limit there are no gates."""
        self._limit = limit
        self._gates = WeakValueDictionary[tuple[object, ...], Gate]()  # each is there as long as it is used

    async def enter(self, source: Source) -> Place | None:
        """Wait for a place at a data source; None where the class has no bound."""
        if self._limit is None:
            return None
        key = source.key, source.version.updated_ms, source.version.digest
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = Gate(self._limit)
        return await gate.enter()


class Place:
    """One place at a gate, for work that runs in a thread or on another loop."""

    def __init__(self, gate: Gate) -> None:
        """Hold it."""
        self._gate = gate
        self._loop = asyncio.get_running_loop()
        self._not_begun = [None]  # the work and who cancels it race to remove the item
        self._is_held = True

    async def during(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do the work, where it belongs, and give the place back at its end, however late.

        Raises: CancelledError when nobody waits for it any more.
        """
        if not self._begin():
            raise asyncio.CancelledError
        try:
            return await work()
        finally:
            with contextlib.suppress(RuntimeError):  # the control loop has ended
                mailbox(self._loop).call(self.release)

    def abandon(self) -> None:
        """Give the place back, at once if the work has not begun; on the control loop."""
        if self._begin():
            self.release()
        else:
            self._loop.call_later(PATIENCE, self.release)

    def release(self) -> None:
        """Give the place back, once; on the control loop."""
        if self._is_held:
            self._is_held = False
            self._gate.leave()

    def _begin(self) -> bool:
        try:
            self._not_begun.pop()
        except IndexError:
            return False
        return True
