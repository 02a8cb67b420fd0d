"""One object of the author's class per configured data source, replaced when its settings change.

Rules of the Go SDK: created once per key even under concurrent first requests; different keys never wait for each
other; a failure is not remembered; the old instance is disposed of 5 s after the new one took its place, so that calls
still running on it may end. Unlike there, a failed replacement leaves the old instance whole. Where Grafana's toggle
`ttlPluginInstanceManager` is on, an instance that was not used for an hour is disposed of.
Source: grafana-plugin-sdk-go v0.298.0, backend/instancemgmt and backend/datasource/instance_provider.go.
"""

from __future__ import annotations

import base64
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOGGER = logging.getLogger("gfruntime")
_KEY_LABEL = "PRIVATE KEY"
_TTL_TOGGLE = "ttlPluginInstanceManager"
_TTL = 3600.0
_SWEEP = 7200.0


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

    def peek(self, key: Key, version: Version) -> Any | None:  # noqa: ANN401  # the author's class
        """Find the instance without ever running the author's code; None when there is none of this version."""
        slot = self._slots.get(key)
        if slot is None or slot.version != version or self._is_expired(slot):
            return None
        slot.used = self._clock()
        return slot.instance

    def acquire(self, key: Key, version: Version, make: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Find the instance, or make it; an outdated one is disposed of once the new one exists."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
        with slot.lock:
            if slot.version == version and not self._is_expired(slot):
                slot.used = self._clock()
                return slot.instance
            instance = make()
            metrics.instance_made()
            old, is_first = slot.instance, slot.version is None
            slot.instance, slot.version, slot.used = instance, version, self._clock()
        if not is_first:
            self._later(self._dispose_after, self._discard, old)
        if version.expires:
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


def proxy_hash(config: Mapping[str, str]) -> str:
    """Tell proxy client keys apart by the end of their bytes, as the Go SDK's cache key does; empty without one."""
    pem = config.get("GF_SECURE_SOCKS_DATASOURCE_PROXY_CLIENT_KEY_VAL", "")
    _, found, rest = pem.partition(f"-----BEGIN {_KEY_LABEL}-----")
    body, ended, _ = rest.partition(f"-----END {_KEY_LABEL}-----")
    if not found or not ended:
        return ""
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        return ""
    return base64.b64encode(der[-3:]).decode()
