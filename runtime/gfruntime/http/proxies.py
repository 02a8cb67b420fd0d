"""Proxies that the environment names: HTTP_PROXY and HTTPS_PROXY, and NO_PROXY as Go reads it.

Not by urllib.request, which would bring FTP, cookies and more into every bundle.
Source: golang.org/x/net v0.30.0, http/httpproxy.
"""

from __future__ import annotations

import base64
import ipaddress
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from gfruntime.errors import DownstreamError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfruntime.http.addresses import Origin

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy; user and password are for it alone."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Write its address, without user and password."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def is_socks(self) -> bool:
        """Tell whether it speaks SOCKS5."""
        return self.scheme.startswith("socks")

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the header that says who asks."""
        if not self.user:
            return {}
        credentials = f"{self.user}:{self.password}"
        return {"Proxy-Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


def proxy_for(origin: Origin) -> Proxy | None:
    """Return the proxy of an origin; never one for this machine itself.

    Raises: DownstreamError when the environment names a proxy that is none.
    """
    name = f"{origin.scheme}_proxy"
    url = _variable(name)
    if not url or _is_local(origin.host) or _is_spared(origin.host, origin.port):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return _proxy(parts, name.upper())
    except ValueError:
        raise DownstreamError(f"{name.upper()} holds no valid proxy address; write http://HOST:PORT") from None


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
    return os.environ.get(name) or os.environ.get(name.upper(), "")


def _is_spared(host: str, port: int) -> bool:
    """Tell whether NO_PROXY names a host: `*`, a domain that stands for those below it too, an address or a network."""
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
