"""Grafana's frame JSON → frames: from `frametext`, from Grafana's HTTP API, and from golden files.

Units: times are milliseconds since 1970 in UTC; `nanos` has the nanoseconds after the last whole millisecond.
Source: grafana-plugin-sdk-go v0.298.0, data/frame_json.go.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames.field import Field
from gfruntime.frames.fieldtypes import FIELD_TYPES, FieldType, arrow_type
from gfruntime.frames.metadata import only_known

_BY_GO: dict[str, FieldType] = {spelling.go: name for name, spelling in FIELD_TYPES.items()}
_BY_SIMPLE: dict[str, FieldType] = {
    "time": "time", "number": "float64", "string": "string", "boolean": "bool", "enum": "enum", "other": "json",
}  # fmt: skip
_ENTITIES = {"NaN": math.nan, "Inf": math.inf, "NegInf": -math.inf}
_NS_PER_MS = 1_000_000


def read(value: object) -> dict[str, Any]:
    """Read a frame, as text or as JSON objects, into the arguments of a Frame: fields, name, ref_id, meta.

    Raises: FrameError naming the mistake and the column.
    """
    document = _document(value)
    schema, data = _object(document, "schema"), _object(document, "data")
    fields = schema.get("fields") or []
    columns = data.get("values") or [[] for _ in fields]
    nanos = data.get("nanos") or [None] * len(columns)
    entities = data.get("entities") or [None] * len(columns)
    if not isinstance(fields, list) or not all(isinstance(field, dict) for field in fields):
        raise FrameError("the frame's fields must be a list of objects")
    lengths = {len(each) if isinstance(each, list) else -1 for each in (columns, nanos, entities)}
    if lengths != {len(fields)}:
        raise FrameError(
            f"the frame has {len(fields)} fields, so its data needs {len(fields)} columns (and nanos, entities)"
        )
    meta = schema.get("meta")
    return {
        "fields": [_field(*parts) for parts in zip(fields, columns, nanos, entities, strict=True)],
        "name": _text(schema, "name"),
        "ref_id": _text(schema, "refId"),
        "meta": None if meta is None else only_known(meta, of_field=False),
    }


def _document(value: object) -> Mapping[str, Any]:
    if isinstance(value, (str, bytes, bytearray, memoryview)):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise FrameError(f"the frame is not JSON: {error}") from error
    if not isinstance(value, Mapping):
        raise FrameError(f"expected a frame's JSON, an object with schema and data, got {type(value).__name__}")
    if "schema" not in value:
        hint = ": pass one of its frames" if {"results", "frames"} & value.keys() else ""
        raise FrameError(f"the JSON is not a frame, because it has no schema{hint}")
    return value


def _object(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    if not isinstance(value, (Mapping, type(None))):
        raise FrameError(f"the frame's {key} must be an object, not {type(value).__name__}")
    return value or {}


def _text(schema: Mapping[str, Any], key: str) -> str:
    value = schema.get(key)
    if not isinstance(value, (str, type(None))):
        raise FrameError(f"the frame's {key} must be text, not {type(value).__name__}")
    return value or ""


def _field(described: Mapping[str, Any], values: Any, nanos: Any, entities: Any) -> Field:  # noqa: ANN401  # JSON
    name, labels, config = _text(described, "name"), described.get("labels"), described.get("config")
    kind, is_nullable = _kind(described, name)
    try:
        column = _column(kind, list(values), nanos, entities)
    except (pa.ArrowException, ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        raise FrameError(f"column {name!r}: the values can't be read as {kind}: {error}") from error
    if not isinstance(labels, (Mapping, type(None))):
        raise FrameError(f"column {name!r}: its labels must be an object, not {type(labels).__name__}")
    config = None if config is None else only_known(config, of_field=True)
    return Field(name, column, kind, nullable=is_nullable, labels=labels, config=config)


def _kind(described: Mapping[str, Any], name: str) -> tuple[FieldType, bool | None]:
    """Return a column's type, from its exact type in Go, or from the simple type of the browser."""
    info = described.get("typeInfo")
    if isinstance(info, Mapping) and info.get("frame"):
        go = str(info["frame"])
        if (kind := _BY_GO.get(go.lstrip("*"))) is not None:
            return kind, bool(info.get("nullable")) or go.startswith("*")
    simple = described.get("type")
    if simple not in _BY_SIMPLE:
        raise FrameError(f"column {name!r} has the unknown type {simple!r}")
    return _BY_SIMPLE[simple], None


def _column(kind: FieldType, values: list[Any], nanos: Any, entities: Any) -> pa.Array:  # noqa: ANN401  # JSON
    for entity, rows in (entities or {}).items():
        for row in rows or []:
            values[row] = _ENTITIES[entity]
    if kind == "time":
        below = nanos or [0] * len(values)
        ticks = [
            None if value is None else int(value) * _NS_PER_MS + int(rest or 0)
            for value, rest in zip(values, below, strict=True)
        ]
        return pa.array(ticks, pa.int64()).view(arrow_type(kind))
    if kind == "json":
        return pa.array([None if value is None else msgspec.json.encode(value) for value in values], pa.binary())
    return pa.array(values, arrow_type(kind))
