"""Delayed work: one thread waits, and each piece of work runs in its own thread, because it may block."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER = logging.getLogger("gfruntime")
_AGAIN = 5.0  # seconds before a retry if no thread could be started


class Schedule:
    """Calls functions later, in daemon threads; the waiting thread starts at the first use."""

    def __init__(self, name: str) -> None:
        """Store the name; no thread starts yet."""
        self._name = name
        self._condition = threading.Condition()
        self._entries: list[tuple[float, int, partial[object]]] = []
        self._numbers = itertools.count()
        self._is_running = False

    def later(self, seconds: float, function: Callable[..., object], *args: object) -> None:
        """Call a function after some seconds; if no thread can be started, try again later."""
        with self._condition:
            entry = (time.monotonic() + seconds, next(self._numbers), partial(function, *args))
            heapq.heappush(self._entries, entry)
            self._is_running = self._is_running or self._start(self._run)
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._entries or self._entries[0][0] > time.monotonic():
                    self._condition.wait(self._entries[0][0] - time.monotonic() if self._entries else None)
                _, _, work = heapq.heappop(self._entries)
            if not self._start(work):
                self.later(_AGAIN, work)

    def _start(self, target: Callable[[], object]) -> bool:
        """Start a thread; return False if the system has no thread left."""
        try:
            threading.Thread(target=target, name=self._name, daemon=True).start()
        except RuntimeError as error:  # the system has no more threads for this user or container
            _LOGGER.warning("No thread could be started for a %s: %s", self._name, error)
            return False
        return True
