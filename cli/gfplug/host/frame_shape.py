"""Check the shape of a frame in Grafana's JSON, so that code that reads frames can rely on it.

Source: grafana-plugin-sdk-go v0.298.0, data/frame_json.go, data/frame_meta.go.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTITIES = {"NaN", "Inf", "NegInf"}
_NUMBERS = {"time": (int,), "enum": (int,), "number": (int, float)}
"""Fields with numbers as values, and the types of the numbers."""

_MAX_VALUES = {"time": 2**63 - 1, "enum": 2**16 - 1, "number": sys.float_info.max}


def complete(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Return a frame that has fields and values, and no key whose value is null."""
    schema, data = _without_nulls(frame["schema"]), _without_nulls(frame.get("data") or {})
    fields = [_without_nulls(field) for field in schema.get("fields") or []]
    values = data.get("values") or [[] for _ in fields]
    return {**frame, "schema": {**schema, "fields": fields}, "data": {**data, "values": values}}


def _without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item is not None}


def find_problem(frame: Any) -> str:  # noqa: ANN401 - JSON
    """Return why a document is not a frame; empty if it is a frame."""
    schema = frame.get("schema") if isinstance(frame, dict) else None
    if not isinstance(schema, dict):
        return "it has no schema"
    fields = _list_of(schema, "fields")
    if not isinstance(fields, list) or not all(isinstance(field, dict) for field in fields):
        return "the fields of its schema are not a list of objects"
    problems = (find_problem_of_meta(schema.get("meta")), *map(_field, fields), _data(frame.get("data"), fields))
    return next(filter(None, problems), "")


def find_problem_of_meta(meta: Any) -> str:  # noqa: ANN401 - JSON
    """Return what is wrong with a frame's `meta`; empty if it is valid."""
    if not isinstance(meta, dict | None):
        return "its meta is not an object"
    kind, version = (meta or {}).get("type"), (meta or {}).get("typeVersion")
    if not isinstance(kind, str | None):
        return "the type in its meta is not text"
    if version is not None and not (isinstance(version, list) and all(_is_number(each, (int,)) for each in version)):
        return "the typeVersion in its meta is not a list of numbers"
    return ""


def _field(field: Mapping[str, Any]) -> str:
    name, labels = field.get("name"), field.get("labels")
    if not all(isinstance(field.get(key), str | None) for key in ("name", "type")):
        return f"the name or the type of the column {name!r} is not text"
    if not all(isinstance(field.get(key), dict | None) for key in ("labels", "config", "typeInfo")):
        return f"labels, config or typeInfo of the column {name!r} is not an object"
    if not all(isinstance(value, str) for value in (labels or {}).values()):
        return f"the labels of the column {name!r} are not all text"
    return ""


def _data(data: Any, fields: list[dict[str, Any]]) -> str:  # noqa: ANN401 - JSON
    if not isinstance(data, dict | None):
        return "its data is not an object"
    values = _list_of(data or {}, "values")
    if not isinstance(values, list) or not all(isinstance(column, list) for column in values):
        return "its values are not a list of columns"
    if values and len(values) != len(fields):
        return f"it has {len(values)} columns for a schema of {len(fields)}"
    if len({len(column) for column in values}) > 1:
        return "its columns differ in length"
    problems = (_column(column, field) for column, field in zip(values, fields, strict=False))
    return next(filter(None, (*problems, _specials(data or {}, values))), "")


def _column(column: list[Any], field: Mapping[str, Any]) -> str:
    kind = field.get("type") or ""
    types = _NUMBERS.get(kind, ())
    for value in column if types else ():
        if value is not None and not (_is_number(value, types) and abs(value) <= _MAX_VALUES[kind]):
            return f"the column {field.get('name')!r} holds {str(value)[:40]!r}, which is not {kind}"
    return ""


def _specials(data: Mapping[str, Any], values: list[list[Any]]) -> str:
    """Check the values that JSON's numbers can't represent: `entities` and `nanos`, with one entry for each column."""
    rows = len(values[0]) if values else 0
    entities, nanos = _list_of(data, "entities"), _list_of(data, "nanos")
    for name, parts in (("entities", entities), ("nanos", nanos)):
        if not isinstance(parts, list) or len(parts) not in {0, len(values)}:
            return f"its {name} do not have one entry for each column"
    if not all(_is_entities(part, rows) for part in entities):
        return "its entities do not map NaN, Inf and NegInf to lists of rows"
    if not all(part is None or (_is_integers(part) and len(part) in {0, rows}) for part in nanos):
        return "its nanos do not have one number for each row"
    return ""


def _list_of(value: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 - JSON
    """Return a list; an empty list if the key is missing or null."""
    return [] if value.get(key) is None else value[key]


def _is_entities(part: Any, rows: int) -> bool:  # noqa: ANN401 - JSON
    return part is None or (
        isinstance(part, dict)
        and part.keys() <= _ENTITIES
        and all(each is None or (_is_integers(each) and all(0 <= row < rows for row in each)) for each in part.values())
    )


def _is_integers(value: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(value, list) and all(_is_number(each, (int,)) for each in value)


def _is_number(value: Any, types: tuple[type, ...]) -> bool:  # noqa: ANN401 - JSON
    return isinstance(value, types) and not isinstance(value, bool)
