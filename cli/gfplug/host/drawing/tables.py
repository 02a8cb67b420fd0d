"""Render frames as text: aligned tables, times in ISO 8601, labels in the headers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from gfplug import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_CELL_CHARACTERS = 48
_LARGE, _HUGE = 1e5, 1e15
_ENTITIES = {"NaN": "NaN", "Inf": "+Inf", "NegInf": "-Inf"}


def table(frame: dict[str, Any], *, rows: int, width: int) -> str:
    """Render a frame in Grafana's JSON as a table of at most `rows` rows and about `width` columns of text."""
    fields, values = frame["schema"]["fields"], frame["data"]["values"]
    count = len(values[0]) if values else 0
    if not fields or not values:
        return "(no fields)"
    columns = [_column(frame, at, min(rows, count)) for at in range(len(fields))]
    widths = [max(map(terminal.width, column)) for column in columns]
    column_count = _fitting(widths, width)
    titles, *body = zip(*columns[:column_count], strict=True)
    numbers = [at for at in range(column_count) if fields[at].get("type") == "number"]
    lines = terminal.columns([titles, ["-" * wide for wide in widths[:column_count]], *body], to_right=numbers)
    if count > rows:
        lines.append(f"… {_count_of(count - rows, 'more row')}")
    if column_count < len(fields):
        others = ", ".join(map(title, fields[column_count:]))
        lines.append(f"… {_count_of(len(fields) - column_count, 'more column')}: {others}"[:width])
    return "\n".join(lines)


def title(field: dict[str, Any]) -> str:
    """Return a field's title as in a legend: the name that the data source gives it, or the field's name and labels."""
    if name := (field.get("config") or {}).get("displayNameFromDS"):
        return str(name)
    labels = ", ".join(f"{key}={value}" for key, value in sorted((field.get("labels") or {}).items()))
    return " ".join(part for part in (field.get("name"), f"{{{labels}}}" if labels else "") if part) or "(unnamed)"


def heading(ref_id: str, frame: dict[str, Any]) -> str:
    """Describe a frame in one line: ref id, name, type, size."""
    schema = frame["schema"]
    values = frame["data"]["values"]
    rows = len(values[0]) if values else 0
    kind = (schema.get("meta") or {}).get("type", "")
    words = " ".join(str(part) for part in (ref_id, schema.get("name"), f"({kind})" if kind else "") if part)
    return f"{words}: {_count_of(rows, 'row')}, {_count_of(len(schema['fields']), 'field')}"


def notices(frame: dict[str, Any]) -> list[tuple[str, str]]:
    """List the severity and text of each notice that a panel would show in its corner."""
    items = (frame["schema"].get("meta") or {}).get("notices")
    notices = [notice for notice in items if isinstance(notice, dict)] if isinstance(items, list) else []
    return [(str(notice.get("severity") or "info"), str(notice.get("text") or "")) for notice in notices]


def instant(milliseconds: int, nanos: int = 0) -> str:
    """Write milliseconds since the epoch as ISO 8601 in UTC, with as many digits as the value needs."""
    try:
        text = (_EPOCH + timedelta(seconds=milliseconds // 1000)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    except OverflowError:
        return f"{milliseconds} ms"
    fraction = (milliseconds % 1000) * 1_000_000 + nanos
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{text}{digits}Z"


def _count_of(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _column(frame: dict[str, Any], at: int, rows: int) -> list[str]:
    """Render one column: its title, then `rows` cells."""
    field, data = frame["schema"]["fields"][at], frame["data"]
    values = data["values"][at][:rows]
    if field.get("type") == "time":
        nanos = _part(data, "nanos", at) or [0] * rows
        texts = ["null" if value is None else instant(value, nanos[row]) for row, value in enumerate(values)]
    else:
        texts = [_cell(value, field) for value in values]
    for name, positions in (_part(data, "entities", at) or {}).items():
        for row in positions or []:
            if row < rows:
                texts[row] = _ENTITIES[name]
    return [terminal.escape(title(field), keep=""), *texts]


def _part(data: dict[str, Any], name: str, at: int) -> Any:  # noqa: ANN401 - a list or an object, by name
    parts = data.get(name)
    return parts[at] if parts else None


def _cell(value: Any, field: dict[str, Any]) -> str:  # noqa: ANN401 - whatever the column holds
    if value is None:
        return "null"
    if field.get("type") == "enum":
        texts = _enum_texts(field)
        return _short(str(texts[value]) if 0 <= value < len(texts) else str(value))
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < _LARGE else f"{value:.0f}" if abs(value) < _HUGE else f"{value:.6e}"
    if isinstance(value, str):
        return _short(value)
    return _short(json.dumps(value, ensure_ascii=False))


def _enum_texts(field: dict[str, Any]) -> list[Any]:
    """Return the texts of an enum's numbers; empty if its config has another shape."""
    value: Any = field
    for key in ("config", "type", "enum", "text"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _short(text: str) -> str:
    """Return a cell's text for one line: control characters escaped, a long text cut."""
    line = terminal.escape(text, keep="")
    return line if len(line) <= _MAX_CELL_CHARACTERS else line[: _MAX_CELL_CHARACTERS - 1] + "…"


def _fitting(widths: Sequence[int], width: int) -> int:
    """Count how many columns fit, at least two: a time and a value."""
    ends = accumulate(widths, lambda end, wide: end + terminal.GAP + wide)
    return min(len(widths), max(2, sum(end <= width for end in ends)))
