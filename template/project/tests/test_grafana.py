"""Test the built plugin in a real Grafana; skipped unless GRAFANA_URL is its address.

    gfplug build && docker compose up --detach
    GRAFANA_URL=http://localhost:3000 pytest -m grafana

GRAFANA_USER and GRAFANA_PASSWORD default to admin. GRAFANA_PATIENCE=2 doubles all time-outs.
"""

import base64
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[1]
PLUGIN_ID = json.loads((PROJECT / "plugin.json").read_text(encoding="utf-8"))["id"]
DASHBOARDS = sorted((PROJECT / "provisioning" / "dashboards").glob("*.json"))
PANELS = [panel for path in DASHBOARDS for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]]

URL = os.environ.get("GRAFANA_URL", "").rstrip("/")
USER = os.environ.get("GRAFANA_USER", "admin")
PASSWORD = os.environ.get("GRAFANA_PASSWORD", "admin")
PATIENCE = float(os.environ.get("GRAFANA_PATIENCE", "1"))
START_SECONDS, HEALTH_SECONDS, FIRING_SECONDS = 120, 20, 180  # Grafana evaluates the rule once a minute

pytestmark = [
    pytest.mark.grafana,
    pytest.mark.skipif(not URL, reason="GRAFANA_URL is not set; see README.md"),
]


def ask(path: str, body: object = None) -> tuple[int, Any]:
    """Call Grafana's API, and return the status and the JSON of the response; without a response, 0 and an error."""
    request = urllib.request.Request(URL + path, None if body is None else json.dumps(body).encode())  # noqa: S310
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - the address is GRAFANA_URL
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        return error.code, json.loads(text) if text.startswith("{") else text
    except (OSError, ValueError) as error:
        return 0, f"{URL}{path}: {error}"


def wait_until_no_problem(find_problem: Callable[[], str], *, seconds: float) -> None:
    """Check once a second until there is no problem; fail with the last problem after so many seconds."""
    deadline = time.monotonic() + seconds * PATIENCE
    while problem := find_problem():
        if time.monotonic() > deadline:
            pytest.fail(f"{problem} (after {seconds * PATIENCE:.0f} s)", pytrace=False)
        time.sleep(min(1.0, PATIENCE))


@pytest.fixture(scope="module")
def source() -> dict[str, str]:
    """Wait for Grafana, and return the reference to the provisioned data source, for queries."""

    def start() -> str:
        status, answer = ask("/api/health")
        return "" if status == 200 else f"Grafana is not ready: {answer}"

    wait_until_no_problem(start, seconds=START_SECONDS)
    status, sources = ask("/api/datasources")
    assert status == 200, f"Grafana does not list its data sources: {sources}"
    uids = [each["uid"] for each in sources if each["type"] == PLUGIN_ID]
    assert uids, f"Grafana has no data source of the type {PLUGIN_ID}: is provisioning/ mounted?"
    return {"type": PLUGIN_ID, "uid": uids[0]}


def test_save_and_test_says_ok(source: dict[str, str]) -> None:
    """Grafana has started the plugin, and the plugin reaches its upstream."""

    def health() -> str:
        status, answer = ask(f"/api/datasources/uid/{source['uid']}/health")
        return "" if status == 200 and answer["status"] == "OK" else f"the data source's health: {status} {answer}"

    wait_until_no_problem(health, seconds=HEALTH_SECONDS)


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_a_panels_queries_return_rows(source: dict[str, str], panel: dict[str, Any]) -> None:
    """Grafana sends the example dashboard's queries to the plugin, and returns its frames."""
    queries = [
        {**target, "datasource": source, "intervalMs": 10000, "maxDataPoints": 100} for target in panel["targets"]
    ]

    status, answer = ask("/api/ds/query", {"queries": queries, "from": "now-30m", "to": "now"})

    assert status == 200, answer
    for query in queries:
        result = answer["results"][query["refId"]]
        assert "error" not in result, result["error"]
        assert any(column for frame in result["frames"] for column in frame["data"]["values"]), "no rows"


def test_a_provisioned_alert_rule_fires(source: dict[str, str]) -> None:
    """Grafana's alert engine queries the plugin, and sets the state Firing."""
    status, rules = ask("/api/v1/provisioning/alert-rules")
    assert status == 200, rules
    titles = {rule["title"] for rule in rules for step in rule["data"] if step["datasourceUid"] == source["uid"]}
    assert titles, "no alert rule queries the data source: is provisioning/ mounted?"

    def firing() -> str:
        status, answer = ask("/api/prometheus/grafana/api/v1/rules")
        if status != 200:
            return f"Grafana does not return the rules' states: {answer}"
        rules = [rule for group in answer["data"]["groups"] for rule in group["rules"] if rule["name"] in titles]
        if any(rule["state"] == "firing" for rule in rules):
            return ""
        states = [f"{rule['name']!r} is {rule['state']} {rule.get('lastError', '')}".strip() for rule in rules]
        return f"no rule fires: {', '.join(states) or 'none is evaluated yet'}"

    wait_until_no_problem(firing, seconds=FIRING_SECONDS)
