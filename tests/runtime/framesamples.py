"""Frames for tests: random frames, and a frame that has every type with its extreme values."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
from hypothesis import strategies as st

from gfruntime import Field, Frame

if TYPE_CHECKING:
    from gfruntime.frames.fieldtypes import FieldType

characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=5)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{f"int{bits}": st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "float64": st.floats(),
    "float32": st.floats(width=32),
    "bool": st.booleans(),
    "string": st.text(characters),
    "enum": st.integers(0, 65_535),
    "json": st.recursive(st.booleans() | st.integers(-(2**53), 2**53) | st.text(characters), st.lists),
    "time": st.integers(-(2**63), 2**63 - 1),
}
CONFIGS: list[dict[str, object] | None] = [
    None,
    {"unit": "s", "decimals": 2, "min": -1.5, "max": 7, "interval": 1000},
    {"displayName": "x", "displayNameFromDS": "é☃", "description": "d", "noValue": "-", "path": "a/b"},
    {"filterable": True, "writeable": False, "color": {"mode": "fixed"}, "custom": {"a": [1, None, "b"]}},
    {"thresholds": {"mode": "absolute", "steps": [{"value": None, "color": "green"}, {"value": 1.5, "state": "bad"}]}},
    {
        "mappings": [
            {"type": "value", "options": {"1": {"text": "one", "color": "red", "index": 1}}},
            {"type": "range", "options": {"from": 1.5, "to": 2, "result": {"text": "few"}}},
            {"type": "special", "options": {"match": "null", "result": {"text": "none"}}},
        ]
    },
    {"links": [{"title": "t", "targetBlank": True, "url": "/d"}], "type": {"enum": {"text": ["a", "b"]}}},
]
METAS: list[dict[str, object] | None] = [
    None,
    {"type": "table", "custom": {"a": [1, None]}, "executedQueryString": "select 'é'"},
    {"type": "timeseries-wide", "typeVersion": [0, 1], "channel": "ds/x/y", "uniqueRowIdFields": [0, 2]},
    {
        "notices": [{"severity": "warning", "text": "cut", "link": "/l", "inspect": 4}],
        "stats": [{"displayName": "rows", "unit": "short", "value": 1.5}],
        "path": "a",
        "pathSeparator": "/",
        "preferredVisualisationType": "logs",
        "preferredVisualisationPluginId": "p",
        "dataTopic": "annotations",
    },
]


@st.composite
def fields(draw: st.DrawFn, rows: int) -> Field:
    """Draw a field of any type, nullable or not."""
    kind: FieldType = draw(st.sampled_from(sorted(VALUES)))
    nullable = draw(st.booleans())
    value = VALUES[kind] if kind != "json" else VALUES[kind].map(lambda item: json.dumps(item).encode())
    values: Any = draw(st.lists(value | st.none() if nullable else value, min_size=rows, max_size=rows))
    if kind == "time":
        values = pa.array(values, pa.timestamp("ns"))
    labels = draw(st.none() | st.dictionaries(texts, texts, max_size=2))
    config = draw(st.sampled_from(CONFIGS)) if kind != "enum" else None
    return Field(draw(texts), values, kind, nullable=nullable, labels=labels, config=config)


frames = st.integers(0, 4).flatmap(
    lambda rows: st.builds(
        Frame, fields=st.lists(fields(rows), max_size=4), name=texts, ref_id=texts, meta=st.sampled_from(METAS)
    )
)


def columns_of(frame: Frame) -> list[tuple[str, str, Any]]:
    """List a frame's columns: name, type, values."""
    return [(field.name, field.type, field.to_list()) for field in frame.fields]


def all_types() -> Frame:
    """Make one frame with every type, nullable and not: least and greatest values, zero, NaN, infinities, null.

    The Go SDK tests its encoders with the counterpart `many_types`.
    """
    columns: dict[str, tuple[FieldType, list[Any]]] = {
        "string_values": ("string", ["Go Min", "JS Min (for >= 64)", "0 / nil / misc", "JS Max (for >= 64)", "Go Max"]),
        **{f"{sign}int{bits}_values": _integers(sign, bits) for sign in ("", "u") for bits in (8, 16, 32, 64)},
        "float32_values": ("float32", [2**-149, 2**-149, 1.0, _MOST_32, _MOST_32]),
        "float32_values_nans": ("float32", [math.nan, math.inf, 1.0, -math.inf, 0.0]),
        "float64_values": ("float64", [5e-324, -_SAFE, 1.0, _SAFE, 1.7976931348623157e308]),
        "float64_nans": ("float64", [-math.inf, math.nan, 0.0, math.nan, math.inf]),
        "bool_values": ("bool", [True, False, True, True, False]),
        "timestamps": ("time", _TICKS),
        "json": ("json", [b'{"a":1}', b"[1,2,3]", b'{"b":2}', b'[{"c":3},{"d":4}]', b'{"e":{"f":5}}']),
        "enum": ("enum", [1, 2, 2, 1, 1]),
    }
    fields: list[Field] = []
    for name, (kind, values) in columns.items():
        for nullable in (False, True):
            items: Any = [None if nullable and row == 2 else value for row, value in enumerate(values)]
            array = pa.array(items, pa.timestamp("ns")) if kind == "time" else items
            title = f"nullable_{name}" if nullable else name
            fields.append(Field(title, array, kind, nullable=nullable, **_ORNAMENTS.get(title, {})))
    meta = {
        "custom": {"Hi": "there"},
        "stats": [{"displayName": "sample", "value": 1.234}],
        "channel": "sample/channel/name",
        "executedQueryString": "SELECT * FROM table",
    }
    return Frame(fields=fields, name="many_types", ref_id="A", meta=meta)


_SAFE = float(2**53 - 1)
_MOST_32 = 3.4028234663852886e38
_TICKS = [0, 1_568_039_445_000_000_000, 1_568_039_450_000_000_000, 9_007_199_254_740_991, 2**63 - 1]
_ORNAMENTS: dict[str, dict[str, Any]] = {
    "string_values": {"labels": {"aLabelKey": "aLabelValue"}, "config": {}},
    "nullable_string_values": {
        "labels": {"aLabelKey": "aLabelValue", "bLabelKey": "bLabelValue"},
        "config": {
            "displayName": "Grafana ❤️ 🦥",
            "filterable": False,
            "decimals": 2,
            "min": math.nan,
            "max": math.inf,
            "noValue": "😤",
        },
    },
    "int8_values": {"config": {"min": 0, "max": 1}},
    "timestamps": {"config": {"interval": 1000}},
    "enum": {"config": {"type": {"enum": {"text": ["", "ONE", "TWO", "THREE"]}}}},
}


def _integers(sign: str, bits: int) -> tuple[FieldType, list[int]]:
    least, most = (0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    kind: FieldType = f"{sign}int{bits}"  # type: ignore[assignment]  # one of the types
    return kind, [least, max(least, -int(_SAFE)), 1, min(most, int(_SAFE)), most]
