"""The macros of Grafana's SQL data sources, and the SQL that replaces them in each database.

For a time range from second S to second E since 1970, FROM and TO in ISO 8601, with `t` a column of times:

| macro | postgres | mysql |
| --- | --- | --- |
| `$__timeFilter(t)` | `t BETWEEN 'FROM' AND 'TO'` | `t BETWEEN FROM_UNIXTIME(S) AND FROM_UNIXTIME(E)` |
| `$__timeFrom()` | `'FROM'` | `FROM_UNIXTIME(S)` |
| `$__timeFrom(t)` | `t >= 'FROM'` | `t >= FROM_UNIXTIME(S)` |
| `$__time(t)` | `t AS "time"` | `UNIX_TIMESTAMP(t) as time_sec` |
| `$__timeEpoch(t)` | `extract(epoch from t) as "time"` | as `$__time(t)` |
| `$__timeGroup(t, '5m')` | `floor(extract(epoch from t)/300)*300` | `UNIX_TIMESTAMP(t) DIV 300 * 300` |
| `$__unixEpochGroup(t, '5m')` | `floor((t)/300)*300` | `t DIV 300 * 300` |

| macro                                                   | in all databases                                           |
| ------------------------------------------------------- | ---------------------------------------------------------- |
| `$__timeTo()`, `$__timeTo(t)`                           | as `$__timeFrom`, the end                                  |
| `$__timeGroupAlias`, `$__unixEpochGroupAlias`           | as without `Alias`, followed by `AS "time"`                |
| `$__timeGroup(t, '5m', 0)`                              | the same; `formatted` fills gaps: 0, `NULL`, `previous`    |
| `$__unixEpochFilter(t)`                                 | `t >= S AND t <= E`                                        |
| `$__unixEpochFrom()`, `$__unixEpochTo()`                | S, E                                                       |
| `$__unixEpochNanoFilter(t)`, `…NanoFrom()`, `…NanoTo()` | the same in nanoseconds                                    |
| `$__interval`, `$__interval_ms`                         | `1m`, `60000`                                              |
| `$__from`, `${__from}`, `${__to:date:iso}`, …           | as in `expand_url`                                         |
| `$__text(a)`, `$__text(a,b)`                            | the decoded texts, as hexadecimal digits: see `texts`      |

timescaledb is postgres with `time_bucket('300.000s',t)`. duckdb is postgres with `epoch(t)`. mssql has
`DATEDIFF(second, '1970-01-01', t)`, whose groups are whole seconds, like the groups of mysql, sqlite and clickhouse.
sqlite's times are texts that its `strftime` reads, or numbers of seconds. clickhouse also has the macros of the
ClickHouse data source: fromTime, toTime, fromTime_ms, toTime_ms, timeFilter_ms, dateFilter, dateTimeFilter, dt,
timeInterval, timeInterval_ms and interval_s. snowflake has `DATE_PART(EPOCH_SECOND, t)`, trino `to_unixtime(t)`; set
the session of both to UTC.

Units: times are in UTC. MySQL's `FROM_UNIXTIME` returns times in the session's zone: set it to `'+00:00'` if the
columns hold UTC.
Source: grafana v12, pkg/tsdb/{grafana-postgresql-datasource,mysql,mssql}/macros.go and sqleng/sql_engine.go;
clickhouse-datasource v4, pkg/macros/macros.go.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gfruntime.sql.moments import count_since_1970, rfc3339
from gfruntime.sql.texts import by_bytes, by_numbers, hexadecimal

if TYPE_CHECKING:
    from collections.abc import Callable

Dialect = Literal["postgres", "timescaledb", "mysql", "mssql", "sqlite", "duckdb", "clickhouse", "snowflake", "trino"]

_SECOND = dt.timedelta(seconds=1)
_SIMPLE = re.compile(r"""[\w.]+(\([^()]*\))?|"[^"]*"|`[^`]*`|\[[^\[\]]*\]""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The SQL of one database for the macros: `{c}` is the column, `{s}` the seconds of a group.

    `moment` writes a time; `compared` is the SQL of a column that is compared with a `bound`.
    """

    moment: Callable[[dt.datetime], str]
    compared: str = "{c}"
    bound: Callable[[dt.datetime], str] | None = None
    between: str = "{c} BETWEEN {a} AND {b}"
    time: str = '{c} AS "time"'
    epoch: str
    group: str
    unix_group: str
    alias: str = ' AS "time"'
    whole_seconds: bool = True
    escapes: bool = False  # a backslash escapes a quote
    text: Callable[[str], str]
    has_strict_numbers: bool = False  # compares a text with a number as texts, never as numbers
    join: tuple[str, str] = ("", " || ")  # concatenation: a function's name, and the separator between the texts

    def compare(self, column: str, sign: str, moment: dt.datetime) -> str:
        """Write `column >= moment`."""
        return f"{self.compared.format(c=column)} {sign} {(self.bound or self.moment)(moment)}"

    def filter(self, column: str, start: dt.datetime, end: dt.datetime) -> str:
        """Write the condition that a column is between two moments, both included."""
        bound = self.bound or self.moment
        return self.between.format(c=self.compared.format(c=column), a=bound(start), b=bound(end))


def operand(column: str) -> str:
    """Put an expression in brackets, unless it is a name or a call."""
    return column if _SIMPLE.fullmatch(column) else f"({column})"


def _seconds(moment: dt.datetime) -> int:
    return count_since_1970(moment, _SECOND)


def _quoted(moment: dt.datetime) -> str:
    return f"'{rfc3339(moment, fraction=True)}'"


def _from_unixtime(moment: dt.datetime) -> str:
    """Write a time for MySQL, whose `FROM_UNIXTIME` has no times before 1970."""
    seconds = _seconds(moment)
    return f"FROM_UNIXTIME({seconds})" if seconds >= 0 else f"DATE_ADD(FROM_UNIXTIME(0), INTERVAL {seconds} SECOND)"


def _sqlite_text(moment: dt.datetime) -> str:
    return f"'{rfc3339(moment)[:-1].replace('T', ' ')}'"


_POSTGRES = Phrases(
    moment=_quoted,
    epoch='extract(epoch from {c}) as "time"',
    group="floor(extract(epoch from {c})/{s})*{s}",
    unix_group="floor(({c})/{s})*{s}",
    whole_seconds=False,
    text=by_numbers,
)
_SQLITE_SECONDS = "CASE typeof({c}) WHEN 'text' THEN CAST(strftime('%s', {c}) AS INTEGER) ELSE {c} END"

PHRASES: dict[Dialect, Phrases] = {
    "postgres": _POSTGRES,
    "timescaledb": replace(_POSTGRES, group="time_bucket('{s:.3f}s',{c})"),
    "duckdb": replace(_POSTGRES, epoch='epoch({c}) AS "time"', group="floor(epoch({c})/{s})*{s}", text=by_bytes),
    "mysql": Phrases(
        moment=_from_unixtime,
        time="UNIX_TIMESTAMP({c}) as time_sec",
        epoch="UNIX_TIMESTAMP({c}) as time_sec",
        group="UNIX_TIMESTAMP({c}) DIV {s} * {s}",
        unix_group="{o} DIV {s} * {s}",
        escapes=True,
        text=hexadecimal("_utf8mb4 X'{hex}'"),
        join=("CONCAT", ", "),
    ),
    "mssql": Phrases(
        moment=lambda moment: f"'{rfc3339(moment)}'",
        time="{c} AS time",
        epoch="DATEDIFF(second, '1970-01-01', {c}) AS time",
        group="FLOOR(DATEDIFF(second, '1970-01-01', {c})/{s})*{s}",
        unix_group="FLOOR({o}/{s})*{s}",
        alias=" AS [time]",
        text=hexadecimal("CONVERT(nvarchar(max), 0x{hex})", "utf-16-le"),
        join=("", " + "),
    ),
    "sqlite": Phrases(
        moment=_sqlite_text,
        compared=_SQLITE_SECONDS,
        bound=lambda moment: str(_seconds(moment)),
        epoch=f'{_SQLITE_SECONDS} AS "time"',
        group=f"CAST({_SQLITE_SECONDS} AS INTEGER) / {{s}} * {{s}}",
        unix_group="CAST({c} AS INTEGER) / {s} * {s}",
        text=hexadecimal("CAST(X'{hex}' AS TEXT)"),
        has_strict_numbers=True,
    ),
    "clickhouse": Phrases(
        moment=lambda moment: f"toDateTime({_seconds(moment)})",
        between="{c} >= {a} AND {c} <= {b}",
        epoch='toUnixTimestamp({c}) AS "time"',
        group="toStartOfInterval(toDateTime({c}), INTERVAL {s} second)",
        unix_group="intDiv({c}, {s}) * {s}",
        escapes=True,
        text=hexadecimal("unhex('{hex}')"),
    ),
    "snowflake": Phrases(
        moment=lambda moment: f"{_quoted(moment)}::TIMESTAMP_TZ",
        epoch='DATE_PART(EPOCH_SECOND, {c}) AS "time"',
        group="FLOOR(DATE_PART(EPOCH_SECOND, {c})/{s})*{s}",
        unix_group="FLOOR(({c})/{s})*{s}",
        whole_seconds=False,
        escapes=True,
        text=hexadecimal("HEX_DECODE_STRING('{hex}')"),
    ),
    "trino": Phrases(
        moment=lambda moment: f"TIMESTAMP '{rfc3339(moment, fraction=True)[:-1].replace('T', ' ')}'",
        epoch='to_unixtime({c}) AS "time"',
        group="floor(to_unixtime({c})/{s})*{s}",
        unix_group="floor(({c})/{s})*{s}",
        whole_seconds=False,
        text=hexadecimal("from_utf8(X'{hex}')"),
        has_strict_numbers=True,
    ),
}
