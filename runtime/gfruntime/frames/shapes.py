"""The shapes that alert rules and expressions read: Grafana's data plane contract, version 0.1.

`apply_type` checks frames by the contract, sorts series by time and sets the type. Grafana itself checks little of
this: unsorted, duplicate or unlabelled data causes no error and gives wrong alerts.

| type               | frames   | shape                                                                              |
| ------------------ | -------- | ---------------------------------------------------------------------------------- |
| timeseries-wide    | one      | a time and values that share it; labels on the values tell the series apart        |
| timeseries-multi   | several  | in each, a time and one value                                                      |
| timeseries-long    | one      | a time, values, and text columns that tell the series apart, as SQL gives them     |
| numeric-wide       | one      | numbers with labels, at most one row                                               |
| numeric-multi      | several  | in each, one number with labels, at most one row                                   |
| numeric-long       | one      | numbers, and text columns that tell the rows apart                                 |

No data is one frame of any type without fields. Grafana ignores columns that are not part of a type, such as texts
beside a wide series (see `alerting`, which warns of them).
Source: github.com/grafana/dataplane, contract 0.1.
"""

from __future__ import annotations

import itertools
import operator
from collections import Counter
from typing import TYPE_CHECKING, Literal

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import compute as pc
from gfruntime.frames import labels
from gfruntime.frames.data import Frame
from gfruntime.frames.field import Field, copy_with
from gfruntime.frames.fieldtypes import NUMBERS, VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FrameType = Literal[
    "timeseries-wide", "timeseries-multi", "timeseries-long", "numeric-wide", "numeric-multi", "numeric-long"
]
VERSION = [0, 1]
_MAX_JOINED_ROWS = 4096  # frames with more rows are checked one by one with Arrow
_MAX_PYTHON_ROWS = 200  # rows below which Python is faster than a call into Arrow


def apply_type(frame_type: FrameType, frames: Sequence[Frame]) -> list[Frame]:
    """Check frames by the rules of a type, sort series by time and set the type.

    Raises: FrameError naming the broken rule, and what to do.
    """
    if not frame_type.endswith("-multi") and len(frames) != 1:
        raise FrameError(f"{frame_type} has one frame, not {len(frames)}: only the first would be read")
    if len(frames) > 1 and any(not frame.fields for frame in frames):
        raise FrameError(f"a frame without fields among others is invalid in {frame_type}")
    is_sorted = frame_type == "timeseries-multi" and len(frames) > 1 and _are_all_ascending(frames)
    result = [_check(frame_type, frame, is_sorted=is_sorted) for frame in frames or [Frame()]]
    if not frame_type.endswith("-long"):
        _refuse_equal_series(result)
    own: dict[str, object] = {"type": frame_type, "typeVersion": list(VERSION)}
    return [copy_with(frame, meta={**frame.meta, **own} if frame.meta else own) for frame in result]


def _check(frame_type: FrameType, frame: Frame, *, is_sorted: bool) -> Frame:
    if not frame.fields:
        return frame
    if frame_type.startswith("timeseries"):
        frame = _series(frame)
        frame = frame if is_sorted else _ascending(frame, are_single=frame_type != "timeseries-long")
    for refuse in _RULES[frame_type]:
        refuse(frame)
    return frame


def _series(frame: Frame) -> Frame:
    """Check the rules of all series: a time without nulls and labels, and values."""
    index = _index(frame)
    if index is None:
        times = [field for field in frame.fields if field.type == "time"]
        if not times:
            raise FrameError("there is no column of times")
        raise FrameError(f"column {times[0].name!r} has {times[0].values.null_count} nulls: remove these rows")
    if index.labels:
        raise FrameError(f"column {index.name!r} is the time and can't have labels: set them on the values")
    if VALUES.isdisjoint([field.type for field in frame.fields]):
        raise FrameError("there is no column of numbers or booleans beside the time")
    if index.nullable:
        plain = copy_with(index, nullable=False)
        frame = copy_with(frame, fields=tuple(plain if field is index else field for field in frame.fields))
    return frame


def _index(frame: Frame) -> Field | None:
    """Return the first column of times without nulls."""
    for field in frame.fields:
        if field.type == "time" and not field.values.null_count:
            return field
    return None


def _are_all_ascending(frames: Sequence[Frame]) -> bool:
    """Check in one step whether all frames, if they are short, are sorted by time without duplicates."""
    ticks = [index.values for index in map(_index, frames) if index is not None]
    if not ticks or max(map(len, ticks)) > _MAX_JOINED_ROWS:
        return False
    all_ticks = pa.concat_arrays(ticks)
    descents = pc.indices_nonzero(pc.greater_equal(all_ticks[:-1], all_ticks[1:])).to_pylist()
    return set(descents).issubset(end - 1 for end in itertools.accumulate(map(len, ticks)))


def _ascending(frame: Frame, *, are_single: bool) -> Frame:
    """Sort the rows by time (stable); a sorted frame is returned unchanged."""
    index = _time(frame)
    if _are_ascending(index.values, strictly=True):
        return frame
    if not _are_ascending(index.values, strictly=False):
        frame = frame.take(pc.sort_indices(index.values))  # stable
        index = _time(frame)
    if are_single and not _are_ascending(index.values, strictly=True):
        raise FrameError(
            f"column {index.name!r} has a time more than once: aggregate, or distinguish the series by labels"
        )
    return frame


def _are_ascending(ticks: pa.Array, *, strictly: bool) -> bool:
    if len(ticks) <= 1:
        return True
    if len(ticks) > _MAX_PYTHON_ROWS:
        name = "less" if strictly else "less_equal"
        return bool(pc.call("all", pc.call(name, ticks[:-1], ticks[1:])).as_py())
    compare = operator.lt if strictly else operator.le
    start = ticks.offset
    items = memoryview(ticks.buffers()[1]).cast("q")[start : start + len(ticks)].tolist()  # the column has no nulls
    return all(map(compare, items, items[1:]))


def _refuse_rows(frame: Frame) -> None:
    if len(frame) > 1:
        raise FrameError(f"there are {len(frame)} rows, but at most one is read: aggregate, or use numeric-long")


def _refuse_booleans(frame: Frame) -> None:
    for field in frame.fields:
        if field.type == "bool":
            raise FrameError(f"column {field.name!r} is boolean, which numeric-wide ignores: convert it to a number")


def _refuse_no_numbers(frame: Frame) -> None:
    if not any(field.type in NUMBERS for field in frame.fields):
        raise FrameError("there is no column of numbers")


def _refuse_second_value(frame: Frame) -> None:
    names = [field.name for field in frame.fields if field.type in VALUES]
    if len(names) != 1:
        raise FrameError(f"a frame of this type has one value column, this one has {len(names)}: {names}")


def _refuse_labels(frame: Frame) -> None:
    for field in frame.fields:
        if field.labels:
            raise FrameError(
                f"column {field.name!r} has labels, which a long frame loses: convert them to text columns"
            )
    for name, count in Counter(
        field.name for field in frame.fields if field.is_value or field.type == "string"
    ).items():
        if count > 1:
            raise FrameError(
                f"there are {count} columns named {name!r}: in a long frame each column needs its own name"
            )


def _refuse_equal_series(frames: Sequence[Frame]) -> None:
    keys: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for field in [field for frame in frames for field in frame.fields if field.type in VALUES]:
        key = (field.name, tuple(field.labels.items()) if field.labels else ())  # sorted by their keys
        if key in keys:
            text = labels.text(field.labels or {})
            raise FrameError(f"two series are named {field.name!r} with the labels {{{text}}}: labels must differ")
        keys.add(key)


def _refuse_duplicate_rows(frame: Frame) -> None:
    texts = _texts(frame)
    rows = Counter(zip(*(field.values.to_pylist() for field in texts), strict=True)) if texts else {(): len(frame)}
    for values, count in rows.items():
        if count > 1:
            key = {field.name: value for field, value in zip(texts, values, strict=True)}
            raise FrameError(
                f"a row of {key} occurs {count} times: aggregate, or add a column that distinguishes the rows"
            )


def _texts(frame: Frame) -> list[Field]:
    return [field for field in frame.fields if field.type == "string"]


def _time(frame: Frame) -> Field:
    return next(field for field in frame.fields if field.type == "time" and not field.nullable)


_RULES: dict[FrameType, Sequence[Callable[[Frame], None]]] = {
    "timeseries-wide": (),
    "timeseries-multi": (_refuse_second_value,),
    "timeseries-long": (_refuse_labels,),
    "numeric-wide": (_refuse_booleans, _refuse_no_numbers, _refuse_rows),
    "numeric-multi": (_refuse_second_value, _refuse_rows),
    "numeric-long": (_refuse_no_numbers, _refuse_labels, _refuse_duplicate_rows),
}
