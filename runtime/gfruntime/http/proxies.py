"""Proxies: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, read as in Go; Grafana's secure socks proxy; SOCKS5.

Does not use urllib.request, which would add FTP, cookies and more to every bundle.
Source: golang.org/x/net v0.30.0, http/httpproxy.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from gfruntime.errors import DownstreamError
from gfruntime.http.deadlines import TlsSocket, connect
from gfruntime.http.settings import HttpSettings, load_pair, pem

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from gfruntime.http.addresses import Origin
    from gfruntime.request.config import SocksProxy

_VERSION, _NO_AUTH, _BY_PASSWORD, _CONNECT, _BY_NAME = 5, 0, 2, 1, 3  # RFC 1928
_REPLY_SIZES = {1: 4, 4: 16}  # by kind of address
_MAX_CREDENTIAL_BYTES = 255
_ERRORS = {
    2: "connection not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
}
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy; user and password are sent only to it."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Return the proxy's address, without user and password."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def is_socks(self) -> bool:
        """Tell whether it speaks SOCKS5."""
        return self.scheme.startswith("socks")

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the header with the proxy's credentials."""
        if not self.user and not self.password:
            return {}
        credentials = f"{self.user}:{self.password}"
        return {"Proxy-Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


def proxy_for(origin: Origin) -> Proxy | None:
    """Return the proxy for an origin; None for this machine itself.

    Raises: DownstreamError if the environment has an invalid proxy.
    """
    name = f"{origin.scheme}_proxy"
    url = _variable(name)
    if not url or _is_local(origin.host) or _is_excluded(origin.host, origin.port):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return _proxy(parts, name.upper())
    except ValueError:
        raise DownstreamError(f"{name.upper()} is not a valid proxy address; write http://HOST:PORT") from None


def _proxy(parts: SplitResult, name: str) -> Proxy:
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise DownstreamError(
            f"{name} names a proxy of the kind {scheme}, which is not supported; use http, https or socks5"
        )
    if not parts.hostname:
        raise ValueError
    return Proxy(
        scheme=scheme,
        host=parts.hostname,
        port=parts.port or _PORTS[scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _variable(name: str) -> str:
    return (os.environ.get(name) or os.environ.get(name.upper(), "")).strip()


def _is_excluded(host: str, port: int) -> bool:
    """Tell whether NO_PROXY matches a host: `*`, a domain and its subdomains, an address or a network."""
    host = host.lower().rstrip(".")
    for word in _variable("no_proxy").lower().replace(",", " ").split():
        name, only = _without_port(word)
        domain = name.removeprefix("*").lstrip(".").rstrip(".")
        if only not in ("", str(port)):
            continue
        if word == "*" or host == domain or (domain and host.endswith(f".{domain}")) or _is_within(host, name):
            return True
    return False


def _without_port(word: str) -> tuple[str, str]:
    """Split `name:port` and `[address]:port`."""
    if word.startswith("["):
        name, _, rest = word[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = word.partition(":") if word.count(":") == 1 else (word, "", "")
    return name, port


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def secure_proxy(settings: HttpSettings) -> Proxy | None:
    """Return Grafana's secure socks proxy; None if the data source does not use it."""
    if settings.socks is None:
        return None
    host, _, port = settings.socks.address.rpartition(":")
    if not port.isdecimal():
        raise DownstreamError("Grafana's secure socks proxy has no valid address")
    user, password = settings.socks_user, settings.socks_password
    return Proxy(scheme="socks5", host=host.strip("[]"), port=int(port), user=user, password=password)


def dial_by_socks(host: str, port: int, *, timeout: float, proxy: Proxy, tls: SocksProxy | None) -> socket.socket:
    """Connect to a host by name, which the proxy resolves; `tls` has the TLS settings for the proxy, if it uses TLS."""
    plain = connect(proxy.host, proxy.port, timeout=timeout)
    try:
        through = plain if tls is None or tls.allow_insecure else _encrypt(plain, tls, proxy.host)
        _greet(through, proxy)
        _ask(through, host, port)
    except BaseException:
        plain.close()
        raise
    return through


def _encrypt(plain: socket.socket, tls: SocksProxy, host: str) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = TlsSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for authority in tls.root_cas:
        context.load_verify_locations(cadata=pem(authority))
    load_pair(context, tls.client_cert, tls.client_key)
    return context.wrap_socket(plain, server_hostname=tls.server_name or host)


def _greet(stream: socket.socket, proxy: Proxy) -> None:
    method = _BY_PASSWORD if proxy.password else _NO_AUTH
    stream.sendall(bytes((_VERSION, 1, method)))
    if _exactly(stream, 2) != bytes((_VERSION, method)):
        raise ConnectionError("the socks proxy refuses this authentication method")
    if method == _BY_PASSWORD:
        user, password = proxy.user.encode()[:_MAX_CREDENTIAL_BYTES], proxy.password.encode()[:_MAX_CREDENTIAL_BYTES]
        stream.sendall(bytes((1, len(user))) + user + bytes((len(password),)) + password)
        if _exactly(stream, 2)[1]:
            raise ConnectionError("the socks proxy refuses the user or password")


def _ask(stream: socket.socket, host: str, port: int) -> None:
    name = host.encode()  # an origin's host is ASCII and short
    stream.sendall(bytes((_VERSION, _CONNECT, 0, _BY_NAME, len(name))) + name + port.to_bytes(2, "big"))
    _, code, _, kind = _exactly(stream, 4)
    if code:
        raise ConnectionError(f"the socks proxy: {_ERRORS.get(code, f'error {code}')}")
    size = _REPLY_SIZES[kind] if kind in _REPLY_SIZES else _exactly(stream, 1)[0]
    _exactly(stream, size + 2)


def _exactly(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = stream.recv(size - len(data))
        if not chunk:
            raise ConnectionResetError("the socks proxy ended the connection")
        data += chunk
    return data
