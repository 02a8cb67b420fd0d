"""The headers of Grafana's requests: which of them are HTTP headers, and how their names are spelled.

Grafana sends one map: what it forwards from a browser or another system carries the prefix `http_`, three credentials
stand under their own names, and the rest (`FromAlert`, `X-Cache-Skip`, ...) is for the plugin and is no HTTP header.
Source: grafana-plugin-sdk-go v0.298.0, backend/http_headers.go; Go's net/textproto, CanonicalMIMEHeaderKey.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "http_"
_CREDENTIALS = ("Authorization", "X-Id-Token", "Cookie")
_TOKEN = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")


def canonical(name: str) -> str:
    """Spell a header's name as Go does: `x-id-token` is `X-Id-Token`; what can't be a name stays as it is."""
    if not name or not _TOKEN.issuperset(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def http_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Pick the HTTP headers out of a request's raw headers, names in canonical form."""
    chosen = {}
    for key, value in headers.items():
        if canonical(key) in _CREDENTIALS:
            chosen[canonical(key)] = value
        if key.startswith(PREFIX):
            chosen[canonical(key.removeprefix(PREFIX))] = value
    return chosen
