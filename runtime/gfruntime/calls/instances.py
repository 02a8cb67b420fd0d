"""Create, keep and dispose of the author's objects, one for each configured data source.

As in the Go SDK, one instance is created for each key and version, even under concurrent first requests; different keys
never wait for each other; a failure is not stored. When newer settings arrive, the old instance is disposed of 5 s
later, so that its calls can end. Unlike in the Go SDK, the old instance stays if the new one cannot be created.
If Grafana's toggle `ttlPluginInstanceManager` is on, an instance that was not used for an hour is disposed of.

Also unlike in the Go SDK, all values that the constructor receives are part of the version: a caller never gets an
instance that was created with other secrets. If several Grafanas use one data source in turns, each keeps its instance:
an instance whose settings are not older is disposed of only after a minute without calls.
Source: grafana-plugin-sdk-go v0.298.0, backend/instancemgmt and backend/datasource/instance_provider.go.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from gfruntime.calls.schedule import Schedule
from gfruntime.logs import masking
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_LOGGER = logging.getLogger("gfruntime")
_TTL_TOGGLE = "ttlPluginInstanceManager"
_TTL = 3600.0
_SWEEP = 7200.0
_IDLE = 12  # times `dispose_after`: an unused instance of other settings is kept so long
_MAX_SPARES = 8  # unused instances that are kept for one key


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """The identity of an instance: the data source, the tenant, and the proxy's client key."""

    data_source: str
    tenant: str = ""
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """The version of an instance's settings; `digest` is a hash of the settings, secrets included."""

    updated_ms: int
    config: Mapping[str, str] = field(repr=False)
    digest: bytes = field(default=b"", repr=False)

    @property
    def expires(self) -> bool:
        """Tell whether Grafana's toggle to dispose of unused instances is on."""
        return _TTL_TOGGLE in self.config.get("GF_INSTANCE_FEATURE_TOGGLES_ENABLE", "").split(",")


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class InstanceSource:
    """A call's data source in one version of its settings: a function that creates the instance, and the secrets."""

    key: InstanceKey
    version: Version
    make: Callable[[], Any]
    secrets: Callable[[], Sequence[str]] = tuple


@dataclass(slots=True, eq=False)
class _Slot:
    """The slot of one version's instance; entries of `callers` disappear when their calls end."""

    version: Version
    lock: threading.Lock = field(default_factory=threading.Lock)
    callers: WeakSet[InstanceSource] = field(default_factory=WeakSet)
    instance: Any = None
    secrets: Sequence[str] = ()  # masked in all texts as long as the instance lives
    is_removed: bool = False
    last_used_at: float = 0.0


class Instances:
    """The instances of this process. `acquire` runs the author's constructor and may block."""

    def __init__(
        self,
        dispose: Callable[[Any], None],
        *,
        start: Callable[[Any], None] = lambda _: None,
        dispose_after: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Store how to start and dispose of an instance; `dispose_after` and `clock` are in seconds."""
        self._start = start
        self._dispose = dispose
        self._dispose_after = dispose_after
        self._clock = clock
        self._schedule = Schedule("disposal")
        self._planned: set[InstanceKey | None] = set()  # keys whose clean-up is scheduled; None stands for the sweep
        self._lock = threading.Lock()
        self._slots: dict[InstanceKey, list[_Slot]] = {}

    def peek(self, source: InstanceSource) -> Any | None:  # noqa: ANN401  # the author's class
        """Return the instance without running the author's code; None if this version has no instance."""
        slot = _of_version(self._slots.get(source.key, ()), source.version)
        if slot is None or self._is_expired(slot):
            return None
        slot.callers.add(source)
        instance = slot.instance
        if slot.is_removed:  # removed by another thread
            return None
        slot.last_used_at = self._clock()
        return instance

    def acquire(self, source: InstanceSource) -> Any:  # noqa: ANN401
        """Return the instance, or create it; older instances are disposed of once the new one exists."""
        with self._lock:
            slots = self._slots.setdefault(source.key, [])
            slot = _of_version(slots, source.version)
            if slot is None:
                slot = _Slot(source.version)
                slots.append(slot)
            slot.callers.add(source)
        with slot.lock:
            instance = slot.instance
            if instance is None or self._is_expired(slot):
                instance = self._make(source)
                metrics.count_instance()
                self._fill(slot, source, instance)
            slot.last_used_at = self._clock()
        return instance

    def _make(self, source: InstanceSource) -> Any:  # noqa: ANN401
        """Create and start an instance; if the start fails, dispose of it, because it may hold open resources."""
        instance = source.make()
        try:
            self._start(instance)
        except BaseException:
            self._discard(instance, ())
            raise
        return instance

    def sweep(self) -> None:
        """Dispose of the instances that were not used for an hour, if Grafana's toggle is on."""
        with self._lock:
            for key, slots in list(self._slots.items()):
                for slot in [each for each in slots if self._is_expired(each)]:
                    _LOGGER.debug("Evicted instance %s", key)
                    self._remove(key, slot)

    def dispose_all(self) -> None:
        """Dispose of every instance; the process is about to end."""
        with self._lock:
            slots, self._slots = [slot for slots in self._slots.values() for slot in slots], {}
        for slot in slots:
            if slot.instance is not None:
                self._discard(slot.instance, slot.secrets)

    def __len__(self) -> int:
        """Count the instances in use."""
        return sum(slot.instance is not None for slots in list(self._slots.values()) for slot in list(slots))

    def _fill(self, slot: _Slot, source: InstanceSource, instance: Any) -> None:  # noqa: ANN401
        """Put an instance into its slot, and remove the instances that it replaces."""
        with self._lock:
            slots = self._slots.setdefault(source.key, [])
            self._remove(source.key, slot)  # with its expired instance, if any
            slots.append(slot)
            slot.instance, slot.is_removed, slot.last_used_at = instance, False, self._clock()
            slot.secrets = source.secrets()
            masking.keep(slot.secrets)
            for older in [each for each in slots if each.version.updated_ms < source.version.updated_ms]:
                if older.instance is not None:
                    self._remove(source.key, older)
            for spare in sorted(slots, key=_last_use)[: max(0, len(slots) - _MAX_SPARES)]:
                self._remove_unused(source.key, spare)
            if len(slots) > 1:
                self._schedule_cleanup(_IDLE * self._dispose_after, source.key)
            if source.version.expires:
                self._schedule_cleanup(_SWEEP, None)

    def _schedule_cleanup(self, seconds: float, key: InstanceKey | None) -> None:
        """Schedule a clean-up of a key's instances, or a sweep; the lock is held."""
        if key not in self._planned:
            self._planned.add(key)
            self._schedule.later(seconds, self._thin_out if key is not None else self._sweep_again, key)

    def _thin_out(self, key: InstanceKey) -> None:
        """Remove the instances of a key that no call has used for a while, except the last used instance."""
        with self._lock:
            self._planned.discard(key)
            slots = self._slots.get(key, [])
            for slot in sorted(slots, key=_last_use)[:-1]:
                if self._clock() - slot.last_used_at >= _IDLE * self._dispose_after:
                    self._remove_unused(key, slot)
            if len(slots) > 1:
                self._schedule_cleanup(_IDLE * self._dispose_after, key)

    def _remove_unused(self, key: InstanceKey, slot: _Slot) -> None:
        """Remove an instance unless a call uses it; the lock is held."""
        slot.is_removed = True  # first: a call that reads this slot later creates another instance
        if slot.callers:
            slot.is_removed = False
        else:
            self._remove(key, slot)

    def _remove(self, key: InstanceKey, slot: _Slot) -> None:
        """Remove a slot, and dispose of its instance later; the lock is held."""
        slots = self._slots[key]
        if slot in slots:
            slots.remove(slot)
        if slot.instance is not None:
            self._schedule.later(self._dispose_after, self._discard, slot.instance, slot.secrets)
        slot.instance, slot.is_removed = None, True

    def _is_expired(self, slot: _Slot) -> bool:
        return slot.instance is not None and slot.version.expires and self._clock() - slot.last_used_at > _TTL

    def _sweep_again(self, _key: None) -> None:
        self.sweep()
        with self._lock:
            self._planned.discard(None)
            self._schedule_cleanup(_SWEEP, None)

    def _discard(self, instance: Any, secrets: Sequence[str]) -> None:  # noqa: ANN401
        try:
            self._dispose(instance)
        except Exception:  # the author's code, outside of any request
            _LOGGER.exception("Disposing of an instance failed")
        masking.release(secrets)


def _of_version(slots: Iterable[_Slot], version: Version) -> _Slot | None:
    for slot in slots:
        if slot.version == version:
            return slot
    return None


def _last_use(slot: _Slot) -> float:
    return slot.last_used_at
