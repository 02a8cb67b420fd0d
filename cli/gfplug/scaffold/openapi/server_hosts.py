"""Report operations that would send credentials to other hosts than the API's, or without encryption."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gfplug.scaffold.openapi.model import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gfplug.scaffold.openapi.model import Auth, BaseUrl, Operation

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def find_foreign_hosts(
    base_urls: Sequence[BaseUrl], operations: Sequence[Operation], auth: Sequence[Auth]
) -> Iterator[LeftOut]:
    """Report operations and token URLs at other hosts, and URLs without encryption.

    Source: `foreign_host` of `gfruntime.openapi.hosts`, which sends no credentials to such operations.
    """
    home = urlsplit(base_urls[0].url).hostname or "" if base_urls else ""
    for operation in operations if home else ():
        address = urlsplit(operation.base_urls[0].url) if operation.base_urls else None
        if address is not None and not is_home(address.hostname or "", home):
            remark = f"it is at {address.netloc}, not at {home}: gfplug sends no credentials there"
            yield _remark(operation.place, operation.name, remark)
    for each in auth:
        host = urlsplit(each.token_url).hostname or ""
        if host and home and not is_home(host, home):
            reason = f"the tokens of {each.name!r} come from {host}, not from {home}: {host} receives the client secret"
            yield _remark("/components/securitySchemes", "", reason)
    if auth and base_urls and base_urls[0].url.startswith("http:") and home not in _LOCAL:
        yield _remark("/servers", "", f"{base_urls[0].url} is not encrypted: credentials are sent as plain text")


def is_home(host: str, home: str) -> bool:
    """Return whether a host is the API's host, or a subdomain of it."""
    return host == home or host.endswith(f".{home}")


def _remark(place: str, operation: str, reason: str) -> LeftOut:
    return LeftOut(kind="part", place=place, operation=operation, reason=reason)
