"""Protobuf → gfruntime's types and the author's types; errors name the key and never show a secret."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import time
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints
from urllib.parse import unquote

from gfruntime.author import migration
from gfruntime.author.ui import Secret, Ui
from gfruntime.calls import decoding, unknown_keys
from gfruntime.calls.mismatches import SETTINGS
from gfruntime.errors import DecodeError, PluginError
from gfruntime.logs import log, masking
from gfruntime.request.config import GrafanaConfig
from gfruntime.request.vocabulary import PluginContext, Query, Settings, TimeRange, User

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from pluginv2 import backend_pb2 as pb

    from gfruntime.request.filtering import AdHocFilter
    from gfruntime.request.incoming import Incoming

MOST_POINTS = 1_000_000
"""The largest `Query.max_data_points`: panels ask for their width in pixels and alert rules for 43,200, but a user can
enter any number in a panel's query options."""

QUERY = "the query"
"""The first words of an error about a query."""

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_FIRST = dt.datetime.min.replace(tzinfo=_UTC)
_LAST = dt.datetime.max.replace(tzinfo=_UTC)
_INTERVAL = dt.timedelta(seconds=1)  # Grafana's default interval, for a query without one
_LONGEST_MS = 86_400_000 * 999_999_999


def utc(milliseconds: int) -> dt.datetime:
    """Convert epoch milliseconds to an aware UTC datetime; values out of Python's range become its first or last."""
    try:
        return _EPOCH + dt.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _FIRST if milliseconds < 0 else _LAST


def plugin_context(message: pb.PluginContext) -> PluginContext:
    """Convert a request's plugin context; register Grafana's secrets, so that no text shows them.

    Protos before v0.177.0 have no configuration.
    """
    config = GrafanaConfig(getattr(message, "grafanaConfig", {}))
    masking.remember(masking.named_secrets(config))
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


def settings(
    message: pb.DataSourceInstanceSettings,
    *,
    options_type: Any,  # noqa: ANN401  # any type the author chose
    config: GrafanaConfig,
) -> Settings[Any]:
    """Convert a data source's settings, its options decoded into the author's type.

    Raises: DecodeError naming the option.
    """
    masking.remember(secrets_of(message))
    secrets = dict(message.decryptedSecureJsonData)
    text = migrate(options_type, message.jsonData, SETTINGS)
    json_data = decoding.json_object(text, SETTINGS)
    values = options(options_type, json_data=text, url=message.url, secrets=secrets)
    unknown_keys.log_unknown_settings(options_type, json_data, secrets, SETTINGS)
    return Settings(
        options=values,
        secrets=secrets,
        uid=message.uid,
        name=message.name,
        url=message.url,
        user=message.user,
        database=message.database,
        basic_auth_enabled=message.basicAuthEnabled,
        basic_auth_user=message.basicAuthUser,
        updated=utc(message.lastUpdatedMS),
        json_data=json_data,
        config=config,
        api_version=getattr(message, "apiVersion", ""),
    )


def query(
    message: pb.DataQuery,
    *,
    decode_model: Callable[[bytes], Any],
    call: Incoming,
    cancel: threading.Event,
    filters: Sequence[AdHocFilter] = (),
) -> Query[Any]:
    """Convert one query, its model decoded into the author's type.

    Raises: DecodeError naming the key.
    """
    return Query(
        model=decode_model(message.json),
        filters=filters,
        time_range=TimeRange(start=utc(message.timeRange.fromEpochMS), end=utc(message.timeRange.toEpochMS)),
        ref_id=message.refId,
        interval=dt.timedelta(milliseconds=min(message.intervalMS, _LONGEST_MS))
        if message.intervalMS > 0
        else _INTERVAL,
        max_data_points=max(0, min(message.maxDataPoints, MOST_POINTS)),
        query_type=message.queryType,
        from_alert=call.from_alert,
        headers=call.headers,
        context=call.context,
        cancel=cancel,
        deadline=moment(call.deadline),
    )


def moment(deadline: float | None) -> dt.datetime | None:
    """Convert a monotonic time to an aware UTC datetime; None if it is out of Python's range."""
    if deadline is None:
        return None
    with contextlib.suppress(OverflowError):
        return dt.datetime.now(_UTC) + dt.timedelta(seconds=deadline - time.monotonic())
    return None


def model_decoder(model: Any) -> Callable[[bytes], Any]:  # noqa: ANN401
    """Make a function from a query's JSON to the author's model; it logs the keys that it ignores at debug level.

    Raises: SchemaError if a bound or the `migrate` of the model is invalid.
    """
    decode = unknown_keys.log_unknown_query_keys(decoding.decoder(model, QUERY), model, QUERY)
    return (lambda text: decode(_migrate(model, text, QUERY))) if migration.migrates(model) else decode


def migrate(model: Any, text: bytes, subject: str) -> bytes:  # noqa: ANN401
    """Migrate saved JSON with the author's type; unchanged if the type has no migration.

    Raises: DecodeError naming the class; an unexpected exception is logged with its traceback.
    """
    return _migrate(model, text, subject) if migration.migrates(model) else text


def _migrate(model: Any, text: bytes, subject: str) -> bytes:  # noqa: ANN401
    values = decoding.json_object(text, subject)
    try:
        return migration.migrate(model, values, subject).encode()
    except DecodeError as error:
        if error.__cause__ is not None and not isinstance(error.__cause__, PluginError):
            log.failure(f"Migrating {subject} failed", error.__cause__)
        raise


def options(options_type: Any, *, json_data: bytes, url: str, secrets: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Fill each of the author's options from its place in the settings: jsonData, the url or the secrets."""
    values = decoding.json_object(json_data, SETTINGS)
    hints = get_type_hints(options_type, include_extras=True) if isinstance(options_type, type) else {}
    for name, hint in hints.items():
        bare, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if bare is Secret:
            values[name] = secrets.get(name)
        elif any(isinstance(extra, Ui) and extra.store == "url" for extra in extras):
            values[name] = url or None
    return decoding.decode(options_type, values, SETTINGS)


def secrets_of(message: pb.DataSourceInstanceSettings) -> list[str]:
    """List the values to mask in every text: secrets, the password in the URL, the basic authentication header."""
    secrets = message.decryptedSecureJsonData
    host = message.url.partition("://")[2].partition("/")[0]
    user, is_there, password = host.rpartition("@")[0].partition(":")
    pairs = [
        (message.basicAuthUser, secrets.get("basicAuthPassword", "")),
        (message.user, secrets.get("password", "")),
        (unquote(user), unquote(password) if is_there else ""),
    ]
    pairs = [(name, word) for name, word in pairs if word]
    credentials = [base64.b64encode(f"{name}:{word}".encode()).decode() for name, word in pairs]
    return [*secrets.values(), *credentials, *(word for _, word in pairs), password]


def _user(message: pb.User) -> User:
    return User(login=message.login, name=message.name, email=message.email, role=message.role)
