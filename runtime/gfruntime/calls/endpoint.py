"""A method of pluginv2: parses a request, calls a handler, and logs, counts and traces the result.

Reads the common parts of all requests: the user, the data source, the headers.
Source: grafana-plugin-sdk-go v0.298.0, backend/logger_middleware.go, backend/log, backend/metrics_middleware.go.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import logging
import os
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

from google.protobuf.message import DecodeError, Message

from gfruntime import wire
from gfruntime.calls import convert
from gfruntime.calls.instances import InstanceKey, InstanceSource, Version
from gfruntime.errors import PluginError, QueryError, failure_of
from gfruntime.logs import log, masking, places
from gfruntime.request import incoming
from gfruntime.request.headers import PREFIX
from gfruntime.serving.methods import Call, CallError
from gfruntime.telemetry import metrics, tracing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
    from types import TracebackType
    from typing import Self

    from pluginv2 import backend_pb2 as pb

    from gfruntime.author.author_class import Author
    from gfruntime.errors import Failure
    from gfruntime.serving.methods import Stream, Unary

_LOGGER = logging.getLogger("gfruntime")
_SECRET_HEADERS = ("authorization", "proxy-authorization", "x-ds-authorization", "cookie", "x-id-token", "x-grafana-id")
_MIN_SESSION_CHARACTERS = 8  # characters of a cookie that may be a session's name
_JSON = 1  # pluginv2.DataFrameFormat
_KEY_LABEL = "PRIVATE KEY"
_DIGEST_KEY = os.urandom(32)  # differs in each process


class ActiveCall:
    """One call that is being answered: its request, user, data source and result."""

    def __init__(self, name: str, request: Any, call: Call, author: Author) -> None:  # noqa: ANN401  # of any method
        """Make the call's details available to its log lines and to the author's code."""
        self.request = request
        self.cancel = call.cancel
        self.is_json = getattr(request, "format", 0) == _JSON  # old protos have only Arrow
        self._name = name
        self._status: Literal["ok", "cancelled", "error"] = "ok"
        self._failure: Failure | None = None
        self._began = time.perf_counter()
        headers = raw_headers(request)
        remember_secret_headers(headers)
        settings = request.pluginContext.dataSourceInstanceSettings
        self.incoming = incoming.Incoming(
            endpoint=name,
            context=convert.plugin_context(request.pluginContext),
            headers=headers,
            metadata=call.metadata,
            deadline=call.deadline,
            data_source=settings.name,
            data_source_uid=settings.uid,
        )
        self.source = _source(request.pluginContext, self.incoming, author)
        incoming.enter(self.incoming)
        self._runs = places.start()
        log.context.set(functools.cache(functools.partial(_log_fields, self.incoming)))  # computed for the first line
        self._span = tracing.span(self.incoming)

    def __enter__(self) -> Self:
        """Log the start at debug level."""
        _LOGGER.debug("Plugin Request Started")
        return self

    def record_query_failure(self, ref_id: str, failure: Failure) -> None:
        """Log a failed query; a request fails if one of its queries fails."""
        if self._failure is None or failure.source == "plugin":  # downstream only if no failure is the plugin's
            self._status, self._failure = "error", failure
        extra = {"refID": ref_id, "status": failure.status, "error": failure.message}
        _LOGGER.error("Partial data response error", extra={**extra, "statusSource": failure.source})

    def record_failure(self, error: BaseException) -> Failure:
        """Convert an exception to the call's failure; log it unless the author raised it on purpose."""
        self._status, self._failure = "error", failure_of(error)
        if not self._failure.is_expected:
            log.failure(f"{self._name} failed", error)
        return self._failure

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Log and count the result of the call."""
        if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            self._status = "cancelled"
        elif error is not None:
            self._status = "error"
        source = self._failure.source if self._failure is not None else "plugin"
        if self._status != "cancelled":  # otherwise a thread may still run, and needs its on_cancel functions
            self.cancel.forget_all()
        metrics.count(self._name, self._status, source)
        if self._span is not None:
            self._span.end(self._status, source, self._failure.message if self._failure is not None else error)
        level = logging.ERROR if self._status == "error" else logging.INFO
        if _LOGGER.isEnabledFor(level):
            milliseconds = (time.perf_counter() - self._began) * 1000
            extra = {"status": self._status, "duration": f"{milliseconds:.3f}ms", "statusSource": source}
            extra |= {"at": self._runs.place} if self._runs.place else {}
            asyncio.get_running_loop().call_soon(self._log_end, level, extra)  # the host need not wait for this line

    def _log_end(self, level: int, extra: dict[str, str]) -> None:
        if self._failure is not None:
            extra["error"] = self._failure.message
        log.tell(_LOGGER, level, "Plugin Request Completed", extra)


def unary(path: str, kind: type[Message], handle: Callable[[ActiveCall], Awaitable[bytes]], author: Author) -> Unary:
    """Make a method with one answer; `kind` is the request's message type, `handle` answers it."""
    name = _name(path)

    async def answer(message: bytes, call: Call) -> bytes:
        with ActiveCall(name, _parse(kind, message), call, author) as active:
            return await handle(active)

    return answer


def stream(
    path: str, kind: type[Message], handle: Callable[[ActiveCall], AsyncGenerator[bytes, None]], author: Author
) -> Stream:
    """Make a method with a stream of answers."""
    name = _name(path)

    async def answer(message: bytes, call: Call) -> AsyncIterator[bytes]:
        with ActiveCall(name, _parse(kind, message), call, author) as active:
            async with aclosing(handle(active)) as parts:
                async for part in parts:
                    yield part

    return answer


def call_error(error: BaseException) -> CallError:
    """Convert an exception to the failure of its whole call; a PluginError sets the source."""
    if isinstance(error, CallError):
        return error
    failure = failure_of(error)
    is_marked = isinstance(error, PluginError) or failure.source == "downstream"
    details = wire.error_details(failure.message, source=failure.source) if is_marked else b""
    return CallError(failure.message, details=details)


def raw_headers(message: Any) -> dict[str, str]:  # noqa: ANN401  # any request
    """Read a request's raw headers; those of a resource call are all HTTP headers, so they get the prefix `http_`."""
    headers = getattr(message, "headers", {})
    if not hasattr(message, "method"):
        return dict(headers)
    texts = {PREFIX + key: ", ".join(item.values) for key, item in headers.items()}
    if incoming.FROM_ALERT in headers and headers[incoming.FROM_ALERT].values:
        texts[incoming.FROM_ALERT] = headers[incoming.FROM_ALERT].values[0]
    return texts


def remember_secret_headers(headers: Mapping[str, str]) -> None:
    """Register forwarded credentials as secrets, so that every log masks them."""
    values = [value for key, value in headers.items() if key.lower().removeprefix("http_") in _SECRET_HEADERS]
    if values:
        masking.remember(part for value in values for part in (value, value.partition(" ")[2], *_cookies(value)))


def proxy_hash(config: Mapping[str, str]) -> str:
    """Return the end of the proxy client key's bytes, as the Go SDK's cache key does; empty without a key."""
    pem = config.get("GF_SECURE_SOCKS_DATASOURCE_PROXY_CLIENT_KEY_VAL", "")
    _, has_begin, rest = pem.partition(f"-----BEGIN {_KEY_LABEL}-----")
    body, has_end, _ = rest.partition(f"-----END {_KEY_LABEL}-----")
    if not has_begin or not has_end:
        return ""
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        return ""
    return base64.b64encode(der[-3:]).decode()


def _digest(settings: pb.DataSourceInstanceSettings) -> bytes:
    """Hash all settings of a data source that the author's constructor receives, secrets included.

    Fields that this proto does not know are left out, because their order may differ from call to call.
    """
    settings.DiscardUnknownFields()
    return hashlib.blake2b(settings.SerializeToString(deterministic=True), digest_size=16, key=_DIGEST_KEY).digest()


def _name(path: str) -> str:
    """Name a method as the Go SDK's logs and metrics do: `/pluginv2.Data/QueryData` is `queryData`."""
    method = path.rpartition("/")[2]
    return method[0].lower() + method[1:]


def _source(context: pb.PluginContext, call: incoming.Incoming, author: Author) -> InstanceSource:
    """Read the identity of this data source, and the version of its settings.

    If the call names no data source, creating the instance raises QueryError, and each query of the call shows it.
    """
    settings, config = context.dataSourceInstanceSettings, call.context.config
    digest = _digest(settings) if context.HasField("dataSourceInstanceSettings") else b""
    tenant = "\n".join([*call.metadata.get("tenantid", []), str(context.orgId), call.context.namespace])

    def make() -> Any:  # noqa: ANN401  # the author's class
        if not context.HasField("dataSourceInstanceSettings"):
            raise QueryError("the request names no data source (data source instance settings cannot be nil)")
        return author.make(convert.settings(settings, options_type=author.options, config=config))

    key = InstanceKey(f"{settings.id}\n{settings.uid}", tenant, proxy_hash(config))
    secrets = functools.partial(convert.secrets_of, settings)
    return InstanceSource(key, Version(settings.lastUpdatedMS, config, digest), make, secrets)


def _cookies(value: str) -> list[str]:
    """List the values of cookies, except short ones: masking "true" would spoil every text."""
    values = (pair.partition("=")[2].strip() for pair in value.split(";"))
    return [each for each in values if len(each) >= _MIN_SESSION_CHARACTERS]


def _log_fields(call: incoming.Incoming) -> dict[str, str]:
    fields = {
        "pluginId": call.context.plugin_id,
        "endpoint": call.endpoint,
        "pluginVersion": call.context.plugin_version,
        "dsName": call.data_source,
        "dsUid": call.data_source_uid,
        "uname": call.context.user.name if call.context.user is not None else "",
        "traceId": call.trace_id,
    }
    for pair in call.metadata.get("loggerparamsctxmetadata", []):
        key, is_pair, value = pair.partition(":::")
        if is_pair and not key.startswith("@"):
            fields[key] = value
    return {key: value for key, value in fields.items() if value}


def _parse(kind: type[Message], message: bytes) -> Any:  # noqa: ANN401  # a message of that kind
    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise CallError(f"malformed {kind.DESCRIPTOR.name}", code="INTERNAL") from error
