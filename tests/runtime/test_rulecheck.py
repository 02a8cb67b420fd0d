"""How the runtime treats an answer that an alert rule can't read."""

from __future__ import annotations

import contextvars
import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime import Field, Frame
from gfruntime.calls import answers, rulecheck
from gfruntime.errors import QueryError
from gfruntime.frames import alerting
from gfruntime.request import incoming
from gfruntime.request.config import GrafanaConfig
from gfruntime.request.vocabulary import PluginContext

if TYPE_CHECKING:
    from collections.abc import Iterator

T = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(3)]
WIDE = Frame.of(time=T[:2], v=[1.0, 2.0])
CONTRACT = {"type": "timeseries-wide", "typeVersion": [0, 1]}
TEXT = Frame.of(time=T[:2], host=["a", "b"], v=[1.0, 2.0])


@pytest.fixture
def alert_call() -> Iterator[contextvars.Context]:
    """Make the context of a call from the alert engine."""
    rulecheck._logged.clear()
    context = contextvars.copy_context()
    context.run(incoming.enter, incoming.Incoming(endpoint="queryData", headers={"FromAlert": "true"}))
    yield context
    rulecheck._logged.clear()


def check(context: contextvars.Context, *frames: Frame) -> list[Frame]:
    """Let the runtime check the frames of query A in a context."""
    result: list[Frame] = context.run(answers.check_for_alerts, list(frames), ref_id="A")
    return result


@pytest.mark.shows("frames 44")
def test_alert_answers_have_no_channel(alert_call: contextvars.Context) -> None:
    """A live channel is removed for alert rules, and stays for panels."""
    frame = Frame(fields=WIDE.fields, meta={"channel": "ds/a/b", **CONTRACT})

    assert check(alert_call, frame)[0].meta == CONTRACT
    assert answers.check_for_alerts([frame], ref_id="A") == [frame]


@pytest.mark.shows("frames 49")
@pytest.mark.parametrize(
    ("meta", "kind"),
    [
        ({"preferredVisualisationType": "logs"}, "logs"),
        ({"type": "log-lines"}, "logs"),
        ({"preferredVisualisationType": "trace"}, "traces"),
        ({"type": "table"}, "a table"),
    ],
)
def test_logs_traces_and_tables_are_refused(alert_call: contextvars.Context, meta: dict[str, Any], kind: str) -> None:
    """Only the query gets an error, which says what to do; panels get the frames."""
    frame = Frame(fields=[Field("timestamp", T[:1]), Field("body", ["x"])], meta=meta)

    with pytest.raises(QueryError, match=f"This query gives {kind}, which alert rules can't read: give the") as failure:
        check(alert_call, frame)
    assert failure.value.status == 400
    assert answers.check_for_alerts([frame], ref_id="A") == [frame]


@pytest.mark.shows("frames 49")
def test_tables_that_rules_can_read_are_accepted(alert_call: contextvars.Context) -> None:
    """A table of texts and one number is a set of numbers; SQL expressions may read any table."""
    numbers = Frame(fields=[Field("host", ["a"]), Field("v", [1])], meta={"type": "table"})
    wider = Frame(fields=[Field("v", [1]), Field("w", [1])], meta={"type": "table"})
    config = GrafanaConfig({"GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "a,sqlExpressions"})
    call = incoming.Incoming(endpoint="queryData", headers={"FromAlert": "true"}, context=PluginContext(config=config))

    assert check(alert_call, numbers) == [numbers]
    alert_call.run(incoming.enter, call)
    assert check(alert_call, wider) == [wider]


def test_a_frame_that_will_fail_is_logged_once(
    alert_call: contextvars.Context, caplog: pytest.LogCaptureFixture
) -> None:
    """Errors and warnings are logged with the query, Grafana's message and a remedy."""
    caplog.set_level(logging.WARNING, "gfruntime")
    twins = Frame.of(time=T[:1], a=[1.0], b=[2.0])
    for _ in range(3):
        assert check(alert_call, TEXT) == [TEXT]
        check(alert_call, twins)

    first, second = (record.getMessage() for record in caplog.records)
    assert "Query A" in first
    assert "got type long" in first
    assert "timeseries-long" in first
    assert "Query A: in an alert rule: 2 series have the labels {}" in second


def test_only_the_first_rows_of_long_answers_are_read() -> None:
    """A null after these rows is noticed."""
    values = [1.0] * (alerting.MAX_CHECKED_ROWS + 5)
    column = rulecheck.sketch(Frame(fields=[Field("v", [*values, None])])).columns[0]

    assert len(column.values()) == alerting.MAX_CHECKED_ROWS + 1
    assert column.values()[-1] is None
