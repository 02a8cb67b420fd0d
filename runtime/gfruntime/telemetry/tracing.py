"""Traces by OpenTelemetry, when the host announces a collector and the packages are installed; else nothing at all.

A span `sdk.<endpoint>` for each call, a child of the host's; the trace goes on to upstreams by the HTTP client's
headers. Without OpenTelemetry those headers are the host's own, so that a trace isn't cut.
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
    """Begin to trace, if the host wants it."""
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
    """Send what is left, if that can be done briefly."""
    if _provider is not None:  # its own timeout does not hold where nobody is at the address
        flushing = threading.Thread(target=_provider.force_flush, name="last spans", daemon=True)
        flushing.start()
        flushing.join(_FLUSH)


def span(call: Incoming) -> otel.CallSpan | None:
    """Begin a call's span; None when nothing is traced."""
    if _provider is None:
        return None
    from gfruntime.telemetry import otel  # noqa: PLC0415

    return otel.CallSpan(_provider, call)


def headers() -> dict[str, str]:
    """Give the headers that carry the trace on."""
    if _provider is not None:
        from gfruntime.telemetry import otel  # noqa: PLC0415

        return otel.headers()
    call = current_call()
    return call.propagated if call is not None else {}


@contextlib.contextmanager
def outgoing(method: str, url: str) -> Iterator[None]:
    """Trace a request to an upstream; its query is left out, which may hold secrets."""
    if _provider is None:
        yield
        return
    tracer = _provider.get_tracer("gfruntime")
    attributes = {"http.request.method": method, "url.full": url.partition("?")[0]}
    with tracer.start_as_current_span(f"HTTP {method}", attributes=attributes):
        yield
