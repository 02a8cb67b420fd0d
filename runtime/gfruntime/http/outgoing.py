"""The headers of a request: which header of a name takes precedence, and which headers may go to another host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfruntime.errors import QueryError
from gfruntime.request.incoming import FROM_ALERT, current_call, is_shared
from gfruntime.telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfruntime.http.settings import HttpSettings
    from gfruntime.request.vocabulary import PluginContext

ACCEPT_ENCODING = "gzip, deflate"
_NEVER_FORWARDED = {
    *("accept-encoding", "connection", "content-encoding", "content-length", "content-type", "host", "keep-alive"),
    *("te", "trailer", "transfer-encoding", "upgrade", "user-agent"),
}
_PUBLIC = {
    *("accept", "accept-encoding", "accept-language", "cache-control", "content-encoding", "content-type"),
    *("if-modified-since", "if-none-match", "range", "user-agent"),
}
_OF_USER = ("authorization", "x-id-token")
_OF_BODY = {"content-encoding", "content-language", "content-length", "content-type", "transfer-encoding"}
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BREAK = re.compile("[\r\n\0]")
_SHORTEST_SECRET = 4
_CONTRADICTION = (
    "forward_headers=True sends the user's identity, but per_user=False gives all users the same answer: "
    "use only one of them in the plugin's code"
)


def collect(settings: HttpSettings, call_headers: Mapping[str, str], *, is_forwarding: bool) -> dict[str, str]:
    """Merge a request's headers: the data source's custom headers take precedence, then the call's, then Grafana's.

    A user's token that Grafana forwards takes precedence over basic authentication.
    Source: grafana-plugin-sdk-go v0.299.0, ConfigureBasicAuthAfterContextualMiddleware in
    backend/httpclient/configure_middleware.go.
    Raises: QueryError if a response to forwarded headers would be shared by all users.
    """
    if is_forwarding and is_shared():
        raise QueryError(_CONTRADICTION)
    call = current_call()
    defaults = {"Accept-Encoding": ACCEPT_ENCODING}
    if call is not None:
        if is_forwarding:
            defaults |= {k: value for k, value in call.http_headers.items() if k.lower() not in _NEVER_FORWARDED}
        defaults |= {FROM_ALERT: call.headers.get(FROM_ALERT, ""), "User-Agent": _user_agent(call.context)}
    by_name: dict[str, tuple[str, str]] = {}
    basic, token = {"Authorization": settings.authorization}, user_token(is_forwarding=is_forwarding)
    for source in (defaults, tracing.headers(), basic, token):
        by_name |= {name.lower(): (name, value) for name, value in source.items() if value}
    for more_headers in (call_headers, settings.headers):
        by_name |= {name.lower(): (name, str(value)) for name, value in more_headers.items()}
    by_name.pop("proxy-authorization", None)  # proxy credentials go to the proxy only
    headers = dict(by_name.values())
    check(headers)
    return headers


def user_token(*, is_forwarding: bool) -> dict[str, str]:
    """Return the headers in which Grafana forwards the user's OAuth token."""
    call = current_call()
    if call is None or not is_forwarding:
        return {}
    return {name: value for name, value in call.http_headers.items() if name.lower() in _OF_USER and value}


def check(headers: Mapping[str, str]) -> None:
    """Refuse invalid headers.

    Raises: QueryError naming the header.
    """
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or _BREAK.search(value):
            raise QueryError(f"the header {name[:100]!r} has a name or a value that HTTP does not allow")


def asks_for_encoding(headers: Mapping[str, str]) -> bool:
    """Tell whether the author requests a content encoding, and therefore decodes it."""
    return {name.lower(): value for name, value in headers.items()}.get("accept-encoding") != ACCEPT_ENCODING


def encode(headers: Mapping[str, str]) -> dict[str, str]:
    """Encode values that are not Latin-1 as UTF-8, as Go does; http.client writes Latin-1."""
    return {
        name: value if _is_latin(value) else value.encode("utf-8", "replace").decode("latin-1")
        for name, value in headers.items()
    }


def public(headers: Mapping[str, str], settings: HttpSettings) -> dict[str, str]:
    """Return the headers that another host may get: without the user's identity and the settings' headers."""
    names = _PUBLIC - {name.lower() for name in settings.headers}
    return {name: value for name, value in headers.items() if name.lower() in names}


def without_body(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a request without its body."""
    return {name: value for name, value in headers.items() if name.lower() not in _OF_BODY}


def secrets(headers: Mapping[str, str]) -> set[str]:
    """List the values, tokens and cookies of a request's headers: an upstream may repeat them, and they are masked."""
    private = {value for name, value in headers.items() if name.lower() not in _PUBLIC}
    for value in list(private):
        first, *others = re.split(r"[\s;,]+", value)
        tokens = others if others and first.isalpha() else [first, *others]  # the first may be `Bearer`
        private.update(tokens, (token.rstrip("=").partition("=")[2] for token in tokens))
    return {secret for secret in private if len(secret) >= _SHORTEST_SECRET}


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _user_agent(context: PluginContext) -> str:
    base = str(context.grafana) if context.grafana.version != "0.0.0" else "Grafana"
    return f"{base} {context.plugin_id}/{context.plugin_version}" if context.plugin_id else base
