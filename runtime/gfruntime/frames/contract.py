"""Set the frame type of a response if the author set none, so that alert rules can read the response.

Grafana's contract 0.1 names six shapes that expressions and alert rules understand. By default:

| the query's frames                                                        | type             |
| ------------------------------------------------------------------------- | ---------------- |
| one frame: a time column without nulls and value columns                  | timeseries-wide  |
| the same with text columns, which tell the series apart                   | timeseries-long  |
| several frames, each a time column without nulls and one value column     | timeseries-multi |
| one frame without a time: numbers and texts                               | numeric-long     |
| one frame without a time: numbers only, at most one row                   | numeric-wide     |
| several frames without a time: one value, at most one row                 | numeric-multi    |
| anything else (tables, logs, a type given by the author, no fields)       | left as it is    |

A value column has numbers or booleans. Series are sorted by time. If frames break the contract (two series of one name
and labels, a time more than once in a wide frame), they get no type and are a table; if the author set one of the six
types, that is an error (see `shapes`). A column that looks like times but has texts or numbers gets a notice (see
`timelike`).
Source: github.com/grafana/dataplane, contract 0.1; grafana-plugin-sdk-go v0.298.0, data/frame_type.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from gfruntime.errors import FrameError
from gfruntime.frames import shapes, timelike
from gfruntime.frames.fieldtypes import NUMBERS, VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfruntime.frames.data import Frame
    from gfruntime.frames.shapes import FrameType

_TYPES: tuple[FrameType, ...] = get_args(shapes.FrameType)


def set_types(frames: Sequence[Frame]) -> list[Frame]:
    """Set the type that fits the shape of one query's frames, and sort series by time.

    Raises: FrameError if the author set a type and the frames do not have its shape.
    """
    if any(frame.meta is not None and frame.meta.get("type") for frame in frames):
        return _check_first_type(frames)
    frames = [_with_notices(frame) for frame in frames]
    frame_type = _single(frames[0]) if len(frames) == 1 else _several(frames)
    if frame_type is None:
        return frames
    try:
        return shapes.apply_type(frame_type, frames)
    except FrameError:
        return frames


def _with_notices(frame: Frame) -> Frame:
    """Add a notice about a column that looks like times, if a frame with numbers has no times."""
    if len(frame.fields) == 1 or "time" in [field.type for field in frame.fields]:
        return frame
    for field in frame.fields:
        others = any(other.is_value or other.type == "json" for other in frame.fields if other is not field)
        if others and (field.type == "string" or field.type in NUMBERS):
            problem = timelike.find(field.name, field.values[: timelike.MAX_CHECKED_VALUES].to_pylist())
            if problem is not None:
                frame = frame.with_notice(problem.sentence, "warning")
    return frame


def _check_first_type(frames: Sequence[Frame]) -> list[Frame]:
    """Check frames by the first frame's type, which the author set, if gfruntime knows its version."""
    meta = frames[0].meta or {}
    frame_type = next((name for name in _TYPES if name == meta.get("type")), None)
    if frame_type is None or meta.get("typeVersion", shapes.VERSION) != shapes.VERSION:
        return list(frames)
    return shapes.apply_type(frame_type, frames)


def _single(frame: Frame) -> FrameType | None:
    kinds = [field.type for field in frame.fields]
    has_strings = "string" in kinds
    if "time" in kinds:
        if not _has_time_index(frame) or not any(field.is_value for field in frame.fields):
            return None
        return "timeseries-long" if has_strings else "timeseries-wide"
    if not any(kind in NUMBERS for kind in kinds):
        return None
    if has_strings:
        return "numeric-long"
    return "numeric-wide" if len(frame) <= 1 and all(kind in NUMBERS for kind in kinds) else None


def _several(frames: Sequence[Frame]) -> FrameType | None:
    for frame in frames:
        kinds = [field.type for field in frame.fields]
        if "string" in kinds or len([kind for kind in kinds if kind in VALUES]) != 1:
            return None
    if all(_has_time_index(frame) for frame in frames):
        return "timeseries-multi" if frames else None
    has_time = any(field.type == "time" for frame in frames for field in frame.fields)
    return None if has_time or any(len(frame) > 1 for frame in frames) else "numeric-multi"


def _has_time_index(frame: Frame) -> bool:
    """Tell whether a reader of the contract finds the time, which must be non-nullable."""
    return False in [field.nullable for field in frame.fields if field.type == "time"]
