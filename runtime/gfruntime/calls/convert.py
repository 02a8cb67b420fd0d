"""Protobuf → our types. With `service`, the only importer of the generated `pluginv2`."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gfruntime.calls import decode
from gfruntime.logs import masking
from gfruntime.request.config import GrafanaConfig
from gfruntime.request.headers import PREFIX
from gfruntime.request.incoming import FROM_ALERT
from gfruntime.request.vocabulary import PluginContext, Query, Request, Settings, StreamRequest, TimeRange, User

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from pluginv2 import backend_pb2 as pb

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_FIRST = dt.datetime.min.replace(tzinfo=_UTC)
_LAST = dt.datetime.max.replace(tzinfo=_UTC)
_LONGEST_MS = 86_400_000 * 999_999_999
_SECRET_HEADERS = ("authorization", "proxy-authorization", "x-ds-authorization", "cookie", "x-id-token", "x-grafana-id")
_LONG = 8  # characters of a cookie that may be a session's name


def utc(milliseconds: int) -> dt.datetime:
    """Turn epoch milliseconds into an aware UTC datetime; what Python can't express becomes its first or last."""
    try:
        return _EPOCH + dt.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _FIRST if milliseconds < 0 else _LAST


def plugin_context(message: pb.PluginContext) -> PluginContext:
    """Convert where a request comes from, and remember Grafana's own secrets so that they are never shown."""
    config = grafana_config(message)
    masking.remember_settings(config)
    return PluginContext(
        org_id=message.orgId,
        plugin_id=message.pluginId,
        plugin_version=getattr(message, "pluginVersion", ""),
        user=_user(message.user) if message.HasField("user") else None,
        config=config,
        namespace=getattr(message, "namespace", ""),
        user_agent=getattr(message, "userAgent", ""),
        api_version=getattr(message, "apiVersion", ""),
    )


def grafana_config(message: pb.PluginContext) -> GrafanaConfig:
    """Read Grafana's settings for plugins; protos before v0.177.0 have none."""
    return GrafanaConfig(getattr(message, "grafanaConfig", {}))


def settings(
    message: pb.DataSourceInstanceSettings,
    *,
    options_type: Any,  # noqa: ANN401
    config: GrafanaConfig,
) -> Settings[Any]:
    """Convert a data source's settings, its options decoded into the author's type.

    Raises: DecodeError naming the option.
    """
    secrets = dict(message.decryptedSecureJsonData)
    masking.remember([*secrets.values(), *_credentials(message, secrets)])
    return Settings(
        options=decode.options(options_type, json_data=message.jsonData, url=message.url, secrets=secrets),
        secrets=secrets,
        uid=message.uid,
        name=message.name,
        url=message.url,
        user=message.user,
        database=message.database,
        basic_auth_enabled=message.basicAuthEnabled,
        basic_auth_user=message.basicAuthUser,
        updated=utc(message.lastUpdatedMS),
        json_data=decode.mapping(message.jsonData, "the data source's settings"),
        config=config,
        api_version=getattr(message, "apiVersion", ""),
    )


def query(
    message: pb.DataQuery,
    *,
    decode_model: Callable[[bytes], Any],
    headers: Mapping[str, str],
    context: PluginContext,
    cancel: threading.Event,
) -> Query[Any]:
    """Convert one query, its model decoded into the author's type.

    Raises: DecodeError naming the key.
    """
    return Query(
        model=decode_model(message.json),
        time_range=TimeRange(start=utc(message.timeRange.fromEpochMS), end=utc(message.timeRange.toEpochMS)),
        ref_id=message.refId,
        interval=dt.timedelta(milliseconds=max(-_LONGEST_MS, min(message.intervalMS, _LONGEST_MS))),
        max_data_points=message.maxDataPoints,
        query_type=message.queryType,
        from_alert=headers.get(FROM_ALERT) == "true",
        headers=headers,
        context=context,
        cancel=cancel,
    )


def request(message: pb.CallResourceRequest, *, context: PluginContext, cancel: threading.Event) -> Request:
    """Convert a resource call."""
    headers = {key: list(item.values) for key, item in message.headers.items()}
    return Request(
        path=message.path,
        method=message.method or "GET",
        url=message.url,
        headers=headers,
        body=message.body,
        context=context,
        cancel=cancel,
    )


def stream_request(
    message: pb.SubscribeStreamRequest | pb.PublishStreamRequest | pb.RunStreamRequest,
    *,
    context: PluginContext,
    cancel: threading.Event,
) -> StreamRequest:
    """Convert a call about a channel; protos before v0.121.0 have no data, before v0.272.0 no headers."""
    return StreamRequest(
        path=message.path,
        data=getattr(message, "data", b""),
        headers=dict(getattr(message, "headers", {})),
        context=context,
        cancel=cancel,
    )


def headers_of(message: Any) -> dict[str, str]:  # noqa: ANN401  # any request
    """Read a request's raw headers; those of a resource call are all HTTP headers and get the prefix."""
    headers = getattr(message, "headers", {})
    if not hasattr(message, "method"):
        return dict(headers)
    found = {PREFIX + key: ", ".join(item.values) for key, item in headers.items()}
    if FROM_ALERT in headers and headers[FROM_ALERT].values:
        found[FROM_ALERT] = headers[FROM_ALERT].values[0]
    return found


def remember_headers(headers: Mapping[str, str]) -> None:
    """Keep forwarded credentials out of every log."""
    found = [value for key, value in headers.items() if key.lower().removeprefix("http_") in _SECRET_HEADERS]
    if found:
        masking.remember(part for value in found for part in (value, value.partition(" ")[2], *_cookies(value)))


def _cookies(value: str) -> list[str]:
    """List the values of cookies, but for those that are hardly secret: hiding "true" would garble every text."""
    values = (pair.partition("=")[2].strip() for pair in value.split(";"))
    return [each for each in values if len(each) >= _LONG]


def _credentials(message: pb.DataSourceInstanceSettings, secrets: Mapping[str, str]) -> list[str]:
    """List what is as good as a password: the one in the URL, and user and password as HTTP sends them."""
    place = message.url.partition("://")[2].partition("/")[0]
    user, is_there, password = place.rpartition("@")[0].partition(":")
    pairs = [
        (message.basicAuthUser, secrets.get("basicAuthPassword", "")),
        (message.user, secrets.get("password", "")),
        (unquote(user), unquote(password) if is_there else ""),
    ]
    pairs = [(name, word) for name, word in pairs if word]
    sent = [base64.b64encode(f"{name}:{word}".encode()).decode() for name, word in pairs]
    return [*sent, *(word for _, word in pairs), password]


def _user(message: pb.User) -> User:
    return User(login=message.login, name=message.name, email=message.email, role=message.role)
