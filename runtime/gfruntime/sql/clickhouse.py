"""The macros that exist only in ClickHouse's data source.

Source: clickhouse-datasource v4, pkg/macros/macros.go.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from gfruntime.sql.moments import count_since_1970

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gfruntime.request.vocabulary import TimeRange

_SECOND = dt.timedelta(seconds=1)
_MS = dt.timedelta(milliseconds=1)


def macros(between: TimeRange, interval: dt.timedelta) -> Iterator[tuple[str, Callable[[Sequence[str]], str], int]]:
    """Return each macro's name, function and number of arguments."""
    seconds, milliseconds = max(interval // _SECOND, 1), max(interval // _MS, 1)
    in_seconds, in_ms, days = (
        tuple(map(write, (between.start, between.end))) for write in (_date_time, _date_time_ms, _date)
    )
    yield "fromTime", lambda _: in_seconds[0], 0
    yield "toTime", lambda _: in_seconds[1], 0
    yield "fromTime_ms", lambda _: in_ms[0], 0
    yield "toTime_ms", lambda _: in_ms[1], 0
    yield "timeFilter_ms", lambda args: _between(args[0], in_ms), 1
    yield "dateFilter", lambda args: _between(args[0], days), 1
    for name in ("dateTimeFilter", "dt"):
        yield name, lambda args: f"({_between(args[0], days)}) AND ({_between(args[1], in_seconds)})", 2
    yield "timeInterval", lambda args: f"toStartOfInterval(toDateTime({args[0]}), INTERVAL {seconds} second)", 1
    yield (
        "timeInterval_ms",
        lambda args: f"toStartOfInterval(toDateTime64({args[0]}, 3), INTERVAL {milliseconds} millisecond)",
        1,
    )
    yield "interval_s", lambda _: str(seconds), 0


def _between(column: str, ends: Sequence[str]) -> str:
    return f"{column} >= {ends[0]} AND {column} <= {ends[1]}"


def _date_time(moment: dt.datetime) -> str:
    return f"toDateTime({count_since_1970(moment, _SECOND)})"


def _date_time_ms(moment: dt.datetime) -> str:
    return f"fromUnixTimestamp64Milli({count_since_1970(moment, _MS)})"


def _date(moment: dt.datetime) -> str:
    return f"toDate('{moment.astimezone(dt.UTC):%Y-%m-%d}')"
