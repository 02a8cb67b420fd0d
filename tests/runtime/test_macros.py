"""Macros of SQL and URLs, and the formats of SQL editors."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from gfruntime.errors import QueryError
from gfruntime.frames.data import Frame
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql import formats as sqlformat
from gfruntime.sql import macros

if TYPE_CHECKING:
    from gfruntime.sql.formats import Format

START = dt.datetime(2026, 3, 7, 15, 4, 5, 120_000, tzinfo=dt.timezone(dt.timedelta(hours=1)))
RANGE = TimeRange(start=START, end=START + dt.timedelta(hours=1))
QUERY = Query(model=None, time_range=RANGE, interval=dt.timedelta(minutes=10))


@pytest.mark.shows("frames 54")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$__timeFilter(t)", "t >= '2026-03-07T14:04:05Z' AND t <= '2026-03-07T15:04:05Z'"),
        ("$__timeFrom(a.t)", "a.t >= '2026-03-07T14:04:05Z'"),
        ("$__timeTo(t)", "t <= '2026-03-07T15:04:05Z'"),
        ("$__timeFilter(f(a, g(b)))", "f(a, g(b)) >= '2026-03-07T14:04:05Z' AND f(a, g(b)) <= '2026-03-07T15:04:05Z'"),
        ("$__interval", "10m"),
        ("$__interval_ms + $__interval", "600000 + 10m"),
        ("$__intervals", "$__intervals"),
        ("$__timeGroup(t, day)", "datepart(day, t),datepart(month, t),datepart(year, t)"),
        ("select $__column from $__table", "select c from tab"),
        ("$__timeFrom($__column)", "c >= '2026-03-07T14:04:05Z'"),
        ("$__unknown(1)", "$__unknown(1)"),
    ],
)
def test_sql_macros_are_expanded(text: str, expected: str) -> None:
    """Brackets nest, longer names come first, a name ends with its word, and unknown macros stay."""
    assert macros.expand_sql(text, QUERY, table="tab", column="c") == expected


@pytest.mark.shows("frames 54")
@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("$__timeFilter(f(t)", "missing close bracket"),
        ("$__timeFilter(a, b)", "expected 1 argument, received 2"),
        ("$__timeFilter", "expected 1 argument, received 0"),
        ("$__timeGroup(t)", "expected 2 arguments, received 1"),
        ("$__timeGroup(t, week)", "got 'week'"),
    ],
)
def test_broken_macros_are_errors(text: str, because: str) -> None:
    """A missing bracket and a wrong number of arguments are reported."""
    with pytest.raises(QueryError, match=because):
        macros.expand_sql(text, QUERY)


def test_own_macros_are_added() -> None:
    """The author's macros are expanded, too, and replace standard macros of the same name."""
    own = {"table": lambda _: "mine", "ago": lambda args: f"now() - {args[0]}"}

    assert macros.expand_sql("$__table $__ago(1) $__ago( f(2) )", QUERY, macros=own) == "mine now() - 1 now() - f(2)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${__from}..${__to}", "1772892245120..1772895845120"),
        ("${__from:date}", "2026-03-07T14:04:05.12Z"),
        ("${__from:date:iso}", "2026-03-07T14:04:05.12Z"),
        ("${__from:date:seconds}", "1772892245"),
        ("${__from:date:YYYY-MM-DD HH:mm:ss.SSS}", "2026-03-07 14:04:05.120"),
        ("${__from:date:D/M/YY h:mm A}", "7/3/26 2:04 PM"),
        ("${__from:date:dddd, MMMM}", "Saturday, March"),
        ("${__fromage} $__from", "${__fromage} $__from"),
    ],
)
def test_url_macros_are_expanded(text: str, expected: str) -> None:
    """Times become milliseconds, seconds, ISO 8601 or any format, in UTC and in English."""
    assert macros.expand_url(text, RANGE) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "timeseries"),
        ("", "timeseries"),
        (0, "timeseries"),
        (1, "table"),
        ("2", "logs"),
        ("Traces", "traces"),
        (4, "multi"),
    ],
)
def test_sql_formats_are_read(value: object, expected: str) -> None:
    """A format is a number or a name; the default is timeseries."""
    assert sqlformat.parse_format(value) == expected


@pytest.mark.parametrize("value", [5, -1, "graph", True, 1.5])
def test_other_sql_formats_are_refused(value: object) -> None:
    """Any other format raises."""
    with pytest.raises(QueryError, match="invalid format value"):
        sqlformat.parse_format(value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("timeseries", [["t", "v", "v"]]),
        ("multi", [["t", "v"], ["t", "v"]]),
        ("table", [["t", "h", "v"]]),
        ("logs", [["t", "h", "v"]]),
    ],
)
def test_rows_become_frames_of_the_requested_format(name: Format, expected: list[list[str]]) -> None:
    """Rows become wide series, one frame per series, or stay a table."""
    frame = Frame.of(t=[START, START], h=["a", "b"], v=[1, 2])

    assert [[field.name for field in each.fields] for each in sqlformat.formatted(frame, name)] == expected
