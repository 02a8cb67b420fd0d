"""The address of an operation, and whether it is at the API's host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Collection

    from gfruntime.openapi.operation import Address, Endpoint
    from gfruntime.request.vocabulary import Settings

UNSUITABLE = frozenset("\\?#@ ")
"""Characters that can't be in an option that is a part of an address."""


def url_of(endpoint: Endpoint, settings: Settings[Any], api: Address | None) -> str:
    """Return the base address of an operation: the data source's address, else the operation's, else the API's."""
    address = endpoint.address or api
    if settings.url.strip() or address is None:
        if not settings.url.strip():
            raise QueryError("the data source has no URL")
        return settings.url.strip()
    return fill(address, settings)


def fill(address: Address, settings: Settings[Any]) -> str:
    """Fill the variables of an address with options."""
    url = address.template
    for name, option in address.variables:
        value = str(getattr(settings.options, option))
        if not UNSUITABLE.isdisjoint(value):
            raise QueryError(f"{option} is {value!r}, which can't be a part of the address {address.template}")
        url = url.replace("{" + name + "}", value)
    return url


def foreign_host(endpoint: Endpoint, settings: Settings[Any], api: Address | None, trusted: Collection[str]) -> str:
    """Return an operation's origin if it must get no credentials: another host, or http for https; else ""."""
    if settings.url.strip() or endpoint.address is None or api is None:
        return ""
    own, home = (urlsplit(fill(each, settings)) for each in (endpoint.address, api))
    name, home_name = own.hostname or "", home.hostname or ""
    origin = f"{own.scheme}://{own.netloc}"
    if not {name, own.netloc, origin}.isdisjoint(trusted):
        return ""
    is_home = name == home_name or name.endswith(f".{home_name}")
    return "" if is_home and (own.scheme, home.scheme) != ("http", "https") else origin
