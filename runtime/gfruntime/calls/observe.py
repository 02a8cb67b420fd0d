"""What is known of a call, for its log lines and the metrics: who asked, which data source, how long, how it ended.

Source: grafana-plugin-sdk-go v0.298.0, backend/logger_middleware.go, backend/log, backend/metrics_middleware.go.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from typing import TYPE_CHECKING, Any, Literal

from gfruntime.calls import convert
from gfruntime.logs import log
from gfruntime.request import incoming
from gfruntime.telemetry import metrics, tracing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from gfruntime.calls.answers import EncodedAnswer
    from gfruntime.errors import Failure
    from gfruntime.serving.methods import Call

_LOGGER = logging.getLogger("gfruntime")


class call:  # noqa: N801  # reads as a verb: `with observe.call(...)`
    """One call, from its beginning to its end."""

    def __init__(self, endpoint: str, request: Any, call: Call) -> None:  # noqa: ANN401  # any of pluginv2's requests
        """Put what is known of the call into all its log lines, and within the author's reach."""
        self._endpoint = endpoint
        self._status: Literal["ok", "cancelled", "error"] = "ok"
        self._failure: Failure | None = None
        self._began = time.perf_counter()
        headers = convert.headers_of(request)
        convert.remember_headers(headers)
        source = request.pluginContext.dataSourceInstanceSettings
        self.incoming = incoming.Incoming(
            endpoint=endpoint,
            context=convert.plugin_context(request.pluginContext),
            headers=headers,
            metadata=call.metadata,
            data_source=source.name,
            data_source_uid=source.uid,
        )
        incoming.enter(self.incoming)
        log.context.set(functools.cache(functools.partial(_known, self.incoming)))  # for the first line that asks
        self._span = tracing.span(self.incoming)

    def __enter__(self) -> Self:
        """Begin."""
        _LOGGER.debug("Plugin Request Started")
        return self

    def queries(self, answered: Mapping[str, EncodedAnswer]) -> None:
        """Log each failed query; the request has failed if one of them has."""
        for ref_id, answer in answered.items():
            if answer.failure is not None:
                self.query_failed(ref_id, answer.failure)

    def query_failed(self, ref_id: str, failure: Failure) -> None:
        """Log a failed query."""
        if self._failure is None or failure.source == "plugin":  # downstream only if none is the plugin's
            self._status, self._failure = "error", failure
        extra = {"refID": ref_id, "status": failure.status, "error": failure.message}
        _LOGGER.error("Partial data response error", extra={**extra, "statusSource": failure.source})

    def failed(self, failure: Failure, error: BaseException) -> None:
        """Note a failure that is answered in the message itself."""
        self._status, self._failure = "error", failure
        if not failure.is_expected:
            _LOGGER.error("%s failed", self._endpoint, exc_info=(type(error), error, error.__traceback__))

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Log and count the end."""
        if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            self._status = "cancelled"
        elif error is not None:
            self._status = "error"
        source = self._failure.source if self._failure is not None else "plugin"
        metrics.count(self._endpoint, self._status, source)
        if self._span is not None:
            self._span.end(self._status, source, self._failure.message if self._failure is not None else error)
        level = logging.ERROR if self._status == "error" else logging.INFO
        if _LOGGER.isEnabledFor(level):
            milliseconds = (time.perf_counter() - self._began) * 1000
            extra = {"status": self._status, "duration": f"{milliseconds:.3f}ms", "statusSource": source}
            asyncio.get_running_loop().call_soon(self._tell_end, level, extra)  # the host need not wait for this line

    def _tell_end(self, level: int, extra: dict[str, str]) -> None:
        if self._failure is not None:
            extra["error"] = self._failure.message
        record = _LOGGER.makeRecord(_LOGGER.name, level, "", 0, "Plugin Request Completed", (), None, extra=extra)
        _LOGGER.handle(record)  # without a search for the line that logs


def _known(call: incoming.Incoming) -> dict[str, str]:
    known = {
        "pluginId": call.context.plugin_id,
        "endpoint": call.endpoint,
        "pluginVersion": call.context.plugin_version,
        "dsName": call.data_source,
        "dsUid": call.data_source_uid,
        "uname": call.context.user.name if call.context.user is not None else "",
        "traceId": call.trace_id,
    }
    for pair in call.metadata.get("loggerparamsctxmetadata", []):
        key, found, value = pair.partition(":::")
        if found and not key.startswith("@"):
            known[key] = value
    return {key: value for key, value in known.items() if value}
