"""The headers of Grafana's requests: which of them are HTTP headers, and how their names are spelled.

Grafana sends one map: what it forwards from a browser or another system carries the prefix `http_`, three credentials
stand under their own names, and the rest (`FromAlert`, `X-Cache-Skip`, ...) is for the plugin and is no HTTP header.
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
    """Spell a header's name as Go does: `x-id-token` is `X-Id-Token`; what can't be a name stays as it is."""
    if not name or not _TOKEN.issuperset(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def http_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Pick the HTTP headers out of a request's raw headers, names in canonical form.

    Of several for one name Grafana's own wins, which has no prefix, then that in canonical spelling.
    """
    chosen: dict[str, str] = {}
    for key in sorted(headers, key=_rank):
        name = canonical(key.removeprefix(PREFIX))
        if key.startswith(PREFIX) or name in _CREDENTIALS:
            chosen.setdefault(name, headers[key])
    return chosen


def merged(headers: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Keep what is one line; names that differ in case alone are one header, canonical spelling first."""
    names: dict[str, str] = {}
    chosen: dict[str, list[str]] = {}
    for name in sorted(headers, key=_rank):
        values = [value for value in headers[name] if _BREAKS.isdisjoint(value)]
        if _BREAKS.isdisjoint(name) and (values or not headers[name]):
            chosen.setdefault(names.setdefault(name.lower(), name), []).extend(values)
    return chosen


def is_legal(name: str, value: str = "") -> bool:
    """Tell whether HTTP allows a header: its name is a token, its value one line."""
    return bool(name) and _TOKEN.issuperset(name) and _BREAKS.isdisjoint(value)


def _rank(key: str) -> tuple[bool, bool]:
    """Order the keys for one name."""
    name = key.removeprefix(PREFIX)
    return key != name, name != canonical(name)
