"""Prometheus text with the metrics of the Go SDK, of the process, and of the author."""

from __future__ import annotations

import os
import re
import sys

import prometheus_client
import pytest
from calls import Plain, Services
from children import context
from pluginv2 import backend_pb2 as pb
from prometheus_client.parser import text_string_to_metric_families

from gfruntime.telemetry import metrics, process_metrics


def scrape() -> dict[str, float]:
    """Collect metrics, and read them with Prometheus' parser."""
    answer = Services(Plain).unary("Diagnostics/CollectMetrics", pb.CollectMetricsRequest(), pb.CollectMetricsResponse)
    text = answer.metrics.prometheus.decode()
    assert text.endswith("\n")
    return {
        sample.name + "".join(sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.shows("protocol 64")
def test_text_can_be_parsed_and_has_the_sdks_names() -> None:
    """Requests, instances, RPCs and the process have the names that existing dashboards use (item 64)."""
    services = Services(Plain)
    request = pb.QueryDataRequest(pluginContext=context(), queries=[pb.DataQuery(refId="A")])
    before = scrape()
    services.unary("Data/QueryData", request, pb.QueryDataResponse)
    after = scrape()

    counter = "grafana_plugin_request_total" + "".join(sorted(("queryData", "ok", "plugin")))
    assert after[counter] == before.get(counter, 0) + 1
    assert after["plugins_datasource_instances_total"] == before.get("plugins_datasource_instances_total", 0) + 1
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "plugins_active_instances"):
        assert name in after


def test_metrics_on_windows_leave_out_what_only_linux_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows /proc is a folder of the current drive, and sysconf is missing: memory and files are left out."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "sysconf", raising=False)
    names = {line.split()[0] for line in process_metrics.lines()}

    assert {"process_cpu_seconds_total", "process_start_time_seconds", "process_threads"} <= names
    assert not names & {"process_resident_memory_bytes", "process_open_fds"}


def test_rpcs_are_counted_as_in_go() -> None:
    """Started RPCs, handled ones with their code, messages, and seconds in buckets are counted."""
    call = metrics.rpc("/pluginv2.Test/Method", "unary")
    call.count_message()
    call.code = "Unknown"
    call.count_end()
    text = metrics.text().decode()
    labels = 'grpc_type="unary",grpc_service="pluginv2.Test",grpc_method="Method"'

    for line in (
        f"grpc_server_started_total{{{labels}}} 1",
        f'grpc_server_handled_total{{{labels},grpc_code="Unknown"}} 1',
        f"grpc_server_msg_received_total{{{labels}}} 1",
        f"grpc_server_msg_sent_total{{{labels}}} 1",
        f'grpc_server_handling_seconds_bucket{{{labels},le="+Inf"}} 1',
        f"grpc_server_handling_seconds_count{{{labels}}} 1",
    ):
        assert line in text


def test_histogram_buckets_are_cumulative() -> None:
    """A value counts in each bucket whose limit it does not exceed."""
    histogram = metrics.Histogram("test_buckets", "For a test.", buckets=(1.0, 2.0))
    try:
        for value in (0.5, 1.0, 1.5, 9.0):
            histogram.observe(value)
        lines = list(histogram.lines())[2:]
    finally:
        metrics.MetricFamily.all.remove(histogram)

    assert lines == [
        'test_buckets_bucket{le="1"} 2',
        'test_buckets_bucket{le="2"} 3',
        'test_buckets_bucket{le="+Inf"} 4',
        "test_buckets_sum 12",
        "test_buckets_count 4",
    ]


@pytest.mark.parametrize("failing", [False, True])
def test_upstream_requests_are_counted(*, failing: bool) -> None:
    """An answer is counted by status and size; a failed request leaves nothing in flight."""
    kind = f"acme{failing}"
    with metrics.upstream(kind, "GET", endpoint="queryData") as count:
        if not failing:
            count(200, 700)
    text = metrics.text().decode()
    own = f'datasource_type="{kind}",secure_socks_ds_proxy_enabled="false",endpoint="queryData"'

    assert f"plugins_datasource_request_in_flight{{{own}}} 0" in text
    assert (f"plugins_datasource_response_size{{{own}}} 700" in text) is not failing


def test_labels_are_escaped() -> None:
    """A quote or line break in a label can't break the text."""
    assert metrics._label_text(("a",), ('x"\n\\',)) == '{a="x\\"\\n\\\\"}'


@pytest.mark.shows("protocol 64")
def test_authors_metrics_are_added() -> None:
    """The text has the author's metrics of prometheus_client, and no metric twice (item 64)."""
    counter = prometheus_client.Counter("author_rows", "Rows.")
    counter.inc(3)
    text = metrics.text().decode()

    assert "author_rows_total 3.0" in text
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) == len(set(names))
