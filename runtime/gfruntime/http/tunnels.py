"""Connections for database drivers: direct, or through Grafana's secure socks proxy if the data source uses it.

A driver that accepts a connected socket uses `open_socket`; a driver that needs a host and a port uses those of a
`Tunnel`, which listens on this machine only.
"""

from __future__ import annotations

import contextlib
import functools
import selectors
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

from gfruntime.errors import DownstreamError
from gfruntime.http.deadlines import connect
from gfruntime.http.proxies import dial_by_socks, secure_proxy
from gfruntime.http.settings import HttpSettings
from gfruntime.logs.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeAlias

    from gfruntime.request.vocabulary import Settings

    Dial: TypeAlias = Callable[[], socket.socket]

_CHUNK = 64 * 1024
_POLL_SECONDS = 1.0
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def open_socket(settings: Settings[Any], host: str, port: int, *, timeout: float = 10.0) -> socket.socket:
    """Connect to a host, through Grafana's secure socks proxy if the data source uses it.

    Units: `timeout` is in seconds, for connecting; afterwards the socket has no timeout.
    Raises: DownstreamError if the host or the proxy can't be reached.

    >>> database = pymysql.connect(host="db", user="ada", defer_connect=True)  # doctest: +SKIP
    >>> database.connect(open_socket(settings, "db", 3306))  # doctest: +SKIP
    """
    http = HttpSettings.of(settings)
    proxy = secure_proxy(http)
    try:
        if proxy is None:
            connection: socket.socket = connect(host, port, timeout=timeout)
        else:
            connection = dial_by_socks(host, port, timeout=timeout, proxy=proxy, tls=http.socks)
    except (OSError, ValueError) as error:
        is_late = isinstance(error, TimeoutError)
        reason = f"no connection within {timeout:g} s" if is_late else getattr(error, "strerror", None) or error
        by = "" if proxy is None else " through the secure socks proxy"
        raise DownstreamError(f"the database can't be reached{by}: {reason}", status=504 if is_late else 502) from error
    connection.settimeout(None)  # the driver limits the time of a query
    return connection


class Tunnel:
    """An address of this machine that is connected to a host through Grafana's secure socks proxy.

    Without the proxy it is the host's address, and the tunnel does not listen. Any process of this machine can use the
    address while the tunnel is open, so the database should require a password. Close it in `dispose`.

    >>> with Tunnel(settings, "localhost", 5432) as tunnel:
    ...     tunnel.port
    5432
    """

    def __init__(self, settings: Settings[Any], host: str, port: int, *, timeout: float = 10.0) -> None:
        """Listen if the data source uses the proxy; each accepted connection opens a connection to the host.

        Units: `timeout` is in seconds, for connecting to the host.
        """
        self.host = host
        self.port = port
        self._listener: socket.socket | None = None
        self._is_closed = threading.Event()
        if HttpSettings.of(settings).socks is None:
            return
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_POLL_SECONDS)  # neither `shutdown` nor `close` wakes `accept` on every system
        self.host, self.port = self._listener.getsockname()
        dial = functools.partial(open_socket, settings, host, port, timeout=timeout)
        arguments = (self._listener, self._is_closed, dial, settings.name)
        threading.Thread(target=_accept, args=arguments, name=f"tunnel to {host}", daemon=True).start()

    def __enter__(self) -> Self:
        """Return the tunnel, for a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tunnel."""
        self.close()

    def __del__(self) -> None:
        """Close the tunnel of a data source without `dispose`."""
        if hasattr(self, "_is_closed"):
            self.close()

    def close(self) -> None:
        """Stop accepting connections, and close the open ones."""
        self._is_closed.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):  # macOS: not connected
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()


def _accept(listener: socket.socket, is_closed: threading.Event, dial: Dial, name: str) -> None:
    """Accept connections until the tunnel is closed; each has a thread."""
    while not is_closed.is_set():
        try:
            local, _ = listener.accept()
        except TimeoutError:
            continue
        except OSError:  # closed
            return
        arguments = (local, is_closed, dial, name)
        threading.Thread(target=_serve, args=arguments, name="tunnel", daemon=True).start()


def _serve(local: socket.socket, is_closed: threading.Event, dial: Dial, name: str) -> None:
    """Connect to the host, and forward bytes in both directions."""
    with local:
        try:
            remote = dial()
        except DownstreamError as error:
            get_logger().warning("The tunnel of %s: %s", name or "a data source", error)
            return
        with remote, contextlib.suppress(OSError):
            _carry(local, remote, is_closed)


def _carry(local: socket.socket, remote: socket.socket, is_closed: threading.Event) -> None:
    """Forward bytes in both directions until a side ends or the tunnel is closed.

    One thread serves both directions, because two threads may not use a TLS connection at once.
    """
    local.settimeout(0)
    remote.settimeout(0)
    waiting: dict[socket.socket, bytearray] = {local: bytearray(), remote: bytearray()}  # bytes to send to each
    other = {local: remote, remote: local}
    is_ended = False
    with selectors.DefaultSelector() as selector:
        while not is_closed.is_set() and (not is_ended or any(waiting.values())):
            has_moved = False
            for each, data in waiting.items():
                if data:
                    has_moved |= _send(each, data)
                elif not is_ended:
                    count = _receive(other[each], data)
                    has_moved |= count > 0
                    is_ended |= count == 0
            if has_moved:
                continue
            for each, data in waiting.items():
                is_read = not is_ended and not waiting[other[each]]
                events = (selectors.EVENT_WRITE if data else 0) | (selectors.EVENT_READ if is_read else 0)
                if events:
                    selector.register(each, events)
            selector.select(_POLL_SECONDS)
            for key in list(selector.get_map().values()):
                selector.unregister(key.fileobj)


def _receive(source: socket.socket, data: bytearray) -> int:
    """Receive the available bytes; return their number, 0 at the end, and -1 if none are available yet."""
    try:
        chunk = source.recv(_CHUNK)
    except _NOT_YET:
        return -1
    data += chunk
    return len(chunk)


def _send(target: socket.socket, data: bytearray) -> bool:
    """Send as many bytes as possible; tell whether any were sent."""
    try:
        count = target.send(data)
    except _NOT_YET:
        return False
    del data[:count]
    return True
