"""Lists of one plain Python type → Arrow, without type inference, which takes the most time for a few values.

Converts the common cases: short lists of floats and integers, and lists of datetimes that are naive or in
`datetime.timezone.utc` (Arrow would ask each datetime for its zone). For other lists, and for long lists of numbers,
where Arrow is faster, `column` returns None; `columns` then converts them, and raises all errors.
"""

from __future__ import annotations

import datetime as dt
from array import array
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.frames.fieldtypes import FieldType

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_EPOCHS: dict[dt.tzinfo | None, dt.datetime] = {
    None: dt.datetime(1970, 1, 1),  # noqa: DTZ001  # naive times are UTC
    _UTC: dt.datetime(1970, 1, 1, tzinfo=_UTC),
}
_MIN_ARROW_NUMBERS = 256  # with fewer numbers this is faster
_DAY, _SECOND, _MICROSECOND = 86_400 * 10**9, 10**9, 1000
_BATCH_SIZE = 65_536  # the number of times that are converted in one step
_latest: tuple[list[dt.datetime], pa.Array] = [], None
"""The times of the latest column and their array: the series of one answer mostly have the same times."""


def column(items: list[Any]) -> tuple[FieldType, pa.Array] | None:
    """Make a column of a list whose items are all of one plain type; None for other lists and for many numbers.

    Units: times become nanoseconds since 1970 in UTC; naive times are UTC.
    """
    if len(items) > _MIN_ARROW_NUMBERS and type(items[0]) is not dt.datetime:
        return None
    kinds = set(map(type, items))
    make = _MAKERS.get(kinds.pop()) if len(kinds) == 1 else None
    if make is None:
        return None
    try:
        return make(items)
    except (OverflowError, TypeError, pa.ArrowInvalid):
        return None  # numbers of more than 64 bits; times before 1677, after 2262, or some with a zone and some without


def _floats(items: list[float]) -> tuple[FieldType, pa.Array]:
    return "float64", _wrap(array("d", items), pa.float64())


def _integers(items: list[int]) -> tuple[FieldType, pa.Array]:
    return "int64", _wrap(array("q", items), pa.int64())


def _times(items: list[dt.datetime]) -> tuple[FieldType, pa.Array] | None:
    global _latest  # noqa: PLW0603  # one tuple, replaced whole: threads may overlap
    latest, column = _latest
    if items == latest:  # naive times never equal times with a zone
        return "time", column
    epoch = _EPOCHS.get(items[0].tzinfo)
    if epoch is None:
        return None
    if len(items) > _MIN_ARROW_NUMBERS:
        parts = [
            pa.array([item - epoch for item in items[start : start + _BATCH_SIZE]], pa.duration("ns"))
            for start in range(0, len(items), _BATCH_SIZE)
        ]
        return "time", pa.concat_arrays(parts).view(pa.timestamp("ns"))
    since = [item - epoch for item in items]  # pa.array would be faster, and import pandas
    ticks = [each.days * _DAY + each.seconds * _SECOND + each.microseconds * _MICROSECOND for each in since]
    column = _wrap(array("q", ticks), pa.timestamp("ns"))
    _latest = items.copy(), column
    return "time", column


def _wrap(numbers: array[Any], kind: pa.DataType) -> pa.Array:
    """Let Arrow read the numbers in place."""
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)], 0)


_MAKERS: dict[type, Callable[[list[Any]], tuple[FieldType, pa.Array] | None]] = {
    float: _floats,
    int: _integers,
    dt.datetime: _times,
}
