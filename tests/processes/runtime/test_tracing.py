"""Traces of a whole process: they reach the host's collector, and delay nothing."""

from __future__ import annotations

import sys
import time
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from children import plugin
from commands import succeed
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as otlp
from places import SOURCE

if TYPE_CHECKING:
    from pathlib import Path


class _Collector:
    """Receives spans as a collector does."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(
            self._export,
            request_deserializer=otlp.ExportTraceServiceRequest.FromString,
            response_serializer=otlp.ExportTraceServiceResponse.SerializeToString,
        )
        name = "opentelemetry.proto.collector.trace.v1.TraceService"
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Export": handler}),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _export(self, request: Any, _context: Any) -> Any:
        self.requests.append(request)
        return otlp.ExportTraceServiceResponse()

    def stop(self) -> None:
        self._server.stop(0)


@pytest.mark.shows("protocol 87")
def test_spans_reach_the_hosts_collector(stub_folder: Path, tmp_path: Path) -> None:
    """A real process sends its spans to the host's address, at the latest when it ends."""
    collector = _Collector()
    with plugin(stub_folder, tmp_path, GF_INSTANCE_OTLP_ADDRESS=f"127.0.0.1:{collector.port}") as child:
        child.query({})
        seconds = child.shutdown()
    collector.stop()
    spans = [
        span.name
        for request in collector.requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]

    assert spans == ["sdk.queryData"]
    assert seconds < 1.5


@pytest.mark.shows("protocol 86")
def test_unreachable_collector_delays_nothing(stub_folder: Path, tmp_path: Path) -> None:
    """If no collector listens, queries are as fast as without traces, and the plugin ends in time (item 86)."""
    with plugin(stub_folder, tmp_path, GF_INSTANCE_OTLP_ADDRESS="127.0.0.1:9") as child:
        child.query({})
        began = time.monotonic()
        for _ in range(20):
            child.query({})
        seconds = time.monotonic() - began
        ending = child.shutdown()

    assert seconds < 2
    assert ending < 1.5


def test_opentelemetry_is_not_imported_without_tracing(stub_folder: Path) -> None:
    """If Grafana sends no address, OpenTelemetry is not imported, even if it is installed."""
    imports = "import sys; from gfruntime.calls import service; from gfruntime.telemetry import tracing"
    program = f"{imports}; tracing.setup('a', 'b'); print(*sys.modules)"
    done = succeed(sys.executable, "-c", program, env={"PYTHONPATH": f"{SOURCE}:{stub_folder}"})

    assert not [name for name in done.split() if name.startswith("opentelemetry")]
