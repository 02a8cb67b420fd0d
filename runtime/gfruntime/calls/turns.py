"""Whose turn it is to do what needs the interpreter for a moment."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """A lock that is given to threads in the order in which they asked for it.

    Threads that come back from their upstreams together, and then each need the interpreter for a moment, would pass it
    around at every call that lets go of it; the first of them would be done hardly before the last.
    """

    def __init__(self) -> None:
        """Nobody has it."""
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_taken = False

    def __enter__(self) -> None:
        """Wait for one's turn."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def __exit__(self, *_failure: object) -> None:
        """Hand it to whoever has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
