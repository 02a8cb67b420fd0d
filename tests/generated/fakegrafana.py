"""A fake Grafana with one provisioned project: it answers the requests of the project's tests to the HTTP API.

The plugin behind it is real, started as Grafana starts it; gfplug's alert engine evaluates the rules, a moment
late as in Grafana. `overrides` replaces the answer of a path, so that a test can see a project's tests fail.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from jsonserver import JsonServer

from gfplug.host import alerting, rehearsal
from gfplug.host.alerting.evaluation import State
from gfplug.host.client import RunningPlugin
from gfplug.host.convert import Query
from gfplug.host.settings import Settings

ADMIN = "Basic " + base64.b64encode(b"admin:admin").decode()
LOOKS_BEFORE_EVALUATION = 2
Answer = tuple[int, Any]


class FakeGrafana(JsonServer):
    """The server, on a free port of this machine."""

    def __init__(self, project: Path, plugin: RunningPlugin, settings: Settings) -> None:
        """Prepare to answer for a running plugin."""
        super().__init__()
        self.provisioning = project / "provisioning"
        self.plugin = plugin
        self.settings = settings
        self.overrides: dict[str, Answer] = {}
        self.looks = 0

    def answer(self, path: str, body: Any, *, authorization: str | None) -> tuple[int, bytes]:
        """Answer one request; every path except /api/health needs the administrator."""
        status, value = self._answer(path, body, authorization)
        return status, json.dumps(value).encode()

    def _answer(self, path: str, body: Any, authorization: str | None) -> Answer:
        if path in self.overrides:
            return self.overrides[path]
        if path != "/api/health" and authorization != ADMIN:
            return 401, {"message": "Invalid username or password"}
        if path == f"/api/datasources/uid/{self.settings.uid}/health" and body is None:
            return self._health()
        answers: Mapping[str, Callable[[], Answer]] = {
            "/api/health": lambda: (200, {"database": "ok", "version": "13.2.3"}),
            "/api/datasources": lambda: (200, self._sources()),
            "/api/v1/provisioning/alert-rules": lambda: (200, self._rules()),
            "/api/prometheus/grafana/api/v1/rules": lambda: (200, self._states()),
            "/api/ds/query": lambda: self._query(body),
        }
        return answers[path]() if path in answers else (404, {"message": "Not found"})

    def _sources(self) -> list[Mapping[str, Any]]:
        text = (self.provisioning / "datasources" / "datasource.yaml").read_text(encoding="utf-8")
        provisioned: list[Mapping[str, Any]] = yaml.safe_load(text)["datasources"]
        return [{"uid": "another", "type": "prometheus"}, *provisioned]

    def _rules(self) -> list[dict[str, Any]]:
        text = (self.provisioning / "alerting" / "rules.yaml").read_text(encoding="utf-8")
        return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]

    def _health(self) -> Answer:
        health = self.plugin.check_health(self.settings)
        return 200 if health.status == "OK" else 400, {"status": health.status, "message": health.message}

    def _states(self) -> dict[str, Any]:
        """Return the rules' states: nothing is evaluated at first, as Grafana looks at a rule once a minute."""
        self.looks += 1
        rules = alerting.read_rules(self.provisioning / "alerting") if self.looks > LOOKS_BEFORE_EVALUATION else []
        states = []
        for rule, outcome in rehearsal.rehearse(self.plugin, rules, self.settings, now=datetime.now(UTC), timeout=20):
            fires = any(each.state is State.ALERTING for each in outcome.instances)
            health = {"health": "error", "lastError": outcome.error} if outcome.error else {"health": "ok"}
            states.append(
                {"name": rule.title, "state": "firing" if fires else "inactive", "type": "alerting", **health}
            )
        return {"status": "success", "data": {"groups": [{"name": "sales", "rules": states}]}}

    def _query(self, body: Any) -> Answer:
        now = datetime.now(UTC)
        assert (body["from"], body["to"]) == ("now-30m", "now")
        queries = [
            Query(
                ref_id=query["refId"],
                start=now - timedelta(minutes=30),
                end=now,
                interval=timedelta(milliseconds=query["intervalMs"]),
                max_data_points=query["maxDataPoints"],
                model=query,
            )
            for query in body["queries"]
            if query["datasource"]["uid"] == self.settings.uid
        ]
        results = {
            ref_id: answer.to_json() for ref_id, answer in self.plugin.query_data(queries, self.settings).items()
        }
        return 400 if any("error" in result for result in results.values()) else 200, {"results": results}
