"""The shapes that alert rules and expressions read: Grafana's data plane contract, version 0.1.

Each function takes frames, checks them by the contract, sorts series by time, and puts the type on them. Grafana itself
checks little of this: unsorted, doubled or unlabelled data is read without a word and gives wrong alerts.

| function           | frames   | shape                                                                              |
| ------------------ | -------- | ---------------------------------------------------------------------------------- |
| timeseries_wide    | one      | a time and values that share it; labels on the values tell the series apart        |
| timeseries_multi   | each one | a time and one value                                                               |
| timeseries_long    | one      | a time, values, and text columns that tell the series apart, as SQL gives them     |
| numeric_wide       | one      | numbers with labels, at most one row                                               |
| numeric_multi      | each one | one number with labels, at most one row                                            |
| numeric_long       | one      | numbers, and text columns that tell the rows apart                                 |
| no_data            | one      | nothing: the alert's "no data" state                                               |

Source: github.com/grafana/dataplane, contract 0.1.
"""

from __future__ import annotations

import operator
from collections import Counter
from typing import TYPE_CHECKING, Literal

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pyarrow.compute as pc  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import labels
from gfruntime.frames.data import Frame
from gfruntime.frames.field import Field, copy_with
from gfruntime.frames.fieldtypes import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FrameType = Literal[
    "timeseries-wide", "timeseries-multi", "timeseries-long", "numeric-wide", "numeric-multi", "numeric-long"
]
VERSION = [0, 1]
_FEW = 200  # rows below which Python is faster than a call into Arrow


def timeseries_wide(frame: Frame) -> Frame:
    """Check series that share their times, each once, and type them.

    Raises: FrameError saying what the contract forbids.
    """
    return shaped("timeseries-wide", [frame])[0]


def timeseries_multi(frames: Sequence[Frame]) -> list[Frame]:
    """Check series with times of their own, one a frame, and type them.

    Raises: FrameError saying what the contract forbids.
    """
    return shaped("timeseries-multi", frames)


def timeseries_long(frame: Frame) -> Frame:
    """Check series that text columns tell apart, each time once in each, and type them.

    Raises: FrameError saying what the contract forbids.
    """
    made = shaped("timeseries-long", [frame])[0]
    if made.fields:
        _refuse_doubles(made, [_time(made), *_texts(made)], "a point")
    return made


def numeric_wide(frame: Frame) -> Frame:
    """Check numbers of one row and type them.

    Raises: FrameError saying what the contract forbids.
    """
    return shaped("numeric-wide", [frame])[0]


def numeric_multi(frames: Sequence[Frame]) -> list[Frame]:
    """Check numbers, one a frame, and type them.

    Raises: FrameError saying what the contract forbids.
    """
    return shaped("numeric-multi", frames)


def numeric_long(frame: Frame) -> Frame:
    """Check numbers that text columns tell apart and type them.

    Raises: FrameError saying what the contract forbids.
    """
    return shaped("numeric-long", [frame])[0]


def no_data(frame_type: FrameType) -> Frame:
    """Say that there is nothing, by a type without fields."""
    return _typed(Frame(), frame_type)


def shaped(frame_type: FrameType, frames: Sequence[Frame]) -> list[Frame]:
    """Check frames by the rules of a type, sort series by time and put the type on them.

    Raises: FrameError saying what the contract forbids, and what to do.
    """
    if not frame_type.endswith("-multi") and len(frames) != 1:
        raise FrameError(f"{frame_type} is one frame, not {len(frames)}: only the first would be read")
    if len(frames) > 1 and any(not frame.fields for frame in frames):
        raise FrameError(f"a frame without fields among others is invalid in {frame_type}")
    made = [_typed(_CHECKS[frame_type](frame) if frame.fields else frame, frame_type) for frame in frames]
    if not frame_type.endswith("-long"):
        _refuse_twins(made)
    return made or [no_data(frame_type)]


def _wide(frame: Frame) -> Frame:
    frame = _series(frame, are_single=True)
    _refuse_texts(frame, "timeseries_long")
    return frame


def _multi(frame: Frame) -> Frame:
    frame = _series(frame)
    _refuse_texts(frame, "group_by")
    _refuse_more(frame)
    return frame


def _long(frame: Frame) -> Frame:
    frame = _series(frame)
    _refuse_labels(frame)
    return frame


def _numbers_wide(frame: Frame) -> Frame:
    _refuse_texts(frame, "numeric_long")
    for field in frame.fields:
        if field.type == "bool":
            raise FrameError(f"column {field.name!r} is boolean, which numeric-wide passes over: make it a number")
    if not any(field.type in NUMBERS for field in frame.fields):
        raise FrameError("there is no column of numbers")
    return _one_row(frame)


def _numbers_multi(frame: Frame) -> Frame:
    _refuse_texts(frame, "group_by")
    _refuse_more(frame)
    return _one_row(frame)


def _numbers_long(frame: Frame) -> Frame:
    if not any(field.type in NUMBERS for field in frame.fields):
        raise FrameError("there is no column of numbers")
    _refuse_labels(frame)
    _refuse_doubles(frame, _texts(frame), "a row")
    return frame


_CHECKS: dict[str, Callable[[Frame], Frame]] = {
    "timeseries-wide": _wide,
    "timeseries-multi": _multi,
    "timeseries-long": _long,
    "numeric-wide": _numbers_wide,
    "numeric-multi": _numbers_multi,
    "numeric-long": _numbers_long,
}


def _series(frame: Frame, *, are_single: bool = False) -> Frame:
    """Check what all series need: a time without nulls and labels, values, ascending order."""
    times = [field for field in frame.fields if field.type == "time"]
    if not times:
        raise FrameError("there is no column of times")
    index = next((field for field in times if not field.values.null_count), None)
    if index is None:
        raise FrameError(f"column {times[0].name!r} has {times[0].values.null_count} nulls: drop those rows")
    if index.labels:
        raise FrameError(f"column {index.name!r} is the time and can't have labels: put them on the values")
    if not any(field.is_value for field in frame.fields):
        raise FrameError("there is no column of numbers or booleans beside the time")
    if index.nullable:
        plain = copy_with(index, nullable=False)
        frame = copy_with(frame, fields=tuple(plain if field is index else field for field in frame.fields))
    return _ascending(frame, are_single=are_single)


def _ascending(frame: Frame, *, are_single: bool) -> Frame:
    """Sort the rows by time, those of one time in their order; a frame that is sorted stays as it is."""
    index = _time(frame)
    if _are_ascending(index.values, strictly=True):
        return frame
    if not _are_ascending(index.values, strictly=False):
        frame = frame.take(pc.sort_indices(index.values))  # stable
        index = _time(frame)
    if are_single and not _are_ascending(index.values, strictly=True):
        raise FrameError(
            f"column {index.name!r} has a time more than once: aggregate, or tell the series apart by labels"
        )
    return frame


def _are_ascending(ticks: pa.Array, *, strictly: bool) -> bool:
    compare, compare_all = (operator.lt, pc.less) if strictly else (operator.le, pc.less_equal)
    if len(ticks) > _FEW:
        return bool(pc.all(compare_all(ticks[:-1], ticks[1:])).as_py())
    items = ticks.view(pa.int64()).to_pylist()
    return all(map(compare, items, items[1:]))


def _one_row(frame: Frame) -> Frame:
    if len(frame) > 1:
        raise FrameError(f"there are {len(frame)} rows where at most one is read: aggregate, or use numeric_long")
    return frame


def _refuse_texts(frame: Frame, other: str) -> None:
    for field in _texts(frame):
        raise FrameError(f"column {field.name!r} is text, which this type passes over: make it labels ({other})")


def _refuse_more(frame: Frame) -> None:
    names = [field.name for field in frame.fields if field.is_value]
    if len(names) != 1:
        raise FrameError(f"a frame of this type has one value column, this one has {len(names)}: {names}")


def _refuse_labels(frame: Frame) -> None:
    for field in frame.fields:
        if field.labels:
            raise FrameError(f"column {field.name!r} has labels, which a long frame loses: make them text columns")
    for name, count in Counter(
        field.name for field in frame.fields if field.is_value or field.type == "string"
    ).items():
        if count > 1:
            raise FrameError(f"there are {count} columns named {name!r}, which a long frame can't tell apart")


def _refuse_twins(frames: Sequence[Frame]) -> None:
    seen: set[tuple[str, str]] = set()
    for field in (field for frame in frames for field in frame.fields if field.is_value):
        key = (field.name, labels.text(field.labels or {}))
        if key in seen:
            raise FrameError(f"two series are named {field.name!r} with the labels {{{key[1]}}}: labels must differ")
        seen.add(key)


def _refuse_doubles(frame: Frame, fields: Sequence[Field], what: str) -> None:
    columns = [field.values.view(pa.int64()) if field.type == "time" else field.values for field in fields]
    rows = Counter(zip(*(column.to_pylist() for column in columns), strict=True)) if columns else {(): len(frame)}
    key, count = next(((key, count) for key, count in rows.items() if count > 1), ((), 0))
    if count:
        told = {field.name: value for field, value in zip(fields, key, strict=True) if field.type == "string"}
        raise FrameError(f"{what} of {told} is there {count} times: aggregate, or add a column that tells them apart")


def _texts(frame: Frame) -> list[Field]:
    return [field for field in frame.fields if field.type == "string"]


def _time(frame: Frame) -> Field:
    return next(field for field in frame.fields if field.type == "time" and not field.nullable)


def _typed(frame: Frame, frame_type: FrameType) -> Frame:
    return copy_with(frame, meta={**(frame.meta or {}), "type": frame_type, "typeVersion": list(VERSION)})
