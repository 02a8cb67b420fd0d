"""Deadlines: a request to an upstream ends in time, even if the upstream sends its bytes slowly.

A socket's timeout applies to one step: a few bytes now and then keep a request alive for ever. So these sockets check
the remaining time before every step.
"""

from __future__ import annotations

import contextlib
import contextvars
import queue
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Deadline:
    """The end of one request, including redirects, DNS, connections, handshakes, headers and bodies."""

    def __init__(self, seconds: float | None, *, outer: Deadline | None = None) -> None:
        """Start now; None means no limit except that of `outer`."""
        self.seconds = seconds
        self._end = float("inf") if seconds is None else time.monotonic() + seconds
        self._outer = outer
        self._socket: socket.socket | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether no time is left."""
        return time.monotonic() >= self._end or (self._outer is not None and self._outer.is_over)

    def seconds_left(self, most: float = 0) -> float | None:
        """Return the remaining seconds, at most `most` unless it is 0; None if there is no limit.

        Raises: TimeoutError if no time is left.
        """
        if self.is_over:
            raise TimeoutError
        shortest = min(self._end - time.monotonic(), most or float("inf"))
        outer = self._outer.seconds_left() if self._outer is not None else None
        shortest = shortest if outer is None else min(shortest, outer)
        return None if shortest == float("inf") else max(shortest, 0.001)

    def use(self, connection: socket.socket) -> None:
        """Limit the next step on a socket to the remaining time; without a limit the socket's timeout applies.

        Raises: TimeoutError if no time is left.
        """
        self._socket = connection
        if self._outer is not None:
            self._outer.use(connection)
        seconds = self.seconds_left()
        if seconds is not None:
            connection.settimeout(seconds)

    def stop(self) -> None:
        """End the request now, from another thread."""
        self._end = 0.0
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(
                    self._socket, socket.SHUT_RDWR
                )  # the method of TLS would change the other thread's state


current: contextvars.ContextVar[Deadline | None] = contextvars.ContextVar("gfruntime_http_deadline", default=None)
"""The deadline of this thread's request."""


@contextlib.contextmanager
def as_current(deadline: Deadline) -> Iterator[None]:
    """Apply a deadline to all requests of this thread in a block."""
    token = current.set(deadline)
    try:
        yield
    finally:
        current.reset(token)


def _use(connection: socket.socket) -> None:
    deadline = current.get()
    if deadline is not None:
        deadline.use(connection)


class Socket(socket.socket):
    """A connection that checks the current deadline before every step."""

    def recv(self, *arguments: Any) -> bytes:  # noqa: ANN401  # the base's
        """Receive bytes."""
        _use(self)
        return super().recv(*arguments)

    def recv_into(self, *arguments: Any) -> int:  # noqa: ANN401
        """Receive bytes into a buffer."""
        _use(self)
        return super().recv_into(*arguments)

    def sendall(self, *arguments: Any) -> None:  # noqa: ANN401
        """Send bytes."""
        _use(self)
        super().sendall(*arguments)


class TlsSocket(ssl.SSLSocket):
    """An encrypted connection that checks the current deadline before every step."""

    def read(self, *arguments: Any) -> Any:  # noqa: ANN401
        """Receive bytes; all other ways to receive call this one."""
        _use(self)
        return super().read(*arguments)

    def send(self, *arguments: Any) -> int:  # noqa: ANN401
        """Send bytes; `sendall` calls this."""
        _use(self)
        return super().send(*arguments)


def connect(host: str, port: int, *, timeout: float) -> Socket:
    """Connect to the first address of a host that accepts; each address gets a share of the time.

    Raises: OSError if no address accepts, TimeoutError if the time is up.
    """
    deadline = current.get() or Deadline(None)
    end = time.monotonic() + (timeout or float("inf"))
    addresses = _look_up(host, port, deadline.seconds_left(timeout))
    problem: OSError = OSError("the host name has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        share = max(end - time.monotonic(), 0.001) / (len(addresses) - number)
        connection = Socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.seconds_left(share))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(deadline.seconds_left(timeout))  # for the handshake that may follow
        except OSError as error:
            connection.close()
            problem = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise problem


def _look_up(host: str, port: int, seconds: float | None) -> list[Any]:
    """Look up a name in a thread, because the system's resolver has no timeout.

    Raises: OSError if the name does not exist, TimeoutError if the time is up.
    """
    results: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            results.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except Exception as error:  # noqa: BLE001  # raised in the thread that waits
            results.put(error)

    if host.replace(".", "").isdigit() or ":" in host:  # an address
        resolve()
    else:
        threading.Thread(target=resolve, name=f"look up {host}", daemon=True).start()
    try:
        result = results.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(result, UnicodeError):
        raise OSError("the host name is not valid") from result
    if isinstance(result, Exception):
        raise result
    return result
