"""Iterators of the author's, brought to the control loop: bounded, cancellable, and never in its way.

A sync iterator gets a thread of its own, not one of the pool's: a stream may last for days. An async one runs as one
task on the loop for `async def` handlers, so that timeouts and task groups may span its `yield`s. Either is at most
`AHEAD` items ahead of whoever reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.errors import sentence
from gfruntime.serving.workers import leave_fork

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from gfruntime.serving.workers import UserLoop

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 16
_END = object()


async def in_thread(
    make: Callable[[], Iterable[T]], encode: Callable[[T], R], *, loop: UserLoop, name: str = "stream"
) -> AsyncIterator[R]:
    """Iterate over what `make` returns in a new thread, in the caller's context, and encode each item there.

    When the reader stops, the iterator is closed at its next item: a generator's `finally` runs.
    """
    here, queue = asyncio.get_running_loop(), asyncio.Queue[Any]()
    seats, is_over = threading.Semaphore(AHEAD), threading.Event()

    def put(item: object, error: BaseException | None = None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody reads
            here.call_soon_threadsafe(queue.put_nowait, (item, error))

    def produce() -> None:
        try:
            with _closing(_sync(make(), loop)) as items:
                for item in items:
                    leave_fork()
                    encoded = encode(item)
                    seats.acquire()
                    if is_over.is_set():
                        break
                    put(encoded)
            put(_END)
        except BaseException as error:  # noqa: BLE001  # whatever the author's code raises is the reader's to judge
            put(_END, error)

    threading.Thread(target=contextvars.copy_context().run, args=(produce,), name=name, daemon=True).start()
    try:
        while True:
            item, error = await queue.get()
            if item is _END:
                _raise(error)
                return
            seats.release()
            yield item
    finally:
        is_over.set()
        seats.release()


async def on_loop(
    make: Callable[[], Awaitable[AsyncIterable[T]]], encode: Callable[[T], R], *, loop: UserLoop
) -> AsyncIterator[R]:
    """Iterate over what `make` gives on the loop for `async def` handlers, as one task.

    When the reader stops, that task is cancelled, wherever in the author's code it is.
    """
    queue, seats = asyncio.Queue[Any](), asyncio.Semaphore(AHEAD)
    here = asyncio.get_running_loop()

    async def produce() -> None:
        async with _aclosing(await make()) as items:
            async for item in items:
                encoded = encode(item)
                await seats.acquire()
                here.call_soon_threadsafe(queue.put_nowait, encoded)

    def end(done: asyncio.Future[None]) -> None:
        queue.put_nowait(_END)
        _ = done.cancelled() or done.exception()  # read, even if nobody awaits it

    task = loop.run(produce())
    task.add_done_callback(end)
    try:
        while (item := await queue.get()) is not _END:
            loop.call(seats.release)
            yield item
        await task
    finally:
        task.cancel()


async def merged(iterators: Iterable[AsyncIterator[T]], *, at_once: int) -> AsyncIterator[T]:
    """Read several iterators side by side, and give their items as they come."""
    queue, seats, room = asyncio.Queue[Any](), asyncio.Semaphore(at_once), asyncio.Semaphore(AHEAD)

    async def pump(items: AsyncIterator[T]) -> None:
        async with seats, _aclosing(items) as iterator:
            async for item in iterator:
                await room.acquire()
                queue.put_nowait(item)

    async def pump_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for items in iterators:
                    group.create_task(pump(items))
        finally:
            queue.put_nowait(_END)

    task = asyncio.create_task(pump_all())
    try:
        while (item := await queue.get()) is not _END:
            room.release()
            yield item
        await task
    finally:
        task.cancel()


def _sync(made: Any, loop: UserLoop) -> Iterable[Any]:  # noqa: ANN401  # whatever the author's method returned
    """Read an async iterator from a thread, should a method that looks sync return one."""
    if inspect.isawaitable(made):
        made = loop.run_blocking(made)
    return _blocking(aiter(made), loop) if hasattr(made, "__aiter__") else made


def _blocking(items: AsyncIterator[T], loop: UserLoop) -> Iterator[T]:
    try:
        while True:
            try:
                yield loop.run_blocking(anext(items))
            except StopAsyncIteration:
                return
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            loop.run_blocking(close())


@contextlib.contextmanager
def _closing(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """Close an iterator at the end, if it can be closed, as generators and files can."""
    iterator = iter(items)
    try:
        yield iterator
    finally:
        for closable in {id(iterator): iterator, id(items): items}.values():
            close = getattr(closable, "close", None)
            if close is not None:
                close()


@contextlib.asynccontextmanager
async def _aclosing(items: AsyncIterable[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close an async iterator at the end, if it can be closed, as generators can."""
    iterator = aiter(items)
    try:
        yield iterator
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


def _raise(error: BaseException | None) -> None:
    if error is None:
        return
    if isinstance(error, Exception) and not isinstance(error, (StopIteration, StopAsyncIteration)):
        raise error
    raise RuntimeError(sentence(error)) from error
