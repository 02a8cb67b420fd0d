"""One request of the data proxy to an upstream, like Go's client: with limits of size and time, without redirects.

Source: grafana v13.0.0, pkg/services/datasources/service, httpClientOptions.
"""

from __future__ import annotations

import ipaddress
import time
import urllib.error
import urllib.request
from http.client import HTTPException, InvalidURL
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gfplug.errors import ToolError
from gfplug.host.preview.upstream_tls import TlsHandler

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from urllib.parse import SplitResult

    from gfplug.host.settings import Settings

_SECONDS = 30.0
_LARGEST = 100 << 20
_PART = 1 << 16


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the browser receives the redirect, as from Grafana."""

    def redirect_request(  # noqa: PLR0917 - the base class's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Follow no redirect."""


def exchange(upstream: urllib.request.Request, settings: Settings | None = None) -> tuple[int, HTTPMessage, bytes]:
    """Ask an upstream, with a data source's TLS settings if given, and return its status, headers and body.

    Raises: ToolError if the upstream does not answer, answers too slowly, or sends too many bytes.
    """
    host, deadline = upstream.host, time.monotonic() + _SECONDS
    handlers: list[Any] = [_NoRedirects]
    if settings and upstream.type == "https":
        handlers.append(TlsHandler(settings))
    if _is_this_machine(host):  # as in Go: ignore the environment's proxies
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    try:
        try:
            reply = opener.open(upstream, timeout=_SECONDS)
        except urllib.error.HTTPError as error:
            reply = error  # an error status is also an answer
        with reply:
            return int(reply.status), reply.headers, read_body(reply, deadline)
    except (OSError, ValueError, HTTPException) as error:  # the texts of ValueError and InvalidURL may hold a secret
        is_ours = isinstance(error, ValueError) or type(error) is InvalidURL
        reason = getattr(error, "reason", error)
        raise ToolError(
            "the request cannot be sent" if is_ours else f"{host} did not answer: {reason}",
            hint="check the URL on the config page, and the routes in plugin.json",
        ) from error


def split_address(address: str) -> SplitResult:
    """Split an http:// or https:// address.

    Raises: ValueError for another scheme, without a host, with a user, or with a port that is not 0 to 65535.
    """
    parts = urlsplit(address.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or parts.port == 0:
        raise ValueError("no http:// or https:// address")
    return parts


def read_body(reply: Any, deadline: float) -> bytes:  # noqa: ANN401 - a response of urllib's, or its error
    """Read a body with a limit of size, until a deadline of the monotonic clock.

    Raises: ToolError if the body is larger; TimeoutError.
    """
    body = bytearray()
    while part := reply.read1(_PART):
        body += part
        if len(body) > _LARGEST:
            raise ToolError(f"the answer has more than {_LARGEST:,} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError(f"its answer took longer than {_SECONDS:g} s")
    return bytes(body)


def _is_this_machine(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
