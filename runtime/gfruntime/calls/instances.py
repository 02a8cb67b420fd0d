"""The author's objects, one per configured data source: made, kept, called where their methods belong, disposed of.

Rules of the Go SDK: created once per key even under concurrent first requests; different keys never wait for each
other; a failure is not remembered; the old instance is disposed of 5 s after the new one took its place, so that calls
still running on it may end. Unlike there, a failed replacement leaves the old instance whole. Where Grafana's toggle
`ttlPluginInstanceManager` is on, an instance that was not used for an hour is disposed of.
Source: grafana-plugin-sdk-go v0.298.0, backend/instancemgmt and backend/datasource/instance_provider.go.
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.serving import workers
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from gfruntime.author.author_class import Author

T = TypeVar("T")

_LOGGER = logging.getLogger("gfruntime")
_TTL_TOGGLE = "ttlPluginInstanceManager"
_TTL = 3600.0
_SWEEP = 7200.0
_RESERVE = 8  # threads for health checks


@dataclass(frozen=True, slots=True)
class Key:
    """What tells one instance from another: the data source, the tenant, and the proxy's client key."""

    data_source: str
    tenant: str = ""
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """What makes an instance outdated when it differs."""

    updated_ms: int
    config: Mapping[str, str] = field(repr=False)

    @property
    def expires(self) -> bool:
        """Tell whether Grafana wants instances that nobody uses to go."""
        return _TTL_TOGGLE in self.config.get("GF_INSTANCE_FEATURE_TOGGLES_ENABLE", "").split(",")


@dataclass(frozen=True, slots=True)
class Source:
    """One configured data source in one version of its settings, and how to make the author's object for it."""

    key: Key
    version: Version
    make: Callable[[], Any]


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    version: Version | None = None
    instance: Any = None
    used: float = 0.0


class Instances:
    """The instances of this process. `acquire` runs the author's constructor and may block."""

    def __init__(
        self,
        dispose: Callable[[Any], None],
        *,
        dispose_after: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep how to dispose of an instance; `dispose_after` is in seconds, as what the clock gives."""
        self._dispose = dispose
        self._dispose_after = dispose_after
        self._clock = clock
        self._sweeper: threading.Timer | None = None
        self._lock = threading.Lock()
        self._slots: dict[Key, _Slot] = {}

    def peek(self, source: Source) -> Any | None:  # noqa: ANN401  # the author's class
        """Return the instance without ever running the author's code; None when there is none of this version."""
        slot = self._slots.get(source.key)
        if slot is None or slot.version != source.version or self._is_expired(slot):
            return None
        slot.used = self._clock()
        return slot.instance

    def acquire(self, source: Source) -> Any:  # noqa: ANN401
        """Return the instance, or make it; an outdated one is disposed of once the new one exists."""
        with self._lock:
            slot = self._slots.setdefault(source.key, _Slot())
        with slot.lock:
            if slot.version == source.version and not self._is_expired(slot):
                slot.used = self._clock()
                return slot.instance
            instance = source.make()
            metrics.instance_made()
            old, is_first = slot.instance, slot.version is None
            slot.instance, slot.version, slot.used = instance, source.version, self._clock()
        if not is_first:
            self._later(self._dispose_after, self._discard, old)
        if source.version.expires:
            self._sweep_later()
        return instance

    def sweep(self) -> None:
        """Dispose of the instances that nobody has used for an hour, where Grafana wants that."""
        with self._lock:
            slots = list(self._slots.items())
        for key, slot in slots:
            with slot.lock:
                if slot.version is None or not self._is_expired(slot):
                    continue
                old, slot.instance, slot.version = slot.instance, None, None
            _LOGGER.debug("Evicted instance %s", key)
            self._later(self._dispose_after, self._discard, old)

    def dispose_all(self) -> None:
        """Dispose of every instance; the process is about to end."""
        with self._lock:
            slots, self._slots = list(self._slots.values()), {}
        for slot in slots:
            if slot.version is not None:
                self._discard(slot.instance)

    def __len__(self) -> int:
        """Count the instances in use."""
        return sum(slot.version is not None for slot in list(self._slots.values()))

    def _is_expired(self, slot: _Slot) -> bool:
        return slot.version is not None and slot.version.expires and self._clock() - slot.used > _TTL

    def _sweep_later(self) -> None:
        """Sweep every two hours, from the first instance that may expire."""
        with self._lock:
            if self._sweeper is None:
                self._sweeper = self._later(_SWEEP, self._sweep_again)

    def _sweep_again(self) -> None:
        self.sweep()
        with self._lock:
            self._sweeper = None
        self._sweep_later()

    def _later(self, seconds: float, function: Callable[..., None], *args: object) -> threading.Timer:
        timer = threading.Timer(seconds, function, args)
        timer.daemon = True
        timer.start()
        return timer

    def _discard(self, instance: Any) -> None:  # noqa: ANN401
        try:
            self._dispose(instance)
        except Exception:  # the author's code, on no request's behalf
            _LOGGER.exception("Disposing of an instance failed")


class Runner:
    """Runs the author's methods: `def` in the pool, `async def` on the loop for it."""

    def __init__(self, author: Author, *, threads: int) -> None:
        """Start nothing yet."""
        self.author = author
        self.loop = workers.UserLoop()
        self.instances = Instances(self._dispose)
        self._pool = workers.Pool(threads)
        self._reserve = workers.Pool(_RESERVE)

    async def run(self, method: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function where a method belongs: on the loop, or in a thread, where it never waits.

        It comes to the same for both by way of `instance`, `block` and `await_if_needed`.
        """
        if method in self.author.async_methods:
            return await self.loop.run(work)
        return await self._pool_for(method).run(run_here, work)

    async def call(self, method: str, source: Source, *arguments: object, **named: object) -> object:
        """Call a method of the instance."""

        async def work() -> object:
            instance = await self.instance(source, method)
            return await self.await_if_needed(getattr(instance, method)(*arguments, **named))

        return await self.run(method, work)

    async def call_static(self, method: str, *arguments: object) -> object:
        """Call a static method of the class: there may be no data source, and so no instance."""

        async def work() -> object:
            return await self.await_if_needed(getattr(self.author.make, method)(*arguments))

        return await self.run(method, work)

    async def instance(self, source: Source, method: str) -> Any:  # noqa: ANN401  # the author's class
        """Return the instance, or make it."""
        instance = self.instances.peek(source)
        if instance is not None:
            return instance
        return await self.block(lambda: self.instances.acquire(source), method)

    async def block(self, function: Callable[[], T], method: str) -> T:
        """Call a function that may block: right here in a thread, else in one of the pool."""
        return await self._pool_for(method).run(function) if self.loop.is_current() else function()

    async def await_if_needed(self, result: Any) -> Any:  # noqa: ANN401
        """Await what a method returned, if it is awaitable; that of a `def` behind a decorator may be, too."""
        if not inspect.isawaitable(result):
            return result
        return await result if self.loop.is_current() else self.loop.run_blocking(result)

    def _pool_for(self, method: str) -> workers.Pool:
        """Return the threads for a method: no query can keep those for health checks busy."""
        return self._reserve if method == "check_health" else self._pool

    def _dispose(self, instance: Any) -> None:  # noqa: ANN401
        """Dispose of an instance; runs in a thread of its own."""
        if "dispose" in self.author.methods:
            run_here(self.await_if_needed, instance.dispose())


def run_here(function: Callable[..., Coroutine[Any, Any, T]], *arguments: object) -> T:
    """Run a coroutine that never waits, since it blocks instead; for worker threads."""
    try:
        function(*arguments).send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # the coroutine's result
    raise RuntimeError("the coroutine waits for an event loop, and there is none in this thread")
