"""Protobuf and JSON → our types and the author's; errors name the key and never show a secret.

Standard dataclasses are decoded by msgspec, leniently: "5" is accepted for a number, unknown keys are ignored, and null
means the default, as Grafana's editors and old dashboards send all of these. pydantic models decode themselves.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints
from urllib.parse import unquote

import msgspec

from gfruntime.author.ui import Secret, Ui
from gfruntime.errors import DecodeError
from gfruntime.logs import masking
from gfruntime.request.config import GrafanaConfig
from gfruntime.request.vocabulary import PluginContext, Query, Settings, TimeRange, User

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from pluginv2 import backend_pb2 as pb

    from gfruntime.request.incoming import Incoming

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_FIRST = dt.datetime.min.replace(tzinfo=_UTC)
_LAST = dt.datetime.max.replace(tzinfo=_UTC)
_LONGEST_MS = 86_400_000 * 999_999_999
_SETTINGS = "the data source's settings"


def utc(milliseconds: int) -> dt.datetime:
    """Turn epoch milliseconds into an aware UTC datetime; what Python can't express becomes its first or last."""
    try:
        return _EPOCH + dt.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _FIRST if milliseconds < 0 else _LAST


def plugin_context(message: pb.PluginContext) -> PluginContext:
    """Convert where a request comes from, and remember Grafana's own secrets so that they are never shown.

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
    secrets = dict(message.decryptedSecureJsonData)
    masking.remember([*secrets.values(), *_credentials(message, secrets)])
    return Settings(
        options=options(options_type, json_data=message.jsonData, url=message.url, secrets=secrets),
        secrets=secrets,
        uid=message.uid,
        name=message.name,
        url=message.url,
        user=message.user,
        database=message.database,
        basic_auth_enabled=message.basicAuthEnabled,
        basic_auth_user=message.basicAuthUser,
        updated=utc(message.lastUpdatedMS),
        json_data=json_object(message.jsonData, _SETTINGS),
        config=config,
        api_version=getattr(message, "apiVersion", ""),
    )


def query(
    message: pb.DataQuery, *, decode_model: Callable[[bytes], Any], call: Incoming, cancel: threading.Event
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
        from_alert=call.from_alert,
        headers=call.headers,
        context=call.context,
        cancel=cancel,
    )


def model_decoder(model: Any) -> Callable[[bytes], Any]:  # noqa: ANN401
    """Make a function from a query's JSON to the author's model."""
    what = "the query"
    if hasattr(model, "model_validate"):
        return lambda text: _decode(model, json_object(text, what), what)
    fast = msgspec.json.Decoder(model, strict=False, dec_hook=_hook)

    def decode(text: bytes) -> Any:  # noqa: ANN401
        try:
            return fast.decode(text or b"{}")
        except (msgspec.DecodeError, RecursionError):  # null for a key with a default, broken JSON, a true mismatch
            return _decode(model, json_object(text, what), what)

    return decode


def options(options_type: Any, *, json_data: bytes, url: str, secrets: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Fill the author's options from where the config page keeps each: jsonData, the url or the secrets."""
    values = json_object(json_data, _SETTINGS)
    hints = get_type_hints(options_type, include_extras=True) if isinstance(options_type, type) else {}
    for name, hint in hints.items():
        bare, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if bare is Secret:
            values[name] = secrets.get(name)
        elif any(isinstance(extra, Ui) and extra.store == "url" for extra in extras):
            values[name] = url or None
    return _decode(options_type, values, _SETTINGS)


def json_object(text: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object as a dict; nothing and null are an empty one.

    Raises: DecodeError when it is something else; `what` opens the message.
    """
    try:
        value = json.loads(text or b"{}")
    except ValueError as error:
        raise DecodeError(f"{what}: not JSON: {error}") from error
    except RecursionError as error:
        raise DecodeError(f"{what}: nested too deeply") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DecodeError(f"{what}: expected an object, got {type(value).__name__}")
    return value


def _decode(target: Any, values: dict[str, Any], what: str) -> Any:  # noqa: ANN401
    """Fill the author's type. A pydantic model checks itself; of its texts, which show values, keys and rules stay."""
    if hasattr(target, "model_validate"):
        try:
            return target.model_validate({key: value for key, value in values.items() if value is not None})
        except ValueError as error:
            details = error.errors() if hasattr(error, "errors") else []
            text = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in details)
            raise DecodeError(f"{what}: {text or type(error).__name__}") from None
    given = {key: value for key, value in values.items() if value is not None or not _has_default(target, key)}
    try:
        return msgspec.convert(given, target, strict=False, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise DecodeError(f"{what}: {_key_first(str(error))}") from error
    except RecursionError as error:
        raise DecodeError(f"{what}: nested too deeply") from error


def _key_first(message: str) -> str:
    """Put the key first: "Expected `int`, got `str` - at `$.limit`" reads "limit: expected int, got str"."""
    text, is_there, path = message.partition(" - at `")
    text = (text[:1].lower() + text[1:]).replace("`", "")
    return f"{path.rstrip('`').removeprefix('$').removeprefix('.')}: {text}" if is_there else text


def _hook(target: type, value: object) -> object:
    if target is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"expected {getattr(target, '__name__', target)}, got {type(value).__name__}")


def _has_default(target: Any, key: str) -> bool:  # noqa: ANN401
    """Tell whether a dataclass fills a key by itself, or ignores it."""
    if not dataclasses.is_dataclass(target):
        return False
    field = next((field for field in dataclasses.fields(target) if field.name == key), None)
    missing = dataclasses.MISSING
    return field is None or field.default is not missing or field.default_factory is not missing


def _credentials(message: pb.DataSourceInstanceSettings, secrets: Mapping[str, str]) -> list[str]:
    """List what is as good as a password: the one in the URL, and user and password as HTTP sends them."""
    host = message.url.partition("://")[2].partition("/")[0]
    user, is_there, password = host.rpartition("@")[0].partition(":")
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
