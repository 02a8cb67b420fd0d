"""Macros that Grafana's users write into queries: those of SQL, and those of URLs.

| in SQL                        | becomes                                                                    |
| ----------------------------- | -------------------------------------------------------------------------- |
| `$__timeFilter(col)`          | `col >= '2026-01-01T00:00:00Z' AND col <= '2026-01-01T01:00:00Z'`          |
| `$__timeFrom(col)`            | `col >= '2026-01-01T00:00:00Z'`                                            |
| `$__timeTo(col)`              | `col <= '2026-01-01T01:00:00Z'`                                            |
| `$__timeGroup(col, hour)`     | `datepart(hour, col),datepart(day, col),datepart(month, col),datepart(year, col)` |
| `$__interval`, `$__interval_ms` | `1m`, `60000`                                                            |
| `$__table`, `$__column`       | the query's                                                                |

| in URLs                       | becomes                                                                    |
| ----------------------------- | -------------------------------------------------------------------------- |
| `${__from}`, `${__to}`        | milliseconds since 1970                                                    |
| `${__from:date}`, `:date:iso` | `2026-01-01T00:00:00.123Z`                                                 |
| `${__from:date:seconds}`      | seconds since 1970                                                         |
| `${__from:date:YYYY-MM-DD}`   | by the letters YYYY YY MMMM MMM MM M DD D HH hh h mm m ss s SSS A dddd ddd z |

A macro of the author's own is a function of its arguments (`macros={"daysAgo": lambda args: ...}`). Times are in UTC.
Nothing is quoted or escaped: what a user writes is what the database gets. A viewer writes queries, so the result has
at most 1,000,000 characters, and a macro stands within its own arguments at most 16 times.
Source: grafana-plugin-sdk-go v0.298.0, data/sqlutil/macros.go, experimental/macros.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.sql.durations import format_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gfruntime.request.vocabulary import Query, TimeRange

    Macro = Callable[[Sequence[str]], str]

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_MS = dt.timedelta(milliseconds=1)
_PERIODS = ("minute", "hour", "day", "month", "year")
_URL = re.compile(r"\$\{__(from|to)(?::([^{}]*))?\}")  # no bracket in a format: the search stays linear
_PUNCTUATION = re.compile(r"[(),]")
_MOST_CHARACTERS = 1_000_000
_MOST_NESTED = 16
_MOST_BRACKETS = 200  # within one another
_LETTERS = re.compile(r"YYYY|YY|MMMM|MMM|MM|M|DD|D|HH|hh|h|mm|m|ss|s|SSS|A|dddd|ddd|zz|z")


def expand_sql(
    text: str,
    query: Query[Any],
    *,
    table: str = "",
    column: str = "",
    macros: Mapping[str, Macro] | None = None,
) -> str:
    """Replace the macros of SQL, longer names first; the author's own come before those of the same name.

    Raises: QueryError when a bracket or an argument is missing, or when the macros nest too deeply or give too much.
    """
    all_macros = {**_standard(query.time_range, query.interval, table, column), **(macros or {})}
    for name in sorted(all_macros, key=len, reverse=True):
        text = _replace(text, name, all_macros[name])
    return text


def expand_url(text: str, time_range: TimeRange) -> str:
    """Replace `${__from}` and `${__to}`, with or without a format."""
    return _URL.sub(lambda match: _moment(getattr(time_range, _ENDS[match[1]]), match[2] or ""), text)


_ENDS = {"from": "start", "to": "end"}


def _standard(between: TimeRange, interval: dt.timedelta, table: str, column: str) -> dict[str, Macro]:
    start, end = _rfc3339(between.start), _rfc3339(between.end)

    def time_filter(args: Sequence[str]) -> str:
        name = _only(args)
        return f"{name} >= '{start}' AND {name} <= '{end}'"

    return {
        "interval": lambda _: format_interval(interval),
        "interval_ms": lambda _: str(interval // _MS),
        "timeFilter": time_filter,
        "timeFrom": lambda args: f"{_only(args)} >= '{start}'",
        "timeTo": lambda args: f"{_only(args)} <= '{end}'",
        "timeGroup": _time_group,
        "table": lambda _: table,
        "column": lambda _: column,
    }


def _time_group(args: Sequence[str]) -> str:
    name, period = _exactly(args, 2)
    if period not in _PERIODS:
        raise QueryError(f"$__timeGroup groups by {', '.join(_PERIODS)}, not by {period!r}")
    return ",".join(f"datepart({part}, {name})" for part in _PERIODS[_PERIODS.index(period) :])


def _only(args: Sequence[str]) -> str:
    return _exactly(args, 1)[0]


def _exactly(args: Sequence[str], count: int) -> Sequence[str]:
    if len(args) != count:
        plural = "" if count == 1 else "s"
        raise QueryError(f"unexpected number of arguments: expected {count} argument{plural}, received {len(args)}")
    return args


def _replace(text: str, name: str, macro: Macro, *, nested: int = 0) -> str:
    """Replace one macro, wherever a word ends after its name; the text that replaces it is not read again."""
    if nested > _MOST_NESTED:
        raise QueryError(f"$__{name} is nested more than {_MOST_NESTED} times")
    pieces, at, size = [], 0, len(text)
    _check_size(size)
    for match in re.finditer(rf"\$__{re.escape(name)}(?![A-Za-z0-9_])", text):
        if match.start() < at:  # within the arguments of the one before
            continue
        args, end = _arguments(text, match.end())
        replacement = macro([_replace(arg, name, macro, nested=nested + 1) for arg in args])
        pieces += [text[at : match.start()], replacement]
        size += len(replacement)
        _check_size(size)
        at = end
    return "".join([*pieces, text[at:]])


def _check_size(characters: int) -> None:
    if characters > _MOST_CHARACTERS:
        raise QueryError(f"the query has, with its macros expanded, more than {_MOST_CHARACTERS:,} characters")


def _arguments(text: str, start: int) -> tuple[list[str], int]:
    """Read a list of arguments in brackets, which may hold brackets themselves."""
    if text[start : start + 1] != "(":
        return [], start
    args: list[str] = []
    depth, begin = 0, start + 1
    for match in _PUNCTUATION.finditer(text, start):
        letter, at = match[0], match.start()
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return [*args, text[begin:at].strip()], at + 1
        if depth > _MOST_BRACKETS:
            raise QueryError(f"the arguments of a macro nest more than {_MOST_BRACKETS} brackets")
        if letter == "," and depth == 1:
            args.append(text[begin:at].strip())
            begin = at + 1
    raise QueryError("failed to parse macro arguments (missing close bracket?)")


def _moment(moment: dt.datetime, form: str) -> str:
    utc = moment.astimezone(_UTC)
    layout = form.removeprefix("date:") if form != "date" else "iso"
    if not form:
        return str((utc - _EPOCH) // _MS)
    if layout == "iso":
        return _iso(utc)
    if layout == "seconds":
        return str((utc - _EPOCH) // dt.timedelta(seconds=1))
    return _LETTERS.sub(lambda match: _letters(match[0], utc), layout)


def _letters(letters: str, utc: dt.datetime) -> str:
    """Write one part of a time, in English whatever the locale."""
    hour = utc.hour % 12 or 12
    parts = {
        "YYYY": f"{utc.year:04}", "YY": f"{utc.year % 100:02}", "MMMM": _MONTHS[utc.month - 1],
        "MMM": _MONTHS[utc.month - 1][:3], "MM": f"{utc.month:02}", "M": f"{utc.month}", "DD": f"{utc.day:02}",
        "D": f"{utc.day}", "HH": f"{utc.hour:02}", "hh": f"{hour:02}", "h": f"{hour}", "mm": f"{utc.minute:02}",
        "m": f"{utc.minute}", "ss": f"{utc.second:02}", "s": f"{utc.second}",
        "SSS": f"{utc.microsecond // 1000:03}", "A": "AM" if utc.hour < 12 else "PM",  # noqa: PLR2004
        "dddd": _DAYS[utc.weekday()], "ddd": _DAYS[utc.weekday()][:3], "zz": "UTC", "z": "UTC",
    }  # fmt: skip
    return parts[letters]


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _rfc3339(moment: dt.datetime) -> str:
    return f"{moment.astimezone(_UTC):%Y-%m-%dT%H:%M:%S}Z"


def _iso(utc: dt.datetime) -> str:
    """Write milliseconds without zeros at their end, and no point without them, as Go does."""
    fraction = f".{utc.microsecond // 1000:03}".rstrip("0").rstrip(".")
    return f"{utc:%Y-%m-%dT%H:%M:%S}{fraction}Z"
