"""SOCKS5: Grafana's secure socks proxy, by which it reaches private networks, and proxies of the environment."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gfruntime.errors import DownstreamError
from gfruntime.http.deadlines import TlsSocket, connect
from gfruntime.http.settings import HttpSettings, load_pair, pem

if TYPE_CHECKING:
    import socket

    from gfruntime.http.proxies import Proxy
    from gfruntime.request.config import SocksProxy

_VERSION, _NO_AUTH, _BY_PASSWORD, _CONNECT, _BY_NAME = 5, 0, 2, 1, 3  # RFC 1928
_REPLY_SIZES = {1: 4, 4: 16}  # by kind of address
_LONGEST = 255
_ERRORS = {
    2: "connection not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Socks:
    """A SOCKS5 proxy; with `tls` it is spoken to over TLS with a client certificate."""

    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    tls: SocksProxy | None = None

    @classmethod
    def of_grafana(cls, settings: HttpSettings) -> Socks | None:
        """Describe Grafana's secure socks proxy; None where the data source does not use it."""
        if settings.socks is None:
            return None
        host, _, port = settings.socks.address.rpartition(":")
        if not port.isdecimal():
            raise DownstreamError("Grafana's secure socks proxy has no valid address")
        tls = None if settings.socks.allow_insecure else settings.socks
        user, password = settings.socks_user, settings.socks_password
        return cls(host=host.strip("[]"), port=int(port), user=user, password=password, tls=tls)

    @classmethod
    def of_proxy(cls, proxy: Proxy) -> Socks:
        """Describe a proxy that the environment names."""
        return cls(host=proxy.host, port=proxy.port, user=proxy.user, password=proxy.password)

    def dial(self, host: str, port: int, *, dial_timeout: float) -> socket.socket:
        """Connect to an address by name, as the proxy's network knows it."""
        plain = connect(self.host, self.port, dial_timeout=dial_timeout)
        try:
            through = plain if self.tls is None else self._encrypt(plain, self.tls)
            self._greet(through)
            self._ask(through, host, port)
        except BaseException:
            plain.close()
            raise
        return through

    def _encrypt(self, plain: socket.socket, proxy: SocksProxy) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.sslsocket_class = TlsSocket
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        for authority in proxy.root_cas:
            context.load_verify_locations(cadata=pem(authority))
        load_pair(context, proxy.client_cert, proxy.client_key)
        return context.wrap_socket(plain, server_hostname=proxy.server_name or self.host)

    def _greet(self, stream: socket.socket) -> None:
        method = _BY_PASSWORD if self.password else _NO_AUTH
        stream.sendall(bytes((_VERSION, 1, method)))
        if _exactly(stream, 2) != bytes((_VERSION, method)):
            raise ConnectionError("the socks proxy refuses this way of authentication")
        if method == _BY_PASSWORD:
            user, password = self.user.encode()[:_LONGEST], self.password.encode()[:_LONGEST]
            stream.sendall(bytes((1, len(user))) + user + bytes((len(password),)) + password)
            if _exactly(stream, 2)[1]:
                raise ConnectionError("the socks proxy refuses the user or password")

    def _ask(self, stream: socket.socket, host: str, port: int) -> None:
        name = host.encode("ascii")
        if len(name) > _LONGEST:
            raise ConnectionError("the host's name is too long for the socks proxy")
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
