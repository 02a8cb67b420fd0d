"""Times, durations and intervals in Grafana's notation."""

from datetime import UTC, datetime, timedelta

import pytest

from gfplug.errors import UsageError
from gfplug.host import timerange

NOW = datetime(2026, 3, 31, 14, 25, 36, 789_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("now", "2026-03-31T14:25:36.789000+00:00"),
        ("now-1h", "2026-03-31T13:25:36.789000+00:00"),
        ("now+90s", "2026-03-31T14:27:06.789000+00:00"),
        ("now-1M", "2026-02-28T14:25:36.789000+00:00"),
        ("now-1y", "2025-03-31T14:25:36.789000+00:00"),
        ("now/h", "2026-03-31T14:00:00+00:00"),
        ("now-1d/d", "2026-03-30T00:00:00+00:00"),
        ("now/w", "2026-03-30T00:00:00+00:00"),
        ("now/Q", "2026-01-01T00:00:00+00:00"),
        ("now/y+1d", "2026-01-02T00:00:00+00:00"),
        ("1767225600000", "2026-01-01T00:00:00+00:00"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00+00:00"),
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
    ],
)
def test_a_time_is_read_in_each_form(text: str, iso: str) -> None:
    """It is relative, in milliseconds, or ISO 8601; without an offset it is UTC."""
    assert timerange.moment(text, now=NOW).isoformat() == iso


def test_the_end_of_a_range_is_rounded_up() -> None:
    """`now/d` as an end is the last millisecond of the day."""
    assert timerange.moment("now/d", now=NOW, is_end=True) == datetime(2026, 3, 31, 23, 59, 59, 999_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("time", text) for text in ("", "yesterday", "now-", "now-1x", "now-1h ago", "2026-13-01", "9" * 30)),
        ("time", "now-9999999y"),
        *(("duration", text) for text in ("", "0s", "-5m", "5 minutes", "1y2", "9999999999999w", "9" * 400, "٣s")),
        ("time", "now-٣h"),
    ],
)
def test_an_invalid_time_or_duration_is_refused(kind: str, text: str) -> None:
    """The error has the text and the valid forms; zero is not a duration."""
    with pytest.raises(UsageError, match=f"is not a {kind}"):
        timerange.moment(text, now=NOW) if kind == "time" else timerange.duration(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("30s", 30), ("5m", 300), ("1.5h", 5400), ("1d", 86400), ("10", 10)]
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    """It has a unit; a number alone is seconds."""
    assert timerange.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("hours", "points", "seconds"), [(1, 100, 30), (1, 1000, 5), (6, 1000, 20), (24, 100, 900), (24 * 365, 50, 604800)]
)
def test_an_interval_is_round(hours: int, points: int, seconds: float) -> None:
    """Grafana's panels round in the same way."""
    assert timerange.nice_interval(timedelta(hours=hours), points=points) == timedelta(seconds=seconds)
