"""Traces with OpenTelemetry, if the host has a collector and the packages are installed; otherwise nothing is traced.

Each call has a span `sdk.<endpoint>`, a child of the host's span; the HTTP client's headers continue the trace
upstream. Without OpenTelemetry these headers are the host's headers, so that the trace is not cut.
Source: grafana-plugin-sdk-go v0.298.0, backend/tracing_middleware.go, internal/tracerprovider.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from gfruntime.request.incoming import current_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfruntime.request.incoming import Incoming
    from gfruntime.telemetry import otel

_LOGGER = logging.getLogger("gfruntime")
_FLUSH = 0.4
_provider: Any = None


def setup(plugin_id: str, version: str) -> None:
    """Start tracing, if the host enables it."""
    global _provider  # noqa: PLW0603  # one process, one provider
    if not os.environ.get("GF_INSTANCE_OTLP_ADDRESS"):
        return
    try:
        from gfruntime.telemetry import otel  # noqa: PLC0415  # an optional extra
    except ImportError as error:
        _LOGGER.info("The host has a trace collector, but OpenTelemetry is not installed: %s", error)
        return
    _provider = otel.provider(os.environ, plugin_id=plugin_id, version=version)


def shutdown() -> None:
    """Send the remaining spans, if that does not take long."""
    if _provider is not None:  # the provider's timeout does not work if the address is unreachable
        flushing = threading.Thread(target=_provider.force_flush, name="last spans", daemon=True)
        flushing.start()
        flushing.join(_FLUSH)


def span(call: Incoming) -> otel.CallSpan | None:
    """Start a call's span; None if tracing is off."""
    if _provider is None:
        return None
    from gfruntime.telemetry import otel  # noqa: PLC0415

    return otel.CallSpan(_provider, call)


def headers() -> dict[str, str]:
    """Return the headers that propagate the trace."""
    if _provider is not None:
        from gfruntime.telemetry import otel  # noqa: PLC0415

        return otel.headers()
    call = current_call()
    return call.propagated if call is not None else {}


@contextlib.contextmanager
def outgoing(method: str, url: str) -> Iterator[None]:
    """Trace a request to an upstream, without its query string, which may have secrets."""
    if _provider is None:
        yield
        return
    tracer = _provider.get_tracer("gfruntime")
    attributes = {"http.request.method": method, "url.full": url.partition("?")[0]}
    with tracer.start_as_current_span(f"HTTP {method}", attributes=attributes):
        yield
