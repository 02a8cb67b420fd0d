"""The headers of Grafana's requests: which are HTTP headers, and how their names are spelled.

Grafana sends one map: headers that it forwards from a browser or another system have the prefix `http_`, three
credentials have their own names, and the others (`FromAlert`, `X-Cache-Skip`, ...) are for the plugin and are not
HTTP headers.
Source: grafana-plugin-sdk-go v0.298.0, backend/http_headers.go; Go's net/textproto, CanonicalMIMEHeaderKey.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX = "http_"
_CREDENTIALS = ("Authorization", "X-Id-Token", "Cookie")
_TOKEN = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")
_BREAKS = frozenset("\r\n\0")


def canonical(name: str) -> str:
    """Write a header's name as Go does: `x-id-token` becomes `X-Id-Token`; an invalid name is unchanged."""
    if not name or not _TOKEN.issuperset(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def http_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Pick the HTTP headers out of a request's raw headers, names in canonical form.

    If a name occurs several times, the header without a prefix wins, then the one in canonical form.
    """
    keys: dict[str, str] = {}
    for key in sorted(headers, key=_rank):
        name = canonical(key.removeprefix(PREFIX))
        if key.startswith(PREFIX) or name in _CREDENTIALS:
            keys.setdefault(name, headers[key])
    return keys


def merge_names(headers: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Merge headers whose names differ only in case, the canonical name first; drop values with line breaks."""
    names: dict[str, str] = {}
    values_by_name: dict[str, list[str]] = {}
    for name in sorted(headers, key=_rank):
        values = [value for value in headers[name] if _BREAKS.isdisjoint(value)]
        if _BREAKS.isdisjoint(name) and (values or not headers[name]):
            values_by_name.setdefault(names.setdefault(name.lower(), name), []).extend(values)
    return values_by_name


def is_legal(name: str, value: str = "") -> bool:
    """Tell whether HTTP allows a header: the name is a token, and the value has one line."""
    return bool(name) and _TOKEN.issuperset(name) and _BREAKS.isdisjoint(value)


def _rank(key: str) -> tuple[bool, bool]:
    """Return the sort key of a header among the headers of one name."""
    name = key.removeprefix(PREFIX)
    return key != name, name != canonical(name)
