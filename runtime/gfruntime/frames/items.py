"""A list of Python objects → one Arrow array: each object has a kind, and a column has one kind.

| kind         | objects                                                               | array                  |
| ------------ | --------------------------------------------------------------------- | ---------------------- |
| null         | None, NaT, pandas' NA, masked values; NaN beside anything but numbers | null                   |
| numbers      | int, float, Decimal, Fraction, numpy's                                | int64, uint64, float64 |
| booleans     | bool, numpy's                                                         | bool                   |
| texts        | str, UUID, IP addresses and networks, paths, zones, pandas' intervals | string                 |
|              | ranges, multiranges, bit strings, Arrow's intervals with months       |                        |
| times        | datetime and date, numpy's and pandas' (naive ones are taken as UTC)  | timestamp[ns]          |
| durations    | timedelta, numpy's and pandas'                                        | duration[ns]           |
| times of day | time                                                                  | string                 |
| bytes        | bytes, bytearray, memoryview                                          | binary                 |
| documents    | mappings, lists, tuples, sets, arrays, dataclasses                    | the list, unchanged    |

An enum's member counts as its value. Integers beyond 64 bits make the column float64.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames.kinds import OUTSIDE, Kind, plain, short, to_float
from gfruntime.frames.labels import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)
_NO_ROW = -1


class _Column(NamedTuple):
    """Objects that are all of one kind or null, as plain Python values."""

    kind: Kind
    values: list[Any]


def array(items: list[Any], *, as_texts: bool = False) -> pa.Array | list[Any]:
    """Make an array of objects of one kind; documents are returned as the list.

    With `as_texts` each object of a mixed column becomes its text.
    Raises: FrameError naming the rows whose objects differ in kind, or an object that Grafana has no kind for.
    """
    types = set(map(type, items))
    types.discard(type(None))
    if types <= _NUMBERS or (len(types) == 1 and types <= _SINGLE):
        with contextlib.suppress(OverflowError, pa.ArrowInvalid):  # integers that int64 or float64 can't hold exactly
            return pa.array(items)
    column = _of_one_kind(items, as_texts=as_texts)
    return _ARRAYS[column.kind](column.values)


def _of_one_kind(items: list[Any], *, as_texts: bool) -> _Column:
    """Return the kind of a column, and the plain value of each object.

    Raises: FrameError for objects of two kinds, or without a kind.
    """
    pairs = [_kind_of(item, row) for row, item in enumerate(items)]
    rows: dict[Kind, int] = {}
    for row, (kind, value) in enumerate(pairs):
        if value is not None:
            rows.setdefault(kind, row)
    values = [value for _, value in pairs]
    if "numbers" in rows and len(rows) > 1:  # numpy and pandas use NaN for a missing value of any kind
        values = [None if _is_nan(value) else value for value in values]
        numbers = (row for row, (kind, _) in enumerate(pairs) if kind == "numbers" and values[row] is not None)
        rows["numbers"] = next(numbers, _NO_ROW)
        rows = {kind: row for kind, row in rows.items() if row != _NO_ROW}
    if len(rows) > 1 and as_texts:
        texts = [None if value is None else as_text(item) for value, item in zip(values, items, strict=True)]
        return _Column("texts", texts)
    if len(rows) > 1:
        raise FrameError(_mixture(items, rows))
    missing: Kind = next((kind for kind, _ in pairs if kind != "null"), "null")  # a column of only NaT has times
    return _Column(next(iter(rows), missing), values)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _mixture(items: list[Any], rows: Mapping[Kind, int]) -> str:
    """Describe which rows differ, and what to do; `rows` has the first row of each kind."""
    one, other = sorted(rows.items(), key=lambda item: item[1])[:2]
    return (
        f"{one[0]} and {other[0]} in one column: row {one[1]} is {short(items[one[1]])}, row {other[1]} is "
        f"{short(items[other[1]])}; use None for a missing value, or the type 'string' to convert all values to texts"
    )


def _kind_of(item: object, row: int) -> tuple[Kind, Any]:
    try:
        return plain(item)
    except FrameError as error:
        raise FrameError(f"row {row}: {error}") from None


_NUMBERS = {float, int}
_SINGLE = {str, bool, dt.datetime, dt.timedelta}
"""Types that Arrow reads faster, and correctly if a column has no other type."""


def _number_array(values: list[Any]) -> pa.Array:
    """Choose int64, then uint64, then float64."""
    if all(value is None or type(value) is int for value in values):
        whole = [value for value in values if value is not None]
        for allowed, kind in ((_INT64, pa.int64()), (_UINT64, pa.uint64())):
            if all(value in allowed for value in whole):
                return pa.array(values, kind)
    return pa.array([None if value is None else to_float(value) for value in values], pa.float64())


def _ticks_array(kind: pa.DataType) -> Callable[[list[Any]], pa.Array]:
    def make(values: list[Any]) -> pa.Array:
        try:
            return pa.array(values, pa.int64()).view(kind)
        except OverflowError:
            raise FrameError(OUTSIDE) from None

    return make


def _as_list(values: list[Any]) -> list[Any]:
    return values


_ARRAYS: Mapping[Kind, Callable[[list[Any]], Any]] = {
    "null": lambda values: pa.nulls(len(values)),
    "numbers": _number_array,
    "booleans": lambda values: pa.array(values, pa.bool_()),
    "texts": lambda values: pa.array(values, pa.string()),
    "times": _ticks_array(pa.timestamp("ns")),
    "durations": _ticks_array(pa.duration("ns")),
    "times of day": lambda values: pa.array(values, pa.string()),
    "bytes": lambda values: pa.array(values, pa.binary()),
    "documents": _as_list,
}
