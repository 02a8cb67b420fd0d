"""Connections to upstreams, pooled by urllib3: direct, through a proxy from the environment, or a SOCKS5 proxy."""

from __future__ import annotations

import functools
import http.client
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssltransport import SSLTransport

from gfruntime.http import deadlines
from gfruntime.http.proxies import Proxy, dial_by_socks, proxy_for, secure_proxy
from gfruntime.http.settings import HttpSettings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gfruntime.http.addresses import Origin


_MOST_POOLS = 10  # one for each origin: redirects may lead to any number of origins


class StaleConnectionError(ConnectionError):
    """The upstream has just closed an idle connection: the request may not have arrived."""


class Pools:
    """The connections of one client."""

    def __init__(self, settings: HttpSettings) -> None:
        """Prepare TLS; no connection is opened yet."""
        self._settings = settings
        self._context = _with_deadlines(settings.ssl_context())
        self._secure_proxy = secure_proxy(settings)
        self._pools: dict[tuple[Proxy | None, Origin], HTTPConnectionPool] = {}  # the most recently used is last
        self._lock = threading.Lock()

    def of(self, origin: Origin) -> tuple[HTTPConnectionPool, bool]:
        """Return an origin's connections, and whether their requests need the complete address, as with a proxy.

        Raises: DownstreamError if the environment has an invalid proxy.
        """
        proxy = self._secure_proxy or proxy_for(origin)
        with self._lock:
            pool = self._pools.pop((proxy, origin), None) or self._pool(proxy, origin)
            self._pools[proxy, origin] = pool
            if len(self._pools) > _MOST_POOLS:
                self._pools.pop(next(iter(self._pools))).close()
        return pool, proxy is not None and not proxy.is_socks and origin.scheme == "http"

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _pool(self, proxy: Proxy | None, origin: Origin) -> HTTPConnectionPool:
        settings = self._settings
        options: dict[str, Any] = {"maxsize": max(settings.max_idle, 1), "ssl_context": self._context}
        if settings.server_name and origin.scheme == "https":
            options |= {"server_hostname": settings.server_name}
        dial: Callable[..., socket.socket] = deadlines.connect
        manager: PoolManager
        if proxy is None or proxy.is_socks:
            manager = PoolManager(**options)
            if proxy is not None:
                dial = functools.partial(dial_by_socks, proxy=proxy, tls=settings.socks)
        else:
            own = _with_deadlines(HttpSettings().ssl_context()) if proxy.scheme == "https" else None
            options |= {"ssl_context": own} if origin.scheme == "http" else {}
            manager = ProxyManager(proxy.url, proxy_headers=proxy.headers, proxy_ssl_context=own, **options)
        dial = functools.partial(dial, timeout=settings.dial_timeout)
        more: dict[str, Any] = {"dial": dial, "idle_timeout": settings.idle_timeout or float("inf")}
        classes: dict[str, Any] = {
            "http": functools.partial(_Pool, **more),
            "https": functools.partial(_TlsPool, **more),
        }
        manager.pool_classes_by_scheme = classes
        return manager.connection_from_host(origin.host, origin.port, origin.scheme)


class _Dialed(HTTPConnection):
    """A connection that keeps the deadline, and is not used again after a long idle time."""

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401  # urllib3's own
        dial: Callable[[str, int], socket.socket],
        idle_timeout: float,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*arguments, **options)
        self._dial = dial
        self._idle_timeout = idle_timeout
        self.idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        return self._dial(self._dns_host, self.port)

    @property
    def is_connected(self) -> bool:
        return super().is_connected and time.monotonic() - self.idle_since < self._idle_timeout


class _DialedTls(_Dialed, HTTPSConnection):
    """A connection like `_Dialed`, over TLS."""


class _Pool(HTTPConnectionPool):
    """A pool that reports a stale connection, and drops surplus connections without a warning."""

    ConnectionCls = _Dialed

    def _make_request(self, conn: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # urllib3's own
        was_kept = conn.sock is not None
        try:
            return super()._make_request(conn, *arguments, **options)
        except (ConnectionError, http.client.BadStatusLine) as error:
            if was_kept:
                raise StaleConnectionError from error
            raise

    def _put_conn(self, conn: Any) -> None:  # noqa: ANN401
        if conn is not None:
            conn.idle_since = time.monotonic()
            if self.pool is not None and self.pool.full():
                conn.close()
                return
        super()._put_conn(conn)

    def _validate_conn(self, conn: Any) -> None:  # noqa: ANN401
        """Connect; urllib3's own method would warn if the settings skip certificate checks."""
        if conn.is_closed:
            conn.connect()


class _TlsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _DialedTls


def _with_deadlines(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a TLS context make connections that keep the deadline, also inside other encrypted connections."""
    wrap = context.wrap_socket

    def wrap_socket(sock: socket.socket, **options: Any) -> ssl.SSLSocket | SSLTransport:  # noqa: ANN401
        if isinstance(sock, ssl.SSLSocket):  # a second wrap would lose its encryption
            return SSLTransport(sock, context, options.get("server_hostname"))
        return wrap(sock, **options)

    context.sslsocket_class = deadlines.TlsSocket
    context.wrap_socket = wrap_socket  # type: ignore[method-assign,assignment]  # urllib3 calls it with these options
    return context
