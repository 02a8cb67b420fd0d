"""A future on the control loop for the author's code in a thread, or on another loop."""

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
    """The future result of the author's code; a cancellation logs the place of that code."""

    def __init__(self) -> None:
        """Attach the future to the current call, if any."""
        super().__init__(loop=asyncio.get_running_loop())
        self._places = places.current()

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401  # as its base
        """Store the place of the author's code, and cancel."""
        if self._places is not None and not self.done():
            self._places.store_places()
        return super().cancel(msg)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Mark this thread or task as running the author's code, for a block."""
        if self._places is None:
            yield
            return
        run = self._places.begin()
        try:
            yield
        finally:
            self._places.end(run)


async def settle_async(future: Work, function: Callable[..., Awaitable[T]], *args: object) -> None:
    """Await a coroutine function, and deliver its result; an exception does not stop the loop."""
    try:
        with future.running():
            result = await function(*args)
    except asyncio.CancelledError:  # by its caller, or by the author's code
        _deliver(future, error=asyncio.CancelledError("the handler cancelled itself"))
    except BaseException as error:  # noqa: BLE001
        _deliver(future, error=error)
    else:
        _deliver(future, result)


def settle(future: asyncio.Future[T], function: Callable[[], T]) -> None:
    """Call a function, and deliver its result or its exception, which its caller handles."""
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001
        _deliver(future, error=error)
    else:
        _deliver(future, result)


class Mailbox:
    """Calls that other threads request on a loop, which is woken once for all of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Create an empty mailbox."""
        self._loop = loop
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._is_awake = False

    def call(self, function: Callable[..., object], *args: Any) -> None:  # noqa: ANN401  # the function's own
        """Call a function on the loop, soon.

        Raises: RuntimeError if the loop has ended.
        """
        self._calls.append((function, args))
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        self._is_awake = False  # before reading: later calls wake the loop again
        for _ in range(len(self._calls)):
            function, args = self._calls.popleft()
            try:
                function(*args)
            except Exception as error:  # noqa: BLE001  # the others must be made
                self._loop.call_exception_handler({"message": "A call from another thread failed", "exception": error})


_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()


def mailbox(loop: asyncio.AbstractEventLoop) -> Mailbox:
    """Return the mailbox of a loop."""
    box = _mailboxes.get(loop)
    return box if box is not None else _mailboxes.setdefault(loop, Mailbox(loop))


def _deliver(future: asyncio.Future[Any], result: object = None, *, error: BaseException | None = None) -> None:
    """Set the result of a future on another thread's loop, which may have ended."""
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
        runtime_error = RuntimeError(sentence(error))  # futures, tasks and generators use these as signals
        runtime_error.__cause__ = error
        error = runtime_error
    future.set_exception(error)
