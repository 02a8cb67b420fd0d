"""The other examples of `gfplug new`: each, from source and built, answers the host, and its alert rule decides."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from commands import succeed
from messages import HOUR_MS, query, settings
from processes import eventually
from programs import BUNDLE_MARKS, Programs, executable

from gfplug.host import alerting
from gfplug.scaffold.choices import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host

NAMES = [name for name in EXAMPLES if name not in ("signals", "http")]
KINDS = ["source", pytest.param("built", marks=BUNDLE_MARKS)]
NEEDS = {"dataframe": "polars", "distributed": "distributed"}
"""The packages that an example requires."""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Return whether to run from source or built."""
    return str(request.param)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Return each example whose packages are installed."""
    package = NEEDS.get(request.param, "")
    if package and find_spec(package) is None:
        pytest.skip(f"install gfplug's extra `dev`: {package} is missing")
    return str(request.param)


def recent(**model: Any) -> dict[str, Any]:
    """Describe a query of the last hour."""
    return query(start_ms=int(time.time() * 1000) - HOUR_MS, **model)


def rule_of(project: Path) -> tuple[dict[str, Any], str]:
    """Read the model of the project's alert rule, and its condition: the reduction of a series, and the threshold."""
    rules = yaml.safe_load((project / "provisioning/alerting/rules.yaml").read_text(encoding="utf-8"))
    query_part, reduced, compared = rules["groups"][0]["rules"][0]["data"]
    threshold = compared["model"]["conditions"][0]["evaluator"]["params"][0]
    return query_part["model"], f"{reduced['model']['reducer']} > {threshold}"


def test_an_example_answers_and_one_of_its_two_alerts_fires(
    host: Host, programs: Programs, name: str, kind: str
) -> None:
    """Health and the panels' queries succeed; the rule reads its query without a warning, and decides."""
    project = programs.project(name, example=name)
    plugin = host.start(executable(programs, f"{name}-{kind}"))
    eventually(lambda: plugin.health()["status"] == "OK", within_s=60)  # `distributed` starts a cluster meanwhile
    dashboard = json.loads((project / "provisioning/dashboards/example.json").read_text(encoding="utf-8"))
    targets = [target for panel in dashboard["panels"] for target in panel["targets"]]
    targets += [each["target"] for each in dashboard.get("annotations", {}).get("list", [])]
    for target in targets:
        answer = plugin.query(recent(**{**target, "refId": "A"}))["A"]
        assert (answer["error"], len(answer["frames"]) > 0) == ("", True)

    model, condition = rule_of(project)
    answer = plugin.query(recent(**model), headers={"FromAlert": "true"})["A"]
    rule = alerting.condition(condition, model={})
    outcome = alerting.evaluate([frame["json"] for frame in answer["frames"]], rule.reduction, rule.comparison)

    assert (outcome.error, list(outcome.warnings)) == ("", [])
    assert sorted(each.state is alerting.State.ALERTING for each in outcome.instances) == [False, True]
    assert not plugin.kill()["forced"]


def test_the_stream_example_names_its_channel_and_sends_packets(host: Host, programs: Programs) -> None:
    """A panel's answer names the channel; its packets arrive, and only the first has the schema."""
    plugin = host.start(executable(programs, "stream-source"))
    (frame,) = plugin.query(query())["A"]["frames"]
    assert frame["meta"]["channel"] == "ds/ds-1/sensors"

    project = str(programs.project("stream", example="stream"))
    words = ["sensors", project, "--json", "--count", "3", "--data", '{"hertz": 20}']
    output = succeed(sys.executable, "-m", "gfplug", "call", "stream", *words, "--python", sys.executable)
    packets = [json.loads(line) for line in output.splitlines()]
    assert [sorted(packet) for packet in packets] == [["data", "schema"], ["data"], ["data"]]


def test_the_sql_example_reads_a_file_and_changes_nothing(host: Host, programs: Programs, tmp_path: Path) -> None:
    """The user's database is opened read-only, and its refusals reach the panel."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sales (time INTEGER, region TEXT, amount REAL)")
        connection.execute("INSERT INTO sales VALUES (?, 'east', 7)", [int(time.time()) - 60])
    connection.close()
    plugin = host.start(executable(programs, "sql-source"))
    configured = settings({"address": f"sqlite:{path}"})

    (frame,) = plugin.query(recent(), settings=configured)["A"]["frames"]
    assert (frame["fields"][1]["values"], frame["fields"][1]["labels"]) == ([7], {"region": "east"})
    for sql, words in (("DROP TABLE sales", "read-only"), ("SELECT missing FROM sales", "no such column")):
        answer = plugin.query(recent(sql=sql), settings=configured)["A"]
        assert (words in answer["error"], answer["status"]) == (True, 400)
