"""docs/operators.md: its dashboard and alert rules query metrics that a plugin has."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from calls import Plain, Services, queries
from pluginv2 import backend_pb2 as pb
from prometheus_client.parser import text_string_to_metric_families

from gfruntime import Cache, DownstreamError, Frame, HttpClient, Query, Retries, Settings
from gfruntime.telemetry import metrics
from gfruntime.testing.fakes import Upstream

OPERATORS = Path(__file__).parents[2] / "docs" / "operators"
PAGE = OPERATORS.with_suffix(".md").read_text(encoding="utf-8")
NOT_OURS = {"up"}
"""Metrics of Prometheus itself."""

SELECTOR = re.compile(r"\b([a-z][a-z0-9_]*)\{([^}]*)\}")
FUNCTIONS = {
    *("sum", "rate", "by", "on", "group_left", "histogram_quantile", "time", "changes", "label_values"),
    *("job", "instance", "endpoint", "status", "status_source", "le", "code", "result"),
}
"""The keywords of PromQL, and the labels, in expressions outside selectors."""

Sample = tuple[str, dict[str, str]]


class Busy(Plain):
    """A data source with all features that have metrics: a cache, a limit, an upstream with retries."""

    cache = Cache(seconds=60)
    concurrency = 1

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Make a client."""
        self.http = HttpClient.of(settings, retries=Retries(attempts=2, longest_wait=0.01))

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        """Fail in two ways, or answer."""
        if query.model.get("fails") == "plugin":
            raise ZeroDivisionError
        if query.model.get("fails") == "downstream":
            raise DownstreamError("no answer")
        self.http.get("/busy")
        return Frame.of(value=[self.http.get("/rows").status])


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Collect the metrics of a busy plugin: name and labels of each sample."""
    services = Services(Busy)
    with Upstream() as upstream:
        upstream.answer("/busy", status=429, headers={"Retry-After": "0"})
        upstream.answer("/rows", json=[])
        requests = (
            queries({}),
            queries({}),
            queries({"fails": "plugin"}),
            queries({"fails": "downstream"}),
            queries({"waits": 1}, {"waits": 2}),
        )
        for request in requests:
            request.pluginContext.dataSourceInstanceSettings.url = upstream.url
            services.query(request)
    call = metrics.rpc("/pluginv2.Data/QueryData", "unary")  # as the transport does
    call.count_message()
    call.count_end()
    answer = services.unary("Diagnostics/CollectMetrics", pb.CollectMetricsRequest(), pb.CollectMetricsResponse)
    return [
        (sample.name, dict(sample.labels))
        for family in text_string_to_metric_families(answer.metrics.prometheus.decode())
        for sample in family.samples
    ]


def dashboard() -> dict[str, Any]:
    """Read the dashboard."""
    read: dict[str, Any] = json.loads((OPERATORS / "dashboard.json").read_text(encoding="utf-8"))
    return read


def rules() -> list[dict[str, Any]]:
    """Read the rules."""
    (group,) = yaml.safe_load((OPERATORS / "alert-rules.yaml").read_text(encoding="utf-8"))["groups"]
    entries: list[dict[str, Any]] = group["rules"]
    return entries


def expressions() -> list[str]:
    """List the expressions for Prometheus."""
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]
    variables = [each["query"]["query"] for each in dashboard()["templating"]["list"] if each["type"] == "query"]
    return [*panels, *variables, *(rule["data"][0]["model"]["expr"] for rule in rules())]


@pytest.mark.parametrize("expression", expressions())
def test_each_selector_matches_a_sample_of_a_busy_plugin(expression: str, samples: list[Sample]) -> None:
    """Names, labels and the labels of `by` exist, except labels that Prometheus adds."""
    selectors = SELECTOR.findall(expression)
    outside = SELECTOR.sub("", re.sub(r"\$\w+", "", expression))

    assert selectors
    assert set(re.findall(r"\b[a-z_]{2,}\b", outside)) <= FUNCTIONS
    for name, text in selectors:
        if name in NOT_OURS:
            continue
        filters = {
            label: value for label, value in re.findall(r'(\w+)="([^"]*)"', text) if label not in {"job", "instance"}
        }
        matching = [labels for sample, labels in samples if sample == name and filters.items() <= labels.items()]
        assert matching, (name, filters)
        for groups in re.findall(r"\bby \(([^)]*)\)", expression):
            assert {each.strip() for each in groups.split(",")} - {"job", "instance"} <= matching[0].keys()


def test_each_metric_of_the_page_is_one_of_the_plugin(samples: list[Sample]) -> None:
    """The table has the names of existing metrics, and lacks no metric of the runtime."""
    rows = re.findall(r"^\| (`[a-z_]+[`{].*?) \|", PAGE.partition("## Metrics")[2], re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`([a-z_]+)[`{]", row)}
    sample_names = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name, _ in samples}
    families = {family.name for family in metrics.MetricFamily.all if not family.name.startswith("test_")}

    assert names - sample_names <= {"grafana_secure_socks_requests_duration"}  # only other tests use a proxy
    assert families | {"plugins_active_instances"} <= names


def test_each_alert_rule_has_a_query_a_reduction_and_a_threshold() -> None:
    """Query, reduction and threshold build on one another; title and id are unique."""
    entries = rules()

    assert len({rule["uid"] for rule in entries}) == len({rule["title"] for rule in entries}) == len(entries)
    for rule in entries:
        query, reduction, threshold = rule["data"]
        assert [each["refId"] for each in rule["data"]] == [each["model"]["refId"] for each in rule["data"]]
        assert [query["datasourceUid"], reduction["datasourceUid"]] == ["prometheus", "__expr__"]
        assert query["model"]["instant"] is True
        assert reduction["model"]["expression"] == query["refId"]
        assert threshold["model"]["expression"] == reduction["refId"]
        assert rule["condition"] == threshold["refId"]
        assert len(rule["uid"]) <= 40
        assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= {"job", "instance"}
        assert f"| {rule['title']} |" in PAGE


def test_the_dashboards_panels_do_not_overlap() -> None:
    """No two panels share a cell or an id."""
    panels = dashboard()["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x, y in itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        )
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)
