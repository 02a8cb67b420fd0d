"""Where the author's code runs: a bounded pool of daemon threads for `def`, an event loop of its own for `async def`.

Neither ever blocks the control loop, which answers health checks, cancellations and Shutdown; neither keeps the process
alive. A `ThreadPoolExecutor` would: Python waits for its threads at exit.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import queue
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.errors import sentence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")

_LOST = 4  # times the pool's size: how many threads may be given up
_is_fork = False


def _forked() -> None:
    global _is_fork  # noqa: PLW0603  # one process, one answer
    _is_fork = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def leave_fork() -> None:
    """End a process that a handler forked and let go on as if it were the plugin: it would stay for ever."""
    if _is_fork:
        os._exit(0)


class _Job(asyncio.Future[Any]):
    """What a thread is to do, and the answer to come."""

    def __init__(self, function: Callable[[], Any], pool: Pool) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.function, self._pool = function, pool
        self._begun: list[None] = []  # an item while the job runs; whoever takes it has the last word on the thread

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401  # as its base
        """Tell the pool when nobody waits any more for a job that has begun."""
        is_cancelled = super().cancel(msg)
        if is_cancelled and self._took():
            self._pool.replace_blocked_thread()
        return is_cancelled

    def run(self) -> bool:
        """Do it, unless nobody waits; tell whether that was so to the end."""
        self._begun.append(None)
        if self.cancelled():
            return self._took()
        _settle(self, self.function)
        return self._took()

    def _took(self) -> bool:
        try:
            self._begun.pop()
        except IndexError:
            return False
        return True


class Pool:
    """Threads that start on demand, up to `size`, and then take turns.

    One whose job nobody waits for any more, but which the author's code still blocks, is made up for by another: a hung
    upstream takes away the answers of those who asked it, and no others.
    """

    def __init__(self, size: int = 64) -> None:
        """Start nothing yet."""
        self._size = size
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._idle: deque[None] = deque()  # an item for each thread that waits; cheaper than a semaphore
        self._count = self._lost = 0  # threads; those of them that are given up
        self._lock = threading.Lock()

    def run(self, function: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Run a function in a thread, in the caller's context; await the future on the calling loop.

        Cancelling the future drops a job that has not begun; one that has begun runs on, unheard.
        """
        context = contextvars.copy_context()
        job = _Job(lambda: context.run(function, *args), self)
        self._jobs.put(job)
        try:
            self._idle.pop()
        except IndexError:
            with self._lock:
                self._grow()
        return job

    def replace_blocked_thread(self) -> None:
        """Count out the thread of a job that nobody waits for, and make up for it where it may be missed."""
        with self._lock:
            is_full = self._count - self._lost >= self._size
            if self._lost < _LOST * self._size:
                self._lost += 1
                if is_full:
                    self._grow()

    def _grow(self) -> None:
        """Start a thread if there is room for one; the lock is held."""
        if self._count - self._lost < self._size:
            self._count += 1
            threading.Thread(target=self._work, name=f"worker-{self._count}", daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if not job.run() and not self._returns():
                return
            del job  # an idle thread must not hold on to a frame
            self._idle.append(None)

    def _returns(self) -> bool:
        """Count a thread in again that was given up; tell whether there is room for it."""
        with self._lock:
            self._lost -= bool(self._lost)
            has_room = self._count - self._lost <= self._size
            self._count -= not has_room
            return has_room


class UserLoop:
    """An event loop in a thread of its own, started at the first use."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Run a coroutine there, in the caller's context; await the future on the calling loop.

        Cancelling the future cancels the coroutine.
        """
        here = asyncio.get_running_loop()
        future: asyncio.Future[T] = here.create_future()
        there = self._started()
        context = contextvars.copy_context()

        def start() -> None:
            task = there.create_task(_contained(coroutine), context=context)
            task.add_done_callback(lambda done: _call(here, _copy_result, done, future))
            future.add_done_callback(lambda done: _call(there, task.cancel) if done.cancelled() else None)

        there.call_soon_threadsafe(start)
        return future

    def run_blocking(self, awaitable: Awaitable[T]) -> T:
        """Await something there and wait for it; for worker threads."""

        async def wait() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(wait(), self._started()).result()

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call a function there, soon; its result is lost."""
        _call(self._started(), function, *args)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._loop.set_exception_handler(_report)
                threading.Thread(target=_run, args=(self._loop,), name="async handlers", daemon=True).start()
        return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop for ever: a task of the author's that raises SystemExit stops it, but only for a moment."""
    while True:
        try:
            loop.run_forever()
        except BaseException as error:  # noqa: BLE001  # SystemExit and KeyboardInterrupt get through an event loop
            _report(loop, {"message": "A task tried to end the process", "exception": error})


async def _contained(coroutine: Coroutine[Any, Any, T]) -> T:
    """Keep what would stop the loop inside its task."""
    try:
        return await coroutine
    except (SystemExit, KeyboardInterrupt) as error:
        raise RuntimeError(sentence(error)) from error
    finally:
        leave_fork()


def _settle(future: asyncio.Future[Any], job: Callable[[], Any]) -> None:
    loop = future.get_loop()
    try:
        result = job()
    except BaseException as error:  # noqa: BLE001  # whatever the author's code raises is its caller's to judge
        leave_fork()
        _call(loop, _fail, future, error)
    else:
        leave_fork()
        _call(loop, _succeed, future, result)


def _succeed(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if future.done():
        return
    if not isinstance(error, Exception) or isinstance(error, StopIteration):  # futures and tasks take these for theirs
        wrapped = RuntimeError(sentence(error))
        wrapped.__cause__ = error
        error = wrapped
    future.set_exception(error)


def _copy_result(task: asyncio.Task[Any], future: asyncio.Future[Any]) -> None:
    if task.cancelled():  # by its caller, who is gone, or else by the author's code
        _fail(future, asyncio.CancelledError("the handler cancelled itself"))
        return
    error = task.exception()
    if error is not None:
        _fail(future, error)
    else:
        _succeed(future, task.result())


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *args: object) -> None:
    """Call a function on a loop that may have ended already."""
    try:
        loop.call_soon_threadsafe(function, *args)
    except RuntimeError:
        return


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    import logging  # noqa: PLC0415  # only for failures

    error = context.get("exception")
    logging.getLogger("gfruntime").error(context["message"], exc_info=error, extra={"loop": repr(loop)})
