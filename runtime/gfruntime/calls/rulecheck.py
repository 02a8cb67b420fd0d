"""Check answers to alert rules before Grafana reads them.

Problems are logged, each text once. Logs, traces and tables that no rule can read are refused with a helpful error,
because Grafana's error would be "type not".
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
"""The feature toggle of Grafana that lets rules read tables of any shape."""

_MOST_TEXTS = 1000
_logged: set[str] = set()


def check(frames: list[Frame], *, ref_id: str, has_sql: bool = False) -> list[Frame]:
    """Check frames for an alert rule, log problems, and remove live channels, which rules cannot follow.

    Raises: QueryError for logs, traces and tables that no rule can read.
    """
    frames = _without_empty(frames)
    verdict = alerting.classify([sketch(frame) for frame in frames])
    if verdict.kind == "error":
        kind = _display_kind(frames)
        if kind and not (has_sql and kind == "a table"):
            raise QueryError(f"This query gives {kind}, which alert rules can't read: {verdict.hint}")
        _log_once(f"Query {ref_id}: an alert rule will fail with: {verdict.error(ref_id)}; {verdict.hint}")
    for warning in verdict.warnings:
        _log_once(f"Query {ref_id}: in an alert rule: {warning}")
    return [_without_channel(frame) for frame in frames]


def _without_empty(frames: list[Frame]) -> list[Frame]:
    """Remove frames without rows, which rules read as NaN; if all are empty, keep a frame without fields: "no data"."""
    with_rows = [frame for frame in frames if len(frame)]
    return with_rows or [replace(frame, fields=()) for frame in frames[:1]]


def sketch(frame: Frame) -> alerting.Sketch:
    """Describe a frame for the classifier; values are read only if necessary."""
    return alerting.Sketch(name=frame.name, meta=frame.meta or {}, columns=[_column(field) for field in frame.fields])


def _column(field: Field) -> alerting.RuleColumn:
    return alerting.RuleColumn(
        name=field.name,
        type=FIELD_TYPES[field.type].go,
        nullable=field.nullable,
        labels=field.labels or {},
        rows=len(field),
        values=_reader(field),
    )


def _reader(field: Field) -> Callable[[], Sequence[object]]:
    def read() -> Sequence[object]:
        """List the first values, and a null if a later value is null."""
        first = field.values[: alerting.MAX_CHECKED_ROWS]
        items: list[object] = (first.view(pa.int64()) if field.type == "time" else first).to_pylist()
        return [*items, None] if field.values.null_count > first.null_count else items

    return read


def _display_kind(frames: Sequence[Frame]) -> str:
    """Return the kind of frames that rules cannot read (logs, traces, tables); else an empty text."""
    for meta in (frame.meta or {} for frame in frames):
        kind, frame_type = meta.get("preferredVisualisationType"), meta.get("type")
        if frame_type == "log-lines" or kind == "logs":
            return "logs"
        if kind in ("trace", "nodeGraph", "flamegraph"):
            return "traces" if kind == "trace" else "a graph"
        if "table" in (kind, frame_type):
            return "a table"
    return ""


def _without_channel(frame: Frame) -> Frame:
    if not frame.meta or "channel" not in frame.meta:
        return frame
    return replace(frame, meta={key: value for key, value in frame.meta.items() if key != "channel"})


def _log_once(text: str) -> None:
    """Log a text once: a rule runs every few seconds."""
    if text not in _logged and len(_logged) < _MOST_TEXTS:
        _logged.add(text)
        _LOGGER.warning(text)
