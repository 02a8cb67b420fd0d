"""Answers to alert rules, checked before Grafana reads them.

What is wrong is logged, each text once; logs, traces and tables that no rule can read are refused with a sentence that
helps, where Grafana's own would say "type not".
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import QueryError
from gfruntime.frames import alerting
from gfruntime.frames.fieldtypes import FIELD_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gfruntime.frames.data import Frame
    from gfruntime.frames.field import Field

_LOGGER = logging.getLogger("gfruntime")
SQL = "sqlExpressions"
"""Grafana's feature with which a rule can read tables of any shape."""

_MOST_TEXTS = 1000
_logged: set[str] = set()


def checked(frames: list[Frame], *, ref_id: str, has_sql: bool = False) -> list[Frame]:
    """Check frames for an alert rule, log what is wrong, and take out what rules can't follow: live channels.

    Raises: QueryError for logs, traces and tables that no rule can read.
    """
    frames = _without_empty(frames)
    verdict = alerting.classify([sketch(frame) for frame in frames])
    if verdict.kind == "error":
        shown = _for_reading(frames)
        if shown and not (has_sql and shown == "a table"):
            raise QueryError(f"This query gives {shown}, which alert rules can't read: {verdict.hint}")
        _log_once(f"Query {ref_id}: an alert rule will fail with: {verdict.error(ref_id)}; {verdict.hint}")
    for warning in verdict.warnings:
        _log_once(f"Query {ref_id}: in an alert rule: {warning}")
    return [_without_channel(frame) for frame in frames]


def _without_empty(frames: list[Frame]) -> list[Frame]:
    """Leave out frames without rows, which rules would read as NaN; if all are, one without fields says "no data"."""
    filled = [frame for frame in frames if len(frame)]
    return filled or [replace(frame, fields=()) for frame in frames[:1]]


def sketch(frame: Frame) -> alerting.Sketch:
    """Describe a frame to the classifier; values are read when it asks for them."""
    return alerting.Sketch(name=frame.name, meta=frame.meta or {}, columns=[_column(field) for field in frame.fields])


def _column(field: Field) -> alerting.Column:
    return alerting.Column(
        name=field.name,
        type=FIELD_TYPES[field.type].go,
        nullable=field.nullable,
        labels=field.labels or {},
        rows=len(field),
        values=_reader(field),
    )


def _reader(field: Field) -> Callable[[], Sequence[object]]:
    def read() -> Sequence[object]:
        """List what is looked at; a null further down counts as well."""
        first = field.values[: alerting.LOOKED_AT]
        items: list[object] = (first.view(pa.int64()) if field.type == "time" else first).to_pylist()
        return [*items, None] if field.values.null_count > first.null_count else items

    return read


def _for_reading(frames: Sequence[Frame]) -> str:
    """Name what people read and rules can't; empty for other frames."""
    for meta in (frame.meta or {} for frame in frames):
        shown, frame_type = meta.get("preferredVisualisationType"), meta.get("type")
        if frame_type == "log-lines" or shown == "logs":
            return "logs"
        if shown in ("trace", "nodeGraph", "flamegraph"):
            return "traces" if shown == "trace" else "a graph"
        if "table" in (shown, frame_type):
            return "a table"
    return ""


def _without_channel(frame: Frame) -> Frame:
    if not frame.meta or "channel" not in frame.meta:
        return frame
    return replace(frame, meta={key: value for key, value in frame.meta.items() if key != "channel"})


def _log_once(text: str) -> None:
    """Log a text that was not logged before: a rule asks every few seconds."""
    if text not in _logged and len(_logged) < _MOST_TEXTS:
        _logged.add(text)
        _LOGGER.warning(text)
