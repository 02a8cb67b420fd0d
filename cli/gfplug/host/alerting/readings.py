"""Convert frames in Grafana's JSON to the series and numbers on which expressions work.

Source: github.com/grafana/grafana, pkg/expr (converter.go, dataplane.go).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug import resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CLASSIFIER = "frames/alerting.py"
_TIMELIKE = "frames/timelike.py"
_ENTITIES = {"NaN": math.nan, "Inf": math.inf, "NegInf": -math.inf}
_NUMBERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)} | {"float32", "float64"}
_VALUES = _NUMBERS | {"bool"}
_MISREAD = {"string", *_NUMBERS}

Value = float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReading:
    """One series or number; a number has one value."""

    labels: Mapping[str, str]
    values: Sequence[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How Grafana reads an answer: "no data", "numbers", "series" or "error"; the items; and warnings."""

    kind: str
    items: Sequence[SeriesReading] = ()
    error: str = ""
    hint: str = ""
    warnings: Sequence[str] = ()
    time_like: tuple[str, str] | None = None
    """A column that looks like times but is not: a description (`'time' holds texts`), and what to write instead."""


def read(frames: Sequence[Mapping[str, Any]], *, ref_id: str) -> Reading:
    """Read the frames of one query as Grafana's expressions do."""
    rules = resources.runtime_module(_CLASSIFIER)
    sketches = [rules.Sketch.from_json(frame) for frame in frames]
    verdict = rules.classify(sketches)
    time_like = _find_time_like(sketches)
    items = [] if verdict.kind in ("error", "no data") else list(_items(frames, verdict.kind))
    return Reading(
        kind=verdict.kind,
        items=items,
        error=verdict.error(ref_id) if verdict.kind == "error" else "",
        hint=verdict.hint,
        warnings=verdict.warnings,
        time_like=time_like,
    )


def _find_time_like(sketches: Sequence[Any]) -> tuple[str, str] | None:
    """Find a column that looks like times in a frame that has no times."""
    find = resources.runtime_module(_TIMELIKE).find
    for sketch in sketches:
        if not sketch.of("time.Time"):
            for column in sketch.of(*_MISREAD):
                if len(sketch.columns) > 1 and (problem := find(column.name, column.values())):
                    return f"{problem.name!r} holds {problem.holds}", problem.hint
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    exact: str
    labels: Mapping[str, str]
    values: Sequence[Any]


def _items(frames: Sequence[Mapping[str, Any]], kind: str) -> Iterator[SeriesReading]:
    meta = frames[0]["schema"].get("meta") or {}
    name = str(meta.get("type") or "")
    by_contract = name.startswith(("timeseries-", "numeric-")) and list(meta.get("typeVersion") or (0, 0)) != [0, 0]
    form = name.rpartition("-")[2] if by_contract else ""
    if form == "multi":
        for frame in frames:
            if (frame["schema"].get("meta") or {}).get("type") == name:
                first = [column for column in _columns(frame) if column.exact in _VALUES][:1]
                yield from (_read_unlabelled(column, kind) for column in first)
        return
    columns = _columns(frames[0])
    if form == "long":
        yield from _split_groups(columns, kind)
    elif by_contract:
        types = _VALUES if kind == "series" else _NUMBERS
        yield from (_read_unlabelled(column, kind) for column in columns if column.exact in types)
    elif kind == "numbers":
        for item in _split_groups(columns, kind):
            yield SeriesReading(
                labels=item.labels, values=[math.nan if value is None else value for value in item.values]
            )
    else:
        for frame in frames:
            yield from (_read_unlabelled(column, kind) for column in _columns(frame) if column.exact in _NUMBERS)


def _read_unlabelled(column: _Column, kind: str) -> SeriesReading:
    """Read a column without labels of rows; the column is a number only if it has exactly one row."""
    values = [_number(value) for value in column.values]
    return SeriesReading(labels=column.labels, values=values if kind == "series" or len(values) == 1 else [None])


def _split_groups(columns: Sequence[_Column], kind: str) -> Iterator[SeriesReading]:
    """Group rows by their texts: one series per group and value column, or one number per row and value column."""
    texts = [column for column in columns if column.exact == "string"]
    types = _VALUES if kind == "series" else _NUMBERS
    for column in (column for column in columns if column.exact in types):
        groups: dict[tuple[tuple[str, str], ...], list[Value]] = {}
        for row, value in enumerate(column.values):
            key = tuple({text.name: text.values[row] or "" for text in texts}.items())  # the last of equal names counts
            if kind == "series":
                groups.setdefault(key, []).append(_number(value))
            else:
                yield SeriesReading(labels=dict(key), values=[_number(value)])
        yield from (SeriesReading(labels=dict(key), values=values) for key, values in groups.items())


def _columns(frame: Mapping[str, Any]) -> list[_Column]:
    fields, data = frame["schema"]["fields"], frame["data"]
    values = data["values"]
    entities = data.get("entities") or [None for _ in fields]
    return [
        _Column(
            name=field.get("name") or "",
            exact=str((field.get("typeInfo") or {}).get("frame", "")).removeprefix("*"),
            labels=field.get("labels") or {},
            values=_with_entities(column, special),
        )
        for field, column, special in zip(fields, values, entities, strict=True)
    ]


def _with_entities(values: Sequence[Any], special: Mapping[str, Sequence[int]] | None) -> Sequence[Any]:
    """Restore values that JSON cannot express."""
    whole = list(values)
    for name, rows in (special or {}).items():
        for row in rows or []:
            whole[row] = _ENTITIES[name]
    return whole


def _number(value: Any) -> Value:  # noqa: ANN401 - JSON
    return None if value is None else float(value)
