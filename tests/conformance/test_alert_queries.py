"""Queries of the alert engine through the real host: removed channels, refusals and log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hostclient import Host
from messages import query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Plugin
    from programs import Programs

DATASOURCE = """
from dataclasses import dataclass
from datetime import datetime
from gfruntime import Frame, Query, Settings

T = [datetime(2026, 1, 1, hour) for hour in range(2)]

@dataclass(frozen=True)
class Model:
    kind: str = ""

class Datasource:
    def __init__(self, settings: Settings) -> None: ...

    def query(self, query: Query[Model]) -> Frame | list[Frame]:
        match query.model.kind:
            case "live":
                return Frame.of(time=T[::-1], v=[2.0, 1.0]).with_meta(channel="ds/x/y")
            case "logs":
                return Frame.of(timestamp=T, body=["a", "b"]).with_meta(type="log-lines", typeVersion=[0, 0])
            case "twins":
                return Frame.of(time=T, a=[1.0, 2.0], b=[3.0, 4.0])
            case "broken":
                return Frame.of(time=T, v=[1.0, 2.0]).with_meta(type="numeric-wide")
            case "nothing":
                return []
        return Frame.of(time=[T[0]] * 2, host=["a", "b"], v=[1, 2]).group_by("host")
"""


@pytest.fixture(scope="module")
def source(programs: Programs, host_program: Path) -> Iterator[Plugin]:
    """Run a data source with frames that rules can read, and others that they can't."""
    executable = programs.variant("alerting", DATASOURCE)
    with Host(host_program) as host:
        yield host.start(executable)


def ask_kinds(source: Plugin, *kinds: str, from_alert: bool = True) -> dict[str, Any]:
    """Query several kinds at once, as the alert engine or as a panel."""
    headers = {"FromAlert": "true"} if from_alert else {}
    return source.query(*(query(kind, kind=kind) for kind in kinds), headers=headers)


@pytest.mark.shows("frames 40", "frames 44")
def test_live_channels_reach_panels_but_no_alert_rules(source: Plugin) -> None:
    """A frame's channel reaches a panel and never an alert rule; its times are sorted for both."""
    for from_alert in (True, False):
        [frame] = ask_kinds(source, "live", from_alert=from_alert)["live"]["frames"]

        assert ("channel" in frame["meta"]) is not from_alert
        assert [field["values"] for field in frame["fields"]][1] == [1.0, 2.0]


@pytest.mark.shows("frames 48", "frames 49")
def test_logs_for_an_alert_rule_are_an_error_of_their_query_only(source: Plugin) -> None:
    """Logs for an alert rule are an error of that query, with the reason; other queries and panels are answered."""
    answers = ask_kinds(source, "logs", "multi", "nothing")
    panel_answer = ask_kinds(source, "logs", from_alert=False)["logs"]

    assert (answers["logs"]["status"], answers["logs"]["source"]) == (400, "plugin")
    assert answers["logs"]["error"].startswith("This query gives logs, which alert rules can't read")
    assert [frame["meta"]["type"] for frame in answers["multi"]["frames"]] == ["timeseries-multi"] * 2
    assert (answers["nothing"]["status"], answers["nothing"]["frames"]) == (200, [])
    assert panel_answer["status"] == 200


@pytest.mark.shows("frames 46")
def test_an_error_that_an_alert_rule_will_get_is_logged(source: Plugin) -> None:
    """Two series without labels are answered, and the log has the error that the rule will get."""
    assert ask_kinds(source, "twins")["twins"]["status"] == 200
    assert "2 series have the labels {}" in source.stderr()


def test_a_frame_whose_shape_contradicts_its_type_is_an_error(source: Plugin) -> None:
    """A frame with the type of another shape is an error of its query, before Grafana misreads it."""
    answers = ask_kinds(source, "broken", "multi", from_alert=False)

    assert answers["broken"]["status"] == 500
    assert "2 rows, but at most one is read" in answers["broken"]["error"]
    assert answers["multi"]["status"] == 200
