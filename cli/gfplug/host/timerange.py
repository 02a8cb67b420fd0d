"""Times and durations in Grafana's forms: `now-6h`, `now-1d/d`, epoch milliseconds, ISO 8601, `30s`."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from gfplug.errors import UsageError

_STEP = re.compile(r"([+-])(\d+)([smhdwMQy])|/([smhdwMQy])", re.ASCII)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw]?)", re.ASCII)
_UNIT_SECONDS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_MAX_SECONDS = 100 * 366 * 86400
_MONTHS = {"M": 1, "Q": 3, "y": 12}
_NICE = (
    *(0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000, 31536000),
)


def moment(text: str, *, now: datetime, is_end: bool = False) -> datetime:
    """Parse a time; a time without an offset is UTC, and `/d` rounds down, or up at the end of a range.

    Raises: UsageError if the text has none of the forms.
    """
    word = text.strip()
    try:
        if word.startswith("now"):
            return _relative(word, now=now, is_end=is_end)
        if re.fullmatch(r"-?\d{9,}", word):
            return datetime.fromtimestamp(int(word) / 1000, UTC)
        instant = datetime.fromisoformat(word)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"{text!r} is not a time", hint="write now-1h, milliseconds since 1970, or 2026-01-31T12:00:00Z"
        ) from error
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def duration(text: str) -> timedelta:
    """Parse a duration such as `250ms`, `30s`, `5m` or `1.5h`; a number without a unit is seconds.

    Raises: UsageError if the text is not a duration, or is zero.
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _UNIT_SECONDS[match[2]] if match else 0.0
    if not _UNIT_SECONDS["ms"] <= seconds <= _MAX_SECONDS:
        raise UsageError(
            f"{text[:40]!r} is not a duration from 1ms to a hundred years", hint="write 250ms, 30s, 5m, 1h or 1d"
        )
    return timedelta(seconds=seconds)


def nice_interval(span: timedelta, *, points: int) -> timedelta:
    """Return a round interval that gives about this many points in a span, as Grafana's panels choose it.

    Source: grafana/grafana packages/grafana-data/src/datetime/rangeutil.ts, roundInterval.
    """
    exact = span.total_seconds() / max(1, points)
    for smaller, larger in pairwise(_NICE):
        if exact < (smaller + larger) / 2:
            return timedelta(seconds=smaller)
    return timedelta(seconds=_NICE[-1])


def _relative(word: str, *, now: datetime, is_end: bool) -> datetime:
    instant, at = now, len("now")
    while at < len(word):
        step = _STEP.match(word, at)
        if step is None:
            raise ValueError(word)
        sign, count, unit, rounding = step.groups()
        instant = _round(instant, rounding, is_end=is_end) if rounding else _shift(instant, int(sign + count), unit)
        at = step.end()
    return instant


def _shift(instant: datetime, count: int, unit: str) -> datetime:
    if unit not in _MONTHS:
        return instant + timedelta(seconds=count * _UNIT_SECONDS[unit])
    year, month = divmod(instant.year * 12 + instant.month - 1 + count * _MONTHS[unit], 12)
    last = calendar.monthrange(year, month + 1)[1]
    return instant.replace(year=year, month=month + 1, day=min(instant.day, last))


def _round(instant: datetime, unit: str, *, is_end: bool) -> datetime:
    start = instant.replace(microsecond=0)
    if unit != "s":
        start = start.replace(second=0)
    if unit not in "sm":
        start = start.replace(minute=0)
    if unit not in "smh":
        start = start.replace(hour=0)
    if unit == "w":
        start -= timedelta(days=start.weekday())
    elif unit in _MONTHS:
        start = start.replace(day=1, month={"M": start.month, "Q": (start.month - 1) // 3 * 3 + 1, "y": 1}[unit])
    return _shift(start, 1, unit) - timedelta(milliseconds=1) if is_end else start
