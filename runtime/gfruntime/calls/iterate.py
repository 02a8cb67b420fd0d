"""Iterators of the author's code, read from the control loop: bounded, cancellable, and without blocking the loop.

A sync iterator gets its own thread, not a thread of the pool, because a stream may last for days. An async iterator
runs as one task on the loop for `async def` handlers, so that timeouts and task groups may span its `yield`s. Both run
at most `AHEAD` items ahead of their reader.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.calls.runner import run_here
from gfruntime.serving.forks import leave_fork
from gfruntime.serving.threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

    from gfruntime.calls.gates import GatePlace
    from gfruntime.calls.instances import InstanceSource
    from gfruntime.calls.runner import Runner

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 16
_END = object()


def call(
    method: str,
    source: InstanceSource,
    *arguments: object,
    runner: Runner,
    encode: Callable[[Any], R],
    place: GatePlace | None = None,
) -> AsyncGenerator[R, None]:
    """Call a generator method of the instance; each item is encoded where it is produced.

    A place at the upstream is held until the generator ends.
    """

    async def start() -> Any:  # noqa: ANN401  # whatever the author's method returns
        instance = await runner.instance(source, method)
        items = await runner.await_if_needed(getattr(instance, method)(*arguments))
        if not hasattr(items, "__aiter__") and not hasattr(items, "__iter__"):
            raise TypeError(f"{method} returned {type(items).__name__}; expected a generator")
        return items

    is_async = method in runner.author.async_methods
    return _read(start, encode, runner=runner, name=method, is_async=is_async, place=place)


def body(chunks: Any, *, runner: Runner, encode: Callable[[Any], R]) -> AsyncGenerator[R, None]:  # noqa: ANN401  # any iterable
    """Iterate over the result that a method has returned."""

    async def start() -> Any:  # noqa: ANN401
        return chunks

    return _read(start, encode, runner=runner, name="response", is_async=hasattr(chunks, "__aiter__"))


async def merge(iterators: Iterable[AsyncGenerator[T, None]], *, at_once: int) -> AsyncGenerator[T, None]:
    """Read several iterators at once; yield their items in the order in which they arrive."""
    queue, limit, room = asyncio.Queue[Any](), asyncio.Semaphore(at_once), asyncio.Semaphore(AHEAD)

    async def read(items: AsyncGenerator[T, None]) -> None:
        async with limit, aclosing(items) as iterator:
            async for item in iterator:
                await room.acquire()
                queue.put_nowait(item)

    async def read_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for items in iterators:
                    group.create_task(read(items))
        finally:
            queue.put_nowait(_END)

    task = asyncio.create_task(read_all())
    try:
        while (item := await queue.get()) is not _END:
            room.release()
            yield item
        await task
    finally:
        task.cancel()


async def _read(
    start: Callable[[], Awaitable[Any]],
    encode: Callable[[Any], R],
    *,
    runner: Runner,
    name: str,
    is_async: bool,
    place: GatePlace | None = None,
) -> AsyncGenerator[R, None]:
    """Iterate over the result of `start` where the author's code runs, and encode each item there.

    When the reader stops, an async iterator's task is cancelled at once. An iterator in a thread is closed at its next
    item: a generator's `finally` runs.
    """
    here, queue = asyncio.get_running_loop(), asyncio.Queue[Any]()
    room = asyncio.Semaphore(AHEAD) if is_async else threading.Semaphore(AHEAD)
    is_over = threading.Event()

    async def produce() -> None:
        async with aclosing(_items(await start(), runner)) as items:
            async for item in items:
                leave_fork()
                message = encode(item)
                await runner.await_if_needed(room.acquire())
                if is_over.is_set():
                    break
                here.call_soon_threadsafe(queue.put_nowait, message)

    def end(future: asyncio.Future[None]) -> None:
        queue.put_nowait(_END)
        _ = future.cancelled() or future.exception()  # read the exception, else asyncio warns that nothing retrieved it

    work = produce if place is None else partial(place.run, produce)
    try:
        task = runner.loop.run(work) if is_async else run_in_thread(partial(run_here, work), name=name)
    except RuntimeError:  # the system has no free thread
        if place is not None:
            place.release()
        raise
    task.add_done_callback(end)
    make_room = partial(runner.loop.call, room.release) if is_async else room.release
    try:
        while (item := await queue.get()) is not _END:
            make_room()
            yield item
        await task
    finally:
        is_over.set()
        if place is not None and not task.done():
            place.abandon()
        task.cancel()
        make_room()


async def _items(items: Any, runner: Runner) -> AsyncGenerator[Any, None]:  # noqa: ANN401  # any iterable
    """Iterate over any iterable, even an async iterable in a thread, and close it at the end if possible."""
    if hasattr(items, "__aiter__"):
        iterator = aiter(items)
        try:
            while True:
                try:
                    item = await runner.await_if_needed(anext(iterator))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            await _close(iterator, "aclose", runner)
    iterator = iter(items)
    try:
        for item in iterator:
            yield item
    finally:
        for closable in {id(iterator): iterator, id(items): items}.values():
            await _close(closable, "close", runner)


async def _close(closable: Any, how: str, runner: Runner) -> None:  # noqa: ANN401
    close = getattr(closable, how, None)
    if close is not None:
        await runner.await_if_needed(close())
