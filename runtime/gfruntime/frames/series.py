"""Time series from one shape to another: long to wide, wide to long, and onto a regular grid.

The functions follow the Go SDK step by step, with its error texts, except for missing cells: the SDK writes 0
if a column can't be null; here such a column becomes nullable. `fill=None` gives the SDK's zeros.
Source: grafana-plugin-sdk-go v0.298.0, data/time_series.go, data/sqlutil/resample.go.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gfruntime.errors import FrameError
from gfruntime.frames.cells import NULL, Fill, array, build_field, fill_missing, items_of
from gfruntime.frames.field import Field
from gfruntime.frames.fieldtypes import FIELD_TYPES
from gfruntime.frames.labels import as_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from gfruntime.frames.data import Frame

Shape = Literal["not", "wide", "long"]


def shape(frame: Frame) -> Shape:
    """Return the shape in which Grafana reads a frame without a type: wide, long, or "not" a series."""
    parts = _parts(frame)
    if parts is None or not parts.values:
        return "not"
    return "long" if parts.factors else "wide"


def long_to_wide(frame: Frame, *, fill: Fill | None = NULL, limit: int = 0) -> Frame:
    """Make a column for each combination of text and boolean values, which become its labels.

    Of rows with the same time and combination, the last one counts. `limit` bounds the number of cells; 0: no limit.
    Raises: FrameError with the SDK's text if the frame is not long, empty, unsorted, or has null times.

    >>> [field.labels for field in long_to_wide(frame).fields]
    [None, {'host': 'a'}, {'host': 'b'}]
    """
    parts = _require_shape(frame, "long", to="wide")
    ticks = items_of(parts.time)
    if ticks[0] is None:  # the SDK checks the first time before the labels
        raise FrameError(_NULL_TIME)
    names = [field.name for field in parts.factors]
    if len(set(names)) < len(names):
        raise FrameError(f"two columns that become labels have one name: {names}")
    times, rows = _rows_of(ticks)
    cells: dict[tuple[str, ...], dict[int, int]] = {}
    for at, key in enumerate(zip(*(_texts(field) for field in parts.factors), strict=True)):
        cells.setdefault(key, {})[rows[at]] = at
        if limit and len(times) * (1 + len(cells) * len(parts.values)) > limit:
            raise FrameError(_TOO_LARGE)
    columns = [
        _spread(field, rows_of_cell, len(times), fill, labels=dict(zip(names, key, strict=True)))
        for key, rows_of_cell in cells.items()
        for field in parts.values
    ]
    columns = columns[-1:] + columns[:-1]  # the SDK's sort order, visible if all keys are equal
    columns.sort(key=lambda field: (field.name, [(field.labels or {})[name] for name in names]))
    index = Field(parts.time.name, array(times, parts.time), "time", nullable=False)
    meta = {**(frame.meta or {}), "type": "timeseries-wide", "typeVersion": [0, 1]}
    return replace(frame, fields=[index, *columns], meta=meta)


def wide_to_long(frame: Frame, *, fill: Fill | None = NULL) -> Frame:
    """Give each set of labels its own rows, with the labels as text columns.

    Raises: FrameError with the SDK's text if the frame is not wide, empty, has null times, or two types for a name.

    >>> wide_to_long(long_to_wide(frame))["host"].to_list()
    ['a', 'b']
    """
    parts = _require_shape(frame, "wide", to="long")
    kinds = _kinds(frame, parts.values)
    sets: dict[str, dict[str, Field]] = {}
    for field in parts.values:
        sets.setdefault(_tuple_text(field.labels or {}), {})[field.name] = field
    ordered = [members for _, members in sorted(sets.items())]
    times = items_of(parts.time)
    if None in times:
        raise FrameError("time may not have nil values")
    stacked = [time for time in times for _ in ordered]
    columns = [Field(parts.time.name, array(stacked, parts.time), "time", nullable=False)]
    columns += [
        _stack(kinds[name], [members.get(name) for members in ordered], len(frame), fill) for name in sorted(kinds)
    ]
    for key in sorted({key for field in parts.values for key in field.labels or {}}):
        texts = [(next(iter(members.values())).labels or {}).get(key, "") for members in ordered]
        columns.append(Field(key, texts * len(frame), "string", nullable=False))
    return replace(frame, fields=columns, meta={**(frame.meta or {}), "type": "timeseries-long"})


def resample(
    frame: Frame, start: dt.datetime, end: dt.datetime, interval: dt.timedelta, *, fill: Fill | None = NULL
) -> Frame:
    """Resample a series to a grid from start to end, both included.

    Each point gets the last row of (point - interval, point]; text columns keep their last value. An interval of 0
    changes nothing. Configs are dropped, as in the SDK.
    Raises: FrameError if the frame is not a time series, or has null times.

    >>> len(resample(frame, start, start + timedelta(minutes=2), timedelta(minutes=1)))
    3
    """
    parts = _parts(frame)
    if parts is None or not parts.values:
        raise FrameError("can not fill missing, not timeseries frame")
    step = _nanoseconds(interval)
    if step == 0:
        return frame
    ends = items_of(Field("", [start, end], "time"))
    grid = list(range(ends[0], ends[1] + 1, step))
    hits, latest = _windows(items_of(parts.time), grid, step)
    columns = []
    for field in frame.fields:
        if field is parts.time:
            columns.append(Field(field.name, array(grid, field), "time", nullable=field.nullable, labels=field.labels))
        elif any(field is value for value in parts.values):
            columns.append(_resample_field(field, hits, latest, fill))
        else:
            columns.append(_resample_field(field, latest, latest, NULL))
    return replace(frame, fields=columns)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A frame's columns by their role in a time series."""

    time: Field
    factors: Sequence[Field]
    values: Sequence[Field]


_TOO_LARGE = (
    "unable to convert the data to wide series because the result is too large, "
    "add filters or aggregation to the query to reduce the number of timestamps or series"
)
_NULL_TIME = (
    "unable to process the data to wide series because input has null time values, "
    "make sure all time values are not null"
)


def _parts(frame: Frame) -> _Parts | None:
    time = next((field for field in frame.fields if field.type == "time"), None)
    if time is None:
        return None
    factors = [field for field in frame.fields if field.type in ("string", "bool")]
    values = [field for field in frame.fields if field is not time and field.type not in ("string", "bool")]
    return _Parts(time, factors, values)


def _require_shape(frame: Frame, expected_shape: Shape, *, to: Shape) -> _Parts:
    actual, parts = shape(frame), _parts(frame)
    if parts is None or actual != expected_shape:
        raise FrameError(
            f"can not convert to {to} series, expected {expected_shape} format series input but got {actual} series"
        )
    if not len(frame):
        raise FrameError(f"can not convert to {to} series, input fields have no rows")
    return parts


def _rows_of(ticks: Sequence[int | None]) -> tuple[list[int], list[int]]:
    """Number the distinct times; return the times, and the number of each row."""
    times: list[int] = []
    rows = []
    for tick in ticks:
        if tick is None:
            raise FrameError(_NULL_TIME)
        if times and tick < times[-1]:
            raise FrameError(
                "unable to process the data because it is not sorted in ascending order by time, "
                "please updated your query to sort the data by time if possible"
            )
        if not times or tick > times[-1]:
            times.append(tick)
        rows.append(len(times) - 1)
    return times, rows


def _spread(
    field: Field, old_rows: Mapping[int, int], length: int, fill: Fill | None, *, labels: Mapping[str, str]
) -> Field:
    """Copy a column's rows (new row → old row) into a longer column."""
    items = items_of(field)
    rows = [old_rows.get(row) for row in range(length)]
    column = [None if row is None else items[row] for row in rows]
    column = fill_missing(field, column, [row is None for row in rows], fill)
    return build_field(field, column, fill, labels=labels)


def _stack(field: Field, members: Sequence[Field | None], length: int, fill: Fill | None) -> Field:
    """Interleave the columns of one name, one for each set of labels."""
    columns = [None if member is None else items_of(member) for member in members]
    column = [None if items is None else items[row] for row in range(length) for items in columns]
    is_missing = [items is None for items in columns] * length
    column = fill_missing(field, column, is_missing, fill)
    return build_field(field, column, fill if any(is_missing) else None, labels=None)


def _resample_field(field: Field, hits: Sequence[int | None], latest: Sequence[int | None], fill: Fill | None) -> Field:
    items = items_of(field)
    column = [None if row is None else items[row] for row in hits]
    if fill is not None and fill.mode == "previous":
        befores = (None if row is None else items[row] for row in latest)
        column = [before if row is None else item for row, item, before in zip(hits, column, befores, strict=True)]
    else:
        column = fill_missing(field, column, [row is None for row in hits], fill)
    return build_field(field, column, fill if None in column else None, labels=field.labels)


def _windows(ticks: Sequence[int | None], grid: Sequence[int], step: int) -> tuple[list[int | None], list[int | None]]:
    """Return the last row in each point's window, and the last row up to each point."""
    hits: list[int | None] = []
    latest: list[int | None] = []
    row = 0
    for point in grid:
        hit = None
        while row < len(ticks):
            tick = ticks[row]
            if tick is None:
                raise FrameError("time point is nil")
            if tick > point:
                break
            if tick > point - step:
                hit = row
            row += 1
        hits.append(hit)
        latest.append(row - 1 if row else None)
    return hits, latest


def _kinds(frame: Frame, values: Sequence[Field]) -> dict[str, Field]:
    """Return the first column of each name; refuse names with several types."""
    kinds: dict[str, Field] = {}
    for field in values:
        first = kinds.setdefault(field.name, field)
        if (first.type, first.nullable) != (field.type, field.nullable):
            at = next(index for index, each in enumerate(frame.fields) if each is field)
            raise FrameError(
                "two fields in input frame may not have the same name but different types, "
                f"field name {field.name} has type {_go(first)} but also type {_go(field)} and field idx {at}"
            )
    return kinds


def _go(field: Field) -> str:
    return f"[]{'*' if field.nullable else ''}{FIELD_TYPES[field.type].go}"


def _tuple_text(labels: Mapping[str, str]) -> str:
    """Write labels as Go does for sorting: a JSON list of pairs, with the special characters of HTML escaped."""
    text = json.dumps(sorted(labels.items()), ensure_ascii=False, separators=(",", ":"))
    return text.translate({ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})


def _texts(field: Field) -> list[str]:
    if field.type == "bool":
        return [as_text(bool(value)) for value in field.values.to_pylist()]
    return [value or "" for value in field.values.to_pylist()]


def _nanoseconds(interval: dt.timedelta) -> int:
    return ((interval.days * 86_400 + interval.seconds) * 1_000_000 + interval.microseconds) * 1000
