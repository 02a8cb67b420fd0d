"""Rows of SQL become series as in Grafana's SQL data sources, and gaps are filled if the query requests it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gfruntime.errors import FrameError, QueryError
from gfruntime.frames.data import Frame
from gfruntime.frames.field import Field
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.formats import formatted

START = dt.datetime(2026, 3, 7, 14, 1, tzinfo=dt.UTC)
QUERY = Query(
    model=None,
    time_range=TimeRange(start=START, end=START + dt.timedelta(minutes=20)),
    interval=dt.timedelta(minutes=5),
)
ZERO = int(dt.datetime(2026, 3, 7, 14, tzinfo=dt.UTC).timestamp())
"""The group in which the time range begins; the range ends in the group of 14:20."""


def series(sql: str, frame: Frame, query: Query[Any] = QUERY) -> Frame:
    """Make the only frame of a time series."""
    [result] = formatted(frame, "timeseries", sql=sql, query=query)
    return result


def minutes(frame: Frame) -> list[int]:
    """List the times as minutes after 14:00."""
    return [int(time.timestamp() - ZERO) // 60 for time in frame["Time"].to_list()]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("$__timeGroup(t, '5m', 0)", [0, 1, 0, 3, 0]),
        ("$__timeGroup(t, '5m', '0')", [0, 1, 0, 3, 0]),
        ("$__timeGroupAlias(t,5m,-1.5)", [-1.5, 1, -1.5, 3, -1.5]),
        ('$__timeGroup(t, "5m" , NULL)', [None, 1, None, 3, None]),
        ("$__unixEpochGroup(f(t, ','), '5m', null)", [None, 1, None, 3, None]),
        ("$__unixEpochGroupAlias (t, $__interval, previous)", [None, 1, 1, 3, 3]),
        ("$__timeGroup(t, '${__interval}', previous)", [None, 1, 1, 3, 3]),
        ("$__timeGroup(t, '$__text(5m)', $__text(0))", [0, 1, 0, 3, 0]),
        ("$__timeGroup(t, $__text(10m), '$__text(previous)')", [None, 1, 3]),
        ("$__timeGroup(t, '10m', 0) /* , */ -- $__timeGroup(t, '1h', 7)\n", [0, 1, 3]),
    ],
)  # fmt: skip
def test_gaps_are_filled_as_the_query_says(sql: str, expected: list[float | None]) -> None:
    """Gaps in the whole range are filled; the last macro counts, macros in comments do not."""
    frame = Frame.of(time=[ZERO + 300, ZERO + 900], v=[1, 3])

    result = series(sql, frame)

    assert result.fields[1].to_list() == expected
    assert result.fields[1].type == "float64"
    step = 20 // (len(expected) - 1)
    assert minutes(result) == [step * row for row in range(len(expected))]


def test_labels_become_series_before_gaps_are_filled() -> None:
    """Every combination of labels has a value at every time."""
    frame = Frame.of(time=[ZERO, ZERO, ZERO + 600], host=["a", "b", "a"], v=[1, 2, 3])

    result = series("$__timeGroupAlias(t, '5m', 0)", frame)

    assert [(field.labels, field.to_list()) for field in result.fields[1:]] == [
        ({"host": "a"}, [1, 0, 3, 0, 0]),
        ({"host": "b"}, [2, 0, 0, 0, 0]),
    ]


def test_a_metric_names_its_series() -> None:
    """As in Grafana, the metric is the name if it is the only label of the only value."""
    frame = Frame.of(time=[ZERO, ZERO], metric=["cpu", "disk"], v=[1.5, 2.5])

    assert [(field.name, field.labels) for field in series("", frame).fields] == [
        ("Time", None),
        ("cpu", None),
        ("disk", None),
    ]


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("time", [ZERO, ZERO + 60]),
        ("TIME", [float(ZERO), ZERO + 60.0]),
        ("time_sec", [ZERO, ZERO + 60]),
        ("time", [ZERO * 1000, (ZERO + 60) * 1000]),
        ("time", [ZERO * 10**9, (ZERO + 60) * 10**9]),
        ("time", [dt.datetime.fromtimestamp(ZERO + second, dt.UTC) for second in (0, 60)]),
        ("at", [dt.datetime.fromtimestamp(ZERO + second, dt.UTC) for second in (0, 60)]),
        ("time", [ZERO + 60, ZERO]),
    ],
)
def test_the_time_column_is_recognised_and_sorted(name: str, times: list[Any]) -> None:
    """Numbers in any unit are times; rows in another order are sorted; whole numbers and booleans are values."""
    frame = Frame(fields=[Field(name, times), Field("v", [1, 2]), Field("ok", [True, False])])

    result = series("SELECT", frame)

    assert minutes(result) == [0, 1]
    assert [field.type for field in result.fields] == ["time", "float64", "float64"]
    assert result["v"].to_list() == ([2, 1] if times == sorted(times, reverse=True) else [1, 2])


def test_no_rows_are_no_data() -> None:
    """An alert rule reads a frame without fields as no data."""
    assert not series("$__timeGroup(t, '5m', 0)", Frame.of(time=[], v=[])).fields


@pytest.mark.parametrize("text", ["zero", "nan", "inf", "NULL + 1", ""])
def test_a_wrong_fill_value_is_an_error(text: str) -> None:
    """The value must be NULL, previous or a number."""
    with pytest.raises(QueryError, match="must be NULL, previous or a number, got"):
        series(f"$__timeGroup(t, '5m', {text})", Frame.of(time=[ZERO], v=[1]))


def test_a_series_needs_a_time() -> None:
    """The error says what to do; a row without a time is an error, too."""
    with pytest.raises(QueryError, match="needs a column of times"):
        series("", Frame.of(x=[1]))
    with pytest.raises(FrameError, match=r"null time values|time point is nil"):
        series("$__timeGroup(t, '5m', 0)", Frame.of(time=[ZERO, None], v=[1, 2]))


def test_too_many_gaps_give_a_notice_instead() -> None:
    """A long range of short groups is not filled."""
    long = TimeRange(start=START, end=START + dt.timedelta(days=3650))
    frame = Frame.of(time=[ZERO], v=[1])

    result = series("$__timeGroup(t, '100ms', 0)", frame, Query(model=None, time_range=long))

    assert result["v"].to_list() == [1]
    assert result.meta is not None
    assert "not filled: 6,307," in str(result.meta["notices"])


@pytest.mark.parametrize("span", [(1, 9999), (1, 1), (9999, 9999), (1700, 2026)])
@pytest.mark.parametrize("interval", ["300y", "200y"])
def test_times_beyond_nanoseconds_give_a_notice_instead(span: tuple[int, int], interval: str) -> None:
    """The time range of a dashboard may have any years."""
    start, end = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in span)

    result = series(
        f"$__timeGroup(t, '{interval}', 0)",
        Frame.of(time=[ZERO], v=[1]),
        Query(model=None, time_range=TimeRange(start=start, end=end)),
    )

    assert result["v"].to_list() == [1]
    assert result.meta is not None
    assert "outside the years 1678 to 2261" in str(result.meta["notices"])


def test_the_number_of_cells_is_bounded() -> None:
    """A series for each row, each with a cell for each time, would need too much memory."""
    frame = Frame.of(time=range(ZERO, ZERO + 3000), host=map(str, range(3000)), v=range(3000))

    with pytest.raises(FrameError, match="the result is too large"):
        series("", frame)


def test_tables_are_not_filled() -> None:
    """A table stays unchanged, with or without the query."""
    frame = Frame.of(time=[ZERO], v=[1])

    [table] = formatted(frame, "table", sql="$__timeGroup(t, '5m', 0)", query=QUERY)

    assert [field.to_list() for field in table.fields] == [[ZERO], [1]]
