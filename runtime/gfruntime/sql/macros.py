"""Macros that Grafana's users write in queries: for SQL, and for URLs.

With a `dialect`, they are the macros of Grafana's data source for that database: see `gfruntime.sql.dialects`.
Without a dialect, they are the macros of Grafana's SDK:

| in SQL                        | becomes                                                                    |
| ----------------------------- | -------------------------------------------------------------------------- |
| `$__timeFilter(col)`          | `col >= '2026-01-01T00:00:00Z' AND col <= '2026-01-01T01:00:00Z'`          |
| `$__timeFrom(col)`            | `col >= '2026-01-01T00:00:00Z'`                                            |
| `$__timeTo(col)`              | `col <= '2026-01-01T01:00:00Z'`                                            |
| `$__timeGroup(col, hour)`     | `datepart(hour, col),datepart(day, col),datepart(month, col),datepart(year, col)` |
| `$__interval`, `$__interval_ms` | `1m`, `60000`                                                            |
| `$__table`, `$__column`       | the arguments `table` and `column`                                         |

| in URLs                       | becomes                                                                    |
| ----------------------------- | -------------------------------------------------------------------------- |
| `${__from}`, `${__to}`        | milliseconds since 1970                                                    |
| `${__from:date}`, `:date:iso` | `2026-01-01T00:00:00.123Z`                                                 |
| `${__from:date:seconds}`      | seconds since 1970                                                         |
| `${__from:date:YYYY-MM-DD}`   | by the letters YYYY YY MMMM MMM MM M DD D HH hh h mm m ss s SSS A dddd ddd z |

An author's macro is a function of its arguments (`macros={"daysAgo": lambda args: ...}`). Times are in UTC.
Nothing is quoted or escaped: the database gets the text that the user writes. Viewers write queries, so the result has
at most 1,000,000 characters, and macros nest at most 16 deep.
Source: grafana-plugin-sdk-go v0.298.0, data/sqlutil/macros.go, experimental/macros.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.logs import capture
from gfruntime.sql.arguments import MOST_NESTED, check_size, read_arguments
from gfruntime.sql.durations import format_interval
from gfruntime.sql.expansion import expand
from gfruntime.sql.moments import format_moment, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gfruntime.request.vocabulary import Query, TimeRange
    from gfruntime.sql.dialects import Dialect

    Macro = Callable[[Sequence[str]], str]

_MS = dt.timedelta(milliseconds=1)
_PERIODS = ("minute", "hour", "day", "month", "year")
_URL = re.compile(r"\$\{__(from|to)(?::([^{}]*))?\}")  # no bracket in a format: the search stays linear
_ENDS = {"from": "start", "to": "end"}


def expand_sql(
    text: str,
    query: Query[Any],
    *,
    table: str = "",
    column: str = "",
    macros: Mapping[str, Macro] | None = None,
    dialect: Dialect | None = None,
) -> str:
    """Replace the macros of SQL; the author's macros override macros of the same name.

    With a `dialect` (postgres, timescaledb, mysql, mssql, sqlite, duckdb, clickhouse, snowflake, trino) they are the
    macros of Grafana's data source for this database, and any other macro is an error. As in Grafana, a macro is
    replaced everywhere, in comments and in texts too; in mssql comments are removed first. `formatted` fills the gaps
    of a series if the query asks for it (`$__timeGroup(col, '5m', 0)`).

    Raises: QueryError if a bracket or an argument is missing, or if the macros nest too deeply or make too long a text;
    with a dialect, also for an unknown macro. ValueError for an unknown dialect.

    >>> expand_sql("SELECT * FROM sales WHERE $__timeFilter(day)", query)  # doctest: +ELLIPSIS
    "SELECT * FROM sales WHERE day ..."
    """
    if dialect is not None:
        own = {**({"table": lambda _: table} if table else {}), **({"column": lambda _: column} if column else {})}
        text = expand(text, query.time_range, query.interval, dialect=dialect, macros={**own, **(macros or {})})
    else:
        all_macros = {**_standard(query.time_range, query.interval, table, column), **(macros or {})}
        for name in sorted(all_macros, key=len, reverse=True):
            text = _replace(text, name, all_macros[name])
    if (traffic := capture.traffic.get()) is not None:
        traffic.add_expanded(text, ref_id=query.ref_id)
    return text


def expand_url(text: str, time_range: TimeRange) -> str:
    """Replace `${__from}` and `${__to}`, with or without a format.

    >>> expand_url("/rows?from=${__from:date:iso}", time_range)
    '/rows?from=2026-01-01T00:00:00Z'
    """
    return _URL.sub(lambda match: format_moment(getattr(time_range, _ENDS[match[1]]), match[2] or ""), text)


def _standard(between: TimeRange, interval: dt.timedelta, table: str, column: str) -> dict[str, Macro]:
    start, end = rfc3339(between.start), rfc3339(between.end)

    def time_filter(args: Sequence[str]) -> str:
        name = _single_argument(args)
        return f"{name} >= '{start}' AND {name} <= '{end}'"

    return {
        "interval": lambda _: format_interval(interval),
        "interval_ms": lambda _: str(interval // _MS),
        "timeFilter": time_filter,
        "timeFrom": lambda args: f"{_single_argument(args)} >= '{start}'",
        "timeTo": lambda args: f"{_single_argument(args)} <= '{end}'",
        "timeGroup": _time_group,
        "table": lambda _: table,
        "column": lambda _: column,
    }


def _time_group(args: Sequence[str]) -> str:
    name, period = _exactly(args, 2)
    if period not in _PERIODS:
        raise QueryError(f"$__timeGroup expects one of {', '.join(_PERIODS)}, got {period!r}")
    return ",".join(f"datepart({part}, {name})" for part in _PERIODS[_PERIODS.index(period) :])


def _single_argument(args: Sequence[str]) -> str:
    return _exactly(args, 1)[0]


def _exactly(args: Sequence[str], count: int) -> Sequence[str]:
    if len(args) != count:
        plural = "" if count == 1 else "s"
        raise QueryError(f"unexpected number of arguments: expected {count} argument{plural}, received {len(args)}")
    return args


def _replace(text: str, name: str, macro: Macro, *, nested: int = 0) -> str:
    """Replace one macro where a word ends after its name; the replacement is not expanded again."""
    if nested > MOST_NESTED:
        raise QueryError(f"$__{name} is nested more than {MOST_NESTED} times")
    pieces, at, size = [], 0, len(text)
    check_size(size)
    for match in re.finditer(rf"\$__{re.escape(name)}(?![A-Za-z0-9_])", text):
        if match.start() < at:  # within the arguments of the previous macro
            continue
        args, end = read_arguments(text, match.end())
        replacement = macro([_replace(arg, name, macro, nested=nested + 1) for arg in args])
        pieces += [text[at : match.start()], replacement]
        size += len(replacement)
        check_size(size)
        at = end
    return "".join([*pieces, text[at:]])
