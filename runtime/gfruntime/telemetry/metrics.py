"""Prometheus metrics of this process: the Go SDK's metrics under the same names, and Python's.

If `prometheus_client` is installed, the author's metrics, which that package collects, are added.
Source: grafana-plugin-sdk-go v0.298.0, backend/metrics_middleware.go, backend/instancemgmt, backend/datasource,
backend/httpclient/datasource_metrics_middleware.go; go-grpc-prometheus for `grpc_server_*`.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
import re
import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_lock = threading.Lock()
_active: list[Callable[[], int]] = []


class MetricFamily:
    """One metric with labels: a counter or a gauge."""

    all: list[MetricFamily] = []  # noqa: RUF012  # the registry

    def __init__(self, kind: str, name: str, about: str, *labels: str) -> None:
        """Register the metric; a metric without labels begins with 0, as in Prometheus' clients."""
        self.kind, self.name, self.about, self.labels = kind, name, about, labels
        self.values = defaultdict[tuple[str, ...], float](float, {} if labels else {(): 0.0})
        MetricFamily.all.append(self)

    def add(self, *labels: str, by: float = 1) -> None:
        """Add to the value; `by` may be negative."""
        with _lock:
            self.values[labels] += by

    def set(self, value: float, *labels: str) -> None:
        """Set a gauge."""
        with _lock:
            self.values[labels] = value

    def lines(self) -> Iterator[str]:
        """Yield the metric's lines."""
        yield f"# HELP {self.name} {self.about}"
        yield f"# TYPE {self.name} {self.kind}"
        yield from self._samples()

    def _samples(self) -> Iterator[str]:
        for labels, value in sorted(self.values.items()):
            yield f"{self.name}{_label_text(self.labels, labels)} {_number(value)}"


class Histogram(MetricFamily):
    """A metric that counts values by upper bounds, the buckets."""

    def __init__(self, name: str, about: str, *labels: str, buckets: tuple[float, ...]) -> None:
        """Register the metric; the buckets are in ascending order."""
        super().__init__("histogram", name, about, *labels)
        self.buckets = buckets
        self.counts: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0] * (len(buckets) + 1))

    def observe(self, value: float, *labels: str) -> None:
        """Count one value."""
        with _lock:
            self.counts[labels][bisect.bisect_left(self.buckets, value)] += 1
            self.values[labels] += value

    def _samples(self) -> Iterator[str]:
        names = (*self.labels, "le")
        for labels, counts in sorted(self.counts.items()):
            total = 0
            for limit, count in zip((*self.buckets, float("inf")), counts, strict=True):
                total += count
                yield f"{self.name}_bucket{_label_text(names, (*labels, _number(limit)))} {total}"
            yield f"{self.name}_sum{_label_text(self.labels, labels)} {_number(self.values[labels])}"
            yield f"{self.name}_count{_label_text(self.labels, labels)} {total}"


_RPC = ("grpc_type", "grpc_service", "grpc_method")
_UPSTREAM = ("datasource_type", "secure_socks_ds_proxy_enabled", "endpoint")
_REQUEST = ("datasource_type", "code", "method", "secure_socks_ds_proxy_enabled", "endpoint")
_SIZES = (128.0, 256.0, 512.0, *(1024.0 * 2**power for power in range(24)))
_SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_requests = MetricFamily(
    "counter",
    "grafana_plugin_request_total",
    "The total amount of plugin requests.",
    *("endpoint", "status", "status_source"),
)
_instances_total = MetricFamily("counter", "plugins_datasource_instances_total", "Data source instances created.")
_rpc_started = MetricFamily("counter", "grpc_server_started_total", "RPCs started on the server.", *_RPC)
_rpc_handled = MetricFamily("counter", "grpc_server_handled_total", "RPCs completed on the server.", *_RPC, "grpc_code")
_rpc_received = MetricFamily("counter", "grpc_server_msg_received_total", "Messages received by the server.", *_RPC)
_rpc_sent = MetricFamily("counter", "grpc_server_msg_sent_total", "Messages sent by the server.", *_RPC)
_rpc_seconds = Histogram(
    "grpc_server_handling_seconds", "Seconds until an RPC was completed.", *_RPC, buckets=_SECONDS_BUCKETS
)
_upstream_total = MetricFamily(
    "counter", "plugins_datasource_request_total", "Requests to external data sources.", *_REQUEST
)
_upstream_seconds = Histogram(
    "plugins_datasource_request_duration_seconds",
    "Seconds that requests to external data sources took.",
    *_REQUEST,
    buckets=(*_SECONDS_BUCKETS, 25.0, 50.0, 100.0),
)
_upstream_sizes = Histogram(
    "plugins_datasource_response_size_bytes",
    "Sizes of external data sources' responses.",
    *_UPSTREAM,
    buckets=_SIZES,
)
_upstream_size = MetricFamily(
    "gauge", "plugins_datasource_response_size", "Size of the last response of an external data source.", *_UPSTREAM
)
_upstream_now = MetricFamily(
    "gauge", "plugins_datasource_request_in_flight", "Requests to external data sources under way.", *_UPSTREAM
)
_socks_seconds = Histogram(
    "grafana_secure_socks_requests_duration",
    "Seconds that requests through the secure socks proxy took.",
    *("code", "datasource", "datasource_type"),
    buckets=_SECONDS_BUCKETS,
)


def count(endpoint: str, status: str, source: str) -> None:
    """Count one request."""
    _requests.add(endpoint, status, source)


def instances(active: Callable[[], int]) -> None:
    """Set the function that counts the instances in use."""
    _active[:] = [active]


def count_instance() -> None:
    """Count a new instance."""
    _instances_total.add()


class rpc:  # noqa: N801  # reads as a verb: `with metrics.rpc(path, kind)`
    """One RPC, from its start to its end."""

    def __init__(self, path: str, kind: str) -> None:
        """Count the start; `kind` is `unary` or `server_stream`."""
        self._labels = _rpc_labels(path, kind)
        self.code = "OK"
        self._began = time.perf_counter()
        with _lock:
            _rpc_started.values[self._labels] += 1
            _rpc_received.values[self._labels] += 1

    def count_message(self) -> None:
        """Count a message."""
        _rpc_sent.add(*self._labels)

    def count_end(self) -> None:
        """Count the end."""
        _rpc_handled.add(*self._labels, self.code)
        _rpc_seconds.observe(time.perf_counter() - self._began, *self._labels)


@functools.cache  # one entry for each method
def _rpc_labels(path: str, kind: str) -> tuple[str, str, str]:
    service, _, method = path.strip("/").partition("/")
    return kind, service, method


@contextlib.contextmanager
def upstream(
    kind: str, method: str, *, endpoint: str, name: str = "", is_proxied: bool = False
) -> Iterator[Callable[[int, int], None]]:
    """Measure a request to the data source's upstream; call the yielded function with status and body size."""
    own = (re.sub(r"[^A-Za-z0-9_]", "", kind.replace(" ", "_")), str(is_proxied).lower(), endpoint)
    results: list[int] = []
    _upstream_now.add(*own)
    began = time.perf_counter()
    try:
        yield lambda status, size: results.extend((status, size))
    finally:
        seconds, code = time.perf_counter() - began, str(results[0]) if results else "0"
        _upstream_now.add(*own, by=-1)
        labels = (own[0], code, method.lower(), own[1], endpoint)
        if is_proxied:
            _socks_seconds.observe(seconds, code, name, own[0])
        if results:
            _upstream_total.add(*labels)
            _upstream_seconds.observe(seconds, *labels)
            _upstream_sizes.observe(results[1], *own)
            _upstream_size.set(results[1], *own)


def text() -> bytes:
    """Write all metrics in Prometheus' text format, ending with a newline."""
    from gfruntime.telemetry import process_metrics  # noqa: PLC0415  # nobody needs it before the first scrape

    client = sys.modules.get("prometheus_client")  # only if the author's code imports it
    theirs: bytes = client.generate_latest() if client is not None else b""
    with _lock:
        lines = [line for family in MetricFamily.all for line in family.lines()]
    number = sum(active() for active in _active)
    lines += [
        "# HELP plugins_active_instances Instances in use.",
        "# TYPE plugins_active_instances gauge",
        f"plugins_active_instances {number}",
    ]
    has_process = b"process_cpu_seconds_total" in theirs
    lines += process_metrics.threads() if has_process else process_metrics.lines()
    return "\n".join(lines).encode() + b"\n" + theirs


def _label_text(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)
