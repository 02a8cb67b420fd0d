"""Check each request to the preview: only its page, on this machine, with the token, may send requests.

The token is the first part of each address, so that scripts, pictures and event streams need no header and no cookie,
which a browser would also send to other ports of the machine. A request without the token is accepted if it comes from
a page whose address has the token, so that code that requests `/api/...` works as in Grafana.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message

_LONGEST = 8192
_OWN_SITES = ("same-origin", "none")
_WITHOUT_TOKEN = ("/api/", "/public/")


class RefusedError(Exception):
    """A refused request, with the status and the text of the answer."""

    def __init__(self, status: int, message: str) -> None:
        """Store the status and the text."""
        super().__init__(message)
        self.status = status
        self.message = message


def admit(method: str, address: str, headers: Message, *, port: int, token: str) -> str:
    """Return a request's address below the token, with its query string; empty for the page itself.

    Raises: RefusedError for another host (DNS rebinding), another origin, or a request without the token.
    """
    if not address.startswith("/") or address.startswith("//") or len(address) > _LONGEST:
        raise RefusedError(400, "the address is not a path")
    host = _require_host(headers, port)
    below = _below_token(address, token)
    origins = headers.get_all("Origin", [])
    if any(origin != f"http://{host}" for origin in origins):
        raise RefusedError(403, "a request from another page is refused: the Origin is not the preview's own")
    sites = headers.get_all("Sec-Fetch-Site", [])
    if not all(site in _OWN_SITES for site in sites) and not (below == "" and _is_visit(method, headers)):
        raise RefusedError(403, "a request from another page is refused: it comes from another site")
    if below is not None:
        return below
    if address.startswith(_WITHOUT_TOKEN) and _comes_from_page(headers, host, token):
        return address[1:]
    raise RefusedError(403, "the token in the address is missing or wrong: open the address that gfplug prints")


def _require_host(headers: Message, port: int) -> str:
    hosts = headers.get_all("Host", [])
    if len(hosts) != 1 or hosts[0] not in (f"127.0.0.1:{port}", f"localhost:{port}"):
        raise RefusedError(403, f"the Host is not 127.0.0.1:{port}")
    return str(hosts[0])


def _below_token(address: str, token: str) -> str | None:
    first, slash, rest = address[1:].partition("/")
    is_known = hmac.compare_digest(first.encode("utf-8", "surrogateescape"), token.encode())
    return rest if is_known and slash else None


def _comes_from_page(headers: Message, host: str, token: str) -> bool:
    referers = headers.get_all("Referer", [])
    if len(referers) != 1:
        return False
    prefix = f"http://{host}"
    referer = str(referers[0])
    return referer.startswith(f"{prefix}/") and _below_token(referer.removeprefix(prefix), token) is not None


def _is_visit(method: str, headers: Message) -> bool:
    """Return whether a user opened the page itself, not a frame in another page."""
    return (
        method == "GET" and headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    )
