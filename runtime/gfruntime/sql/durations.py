"""Durations and intervals in Grafana's notation: `1h30m`, `5d`, `<10s`.

Units: all functions return `timedelta`, so digits below a microsecond are cut off.
Source: grafana-plugin-sdk-go v0.298.0, backend/gtime.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from gfruntime.errors import QueryError

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_DATE = re.compile(r"(\d{1,20})([dwMy])\Z", re.ASCII)
_PART = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)  # the two Unicode letters for micro
_DAY = 86_400 * 10**9
_UNITS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_YEAR = 36_525 * _DAY // 100
_DATES = {"d": _DAY, "w": 7 * _DAY, "M": _YEAR // 12, "y": _YEAR}
_MAX_NANOSECONDS = 2**63 - 1  # nanoseconds that Go's duration holds
_MAX_CHARACTERS = 100  # characters; int() refuses long numbers with another error

_S, _M, _H, _D = 1000, 60_000, 3_600_000, 86_400_000
_STEPS = (  # milliseconds up to this limit → the rounded interval
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500),
    (1.5 * _S, _S), (3.5 * _S, 2 * _S), (7.5 * _S, 5 * _S), (12.5 * _S, 10 * _S), (17.5 * _S, 15 * _S),
    (25 * _S, 20 * _S), (45 * _S, 30 * _S),
    (1.5 * _M, _M), (3.5 * _M, 2 * _M), (7.5 * _M, 5 * _M), (12.5 * _M, 10 * _M), (17.5 * _M, 15 * _M),
    (25 * _M, 20 * _M), (45 * _M, 30 * _M),
    (1.5 * _H, _H), (2.5 * _H, 2 * _H), (4.5 * _H, 3 * _H), (9 * _H, 6 * _H), (24 * _H, 12 * _H),
    (7 * _D, _D), (21 * _D, 7 * _D),
)  # fmt: skip
_TWO_YEARS = 730 * _D


def parse_duration(text: str) -> dt.timedelta:
    """Read a duration: Go's (`1h30m`, `1.5s`, `100ms`), or a whole number of d, w, M (year / 12) or y (365.25 d).

    Raises: QueryError naming the text.

    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    date = _DATE.match(text)
    return _timedelta(int(date[1]) * _DATES[date[2]] if date else _go_duration(text), text)


def parse_interval(text: str, *, now: dt.datetime | None = None) -> dt.timedelta:
    """Read an interval; d, w, M and y are calendar days, weeks, months and years from now, in UTC.

    Raises: QueryError naming the text.

    >>> parse_interval("1d")
    datetime.timedelta(days=1)
    """
    date = _DATE.match(text)
    if date is None:
        return parse_duration(text)
    start = dt.datetime.now(_UTC) if now is None else now.astimezone(_UTC)
    count, unit = int(date[1]), date[2]
    try:
        if unit in "dw":
            return start + dt.timedelta(days=count * (7 if unit == "w" else 1)) - start
        return _plus_months(start, count * (12 if unit == "y" else 1)) - start
    except (OverflowError, ValueError) as error:
        raise QueryError(f"the interval {text!r} is too long") from error


def parse_step(text: str) -> dt.timedelta:
    """Read a query's or data source's minimum interval: a duration, or seconds; `<` and `>` around it are ignored.

    Raises: QueryError naming the text.

    >>> parse_step("15")
    datetime.timedelta(seconds=15)
    """
    bare = text.removeprefix("<").removesuffix(">")
    if re.fullmatch(r"\d{1,20}", bare, re.ASCII):
        return _timedelta(int(bare) * 10**9, text)
    return parse_duration(bare)


def interval_from(
    *, datasource: str = "", query: str = "", query_ms: int = 0, default: dt.timedelta = dt.timedelta(0)
) -> dt.timedelta:
    """Choose the minimum interval: the query's, else its milliseconds, the data source's or the default.

    `0s` in a query means that it has no minimum.
    Raises: QueryError that names a text that is not an interval.

    >>> interval_from(query="30s")
    datetime.timedelta(seconds=30)
    """
    text = "" if query == "0s" else query
    if not text and query_ms:
        return dt.timedelta(milliseconds=query_ms)
    text = text or datasource
    return parse_step(text) if text else default


def format_interval(interval: dt.timedelta) -> str:
    """Write an interval in the largest unit that fits, rounded down: y (365 d), d, h, m, s or ms, at least `1ms`.

    >>> format_interval(timedelta(seconds=90))
    '1m'
    """
    milliseconds = interval // dt.timedelta(milliseconds=1)
    for unit, size in {"y": 365 * _D, "d": _D, "h": _H, "m": _M, "s": _S, "ms": 1}.items():
        if milliseconds >= size:
            return f"{milliseconds // size}{unit}"
    return "1ms"


def round_interval(interval: dt.timedelta) -> dt.timedelta:
    """Round an interval to a usual length: 1 ms, 10 ms, ... 1 s, 2 s, 5 s, ... 1 d, 1 w, 30 d, 365 d.

    >>> round_interval(timedelta(seconds=13))
    datetime.timedelta(seconds=15)
    """
    milliseconds = interval / dt.timedelta(milliseconds=1)
    step = next((step for limit, step in _STEPS if milliseconds <= limit), None)
    if step is None:
        step = 30 * _D if milliseconds < _TWO_YEARS else 365 * _D
    return dt.timedelta(milliseconds=step)


def _go_duration(text: str) -> int:
    """Read Go's form of a duration as nanoseconds."""
    sign, rest = (-1 if text.startswith("-") else 1), text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    if len(rest) > _MAX_CHARACTERS:
        raise QueryError(f"a duration has at most {_MAX_CHARACTERS} characters, got {len(text)}: {text[:20]}...")
    total, at = 0, 0
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None or not (part[1] or part[2]):
            raise QueryError(f"{text!r} is not a duration: expected one like 1h30m, 15s or 7d")
        whole, fraction, unit = part[1] or "0", part[2] or "", _UNITS[part[3]]
        total += int(whole) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
        at = part.end()
    if not rest:
        raise QueryError("an empty text is not a duration: expected one like 1h30m, 15s or 7d")
    return sign * total


def _timedelta(nanoseconds: int, text: str) -> dt.timedelta:
    if abs(nanoseconds) > _MAX_NANOSECONDS:
        raise QueryError(f"the duration {text!r} is too long")
    microseconds = abs(nanoseconds) // 1000
    return dt.timedelta(microseconds=microseconds if nanoseconds > 0 else -microseconds)


def _plus_months(start: dt.datetime, months: int) -> dt.datetime:
    """Add months as Go does: a day that does not exist in its month moves into the next month."""
    years, month = divmod(start.month - 1 + months, 12)
    first = start.replace(year=start.year + years, month=month + 1, day=1)
    days = calendar.monthrange(first.year, first.month)[1]
    return first + dt.timedelta(days=start.day - 1) if start.day > days else first.replace(day=start.day)
