"""Let the Go SDK decode our frames, and describe the expected result in the host's form."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.frames import arrow, frametext
from gfruntime.frames.fieldtypes import FIELD_TYPES

if TYPE_CHECKING:
    from hostclient import Host

    from gfruntime import Field, Frame


def encode_frame(frame: Frame, format_: str = "arrow") -> dict[str, Any]:
    """Encode a frame for the host."""
    data = frametext.encode(frame) if format_ == "json" else b"".join(arrow.encode(frame))
    return {"data": base64.b64encode(data).decode(), "format": format_}


def decode_with_sdk(host: Host, frame: Frame, format_: str = "arrow") -> dict[str, Any]:
    """Let the SDK decode a frame and describe it."""
    answer: dict[str, Any] = host.ask("decode", **encode_frame(frame, format_))
    return answer


def back(answer: dict[str, Any]) -> Frame:
    """Read a frame that the SDK encoded."""
    return arrow.decode(base64.b64decode(answer["arrow"]))


def normalise(described: dict[str, Any]) -> dict[str, Any]:
    """Remove the additions of Go's types from the host's description: the SDK's JSON, empty labels, empty keys.

    The SDK reads null in a frame's first column of JSON values as an empty document, which it writes as null again.
    """
    fields = [
        {
            **field,
            "labels": field["labels"] or {},
            "config": field["config"] or {},
            "values": [None if value == {"invalid": ""} else value for value in field["values"] or []],
        }
        for field in described["fields"]
    ]
    rest = {key: value for key, value in described.items() if key != "json"}
    return {**rest, "meta": described["meta"] or {}, "fields": fields}


def expected(frame: Frame) -> dict[str, Any]:
    """Describe a frame as the host should."""
    meta = {"typeVersion": [0, 0], **frame.meta} if frame.meta is not None else {}
    return {
        "name": frame.name,
        "ref_id": frame.ref_id,
        "meta": meta,
        "rows": len(frame),
        "fields": [_field(field) for field in frame.fields],
    }


def _field(field: Field) -> dict[str, Any]:
    go = FIELD_TYPES[field.type].go
    config = {key: value for key, value in (field.config or {}).items() if value not in (None, False, 0, "")}
    kept_config = {key: value for key, value in (field.config or {}).items() if value is False or key in ("min", "max")}
    return {
        "name": field.name,
        "type": f"*{go}" if field.nullable else go,
        "nullable": field.nullable,
        "labels": dict(field.labels or {}),
        "config": {key: value for key, value in (config | kept_config).items() if value is not None},
        "values": [_literal(field, value) for value in _values(field)],
    }


def _values(field: Field) -> list[Any]:
    array = field.values.cast(pa.int64()) if field.type == "time" else field.values
    items: list[Any] = array.to_pylist()
    return items


def _literal(field: Field, value: Any) -> Any:
    """Return a value in the host's form: NaN and infinities as text, documents as their values."""
    if value is None:
        return None
    if field.type == "json":
        return json.loads(value)
    if field.type in ("float32", "float64") and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    if field.type == "float32":
        return _Single(value)
    return value


class _Single(float):
    """A number of 32 bits, which the host writes with the fewest digits that identify it."""

    def __eq__(self, other: object) -> bool:
        """Compare after rounding to 32 bits."""
        return isinstance(other, (int, float)) and pa.scalar(float(other), pa.float32()).as_py() == float(self)

    __hash__ = float.__hash__
