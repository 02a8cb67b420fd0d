"""Grafana's frame JSON → a frame, as strictly as Grafana's own reader and without its crashes.

Keys must be in the reader's order (`schema` before `data`; `values` before `entities` before `nanos`) and no others;
every field must name its exact type; columns must be of one length.
Source: grafana-plugin-sdk-go v0.298.0, data/frame_json.go.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames.data import Frame
from gfruntime.frames.field import Field
from gfruntime.frames.fieldtypes import FIELD_TYPES, FieldType, arrow_type
from gfruntime.frames.metadata import only_known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ORDER = ("schema", "data")
_DATA_ORDER = ("values", "entities", "nanos")
_ENTITIES = {"NaN": math.nan, "Inf": math.inf, "NegInf": -math.inf}
_NS_PER_MS = 1_000_000
_TYPES: dict[str, FieldType] = {spelling.go: name for name, spelling in FIELD_TYPES.items()}
_ALIASES: dict[str, FieldType] = {
    "int": "int64", "float": "float64", "double": "float64", "boolean": "bool", "time": "time", "json": "json",
}  # fmt: skip
_ITEMS: dict[FieldType, Any] = {
    "time": int | None, "float64": float | None, "float32": float | None, "bool": bool | None, "string": str | None,
    "json": msgspec.Raw,
}  # fmt: skip
_ZEROS: dict[FieldType, object] = {"bool": False, "string": "", "json": b"null"}


class _TypeInfo(msgspec.Struct):
    frame: str
    nullable: bool = False


class _FieldText(msgspec.Struct, rename="camel"):
    type_info: _TypeInfo
    name: str = ""
    labels: dict[str, str] | None = None
    config: dict[str, Any] | None = None


class _SchemaText(msgspec.Struct, rename="camel"):
    fields: list[_FieldText] = []
    name: str = ""
    ref_id: str = ""
    meta: dict[str, Any] | None = None


def decode(text: bytes) -> Frame:
    """Read a frame; a text without data is a frame without rows.

    Raises: FrameError saying what the reader stumbles over.
    """
    try:
        parts = _parts(text, _ORDER, "the frame")
        described = _SchemaText() if "schema" not in parts else msgspec.json.decode(parts["schema"], type=_SchemaText)
        laid = _parts(parts["data"], _DATA_ORDER, "the frame's data") if "data" in parts else {}
        columns = msgspec.json.decode(laid["values"], type=list[msgspec.Raw]) if "values" in laid else None
        entities = msgspec.json.decode(laid.get("entities", b"[]"), type=list[dict[str, list[int]] | None])
        nanos = msgspec.json.decode(laid.get("nanos", b"[]"), type=list[list[int] | None])
    except msgspec.MsgspecError as error:
        raise FrameError(f"the frame can't be read: {error}") from error
    kinds = [(_field_type(field), field.type_info) for field in described.fields]
    columns = [msgspec.Raw(b"[]")] * len(kinds) if columns is None else columns
    values = _columns([(kind, _is_nullable(info)) for kind, info in kinds], columns, entities, nanos)
    fields = [
        Field(
            field.name,
            array,
            kind,
            nullable=_is_nullable(info),
            labels=field.labels,
            config=None if field.config is None else only_known(field.config, of_field=True),
        )
        for field, (kind, info), array in zip(described.fields, kinds, values, strict=True)
    ]
    meta = None if described.meta is None else only_known(described.meta, of_field=False)
    return Frame(fields=fields, name=described.name, ref_id=described.ref_id, meta=meta)


def _parts(text: bytes | msgspec.Raw, order: Sequence[str], what: str) -> dict[str, msgspec.Raw]:
    parts = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    for key in parts:
        if key not in order:
            raise FrameError(f"unexpected field: {key} in {what}")
    if list(parts) != [key for key in order if key in parts]:
        raise FrameError(f"{what} has its keys in the order {', '.join(parts)}; it must be {', '.join(order)}")
    return parts


def _field_type(field: _FieldText) -> FieldType:
    name = field.type_info.frame.removeprefix("*")
    field_type = _TYPES.get(name) or _ALIASES.get(name)
    if field_type is None:
        raise FrameError(f"unknown field type: {field.type_info.frame} of column {field.name!r}")
    return field_type


def _is_nullable(info: _TypeInfo) -> bool:
    return info.nullable or info.frame.startswith("*")


def _columns(
    kinds: Sequence[tuple[FieldType, bool]],
    columns: Sequence[msgspec.Raw],
    entities: Sequence[Mapping[str, list[int]] | None],
    nanos: Sequence[list[int] | None],
) -> list[pa.Array]:
    if len(columns) != len(kinds):
        raise FrameError(f"there are {len(columns)} columns of values for {len(kinds)} fields")
    rows = itertools.zip_longest(kinds, columns, entities, nanos)
    arrays = [
        _column(kind, raw, odd or {}, rest, at)
        for at, (kind, raw, odd, rest) in enumerate(itertools.islice(rows, len(kinds)))
    ]
    for at, array in enumerate(arrays):
        if len(array) != len(arrays[0]):
            raise FrameError(f"column {at} has {len(array)} values but the first has {len(arrays[0])}")
    return arrays


def _column(
    kind: tuple[FieldType, bool], raw: msgspec.Raw, odd: Mapping[str, list[int]], rest: list[int] | None, at: int
) -> pa.Array:
    field_type, is_nullable = kind
    try:
        items = msgspec.json.decode(raw, type=list[_ITEMS.get(field_type, int | None)])  # type: ignore[misc]  # made of the table
        if field_type == "json":
            items = [None if is_nullable and bytes(item) == b"null" else bytes(item) for item in items]
        if rest is not None and field_type == "time":
            items = [None if item is None else item * _NS_PER_MS + more for item, more in zip(items, rest, strict=True)]
        elif field_type == "time":
            items = [None if item is None else item * _NS_PER_MS for item in items]
        for name, rows in odd.items():
            for row in rows:
                items[row] = _ENTITIES[name]
        if not is_nullable:
            items = [_ZEROS.get(field_type, 0) if item is None else item for item in items]
        return pa.array(items, arrow_type(field_type))
    except (msgspec.MsgspecError, pa.ArrowException, ValueError, KeyError, IndexError, OverflowError) as error:
        raise FrameError(f"column {at} can't be read as {field_type}: {error}") from error
