"""Where the author's code runs: a bounded pool of daemon threads for `def`, an event loop of its own for `async def`.

Neither ever blocks the control loop, which answers health checks, cancellations and Shutdown; neither keeps the process
alive. A `ThreadPoolExecutor` would: Python waits for its threads at exit.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")

_Job = tuple["Callable[[], Any]", "asyncio.Future[Any]"]


class Pool:
    """Threads that start on demand, up to `size`, and then take turns."""

    def __init__(self, size: int = 64) -> None:
        """Start nothing yet."""
        self._size = size
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._idle: deque[None] = deque()  # one item for each thread that waits; cheaper than a semaphore
        self._count = 0
        self._lock = threading.Lock()

    def run(self, function: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Run a function in a thread, in the caller's context; await the future on the calling loop.

        Cancelling the future drops a job that has not begun; one that has begun runs on, unheard.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        context = contextvars.copy_context()
        self._jobs.put((lambda: context.run(function, *args), future))
        try:
            self._idle.pop()
        except IndexError:
            self._grow()
        return future

    def _grow(self) -> None:
        with self._lock:
            if self._count >= self._size:
                return
            self._count += 1
        threading.Thread(target=self._work, name=f"worker-{self._count}", daemon=True).start()

    def _work(self) -> None:
        while True:
            job, future = self._jobs.get()
            if not future.cancelled():
                _settle(future, job)
            del job, future  # an idle thread must not hold on to a frame
            self._idle.append(None)


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
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


def _settle(future: asyncio.Future[Any], job: Callable[[], Any]) -> None:
    loop = future.get_loop()
    try:
        result = job()
    except BaseException as error:  # noqa: BLE001  # whatever the author's code raises is its caller's to judge
        _call(loop, _fail, future, error)
    else:
        _call(loop, _succeed, future, result)


def _succeed(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, (StopIteration, KeyboardInterrupt, SystemExit)):  # a future refuses or re-raises these
        wrapped = RuntimeError(f"{type(error).__name__}: {error}")
        wrapped.__cause__ = error
        error = wrapped
    future.set_exception(error)


def _copy_result(task: asyncio.Task[Any], future: asyncio.Future[Any]) -> None:
    if task.cancelled():
        future.cancel()
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
