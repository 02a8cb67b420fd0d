"""Connections to an upstream: straight, by an HTTP proxy from the environment, or by Grafana's secure socks proxy."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from gfruntime.errors import QueryError
from gfruntime.http.settings import load_pair, pem

if TYPE_CHECKING:
    from gfruntime.http.settings import HttpSettings
    from gfruntime.request.config import SocksProxy

_PORTS = {"http": 80, "https": 443}
_VERSION, _NO_AUTH, _BY_PASSWORD, _CONNECT, _BY_NAME = 5, 0, 2, 1, 3  # RFC 1928
_REPLY_SIZES = {1: 4, 4: 16}  # by kind of address
_LONGEST = 255
_SOCKS_ERRORS = {
    2: "connection not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What connections are shared for."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: SplitResult) -> Origin:
        """Read the origin of a URL.

        Raises: QueryError when it is none of HTTP.
        """
        if url.scheme not in _PORTS or not url.hostname:
            raise QueryError("the data source needs a URL that begins with http:// or https://")
        return cls(url.scheme, url.hostname, url.port or _PORTS[url.scheme])


class Connection(http.client.HTTPConnection):
    """One connection to an origin; `is_absolute` says that a proxy wants whole URLs."""

    def __init__(self, origin: Origin, settings: HttpSettings, context: ssl.SSLContext) -> None:
        """Choose the way; nothing is connected yet."""
        proxy = None if settings.socks else _proxy_for(origin)
        through = (proxy.hostname or "", proxy.port or _PORTS["http"]) if proxy else (origin.host, origin.port)
        super().__init__(*through, timeout=settings.dial_timeout or None)
        self._origin = origin
        self._server_name = settings.server_name or origin.host
        self._tls = context if origin.scheme == "https" else None
        self.is_absolute = proxy is not None and self._tls is None
        self.proxy_headers = _proxy_headers(proxy)
        self.is_reused = False
        self.idle_since = 0.0
        if proxy is not None and self._tls is not None:
            self.set_tunnel(origin.host, origin.port, headers=self.proxy_headers)
        if settings.socks is not None:
            self._create_connection = _Socks(settings.socks, settings.socks_user, settings.socks_password).connect

    def connect(self) -> None:
        """Connect, and encrypt where the URL says so; the dial timeout bounds each step."""
        super().connect()
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._server_name)

    def is_usable(self) -> bool:
        """Tell whether the other side has kept an idle connection open: nothing may be readable on it."""
        if self.sock is None:
            return False
        self.sock.settimeout(0)
        try:
            self.sock.recv(1, 0 if isinstance(self.sock, ssl.SSLSocket) else socket.MSG_PEEK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False  # the end of the stream, or bytes that nobody asked for


class _Socks:
    """SOCKS5 over TLS with a client certificate: how Grafana reaches private networks."""

    def __init__(self, proxy: SocksProxy, user: str, password: str) -> None:
        self._proxy = proxy
        self._user = user.encode()[:_LONGEST]
        self._password = password.encode()[:_LONGEST]

    def connect(
        self, address: tuple[str, int], timeout: float | None = None, _source: tuple[str, int] | None = None
    ) -> socket.socket:
        """Connect to an address by name, as the proxy's network knows it."""
        host, _, port = self._proxy.address.rpartition(":")
        plain = socket.create_connection((host.strip("[]"), int(port)), timeout)
        try:
            through = plain if self._proxy.allow_insecure else self._encrypted(plain, host)
            self._greet(through)
            self._ask(through, *address)
        except BaseException:
            plain.close()
            raise
        return through

    def _encrypted(self, plain: socket.socket, host: str) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        for authority in self._proxy.root_cas:
            context.load_verify_locations(cadata=pem(authority))
        load_pair(context, self._proxy.client_cert, self._proxy.client_key)
        return context.wrap_socket(plain, server_hostname=self._proxy.server_name or host)

    def _greet(self, stream: socket.socket) -> None:
        method = _BY_PASSWORD if self._password else _NO_AUTH
        stream.sendall(bytes((_VERSION, 1, method)))
        if _exactly(stream, 2) != bytes((_VERSION, method)):
            raise ConnectionError("the secure socks proxy refuses this way of authentication")
        if method == _BY_PASSWORD:
            user, password = self._user, self._password
            stream.sendall(bytes((1, len(user))) + user + bytes((len(password),)) + password)
            if _exactly(stream, 2)[1]:
                raise ConnectionError("the secure socks proxy refuses the user or password")

    def _ask(self, stream: socket.socket, host: str, port: int) -> None:
        name = host.encode("idna")
        stream.sendall(bytes((_VERSION, _CONNECT, 0, _BY_NAME, len(name))) + name + port.to_bytes(2, "big"))
        _, code, _, kind = _exactly(stream, 4)
        if code:
            raise ConnectionError(f"the secure socks proxy: {_SOCKS_ERRORS.get(code, f'error {code}')}")
        size = _REPLY_SIZES[kind] if kind in _REPLY_SIZES else _exactly(stream, 1)[0]
        _exactly(stream, size + 2)


def _exactly(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = stream.recv(size - len(data))
        if not chunk:
            raise ConnectionResetError("the secure socks proxy ended the connection")
        data += chunk
    return data


def _proxy_for(origin: Origin) -> SplitResult | None:
    """Find the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name; never one for this machine itself.

    Not by urllib.request, which would bring FTP, cookies and more into every bundle.
    """
    url = _variable(f"{origin.scheme}_proxy")
    if not url or _is_local(origin.host) or _is_spared(origin.host, origin.port):
        return None
    return urlsplit(url if "://" in url else f"http://{url}")


def _variable(name: str) -> str:
    return os.environ.get(name) or os.environ.get(name.upper(), "")


def _is_spared(host: str, port: int) -> bool:
    """Tell whether NO_PROXY names a host: `*`, a domain that stands for those below it too, an address or a network."""
    host = host.lower()
    for word in _variable("no_proxy").lower().replace(",", " ").split():
        name, _, only = word.rpartition(":") if word.count(":") == 1 else (word, "", "")
        domain = name.removeprefix("*").lstrip(".")
        if only not in ("", str(port)):
            continue
        if word == "*" or host == domain or (domain and host.endswith(f".{domain}")) or _is_within(host, name):
            return True
    return False


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxy_headers(proxy: SplitResult | None) -> dict[str, str]:
    if proxy is None or not proxy.username:
        return {}
    credentials = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}
