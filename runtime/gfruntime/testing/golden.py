"""Golden files: a query's frames, kept beside a test, in the Go SDK's format, so that both can read them.

A `.jsonc` file is a comment that people read, with the frames as tables, and then the response as JSON. A `.txt` file,
the SDK's older form, holds the frames in Arrow; it is read, not written. Compared is what they mean: the order of keys,
and what Go's types add or leave out (a `typeVersion` of zeros, empty texts and lists), make no difference.
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
_OPAQUE = frozenset({"custom", "data", "labels", "color", "query", "panelsState"})  # nothing in them is left out
_KEPT = frozenset({"fields", "frames", "steps", "custom", "data"})
_WRITTEN = _KEPT | {"labels", "config"}  # where there are any, even empty ones


def read(path: Path) -> dict[str, Any]:
    """Read the response of a golden file: `frames`, `status`, and `error` where there is one.

    Raises: ValueError when it is no golden file.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".txt":
        return {"status": 200, "frames": [shown(frame) for frame in _arrow_frames(text)]}
    chunks = text.split(_PREFIX + _MARK)
    if len(chunks) < _CHUNKS:
        raise ValueError(f"no golden data found in: {path}")
    response: dict[str, Any] = normal(json.loads(chunks[2]))
    return response


def write(path: Path, frames: Sequence[Frame]) -> None:
    """Write a golden file (`.jsonc`) of a successful response."""
    head = "".join(f"{_PREFIX}{line}\n" for line in "".join(_head(frames)).splitlines())
    body = json.dumps({"status": 200, "frames": [_as_go(frame) for frame in frames]}, indent=2, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{_PREFIX}{_MARK}{head}{_PREFIX}{_MARK}{body}", encoding="utf-8", newline="\n")


def response_of(frames: Sequence[Frame]) -> dict[str, Any]:
    """Give the response as it is compared."""
    return {"status": 200, "frames": [shown(frame) for frame in frames]}


def shown(frame: Frame) -> dict[str, Any]:
    """Give a frame's JSON as it is compared."""
    described: dict[str, Any] = normal(_as_go(frame))
    return described


def normal(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Take out of JSON what Go leaves out, and put in what it adds."""
    return _normal(value, _KEPT)


def _as_go(frame: Frame) -> Any:  # noqa: ANN401  # JSON
    return _normal(json.loads(frametext.encode(frame)), _WRITTEN)


def _normal(value: Any, kept: frozenset[str], *, of: str = "") -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, list):
        return [_normal(item, kept) for item in value]
    if not isinstance(value, dict):
        return value
    left = {
        key: item if key in _OPAQUE else _normal(item, kept, of=key)
        for key, item in value.items()
        if key in kept or not _is_omitted(key, item, is_free=of == "options")
    }
    if "schema" in left and "data" in left:
        left["data"] = _with_floats(left["schema"]["fields"], left["data"])
    return {**left, "typeVersion": left.get("typeVersion", [0, 0])} if of == "meta" else left


def _is_omitted(key: str, item: object, *, is_free: bool) -> bool:
    if item is None and key in _NULLABLE:
        return True
    return not is_free and (item in ("", [], {}) or (key in _OMITTED and item == _OMITTED[key]))


def _with_floats(fields: Sequence[Mapping[str, Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    """Make floats of what JSON wrote without a point, all digits of which Python would compare."""
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
    """Show frames to people."""
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
    chosen = field.to_list()[:_ROWS]
    cells = [
        _flat("null" if value is None else value.decode() if isinstance(value, bytes) else str(value))
        for value in chosen
    ]
    return [*cells, "..."] if len(field) > _ROWS else cells


def _flat(text: str) -> str:
    return " ".join(text.splitlines())
