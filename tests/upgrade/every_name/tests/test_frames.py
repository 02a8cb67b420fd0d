"""Frames: made each way, read, changed, brought to another shape, written as Grafana's JSON; macros and durations."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import get_args

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]
import pytest

from gfruntime import (
    Field,
    Fill,
    Frame,
    FrameError,
    QueryError,
    TimeRange,
    epoch,
    expand_sql,
    expand_url,
    long_to_wide,
    resample,
    wide_to_long,
)
from gfruntime.frames import frametext
from gfruntime.sql import macros
from gfruntime.sql.durations import (
    format_interval,
    interval_from,
    parse_duration,
    parse_interval,
    parse_step,
    round_interval,
)
from gfruntime.sql.formats import Format, formatted, parse_format
from gfruntime.testing import START, query

MINUTE = timedelta(minutes=1)
LABELS = {"shop": "one"}
LONG = Frame.of(time=[START, START, START + MINUTE], region=["north", "south", "north"], value=[1.0, 2.0, 3.0])


def values(frame: Frame) -> list[object]:
    """List the last column."""
    return frame.fields[-1].to_list()


def test_a_field_keeps_what_it_is_given() -> None:
    """Its type, whether it may be null, its labels and its config."""
    field = Field("v", [1, None, 3], "float64", nullable=True, labels=LABELS, config={"unit": "s"})
    changed = field.with_labels({"region": "north"}).with_config(decimals=1)

    assert (field.name, field.type, field.nullable, field.is_value, len(field)) == ("v", "float64", True, True, 3)
    assert isinstance(field.values, pa.Array)
    assert changed.labels == {"region": "north", "shop": "one"}
    assert changed.config == {"unit": "s", "decimals": 1}
    assert changed.take(rows=pa.array([2, 0])).to_list() == [3.0, 1.0]
    with pytest.raises(FrameError) as raised:
        Field(name="v", values=[None], type="bool", nullable=False)
    assert (raised.value.status, raised.value.source) == (500, "plugin")


def test_a_frame_is_a_table() -> None:
    """With a name, metadata, notices and labels."""
    frame = Frame(fields=[Field("v", [1.0, 2.0])], name="f", ref_id="B", meta={"custom": {"a": 1}})
    changed = frame.labelled(LABELS).with_meta(executedQueryString="SELECT 1")
    noticed = changed.with_notice("cut", severity="warning", link="https://example.com", inspect="data")

    assert (frame.name, frame.ref_id, len(frame), frame["v"].to_list()) == ("f", "B", 2, [1.0, 2.0])
    assert noticed["v"].labels == LABELS
    assert noticed.meta is not None
    assert sorted(noticed.meta) == ["custom", "executedQueryString", "notices"]
    assert noticed.take(rows=pa.array([1]))["v"].to_list() == [2.0]
    assert Frame.of(name="f", labels=LABELS, v=[1.0])["v"].labels == LABELS


def test_frames_from_tables() -> None:
    """Arrow, pandas, numpy, dictionaries and cursors, with the options that each takes."""
    table = pa.table({"v": [1, 2]})
    records = [{"v": 1}, {"v": 2}]
    with closing(sqlite3.connect(":memory:")) as connection:
        cursor = connection.execute("SELECT 1 AS v UNION SELECT 2 UNION SELECT 3")
        frames = [
            Frame.from_arrow(table, name="f", labels=LABELS, types={"v": "float64"}),
            Frame.from_pandas(table.to_pandas(), name="f", labels=LABELS, types={"v": "float64"}, keep_nan=True),
            Frame.from_numpy(np.array([[1], [2]]), names=["v"], name="f", labels=LABELS, types={"v": "float64"}),
            Frame.from_records(records, name="f", labels=LABELS, types={"v": "float64"}),
            Frame.from_cursor(cursor, limit=2, name="f", labels=LABELS, types={"v": "float64"}),
        ]

    assert [(each.name, each["v"].labels, each["v"].to_list()) for each in frames] == [("f", LABELS, [1.0, 2.0])] * 5
    assert Frame.of(time=epoch([1_767_225_600], unit="s"))["time"].to_list() == [START]


def test_series_change_their_shape() -> None:
    """Long, wide, one frame each, and onto a grid; a gap is filled as it is asked for."""
    zeros = Fill(mode="value", value=0.0)
    wide = long_to_wide(LONG, fill=zeros, limit=100)
    grid = resample(wide, start=START, end=START + 2 * MINUTE, interval=MINUTE, fill=Fill.from_json({"Mode": 0}))

    assert (zeros.mode, zeros.value) == ("value", 0.0)
    assert values(wide) == [2.0, 0.0]
    assert values(wide_to_long(wide, fill=zeros)) == ["north", "south", "north", "south"]
    assert values(grid) == [2.0, 0.0, 0.0]
    assert [each["value"].labels for each in LONG.group_by("region")] == [{"region": "north"}, {"region": "south"}]
    assert values(Frame(fields=formatted(LONG, parse_format(given=0), fill=zeros)[0].fields)) == [2.0, 0.0]
    assert parse_format("multi") in get_args(Format)


def test_a_frame_is_written_as_grafana_reads_it() -> None:
    """As the tests of hybrid projects do, to compare Python with the browser."""
    written = json.loads(frametext.encode(LONG, ref_id="C"))

    assert written["schema"]["refId"] == "C"
    assert written["data"]["values"][2] == [1.0, 2.0, 3.0]


def test_macros_are_replaced() -> None:
    """Those of SQL, those of the author, those of URLs."""
    asked = query(None, interval=MINUTE)
    text = "SELECT $__column, $__interval, $__interval_ms FROM $__table WHERE $__timeFilter(t) OR $__two(a, b)"
    between = TimeRange(start=START, end=datetime(2026, 1, 1, 1, tzinfo=UTC))
    written = expand_sql(text, asked, table="sales", column="v", macros={"two": lambda args: " = ".join(args)})

    assert written.startswith("SELECT v, 1m, 60000 FROM sales WHERE t >= '2026-01-01T00:00:00Z' AND")
    assert written.endswith(" OR a = b")
    assert expand_url("${__from:date:seconds}-${__to}", time_range=between) == "1767225600-1767229200000"
    assert between.duration == timedelta(hours=1)
    assert (macros.expand_sql, macros.expand_url) == (expand_sql, expand_url)


def test_durations_are_read_and_written() -> None:
    """In Grafana's words."""
    assert parse_duration("1h30m") == timedelta(minutes=90)
    assert parse_interval("1M", now=START) == timedelta(days=31)
    assert parse_step("<10s") == timedelta(seconds=10)
    assert interval_from(datasource="1m", query="0s", query_ms=0, default=MINUTE) == MINUTE
    assert round_interval(timedelta(seconds=9)) == timedelta(seconds=10)
    assert format_interval(timedelta(hours=2)) == "2h"
    with pytest.raises(QueryError):
        parse_duration("soon")
