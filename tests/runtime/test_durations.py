"""Durations and intervals; `tests/conformance/test_sdk_words.py` compares them with the Go SDK's."""

from __future__ import annotations

import datetime as dt

import pytest

from gfruntime.errors import QueryError
from gfruntime.sql import durations

DAY = dt.timedelta(days=1)
MS = dt.timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h30m", DAY / 16),
        ("1.5s", 1500 * MS),
        ("100ms", 100 * MS),
        ("5us", MS / 200),
        ("1500ns", MS / 1000),
        ("-1m", -60_000 * MS),
        ("0", 0 * MS),
        ("2d", 2 * DAY),
        ("2w", 14 * DAY),
        ("12M", 365.25 * DAY),
        ("4y", 1461 * DAY),
    ],
)
def test_durations_have_gos_units_and_calendar_units(text: str, expected: dt.timedelta) -> None:
    """Go's units add up; d, w, M and y take one whole number: 24 h, 7 d, a twelfth of a year, 365.25 d."""
    assert durations.parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "5", "d", "1.5d", "1d2h", "-1d", "5 m", "1h-5m", ".s", "1x", "999999999999h", "300y"]
)
def test_invalid_durations_are_refused(text: str) -> None:
    """An invalid duration raises, and so does one that Go's 64 bits can't hold."""
    with pytest.raises(QueryError):
        durations.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "days"), [("1M", 31), ("2M", 59), ("1y", 365), ("3y", 1096), ("1w", 7), ("2d", 2), ("24h", 1)]
)
def test_intervals_follow_the_calendar(text: str, days: int) -> None:
    """Months and years of an interval are calendar months and years, counted from now."""
    now = dt.datetime(2026, 1, 1, 5, tzinfo=dt.timezone(dt.timedelta(hours=3)))

    assert durations.parse_interval(text, now=now) == dt.timedelta(days=days)
    assert durations.parse_interval("1M", now=dt.datetime(2026, 1, 31, tzinfo=dt.UTC)) == dt.timedelta(days=31)


def test_intervals_beyond_the_calendar_are_refused() -> None:
    """More years than a calendar has raise."""
    for text in ("9999y", "9999999999d"):
        with pytest.raises(QueryError, match="too long"):
            durations.parse_interval(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("10", 10_000), ("<10s", 10_000), ("<1m>", 60_000), ("1d>", 86_400_000)]
)
def test_a_minimum_interval_may_be_a_number_of_seconds(text: str, expected: int) -> None:
    """A minimum interval is a duration, with or without < and >, or a number of seconds."""
    assert durations.parse_step(text) == expected * MS


@pytest.mark.parametrize("text", ["", "<>", "<", "x"])
def test_invalid_minimum_intervals_are_refused(text: str) -> None:
    """An invalid interval raises."""
    with pytest.raises(QueryError):
        durations.parse_step(text)


@pytest.mark.parametrize(
    ("datasource", "query", "query_ms", "expected"),
    [
        ("1m", "10s", 5, 10_000),
        ("1m", "0s", 5, 5),
        ("1m", "", 5, 5),
        ("1m", "", 0, 60_000),
        ("1m", "0s", 0, 60_000),
        ("", "", 0, 7),
    ],
)
def test_the_querys_interval_comes_first(datasource: str, query: str, query_ms: int, expected: int) -> None:
    """The order is the query's interval, its milliseconds, the data source's, the default; 0s counts as missing."""
    assert (
        durations.interval_from(datasource=datasource, query=query, query_ms=query_ms, default=7 * MS) == expected * MS
    )


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0.5, "1ms"),
        (999, "999ms"),
        (1500, "1s"),
        (90_000, "1m"),
        (3_600_000, "1h"),
        (86_400_000 * 364, "364d"),
        (86_400_000 * 800, "2y"),
        (-5, "1ms"),
    ],
)
def test_intervals_are_written_in_their_largest_unit(milliseconds: float, expected: str) -> None:
    """The largest whole unit is written, at least 1ms; a year has 365 days."""
    assert durations.format_interval(milliseconds * MS) == expected


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, 1),
        (10, 1),
        (10.5, 10),
        (35, 20),
        (36, 50),
        (1500, 1000),
        (90_000, 60_000),
        (86_400_000, 43_200_000),
        (86_400_001, 86_400_000),
        (604_800_001, 604_800_000),
        (86_400_000 * 22, 2_592_000_000),
        (86_400_000 * 730 - 1, 2_592_000_000),
        (86_400_000 * 730, 31_536_000_000),
    ],
)
def test_intervals_are_rounded_by_the_table(milliseconds: float, expected: int) -> None:
    """Each range of intervals has a round interval."""
    assert durations.round_interval(milliseconds * MS) == expected * MS
