"""The author's work elsewhere: a future of the control loop for what runs in a thread, or on another loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from gfruntime.errors import sentence
from gfruntime.logs import places
from gfruntime.serving.forks import leave_fork

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

T = TypeVar("T")


class Work(asyncio.Future[Any]):
    """The result to come of the author's code; who cancels it hears where that code stood."""

    def __init__(self) -> None:
        """Belong to the call of this context, if there is one."""
        super().__init__(loop=asyncio.get_running_loop())
        self._places = places.current()

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401  # as its base
        """Note where the author's code stands, and cancel."""
        if self._places is not None and not self.done():
            self._places.note()
        return super().cancel(msg)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Say that the author's code runs in this thread or task."""
        if self._places is None:
            yield
            return
        run = self._places.begin()
        try:
            yield
        finally:
            self._places.end(run)


async def settle_async(future: Work, function: Callable[..., Awaitable[T]], *args: object) -> None:
    """Await a coroutine function, and deliver; nothing that it raises stops the loop."""
    try:
        with future.running():
            result = await function(*args)
    except asyncio.CancelledError:  # by its caller, who waits no more, or else by the author's code
        _deliver(future, error=asyncio.CancelledError("the handler cancelled itself"))
    except BaseException as error:  # noqa: BLE001
        _deliver(future, error=error)
    else:
        _deliver(future, result)


def settle(future: asyncio.Future[T], function: Callable[[], T]) -> None:
    """Call a function, and deliver its result, or whatever it raises, which is its caller's to judge."""
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001
        _deliver(future, error=error)
    else:
        _deliver(future, result)


class Mailbox:
    """Calls that other threads want made on a loop: it is woken once for all that come before it looks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin empty."""
        self._loop = loop
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._is_awake = False

    def call(self, function: Callable[..., object], *args: Any) -> None:  # noqa: ANN401  # the function's own
        """Have a function called on the loop, soon.

        Raises: RuntimeError if the loop has ended.
        """
        self._calls.append((function, args))
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        self._is_awake = False  # before it looks: who comes later wakes the loop again
        for _ in range(len(self._calls)):
            function, args = self._calls.popleft()
            try:
                function(*args)
            except Exception as error:  # noqa: BLE001  # the others must be made
                self._loop.call_exception_handler({"message": "A call from another thread failed", "exception": error})


_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()


def mailbox(loop: asyncio.AbstractEventLoop) -> Mailbox:
    """Return the mailbox of a loop."""
    there = _mailboxes.get(loop)
    return there if there is not None else _mailboxes.setdefault(loop, Mailbox(loop))


def _deliver(future: asyncio.Future[Any], result: object = None, *, error: BaseException | None = None) -> None:
    """Give a future of another thread's loop its result; that loop may have ended."""
    leave_fork()
    with contextlib.suppress(RuntimeError):
        mailbox(future.get_loop()).call(_set, future, result, error)


def _set(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
        return
    if not isinstance(error, Exception) or isinstance(error, (StopIteration, StopAsyncIteration)):
        wrapped = RuntimeError(sentence(error))  # futures, tasks and generators take these for signals of their own
        wrapped.__cause__ = error
        error = wrapped
    future.set_exception(error)
