"""One object of the author's class per configured data source, replaced when its settings change.

Rules of the Go SDK: created once per key even under concurrent first requests; different keys never wait for each
other; a failure is not remembered; the old instance is disposed of 5 s after the new one took its place, so that calls
still running on it may end. Unlike there, a failed replacement leaves the old instance whole.
Source: grafana-plugin-sdk-go v0.298.0, backend/instancemgmt and backend/datasource/instance_provider.go.
"""

from __future__ import annotations

import base64
import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOGGER = logging.getLogger("gfruntime")
_KEY_LABEL = "PRIVATE KEY"


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


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    version: Version | None = None
    instance: Any = None


class Instances:
    """The instances of this process. `acquire` runs the author's constructor and may block."""

    def __init__(self, dispose: Callable[[Any], None], *, dispose_after: float = 5.0) -> None:
        """Keep how to dispose of an instance; `dispose_after` is in seconds."""
        self._dispose = dispose
        self._dispose_after = dispose_after
        self._lock = threading.Lock()
        self._slots: dict[Key, _Slot] = {}

    def peek(self, key: Key, version: Version) -> Any | None:  # noqa: ANN401  # the author's class
        """Find the instance without ever running the author's code; None when there is none of this version."""
        slot = self._slots.get(key)
        return slot.instance if slot is not None and slot.version == version else None

    def acquire(self, key: Key, version: Version, make: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Find the instance, or make it; an outdated one is disposed of once the new one exists."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
        with slot.lock:
            if slot.version == version:
                return slot.instance
            instance = make()
            old, is_first = slot.instance, slot.version is None
            slot.instance, slot.version = instance, version
        if not is_first:
            timer = threading.Timer(self._dispose_after, self._discard, (old,))
            timer.daemon = True
            timer.start()
        return instance

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
