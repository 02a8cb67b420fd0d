"""The types of a field, by Grafana's names, and their names in Arrow, in JSON and in the Go SDK.

Source: grafana-plugin-sdk-go v0.298.0, data/arrow.go and data/frame_json.go.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

FieldType = Literal[
    "time", "float64", "float32", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "bool", "string", "json", "enum",
]  # fmt: skip


class TypeNames(NamedTuple):
    """One type's names: in Arrow, as the simple type of the browser, and in Go."""

    arrow: pa.DataType
    simple: str
    go: str


FIELD_TYPES: dict[FieldType, TypeNames] = {
    "time": TypeNames(pa.timestamp("ns"), "time", "time.Time"),
    "float64": TypeNames(pa.float64(), "number", "float64"),
    "float32": TypeNames(pa.float32(), "number", "float32"),
    "int8": TypeNames(pa.int8(), "number", "int8"),
    "int16": TypeNames(pa.int16(), "number", "int16"),
    "int32": TypeNames(pa.int32(), "number", "int32"),
    "int64": TypeNames(pa.int64(), "number", "int64"),
    "uint8": TypeNames(pa.uint8(), "number", "uint8"),
    "uint16": TypeNames(pa.uint16(), "number", "uint16"),
    "uint32": TypeNames(pa.uint32(), "number", "uint32"),
    "uint64": TypeNames(pa.uint64(), "number", "uint64"),
    "bool": TypeNames(pa.bool_(), "boolean", "bool"),
    "string": TypeNames(pa.string(), "string", "string"),
    "json": TypeNames(pa.binary(), "other", "json.RawMessage"),
    "enum": TypeNames(pa.uint16(), "enum", "enum"),
}

NUMBERS = frozenset(name for name, spelling in FIELD_TYPES.items() if spelling.simple == "number")
VALUES = NUMBERS | {"bool"}


def arrow_type(field_type: FieldType) -> pa.DataType:
    """Return the Arrow type of a field type."""
    return FIELD_TYPES[field_type].arrow
