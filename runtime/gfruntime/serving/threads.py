"""The threads of the author's code: a limited pool of daemon threads for `def`, a separate event loop for `async def`.

They do not block the control loop, which answers health checks, cancellations and Shutdown. They do not keep the
process alive, unlike the threads of a `ThreadPoolExecutor`, for which Python waits at exit.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.serving.work import Work, mailbox, settle, settle_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")

_MOST_BLOCKED = 4  # blocked threads are replaced up to this many times the pool's size


class _Job(Work):
    """A function for a thread of the pool, and its future result."""

    def __init__(self, function: Callable[[], Any], pool: ThreadPool) -> None:
        super().__init__()
        self.function, self._pool = function, pool
        self._runs: list[None] = []  # one item while the function runs; the thread and the canceller race to remove it

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401  # as its base
        """Cancel; if a thread runs the function, replace that thread."""
        is_cancelled = super().cancel(msg)
        if is_cancelled:
            self._pool.replace_blocked_thread(self)
        return is_cancelled

    def run(self) -> bool:
        """Run the function unless the job is cancelled; return False if the thread was replaced."""
        self._runs.append(None)
        if not self.cancelled():
            with self.running():
                settle(self, self.function)
        return self.remove_run()

    def remove_run(self) -> bool:
        """Remove the mark of a run; return False if it was removed before."""
        try:
            self._runs.pop()
        except IndexError:
            return False
        return True


class ThreadPool:
    """Threads that start on demand, up to `size`.

    If a job is cancelled while the author's code still blocks its thread, another thread replaces it: a hung upstream
    affects only the queries that use it.
    """

    def __init__(self, size: int = 64) -> None:
        """Store the size; threads start on demand."""
        self._size = size
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._idle: deque[None] = deque()  # one item for each idle thread; cheaper than a semaphore
        self._unmatched: deque[None] = deque()  # one item for each job without an idle or a new thread
        self._count = self._blocked = 0  # threads; blocked threads that were replaced
        self._lock = threading.Lock()

    def run(self, function: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Run a function in a thread, in the caller's context; await the future on the calling loop.

        Cancelling the future drops a job that has not begun; a job that has begun continues, and its result is ignored.
        Raises: RuntimeError if no thread runs, and the system can't start one.
        """
        context = contextvars.copy_context()
        job = _Job(lambda: context.run(function, *args), self)
        try:
            self._idle.pop()
        except IndexError:
            with self._lock:
                if not self._start_thread():
                    self._unmatched.append(None)
        self._jobs.put(job)
        return job

    def replace_blocked_thread(self, job: _Job) -> None:
        """Stop counting the worker thread that runs a job, and start another if the pool is full."""
        with self._lock:
            is_full = self._count - self._blocked >= self._size
            if self._blocked < _MOST_BLOCKED * self._size and job.remove_run():
                self._blocked += 1
                if is_full:
                    with contextlib.suppress(RuntimeError):  # the next job tries again
                        self._start_thread()

    def _start_thread(self) -> bool:
        """Start a thread below the limit; the lock is held. If the start fails, the other threads must do the work."""
        if self._count - self._blocked >= self._size:
            return False
        try:
            threading.Thread(target=self._work, name=f"worker-{self._count + 1}", daemon=True).start()
        except RuntimeError:
            if self._count <= self._blocked:
                raise
            return False
        self._count += 1
        return True

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if not job.run() and not self._readmit_thread():
                return
            del job  # an idle thread must not keep a frame alive
            try:
                self._unmatched.pop() if self._unmatched else self._idle.append(None)
            except IndexError:  # another thread took it
                self._idle.append(None)

    def _readmit_thread(self) -> bool:
        """Count a blocked thread again; return whether the limit allows it."""
        with self._lock:
            self._blocked -= 1
            has_room = self._count - self._blocked <= self._size
            self._count -= not has_room
            return has_room


class UserLoop:
    """An event loop in a separate thread, started at the first use."""

    def __init__(self) -> None:
        """Prepare the loop; the thread starts at the first use."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None  # created late: a thread can't start after a fork

    def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: object) -> asyncio.Future[T]:
        """Run a coroutine function on this loop, in the caller's context; await the future on the calling loop.

        Cancelling the future cancels the coroutine.
        """
        future = Work()
        loop, tasks = self._running_loop(), list[asyncio.Task[None]]()

        def cancel(future_of_caller: asyncio.Future[T]) -> None:
            if future_of_caller.cancelled():
                loop.call_soon_threadsafe(lambda: tasks[0].cancel())  # noqa: PLW0108  # it is there by then

        begin = contextvars.copy_context().run
        mailbox(loop).call(begin, lambda: tasks.append(loop.create_task(settle_async(future, function, *args))))
        future.add_done_callback(cancel)
        return future

    def run_blocking(self, awaitable: Awaitable[T]) -> T:
        """Await something on this loop and block until it is done; for worker threads."""

        async def wait() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(wait(), self._running_loop()).result()

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call a function on this loop, soon; its result is ignored."""
        self._running_loop().call_soon_threadsafe(function, *args)

    def is_current(self) -> bool:
        """Tell whether this code runs on this loop, and therefore must not block."""
        return self._thread is not None and threading.get_ident() == self._thread.ident

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._loop.set_exception_handler(_report)
            if self._thread is None:
                thread = threading.Thread(target=self._run_forever, name="async handlers", daemon=True)
                thread.start()  # if that fails, the next call tries again
                self._thread = thread
        return self._loop

    def _run_forever(self) -> None:
        """Run the loop for ever: if a task of the author raises SystemExit, start it again."""
        assert self._loop is not None  # noqa: S101  # as above
        while True:
            try:
                self._loop.run_forever()
            except BaseException as error:  # noqa: BLE001  # SystemExit and KeyboardInterrupt get through a loop
                _report(self._loop, {"message": "A task tried to end the process", "exception": error})


def run_in_thread(function: Callable[[], Any], *, name: str) -> asyncio.Future[Any]:
    """Run a function in a new daemon thread, in the caller's context; cancelling the future does not stop it."""
    future = Work()

    def run() -> None:
        with future.running():
            settle(future, function)

    threading.Thread(target=contextvars.copy_context().run, args=(run,), name=name, daemon=True).start()
    return future


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    import logging  # noqa: PLC0415  # only for failures

    error = context.get("exception")
    logging.getLogger("gfruntime").error(context["message"], exc_info=error, extra={"loop": repr(loop)})
