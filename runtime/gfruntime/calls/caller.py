"""How the author's methods are called: each where it belongs, on the instance for the data source asked for."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.calls import iterate
from gfruntime.errors import PluginError, failure_of
from gfruntime.serving.methods import CallError
from gfruntime.serving.workers import Pool
from gfruntime.wire import error_details

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable

    from gfruntime.author.author_class import Author
    from gfruntime.calls.sources import Source
    from gfruntime.serving.workers import UserLoop

R = TypeVar("R")

_RESERVE = 8  # threads for health checks


class Caller:
    """Calls methods: `def` in the pool, `async def` on the loop for it, generators as `iterate` says."""

    def __init__(self, author: Author, *, pool: Pool, loop: UserLoop) -> None:
        """Keep where the author's code runs."""
        self.author = author
        self.pool = pool
        self.reserve = Pool(_RESERVE)
        self.loop = loop

    async def ask(self, name: str, source: Source, *arguments: object, **named: object) -> object:
        """Call a method of the instance; a health check in threads that no query can keep busy."""
        pool = self.reserve if name == "check_health" else self.pool
        if name in self.author.async_methods:

            async def call() -> object:
                instance = await source.acquire_async(pool)
                return await getattr(instance, name)(*arguments, **named)

            return await self.loop.run(call())
        return await pool.run(lambda: self.await_if_needed(getattr(source.acquire(), name)(*arguments, **named)))

    async def ask_class(self, name: str, *arguments: object) -> object:
        """Call a static method of the class: there may be no data source, and so no instance."""
        method = getattr(self.author.make, name)
        if name in self.author.async_methods:
            return await self.loop.run(method(*arguments))
        return await self.pool.run(lambda: self.await_if_needed(method(*arguments)))

    def iterate(self, name: str, source: Source, *arguments: object, encode: Callable[[Any], R]) -> AsyncIterator[R]:
        """Call a generator method of the instance, and encode its items where they are made."""
        if name in self.author.async_methods:

            async def start() -> AsyncIterable[Any]:
                made = getattr(await source.acquire_async(self.pool), name)(*arguments)
                return _async_iterable(await made if inspect.isawaitable(made) else made, name)

            return iterate.on_loop(start, encode, loop=self.loop)
        return iterate.in_thread(
            lambda: _iterable(getattr(source.acquire(), name)(*arguments), name), encode, loop=self.loop, name=name
        )

    def body(self, chunks: Any, encode: Callable[[Any], R]) -> AsyncIterator[R]:  # noqa: ANN401  # any iterable
        """Iterate over what a method has already returned."""
        if hasattr(chunks, "__aiter__"):

            async def start() -> AsyncIterable[Any]:
                return chunks  # type: ignore[no-any-return]  # looked at above

            return iterate.on_loop(start, encode, loop=self.loop)
        return iterate.in_thread(lambda: chunks, encode, loop=self.loop, name="response")

    def await_if_needed(self, result: Any) -> object:  # noqa: ANN401
        """Await what a method that looks sync returned, such as an async one behind a decorator."""
        return self.loop.run_blocking(result) if inspect.isawaitable(result) else result


def call_error(error: BaseException) -> CallError:
    """Make an exception the failure of its whole call; one that the author marked says who is to blame."""
    if isinstance(error, CallError):
        return error
    failure = failure_of(error)
    is_marked = isinstance(error, PluginError) or failure.source == "downstream"
    details = error_details(failure.message, source=failure.source) if is_marked else b""
    return CallError(failure.message, details=details)


def _iterable(made: Any, name: str) -> Iterable[Any]:  # noqa: ANN401
    if hasattr(made, "__iter__") or hasattr(made, "__aiter__") or inspect.isawaitable(made):
        return made  # type: ignore[no-any-return]
    raise TypeError(f"{name} returned {type(made).__name__}; expected a generator")


def _async_iterable(made: Any, name: str) -> AsyncIterable[Any]:  # noqa: ANN401
    if hasattr(made, "__aiter__"):
        return made  # type: ignore[no-any-return]
    if hasattr(made, "__iter__"):
        return _each(made)
    raise TypeError(f"{name} returned {type(made).__name__}; expected an async generator")


async def _each(items: Iterable[R]) -> AsyncIterator[R]:
    for item in items:
        yield item
