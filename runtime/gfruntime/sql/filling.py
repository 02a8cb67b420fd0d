"""Turn rows into a time series as Grafana's SQL data sources do, and fill gaps if the query asks for it.

1. The time is the column `time` (or `time_sec`, in any case), else the first column of times; rows are sorted by it.
   Numbers in it become times: seconds, milliseconds, microseconds or nanoseconds by their size; texts are ISO 8601.
2. Numbers and booleans become float64; texts become labels, and each combination of labels is a series.
3. A single label `metric` beside a single value becomes the name of the series.
4. If the query has `$__timeGroup(t, '5m', FILL)` or `$__unixEpochGroup` (or `…Alias`) with NULL, previous or a number,
   each group of the time range that has no row gets a row.

Source: grafana v12, pkg/tsdb/mysql/sqleng/sql_engine.go.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import QueryError
from gfruntime.frames import compute as pc
from gfruntime.frames import series, times
from gfruntime.frames.cells import NULL, Fill
from gfruntime.frames.field import Field, copy_with
from gfruntime.frames.fieldtypes import NUMBERS
from gfruntime.sql.arguments import QUOTES, read_arguments
from gfruntime.sql.durations import format_interval
from gfruntime.sql.expansion import group_interval, without_comments
from gfruntime.sql.texts import decode_text

if TYPE_CHECKING:
    from gfruntime.frames.data import Frame
    from gfruntime.request.vocabulary import Query

_GROUP = re.compile(r"\$__(?:timeGroup|unixEpochGroup)(?:Alias)?[ \t]*(?=\()")
_INTERVAL = re.compile(r"\$__interval(_ms)?(?!\w)|\$\{__interval\}")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST = dt.datetime(1678, 1, 1, tzinfo=dt.UTC) - _EPOCH
_LAST = dt.datetime(2262, 1, 1, tzinfo=dt.UTC)
_WITH_FILL = 3  # the number of arguments
_TIMES = ("time", "time_sec", "timeend")
_MOST_CELLS = 5_000_000


class Grid(NamedTuple):
    """The times at which rows are expected, and the values of missing rows."""

    interval: dt.timedelta
    fill: Fill


def parse_grid(sql: str, query: Query[Any]) -> Grid | None:
    """Read how a query fills its series, from SQL whose macros are not expanded yet; comments are ignored.

    Raises: QueryError if the fill is neither NULL nor previous nor a number.
    """
    grid = None
    text = without_comments(sql)
    for match in _GROUP.finditer(text):
        args, _ = read_arguments(text, match.end(), marks=QUOTES)
        if len(args) == _WITH_FILL:
            interval = _INTERVAL.sub(format_interval(query.interval), decode_text(args[1]))
            grid = Grid(group_interval(interval), _fill(decode_text(args[2])))
    return grid


def with_times(frame: Frame) -> Frame:
    """Convert the numbers to times in the columns `time`, `time_sec` and `timeEnd`, as Grafana does in tables too.

    Units: seconds, milliseconds, microseconds or nanoseconds since 1970, by their size.
    """
    fields = [
        Field(field.name, times.read(field.to_list(), "guess"))
        if field.name.lower() in _TIMES and field.type in NUMBERS
        else field
        for field in frame.fields
    ]
    return replace(frame, fields=fields)


def as_series(frame: Frame, sql: str, query: Query[Any]) -> Frame:
    """Make a wide series from a query's rows, by the rules of this module.

    Shape: at most 5,000,000 cells; if filled gaps would make more, they are not filled, and a notice says so; for an
    alert rule it is an error.
    Raises: QueryError without a column of times; FrameError if a row has no time, or labels make too many cells.
    """
    grid = parse_grid(sql, query)
    if not len(frame):
        return replace(frame, fields=[])
    time = _time_field(frame)
    fields = [_as_time(field) if field is time else _as_float(field) for field in frame.fields]
    wide = _sort(replace(frame, fields=fields))
    if series.shape(wide) == "long":
        wide = series.long_to_wide(wide, fill=grid.fill if grid else NULL, limit=_MOST_CELLS)
        wide = _name_by_metric(wide) if len(fields) == _WITH_METRIC else wide
    return wide if grid is None else _fill_gaps(wide, grid, query)


_WITH_METRIC = 3  # number of columns: the time, the metric and a value


def _fill(text: str) -> Fill:
    word = text.strip("'\" ")
    if word.lower() in ("null", "previous"):
        return Fill("null" if word.lower() == "null" else "previous")
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise QueryError(f"the fill of a series must be NULL, previous or a number, got {text!r}")
    return Fill("value", value)


def _time_field(frame: Frame) -> Field:
    time_columns = [field for field in frame.fields if field.name.lower() in ("time", "time_sec")]
    for field in (*time_columns, *frame.fields):
        if field.type == "time" or (field in time_columns and field.type in (*NUMBERS, "string")):
            return field
    raise QueryError("a time series needs a column of times: name a column `time`, or choose the format table")


def _as_time(field: Field) -> Field:
    """Read numbers since 1970 and texts as times; Grafana's panels call the column Time."""
    if field.type != "time":
        field = Field(field.name, times.read(field.to_list(), "guess"))
    return copy_with(field, name="Time")


def _as_float(field: Field) -> Field:
    if field.type in ("string", "time", "float64", "json", "enum"):
        return field
    return Field(field.name, field.values.cast("float64"), "float64", labels=field.labels)


def _sort(frame: Frame) -> Frame:
    times = frame["Time"].values
    rows = pc.sort_indices(times)
    return frame if rows.equals(pa.array(range(len(times)), rows.type)) else frame.take(rows)


def _name_by_metric(frame: Frame) -> Frame:
    """Name each series as Grafana did before version 8, and still does."""
    fields = [
        copy_with(field, name=labels["metric"], labels=None) if set(labels) == {"metric"} else field
        for field, labels in ((field, field.labels or {}) for field in frame.fields)
    ]
    return replace(frame, fields=fields)


def _fill_gaps(frame: Frame, grid: Grid, query: Query[Any]) -> Frame:
    """Add a row for each group without a row, from the group in which the time range begins."""
    start, end = query.time_range.start, query.time_range.end
    since = start - _EPOCH
    first = since - since % grid.interval
    cells = ((end - start + since % grid.interval) // grid.interval + 1) * len(frame.fields)
    problem = ""
    if cells > _MOST_CELLS:
        problem = f"{cells:,} values are more than {_MOST_CELLS:,}; group by a longer interval"
    elif first < _FIRST or end > _LAST:
        problem = "a time is outside the years 1678 to 2261"
    if problem and query.from_alert:
        raise QueryError(f"missing values are not filled: {problem}")
    if problem:
        return frame.with_notice(f"Missing values are not filled: {problem}", "warning")
    start = _EPOCH + first
    return series.resample(frame, start, end, grid.interval, fill=grid.fill)
