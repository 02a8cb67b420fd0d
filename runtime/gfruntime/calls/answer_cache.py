"""A cache of answers, bounded in age, number and bytes; the least recently used answers are removed first.

Only the control loop uses it, so it needs no lock.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from gfruntime.calls.answers import EncodedAnswer

_kept_count = metrics.MetricFamily("gauge", "gfruntime_query_cache_entries", "Answers in the cache.")
_kept_bytes = metrics.MetricFamily("gauge", "gfruntime_query_cache_bytes", "Bytes of the answers in the cache.")


class _Entry(NamedTuple):
    answer: EncodedAnswer
    size: int
    end: float


class AnswerCache:
    """A cache of answers by key."""

    def __init__(
        self, *, seconds: float, max_count: int, max_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Create an empty cache; `clock` returns seconds."""
        self._seconds = seconds
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._size = 0
        self._next_sweep = 0.0

    def get(self, key: Hashable) -> EncodedAnswer | None:
        """Return an answer that is not older than the limit."""
        self._sweep()
        entry = self._entries.get(key)
        if entry is None or entry.end <= self._clock():
            return None
        self._entries.move_to_end(key)
        return entry.answer

    def put(self, key: Hashable, answer: EncodedAnswer) -> None:
        """Store an answer in place of an older one, unless it is larger than the whole cache."""
        size = sum(map(len, answer.parts))
        self._remove(key)
        if not self._seconds or size > self._max_bytes:
            return
        self._sweep()
        self._entries[key] = _Entry(answer, size, self._clock() + self._seconds)
        self._count(1, size)
        while len(self._entries) > self._max_count or self._size > self._max_bytes:
            self._remove(next(iter(self._entries)))

    def _sweep(self) -> None:
        """Remove answers that are too old; runs now and then, because their keys may never be requested again."""
        now = self._clock()
        if now >= self._next_sweep:
            self._next_sweep = now + self._seconds
            for key in [key for key, entry in self._entries.items() if entry.end <= now]:
                self._remove(key)

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._count(-1, -entry.size)

    def _count(self, number: int, size: int) -> None:
        self._size += size
        _kept_count.add(by=number)
        _kept_bytes.add(by=size)
