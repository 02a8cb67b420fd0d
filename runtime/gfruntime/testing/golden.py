"""Golden files: a query's frames beside a test, in the Go SDK's format, so that both can read them.

A `.jsonc` file has a comment with the frames as tables, and then the response as JSON. A `.txt` file, the SDK's older
form, has the frames in Arrow and can only be read. The comparison ignores the order of keys, and values that Go's types
add or leave out (a `typeVersion` of zeros, empty texts and lists).
Source: grafana-plugin-sdk-go v0.298.0, experimental/golden_response_checker.go.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from gfruntime.frames import arrow, frametext
from gfruntime.frames.fieldtypes import FIELD_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from gfruntime.frames.data import Frame
    from gfruntime.frames.field import Field

_MARK = "🌟 This was machine generated.  Do not edit. 🌟\n"
_PREFIX = "//  "
_BINARY = "====== TEST DATA RESPONSE (arrow base64) ======"
_CHUNKS = 3
_ROWS, _COLUMNS = 10, 100
_OMITTED = {"interval": 0, "index": 0, "inspect": 0, "targetBlank": False}  # zeros that Go leaves out
_NULLABLE = ("min", "max", "from", "to")
_COMPARED_COMPLETELY = frozenset(
    {"custom", "data", "labels", "color", "query", "panelsState"}
)  # all their values are compared
_ALWAYS_WRITTEN = frozenset({"fields", "frames", "steps", "custom", "data"})
_WRITTEN_IF_PRESENT = _ALWAYS_WRITTEN | {"labels", "config"}  # written if present, even if empty


def read(path: Path) -> dict[str, Any]:
    """Read the response of a golden file: `frames`, `status`, and `error` if the query failed.

    Raises: ValueError if it is not a golden file.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".txt":
        return {"status": 200, "frames": [to_comparable(frame) for frame in _arrow_frames(text)]}
    chunks = text.split(_PREFIX + _MARK)
    if len(chunks) < _CHUNKS:
        raise ValueError(f"no golden data found in: {path}")
    response: dict[str, Any] = normalise(json.loads(chunks[2]))
    return response


def write(path: Path, frames: Sequence[Frame]) -> None:
    """Write a golden file (`.jsonc`) of a successful response."""
    head = "".join(f"{_PREFIX}{line}\n" for line in "".join(_head(frames)).splitlines())
    body = json.dumps({"status": 200, "frames": [_as_go(frame) for frame in frames]}, indent=2, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{_PREFIX}{_MARK}{head}{_PREFIX}{_MARK}{body}", encoding="utf-8", newline="\n")


def response_of(frames: Sequence[Frame]) -> dict[str, Any]:
    """Return the response in the form that is compared."""
    return {"status": 200, "frames": [to_comparable(frame) for frame in frames]}


def to_comparable(frame: Frame) -> dict[str, Any]:
    """Return a frame's JSON in the form that is compared."""
    described: dict[str, Any] = normalise(_as_go(frame))
    return described


def normalise(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Normalise JSON: remove the values that Go leaves out, and add those that it adds."""
    return _normalise(value, _ALWAYS_WRITTEN)


def _as_go(frame: Frame) -> Any:  # noqa: ANN401  # JSON
    return _normalise(json.loads(frametext.encode(frame)), _WRITTEN_IF_PRESENT)


def _normalise(value: Any, kept_keys: frozenset[str], *, name: str = "") -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, list):
        return [_normalise(item, kept_keys) for item in value]
    if not isinstance(value, dict):
        return value
    remaining = {
        key: item if key in _COMPARED_COMPLETELY else _normalise(item, kept_keys, name=key)
        for key, item in value.items()
        if key in kept_keys or not _is_omitted(key, item, is_free=key == "options")
    }
    if "schema" in remaining and "data" in remaining:
        remaining["data"] = _with_floats(remaining["schema"]["fields"], remaining["data"])
    return {**remaining, "typeVersion": remaining.get("typeVersion", [0, 0])} if name == "meta" else remaining


def _is_omitted(key: str, item: object, *, is_free: bool) -> bool:
    if item is None and key in _NULLABLE:
        return True
    return not is_free and (item in ("", [], {}) or (key in _OMITTED and item == _OMITTED[key]))


def _with_floats(fields: Sequence[Mapping[str, Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    """Convert whole numbers in float columns to floats, so that all digits are compared."""
    columns = [
        [None if item is None else float(item) for item in column] if "float" in field["typeInfo"]["frame"] else column
        for field, column in zip(fields, data.get("values", []), strict=True)
    ]
    return {**data, "values": columns}


def _arrow_frames(text: str) -> Iterator[Frame]:
    _, mark, lines = text.partition(_BINARY)
    if not mark:
        raise ValueError(f"no saved result found: there is no line {_BINARY!r}")
    for line in lines.splitlines():
        key, _, value = line.partition("=")
        if key == "FRAME":
            yield arrow.decode(base64.b64decode(value))
        elif value:
            raise ValueError(f"unknown saved key: {key}")


def _head(frames: Sequence[Frame]) -> Iterator[str]:
    """Yield the lines of the comment: the frames as tables."""
    for at, frame in enumerate(frames):
        meta = "" if frame.meta is None else json.dumps(frame.meta, indent=4, ensure_ascii=False, default=str)
        dimensions = f"Dimensions: {len(frame.fields)} Fields by {len(frame)} Rows"
        yield f"\nFrame[{at}] {meta}\nName: {frame.name}\n{dimensions}\n{_table(frame.fields)}\n\n"


def _table(fields: Sequence[Field]) -> str:
    columns = [[*_title(field), *_cells(field)] for field in fields[:_COLUMNS]]
    if not columns:
        return ""
    widths = [max(map(len, column)) for column in columns]
    line = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    rows = [
        "|" + "|".join(f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True)) + "|"
        for row in zip(*columns, strict=True)
    ]
    return "\n".join([line, *rows[:3], line, *rows[3:], line])


def _title(field: Field) -> list[str]:
    labels = ", ".join(f"{key}={value}" for key, value in (field.labels or {}).items())
    kind = f"[]{'*' if field.nullable else ''}{FIELD_TYPES[field.type].go}"
    return [_flat(f"Name: {field.name}"), _flat(f"Labels: {labels}"), f"Type: {kind}"]


def _cells(field: Field) -> list[str]:
    values = field.to_list()[:_ROWS]
    cells = [
        _flat("null" if value is None else value.decode() if isinstance(value, bytes) else str(value))
        for value in values
    ]
    return [*cells, "..."] if len(field) > _ROWS else cells


def _flat(text: str) -> str:
    return " ".join(text.splitlines())
