"""The example of a response: the description's if it fits the columns, else an example generated from the columns.

This module also derives the schema of a response that has only an example.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gfplug.scaffold.openapi.values import is_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gfplug.scaffold.openapi.model import Column, Path
    from gfplug.scaffold.openapi.rows import Rows

_MOST_BYTES = 64 << 10
_MOST_PROPERTIES = 200
_MAX_DEPTH = 8
_TIMES = {"rfc3339": "2024-01-01T00:00:00Z", "date": "2024-01-01", "seconds": 1704067200, "milliseconds": 1704067200000}
_VALUES = {"string": "text", "integer": 1, "number": 1.5, "boolean": True}


def example_of(rows: Rows, columns: Sequence[Column], examples: Iterable[object]) -> tuple[str, bool]:
    """Return a response's JSON text, and whether it is generated from the columns because no example fits them."""
    for example in examples:
        if _fits(rows, columns, example):
            text = json.dumps(example, ensure_ascii=False, sort_keys=True)
            if len(text) <= _MOST_BYTES:
                return text, False
    return json.dumps(_generate_response(rows, columns), ensure_ascii=False, sort_keys=True), True


def _generate_response(rows: Rows, columns: Sequence[Column]) -> object:
    """Generate a response with one row."""
    row: Any = {}
    for column in columns:
        if column.is_key:
            continue
        value: Any = _TIMES[column.wire] if column.wire else _VALUES.get(column.kind)
        value = column.choices[0] if column.choices else value
        if not column.path:
            row = value
            continue
        parent = row
        for step in column.path[:-1]:
            parent = parent.setdefault(step, {})
        parent[column.path[-1]] = value
    body: Any = [row] if rows.kind == "array" else {"a": row} if rows.kind == "map" else row
    for step in reversed(rows.path):
        body = {step: body}
    return body


def _fits(rows: Rows, columns: Sequence[Column], example: object) -> bool:
    """Whether an example has rows whose values have the kinds of their columns."""
    body = _at(example, rows.path)
    if rows.kind == "array":
        items = body if isinstance(body, list) else []
    elif rows.kind == "map":
        items = list(body.values()) if isinstance(body, dict) else []
    else:
        items = [body] if body is not None else []
    return bool(items) and all(_is_value(column, _at(row, column.path)) for row in items for column in columns)


def _at(value: object, path: Path) -> object:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _is_value(column: Column, value: object) -> bool:
    if value is None or column.is_key or column.kind == "json":
        return True
    if column.kind == "time":
        return is_time(value, column.wire)
    if column.kind in ("string", "boolean"):
        return isinstance(value, str if column.kind == "string" else bool)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and (column.kind == "number" or isinstance(value, int) or value.is_integer())  # type: ignore[attr-defined]


def schema_of(value: object, depth: int = 0) -> Mapping[str, Any]:
    """Return the schema of an example: in the schema, every number may have a fraction, and every value may be null."""
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int | float):
        return {"type": "number"}
    if isinstance(value, str):
        return {"type": "string", **({"format": "date-time"} if is_time(value, "rfc3339") else {})}
    if isinstance(value, dict) and value and depth < _MAX_DEPTH:
        pairs = list(value.items())[:_MOST_PROPERTIES]
        return {"type": "object", "properties": {str(key): schema_of(item, depth + 1) for key, item in pairs}}
    if isinstance(value, list) and value and depth < _MAX_DEPTH:
        return {"type": "array", "items": schema_of(value[0], depth + 1)}
    return {}
