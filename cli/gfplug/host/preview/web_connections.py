"""The connections of the preview's server: limits of their number, and of the time until a request.

Any program on this machine can connect, and only a request shows whether it has the token.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

_FIRST_SECONDS = 10.0
_MOST = 200


class Connections:
    """The open connections, and the deadline for the next request of each; any thread may use this object."""

    def __init__(self, *, most: int = _MOST, first_seconds: float = _FIRST_SECONDS) -> None:
        """Start without connections. Units: `first_seconds` is the time for a new connection's first request."""
        self.most = most
        self.first_seconds = first_seconds
        self._lock = threading.Lock()
        self._deadlines: dict[socket.socket, float] = {}

    @property
    def count(self) -> int:
        """The number of open connections."""
        return len(self._deadlines)

    def add(self, connection: socket.socket) -> bool:
        """Add a new connection; False if there are too many."""
        with self._lock:
            if len(self._deadlines) >= self.most:
                return False
            self._deadlines[connection] = time.monotonic() + self.first_seconds
        return True

    def expect(self, connection: socket.socket, seconds: float) -> None:
        """Set the seconds within which the next request of a connection must arrive."""
        with self._lock:
            self._deadlines[connection] = time.monotonic() + seconds

    def remove(self, connection: socket.socket) -> None:
        """Remove a connection that ends."""
        with self._lock:
            self._deadlines.pop(connection, None)

    def end_late(self) -> None:
        """Close the connections whose request is late."""
        now = time.monotonic()
        with self._lock:
            late = [connection for connection, deadline in self._deadlines.items() if now > deadline]
        for connection in late:
            with suppress(OSError):  # the connection has ended
                connection.shutdown(socket.SHUT_RDWR)
