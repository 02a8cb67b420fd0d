"""The workers of a plugin: a call goes to the worker with the fewest calls; a worker that ends is replaced.

Calls are distributed on the control loop; one thread starts workers, and other threads wait for their ends.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import random
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from zlib import crc32

from gfruntime import wire
from gfruntime.serving.methods import METHODS, Application, Call, CallError, CallKind
from gfruntime.serving.workers.child import StartError
from gfruntime.serving.workers.starter import Starter
from gfruntime.telemetry import process_metrics, sums

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gfruntime.serving.methods import Message, Stream, Unary
    from gfruntime.serving.workers.plan import Plan
    from gfruntime.serving.workers.starter import Process

_LOGGER = logging.getLogger("gfruntime")
_HEALTH, _METRICS = "/pluginv2.Diagnostics/CheckHealth", "/pluginv2.Diagnostics/CollectMetrics"
_CHANNELS = "/pluginv2.Stream/"
_ERROR = 2  # pluginv2.CheckHealthResponse.HealthStatus
_PATH = 2  # the field of pluginv2's requests about a channel that has its path
_WAIT = 5.0  # seconds that a call waits for a worker
_PATIENCE = 30.0  # seconds that a worker may take for its last answers, as in gunicorn
_LAST_METRICS = 1.0


class Member:
    """One worker: the number of its calls, and its limit."""

    def __init__(self, process: Process, most: float) -> None:
        """Store the process and its limit."""
        self.process = process
        self.pid, self.caller = process.pid, process.caller
        self.calls_left = most
        self.began = time.monotonic()
        self.metrics: dict[str, sums.Family] = {}
        self.is_leaving = False


class Crew:
    """The front process' side of all workers."""

    def __init__(self, plan: Plan) -> None:
        """Store the plan; no worker is started yet."""
        self._plan = plan
        self._starter = Starter()
        self._members: list[Member] = []
        self._outgoing: set[Member] = set()  # workers that get no more calls; their metrics are still summed
        self._turn = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._problem = ""  # why a worker is missing; empty if all run
        self._is_available = asyncio.Event()
        self._ended_metrics: dict[str, sums.Family] = {}

    def start(self) -> Application:
        """Start the first worker and the thread that starts the others; return the application that forwards calls."""
        self._fill(1)
        threading.Thread(target=self._work, name="workers", daemon=True).start()
        self._tasks.put(self._fill)
        unary: dict[str, Unary] = {path: self._unary(path) for path, kind in METHODS.items() if kind is CallKind.UNARY}
        streams: dict[str, Stream] = {
            path: self._stream(path) for path, kind in METHODS.items() if kind is not CallKind.UNARY
        }
        own: dict[str, Unary] = {_HEALTH: self._health, _METRICS: self._collect_metrics}
        return Application(
            unary=unary | own, streams=streams, attach=self._attach, close=self._close, kill=self._starter.kill
        )

    # these methods run on the control loop

    def _attach(self) -> None:
        self._loop = asyncio.get_running_loop()
        for member in self._members:
            self._admit(member)

    def _admit(self, member: Member) -> None:
        """Send calls to a worker from now on."""
        if member not in self._members:
            self._members.append(member)
        member.caller.on_lost = lambda: self._remove_worker(member)
        member.caller.on_full = lambda megabytes: self._replace(member, f"it takes {megabytes} MiB")
        member.caller.attach()
        if len(self._members) >= self._plan.workers:
            self._problem = ""
        self._is_available.set()

    def _remove_worker(self, member: Member) -> None:
        """Remove a worker that has ended; its calls fail as soon as its exit status is known."""
        self._stop_calls(member)
        if not self._members:
            self._is_available.clear()
        if not self._starter.is_ending:
            threading.Thread(
                target=self._handle_worker_end, args=(member,), name=f"end of {member.pid}", daemon=True
            ).start()

    def _replace(self, member: Member, reason: str) -> None:
        """Start a replacement for a worker, which ends after its last answer."""
        if not member.is_leaving and not self._starter.is_ending:
            member.is_leaving = True
            _LOGGER.info("Worker %d is replaced: %s", member.pid, reason)
            self._tasks.put(lambda: self._replace_now(member))

    def _stop_calls(self, member: Member) -> None:
        """Send no more calls to a worker."""
        with suppress(ValueError):
            self._members.remove(member)
        self._outgoing.add(member)

    async def _drain_worker(self, member: Member) -> None:
        """Send no more calls to a worker, and let it end after its last answer."""
        self._stop_calls(member)
        await member.caller.wait_until_idle(_PATIENCE)
        await self._read_metrics(member)
        member.process.part()

    async def _choose(self, path: str, message: bytes) -> Member:
        """Return the worker for a call: for a channel always the same worker, else the worker with the fewest calls.

        Raises: CallError if no worker is available in time.
        """
        if not self._members:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_available.wait(), _WAIT)
        if not self._members:
            raise CallError(self._problem or "no worker process runs", code="UNAVAILABLE")
        members = self._members
        if path.startswith(_CHANNELS):
            return members[crc32(_channel(message)) % len(members)]
        self._turn += 1
        turn = self._turn % len(members)
        return min(members[turn:] + members[:turn], key=lambda member: member.caller.calls)

    def _count(self, member: Member) -> None:
        member.calls_left -= 1
        if member.calls_left == 0:
            self._replace(member, "it has answered max_requests")

    def _unary(self, path: str) -> Unary:
        async def answer(message: bytes, call: Call) -> Message:
            member = await self._choose(path, message)
            try:
                return await member.caller.ask(path, message, call)
            finally:
                self._count(member)

        return answer

    def _stream(self, path: str) -> Stream:
        is_endless = METHODS[path] is CallKind.ENDLESS

        async def answer(message: bytes, call: Call) -> AsyncIterator[Message]:
            member = await self._choose(path, message)
            parts = member.caller.stream(path, message, call, is_endless=is_endless)
            try:
                async for part in parts:
                    yield part
            finally:
                await parts.aclose()
                self._count(member)

        return answer

    async def _health(self, message: bytes, call: Call) -> Message:
        """Let a worker answer, and report a missing worker."""
        try:
            member = await self._choose(_HEALTH, message)
            answer = await member.caller.ask(_HEALTH, message, call)
        except CallError as error:
            return wire.health_response(status=_ERROR, message=str(error))
        if not self._problem:
            return answer
        status, message_text, details = wire.read_health_response(bytes(answer))
        count = f"{len(self._members)} of {self._plan.workers} workers"
        text = f"{message_text} ({count}: {self._problem})".strip()
        return wire.health_response(status=status, message=text, details=details)

    async def _collect_metrics(self, message: bytes, call: Call) -> bytes:
        """Sum the metrics of all workers, of this process, and the counters of ended workers."""
        members = [*self._members, *self._outgoing]
        await asyncio.gather(*(self._read_metrics(member, message, call) for member in members))
        own = sums.read("\n".join(process_metrics.lines()))
        members = [*self._members, *self._outgoing]  # a copy, because a worker may end meanwhile
        total = sums.add([*(member.metrics for member in members), self._ended_metrics, own])
        return wire.metrics_response(sums.write(total).encode())

    async def _read_metrics(self, member: Member, message: bytes = b"", call: Call | None = None) -> None:
        """Store a worker's metrics; if it does not answer, keep its previous metrics."""
        with suppress(CallError, TimeoutError, ValueError):
            async with asyncio.timeout(_LAST_METRICS):
                answer = await member.caller.ask(_METRICS, message, call or Call())
            member.metrics = sums.read(wire.read_metrics_response(bytes(answer)).decode("utf-8", "replace"))

    # these methods run in the thread

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            if self._starter.is_ending:
                return
            try:
                task()
            except Exception:
                _LOGGER.exception("The thread that starts workers failed")

    def _fill(self, count: int = 0) -> None:
        """Start workers until there are as many as planned."""
        while len(self._members) < (count or self._plan.workers) and not self._starter.is_ending:
            member = self._start_member()
            if member is None:
                self._tasks.put(self._fill)
                return
            self._hand_over(member)

    def _hand_over(self, member: Member) -> None:
        """Let a new worker answer, and wait until it does."""
        if self._loop is None:
            self._members.append(member)
            return
        is_done = threading.Event()
        self._loop.call_soon_threadsafe(self._admit, member)
        self._loop.call_soon_threadsafe(is_done.set)
        is_done.wait()

    def _start_member(self) -> Member | None:
        """Start a worker; None if the start fails, or all workers must end."""
        try:
            process = self._starter.start()
        except (StartError, OSError) as error:
            self._problem = f"a worker could not be started: {error}"
            _LOGGER.error("%s; next try in %.2f s", self._problem.capitalize(), self._starter.rest)  # noqa: TRY400
            return None
        if process is None:
            return None
        _LOGGER.info("Worker %d runs", process.pid)
        jitter = random.randint(0, self._plan.max_requests_jitter)  # noqa: S311  # so that not all go at once
        return Member(process, self._plan.max_requests + jitter if self._plan.max_requests else float("inf"))

    def _handle_worker_end(self, member: Member) -> None:
        """Log how a worker has ended, in a separate thread, because the other thread may pause. Start a replacement."""
        ending = member.process.ending()
        assert self._loop is not None  # noqa: S101  # it was attached to it
        loss = "the worker was replaced" if member.is_leaving else f"worker {member.pid} {ending} before it answered"
        self._loop.call_soon_threadsafe(member.caller.fail, loss)
        self._loop.call_soon_threadsafe(self._keep_metrics, member)
        lasted = float("inf") if member.is_leaving else time.monotonic() - member.began
        self._starter.forget(member.process, lasted=lasted)
        if not member.is_leaving:
            self._problem = f"worker {member.pid} {ending}"
            _LOGGER.error("Worker %d %s; another one is started", member.pid, ending)
            self._tasks.put(self._fill)

    def _keep_metrics(self, member: Member) -> None:
        self._outgoing.discard(member)
        self._ended_metrics = sums.add([self._ended_metrics, sums.only_counters(member.metrics)])

    def _close(self) -> None:
        self._starter.close()
        self._tasks.put(lambda: None)  # wakes the thread, which then ends

    def _replace_now(self, member: Member) -> None:
        """Start a replacement, and then let the worker end."""
        new = self._start_member()
        if new is None:
            self._tasks.put(lambda: self._replace_now(member))
            return
        self._hand_over(new)
        assert self._loop is not None  # noqa: S101  # as above
        asyncio.run_coroutine_threadsafe(self._drain_worker(member), self._loop)


def _channel(message: bytes) -> bytes:
    """Read the path of a channel from a request about it."""
    with suppress(ValueError):
        return next(
            (value for number, value in wire.fields(message) if number == _PATH and isinstance(value, bytes)), b""
        )
    return b""
