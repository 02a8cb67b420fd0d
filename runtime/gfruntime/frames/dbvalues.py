r"""Database values that Grafana has no type for, column by column.

| values                                         | become                                                           |
| ---------------------------------------------- | ---------------------------------------------------------------- |
| bytes                                          | string: ASCII if all of a column are printable, else `\xdead`    |
| ranges and multiranges                         | string, `[1,5)`, `{[1,3),[5,7)}`                                 |
| addresses, networks, UUIDs, enums, bit strings | string                                                           |
| intervals                                      | float64, seconds; with months in Arrow string, `P1M2DT3H`        |
| arrays, structs, maps, composites, hstore      | json; values in them that JSON has no type for become text       |
| PostgreSQL's json and jsonb                    | json, scalars too                                                |
| unions and variants                            | string, or json if one of them is an array, struct or map        |
| MySQL's `0000-00-00` among times               | null                                                             |
| times outside the years 1678 to 2261           | the whole column: string, ISO 8601, `infinity` or `out of range` |
| decimals without a fraction in Arrow           | int64 if they fit, as in Python; other decimals float64          |
| ADBC's in PostgreSQL's binary form             | numeric float64; inet, cidr, macaddr, xml string; others refused |

`columns` and `items` describe all other values. A type that the author sets overrides these rules.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import kinds
from gfruntime.frames.field import Field
from gfruntime.frames.labels import as_text

Kind = Literal["", "json", "texts of json", "union", "bits"]
"""The part of a column's type that only the driver reports; `bits` only matters in Arrow, for DuckDB."""

YEARS = range(1678, 2262)
_PRINTABLE = re.compile(rb"[\t\n\r -~]*")
_BYTES = (bytes, bytearray, memoryview)
_MAX_DEPTH = 64
_PLAIN = {int, float, bool, str}


def from_objects(name: str, values: list[Any], field_type: Any, kind: Kind = "") -> Field:  # noqa: ANN401  # a FieldType
    """Make a field of a driver's Python objects.

    Raises: FrameError naming the column.
    """
    classes = set(map(type, values)) - {type(None)}
    if field_type is not None or (classes <= _PLAIN and not kind):
        return Field(name, values, field_type)
    if kind == "texts of json":
        return Field(name, pa.array(values, pa.string()), "json")
    if kind == "json" or any(map(_holds_values, classes)):
        return Field(name, [document(value) for value in values], "json")
    if kind == "union":
        return Field(name, values, "string")
    return Field(name, _texts_if_needed(values, classes))


def _texts_if_needed(values: list[Any], classes: set[type]) -> list[Any]:
    """Convert bytes, and times out of the range of nanoseconds, to texts; MySQL's zero time becomes null."""
    if classes and all(issubclass(cls, _BYTES) for cls in classes):
        return texts_of_bytes(values)
    is_timed = any(issubclass(cls, dt.date) for cls in classes)
    if is_timed and str in classes:
        values = [None if isinstance(value, str) and value.startswith("0000-00-00") else value for value in values]
    if is_timed and any(isinstance(value, dt.date) and value.year not in YEARS for value in values):
        return [value.isoformat() if isinstance(value, dt.date) else value for value in values]
    return values


def _holds_values(cls: type) -> bool:
    is_asyncpg = cls.__module__.startswith("asyncpg.") and hasattr(cls, "__iter__")  # its Record, its Path
    return is_asyncpg or (issubclass(cls, (Mapping, list, tuple, set)) and not issubclass(cls, _INTERVAL))


def document(value: Any, depth: int = 0) -> Any:  # noqa: ANN401  # JSON
    """Convert a value to JSON types; other values become texts."""
    if depth > _MAX_DEPTH:
        return str(value)
    if isinstance(value, Mapping) or type(value).__name__ == "Record":
        return {as_text(document(key, depth + 1)): document(item, depth + 1) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict") and not isinstance(value, _INTERVAL):
        return document(value._asdict(), depth)
    if _holds_values(type(value)):
        return [document(item, depth + 1) for item in value]
    if isinstance(value, _BYTES):
        return texts_of_bytes([value])[0]
    return _text_or_itself(value)


def _text_or_itself(value: Any) -> Any:  # noqa: ANN401  # any object
    try:
        kind, plain = kinds.plain(value)
    except FrameError:
        return str(value)
    return plain if kind == "texts" else value


def texts_of_bytes(values: Sequence[Any]) -> list[str | None]:
    """Decode bytes if all of them are text, else write all of them in PostgreSQL's hexadecimal form."""
    strings = [None if value is None else bytes(value) for value in values]
    if all(string is None or _PRINTABLE.fullmatch(string) for string in strings):
        return [None if string is None else string.decode("ascii") for string in strings]
    return [None if string is None else f"\\x{string.hex()}" for string in strings]


_INTERVAL = pa.MonthDayNano
