"""Traces: made with OpenTelemetry if the host requests them, otherwise forwarded unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import upstreams
from calls import Services
from children import context
from opentelemetry import propagate
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanKind, StatusCode
from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, HttpClient, HttpSettings, Query, QueryError, Settings
from gfruntime.serving.methods import Call
from gfruntime.telemetry import otel, tracing

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Source:
    """Sends a request to its upstream, if it has one."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Make a client."""
        self.http = HttpClient(HttpSettings(url=settings.url))

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        if query.model.get("fail"):
            raise QueryError("no such table")
        return Frame.of(header=[self.http.get("x").json()["headers"].get("traceparent", "")])


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Trace into memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_provider", provider)
    monkeypatch.setattr(propagate, "_HTTP_TEXT_FORMAT", otel._propagator(""))
    yield exporter
    provider.shutdown()


def query(url: str, *, model: bytes = b"{}", **metadata: str) -> pb.DataResponse:
    """Query the source with the host's trace."""
    source = context()
    source.dataSourceInstanceSettings.url = url
    source.user.name = "Ada"
    request = pb.QueryDataRequest(pluginContext=source, queries=[pb.DataQuery(refId="A", json=model)], format=pb.JSON)
    call = Call(metadata={name: [value] for name, value in metadata.items()})
    return Services(Source).unary("Data/QueryData", request, pb.QueryDataResponse, call).responses["A"]


@pytest.mark.shows("protocol 87")
def test_spans_are_children_of_the_hosts(spans: InMemorySpanExporter) -> None:
    """`sdk.queryData` continues the remote trace, names user and request, and the upstream continues it (item 87)."""
    with upstreams.server() as server:
        answer = query(server.url, traceparent=PARENT)
    outgoing, call = spans.get_finished_spans()

    assert (call.name, call.kind) == ("sdk.queryData", SpanKind.SERVER)
    assert call.parent is not None
    assert f"{call.parent.trace_id:032x}-{call.parent.span_id:016x}" == PARENT[3:52]
    assert dict(call.attributes or {}) == {
        "plugin_id": "acme-sample-datasource",
        "org_id": 1,
        "datasource_name": "my source",
        "datasource_uid": "u1",
        "user": "Ada",
        "request_status": "ok",
        "status_source": "plugin",
    }
    assert outgoing.parent is not None
    assert outgoing.parent.span_id == call.context.span_id
    assert f"00-{TRACE}-{outgoing.context.span_id:016x}-01".encode() in answer.frames[0]


def test_failed_calls_are_marked(spans: InMemorySpanExporter) -> None:
    """A failed query makes its call's span an error."""
    query("", model=b'{"fail": 1}')
    (call,) = spans.get_finished_spans()

    assert (call.status.status_code, call.status.description) == (StatusCode.ERROR, "no such table")
    assert (call.attributes or {})["request_status"] == "error"


@pytest.mark.shows("protocol 87")
def test_the_trace_is_forwarded_without_opentelemetry() -> None:
    """Without tracing in the plugin, the upstream gets the host's header unchanged (item 87)."""
    with upstreams.server() as server:
        assert PARENT.encode() in query(server.url, traceparent=PARENT).frames[0]


def test_jaegers_header_is_read_and_written() -> None:
    """With propagation `jaeger` the trace is received and sent in Jaeger's header."""
    jaeger = otel._propagator("jaeger")
    carrier: dict[str, str] = {}
    jaeger.inject(carrier, jaeger.extract({"uber-trace-id": f"{TRACE}:b7ad6b7169203331:0:1"}))

    assert carrier == {"uber-trace-id": f"{TRACE}:b7ad6b7169203331:0:1"}


@pytest.mark.parametrize(
    ("kind", "parameter", "name"),
    [
        ("", "", "AlwaysOn"),
        ("const", "0.000000", "AlwaysOff"),
        ("const", "1.000000", "AlwaysOn"),
        ("probabilistic", "0.25", "TraceIdRatioBased{0.25}"),
        ("rateLimiting", "2", "RateLimited(2/s)"),
    ],
)
def test_grafanas_settings_choose_the_sampler(kind: str, parameter: str, name: str) -> None:
    """Type and parameter choose the sampler; an invalid number counts as 1."""
    environ = {"GF_INSTANCE_OTLP_SAMPLER_TYPE": kind, "GF_INSTANCE_OTLP_SAMPLER_PARAM": parameter}

    assert name in otel._sampler(environ).get_description()


def test_the_sampler_limits_the_traces_per_second() -> None:
    """The sampler accepts a number of traces per second."""
    sampler = otel._RateLimited(2)
    decisions = [sampler.should_sample(None, 1, "x").decision for _ in range(10)]

    assert decisions.count(Decision.RECORD_AND_SAMPLE) == 2
