"""OpenTelemetry with Grafana's configuration; imported only if it is installed and enabled.

Source: grafana-plugin-sdk-go v0.298.0, internal/tracerprovider and backend/tracing.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from opentelemetry import context, propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator, default_getter, default_setter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfruntime.request.incoming import Incoming

_PREFIX = "GF_INSTANCE_OTLP_"
_JAEGER = "uber-trace-id"


class _Jaeger(TextMapPropagator):
    """Jaeger's header: trace id, span id, parent (unused), flags."""

    def extract(self, carrier: Any, context: Any = None, getter: Any = default_getter) -> Any:  # noqa: ANN401
        parts = (getter.get(carrier, _JAEGER) or [""])[0].split(":")
        try:
            trace_id, span_id, flags = int(parts[0], 16), int(parts[1], 16), int(parts[3], 16)
        except (IndexError, ValueError):
            return context or {}
        remote = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(flags & 1))
        return trace.set_span_in_context(trace.NonRecordingSpan(remote), context) if remote.is_valid else context or {}

    def inject(self, carrier: Any, context: Any = None, setter: Any = default_setter) -> None:  # noqa: ANN401
        current = trace.get_current_span(context).get_span_context()
        if current.is_valid:
            setter.set(carrier, _JAEGER, f"{current.trace_id:032x}:{current.span_id:016x}:0:{int(current.trace_flags)}")

    @property
    def fields(self) -> set[str]:
        return {_JAEGER}


class _RateLimited(Sampler):
    """Samples at most `per_second` traces a second."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._tokens, self._last = max(per_second, 1.0), time.monotonic()
        self._lock = threading.Lock()

    def should_sample(self, *_: Any, **more: Any) -> SamplingResult:  # noqa: ANN401
        with self._lock:
            now = time.monotonic()
            self._tokens = min(max(self._per_second, 1.0), self._tokens + (now - self._last) * self._per_second)
            self._last = now
            is_one = self._tokens >= 1
            self._tokens -= is_one
        return SamplingResult(Decision.RECORD_AND_SAMPLE if is_one else Decision.DROP, more.get("attributes"))

    def get_description(self) -> str:
        return f"RateLimited({self._per_second:g}/s)"


def provider(environ: Mapping[str, str], *, plugin_id: str, version: str) -> TracerProvider:
    """Create the process's provider, which sends spans in the background, and install propagation."""
    propagate.set_global_textmap(_propagator(environ.get(f"{_PREFIX}PROPAGATION", "")))
    resource = Resource.create({"service.name": plugin_id, "service.version": version})
    tracers = TracerProvider(resource=resource, sampler=ParentBased(_sampler(environ)), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=environ[f"{_PREFIX}ADDRESS"], insecure=True, timeout=5)
    tracers.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(tracers)
    return tracers


class CallSpan:
    """The span of one call."""

    def __init__(self, provider: TracerProvider, call: Incoming) -> None:
        """Start the span, as a child of the host's span, and make it the current span of this context."""
        attributes: dict[str, str | int] = {"plugin_id": call.context.plugin_id, "org_id": call.context.org_id}
        if call.data_source_uid:
            attributes |= {"datasource_name": call.data_source, "datasource_uid": call.data_source_uid}
        if call.context.user is not None:
            attributes["user"] = call.context.user.name
        if call.tenant:
            attributes["tenant_id"] = call.tenant
        parent = propagate.extract({name: values[0] for name, values in call.metadata.items() if values})
        tracer = provider.get_tracer("gfruntime")
        self._span = tracer.start_span(f"sdk.{call.endpoint}", parent, trace.SpanKind.SERVER, attributes)
        context.attach(trace.set_span_in_context(self._span, parent))  # only for this call's task: never detached

    def end(self, status: str, source: str, error: BaseException | str | None) -> None:
        """End the span."""
        self._span.set_attributes({"request_status": status, "status_source": source})
        if isinstance(error, BaseException):
            self._span.record_exception(error)
        if error is not None:
            self._span.set_status(trace.StatusCode.ERROR, str(error))
        self._span.end()


def headers() -> dict[str, str]:
    """Return the headers that propagate the current span."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def _propagator(names: str) -> TextMapPropagator:
    propagators: dict[str, list[TextMapPropagator]] = {
        "w3c": [TraceContextTextMapPropagator(), W3CBaggagePropagator()],
        "jaeger": [_Jaeger()],
    }
    chosen_propagators = [item for name in names.split(",") for item in propagators.get(name.strip(), [])]
    return CompositePropagator(chosen_propagators or propagators["w3c"])


def _sampler(environ: Mapping[str, str]) -> Sampler:
    """Return the sampler of root spans; a remote sampler uses its parameter, because there is no agent to ask."""
    try:
        parameter = float(environ.get(f"{_PREFIX}SAMPLER_PARAM", ""))
    except ValueError:
        parameter = 1.0
    kind = environ.get(f"{_PREFIX}SAMPLER_TYPE", "")
    if kind in ("", "const"):
        return ALWAYS_ON if parameter >= 1 else ALWAYS_OFF
    if kind == "rateLimiting":
        return _RateLimited(parameter)
    return TraceIdRatioBased(min(max(parameter, 0.0), 1.0))
