"""Runs the author's methods: `def` in a thread of the pool, `async def` on the user loop."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.calls.instances import Instances
from gfruntime.serving.forks import leave_fork
from gfruntime.serving.threads import ThreadPool, UserLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gfruntime.author.author_class import Author
    from gfruntime.calls.instances import InstanceSource

T = TypeVar("T")

_RESERVE = 8  # threads for health checks


class Runner:
    """Runs the author's methods: `def` in the pool, `async def` on the user loop."""

    def __init__(self, author: Author, *, threads: int) -> None:
        """Prepare the pools and the loop; they start at the first use."""
        self.author = author
        self.loop = UserLoop()
        self.instances = Instances(self._dispose, start=self._start)
        self._pool = ThreadPool(threads)
        self._reserve = ThreadPool(_RESERVE)

    async def run(self, method: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function on the user loop, or in a thread, where it blocks instead of waiting.

        `instance`, `block` and `await_if_needed` work in both places.
        """
        if method in self.author.async_methods:
            return await self.loop.run(work)
        return await self._pool_for(method).run(run_here, work)

    async def call(self, method: str, source: InstanceSource, *arguments: object) -> object:
        """Call a method of the instance."""
        return await self.apply(method, source, lambda instance: getattr(instance, method)(*arguments))

    async def apply(self, method: str, source: InstanceSource, function: Callable[[Any], object]) -> object:
        """Call a function with the instance in the place where the method runs."""

        async def work() -> object:
            return await self.await_if_needed(function(await self.instance(source, method)))

        return await self.run(method, work)

    async def call_static(self, method: str, *arguments: object) -> object:
        """Call a static method of the class; no data source and no instance is needed."""

        async def work() -> object:
            return await self.await_if_needed(getattr(self.author.make, method)(*arguments))

        return await self.run(method, work)

    async def instance(self, source: InstanceSource, method: str) -> Any:  # noqa: ANN401  # the author's class
        """Return the instance, or create it."""
        instance = self.instances.peek(source)
        if instance is not None:
            return instance
        return await self.block(lambda: self.instances.acquire(source), method)

    async def block(self, function: Callable[[], T], method: str) -> T:
        """Call a function that may block: in a thread of the pool if called on the event loop, else in this thread."""
        return await self._pool_for(method).run(function) if self.loop.is_current() else function()

    async def await_if_needed(self, result: Any) -> Any:  # noqa: ANN401
        """Await a method's result if it is awaitable; the result of a decorated `def` can also be awaitable.

        If the method forked, and the child returns from it, the child ends here: it shares the loop's wake-up pipe with
        the plugin, and would read its wake-up bytes.
        """
        try:
            if not inspect.isawaitable(result):
                return result
            return await result if self.loop.is_current() else self.loop.run_blocking(result)
        finally:
            leave_fork()

    def _pool_for(self, method: str) -> ThreadPool:
        """Return the pool for a method: queries cannot use up the threads for health checks."""
        return self._reserve if method == "check_health" else self._pool

    def _start(self, instance: Any) -> None:  # noqa: ANN401  # the author's class
        """Start an instance; runs in a thread."""
        if "start" in self.author.methods:
            run_here(self.await_if_needed, instance.start())

    def _dispose(self, instance: Any) -> None:  # noqa: ANN401
        """Dispose of an instance; runs in its own thread."""
        if "dispose" in self.author.methods:
            run_here(self.await_if_needed, instance.dispose())


def run_here(function: Callable[..., Coroutine[Any, Any, T]], *arguments: object) -> T:
    """Run a coroutine that blocks instead of waiting; for worker threads."""
    try:
        function(*arguments).send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # the coroutine's result
    raise RuntimeError("the coroutine waits for an event loop, and there is none in this thread")
