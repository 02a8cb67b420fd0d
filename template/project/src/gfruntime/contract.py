"""The frame type that a response gets when its author gave none, so that alert rules can read it.

Grafana's contract 0.1 names six shapes that expressions and alert rules understand. By default:

| what the query answered                                                   | type             |
| ------------------------------------------------------------------------- | ---------------- |
| one frame: a time column without nulls and value columns                  | timeseries-wide  |
| the same with string columns, which tell the series apart                 | timeseries-long  |
| several frames, each a time column without nulls and one value column     | timeseries-multi |
| one frame without a time: numbers and strings                             | numeric-long     |
| one frame without a time: numbers only, at most one row                   | numeric-wide     |
| anything else (tables, logs, a type given by the author, no fields)       | left as it is    |

A value column is one of numbers or booleans. Times must ascend: that is the author's part.
Source: github.com/grafana/dataplane, contract 0.1; grafana-plugin-sdk-go v0.298.0, data/frame_type.go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gfruntime.fieldtypes import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfruntime.data import Frame

_VERSION = [0, 1]


def typed(frames: Sequence[Frame]) -> list[Frame]:
    """Give the frames of one query the type that fits their shape."""
    if any(frame.meta is not None and frame.meta.get("type") for frame in frames):
        return list(frames)
    frame_type = _single(frames[0]) if len(frames) == 1 else _several(frames)
    if frame_type is None:
        return list(frames)
    return [replace(frame, meta=_with_type(frame.meta, frame_type)) for frame in frames]


def _with_type(meta: Mapping[str, object] | None, frame_type: str) -> dict[str, object]:
    return {**(meta or {}), "type": frame_type, "typeVersion": _VERSION}


def _single(frame: Frame) -> str | None:
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


def _several(frames: Sequence[Frame]) -> str | None:
    is_multi = all(
        _has_time_index(frame)
        and sum(field.is_value for field in frame.fields) == 1
        and not any(field.type == "string" for field in frame.fields)
        for frame in frames
    )
    return "timeseries-multi" if frames and is_multi else None


def _has_time_index(frame: Frame) -> bool:
    """Tell whether a reader of the contract finds the time: it looks for a non-nullable one."""
    return any(field.type == "time" and not field.nullable for field in frame.fields)
