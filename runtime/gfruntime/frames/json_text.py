"""The JSON of the author's values: columns of documents, metadata, bodies of responses, packets of streams.

| value | JSON |
| --- | --- |
| NaN, infinities, NaT, pandas' NA, a masked value | null |
| dates, times, durations | ISO 8601; a time in UTC ends in Z |
| Decimal, UUID, paths, IP addresses | text |
| an Enum's member | its value |
| dataclasses, pydantic models, mappings, database rows | objects |
| numpy and pandas arrays, sets, views, iterators | lists |
| bytes | base64 |

A key that is not a text is written like a value of its type: None as "null". Other types raise TypeError, because their
text would look valid.
"""

from __future__ import annotations

import base64
import collections.abc
import dataclasses
import datetime as dt
import decimal
import enum
import ipaddress
import json
import math
import os
import uuid
from typing import Any

import msgspec

_TEXTS = (decimal.Decimal, uuid.UUID, os.PathLike, ipaddress.IPv4Address, ipaddress.IPv6Address)
_LISTS = (
    collections.abc.Sequence,
    collections.abc.Set,
    collections.abc.ValuesView,
    collections.abc.Iterator,
    collections.deque,
)
_TO_PYTHON = ("tolist", "to_list", "to_pylist", "as_py", "model_dump")  # numpy, pandas, polars, pyarrow, pydantic


def encode(value: object, *, separators: tuple[str, str] = (",", ":")) -> bytes:
    """Write a value as JSON.

    Raises: TypeError naming a type without JSON, ValueError for a value that contains itself.
    """
    try:
        text = _write(value, separators)  # enough for most values
    except (TypeError, ValueError, RecursionError):
        try:
            text = _write(plain(value), separators)
        except RecursionError:
            raise ValueError(
                f"a {type(value).__name__} that contains itself, or nests too deeply, can't be written as JSON"
            ) from None
    return text.encode("utf-8", "replace")


def plain(value: Any) -> Any:  # noqa: ANN401, C901, PLR0911  # a table of types
    """Convert a value to JSON types: dicts with text keys, lists, texts, numbers, booleans and None."""
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, collections.abc.Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if _is_missing(value):
        return None
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.timedelta):
        return msgspec.to_builtins(dt.timedelta(value.days, value.seconds, value.microseconds))
    if isinstance(value, _TEXTS):
        return str(value)
    return _container(value)


def _container(value: Any) -> Any:  # noqa: ANN401
    """Convert a container to JSON types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, msgspec.Struct):
        return plain(msgspec.to_builtins(value, enc_hook=plain))
    if type(value).__module__ == "numpy" and value.dtype.kind in "mM":
        value = value.astype(f"{value.dtype.kind}8[us]")  # numpy would return nanoseconds as a number
    method = next((name for name in _TO_PYTHON if callable(getattr(value, name, None))), None)
    if method is not None and not isinstance(value, type):
        items = getattr(value, method)()
        return plain(float(value) if type(items) is type(value) else items)  # numpy.longdouble
    if hasattr(value, "keys") and hasattr(value, "__getitem__") and not hasattr(value, "columns"):  # sqlite3.Row
        return {_key(key): plain(value[key]) for key in value.keys()}  # noqa: SIM118  # it iterates over its values
    if isinstance(value, _LISTS):
        return [plain(item) for item in value]
    raise TypeError(f"a {type(value).__name__} can't be written as JSON")


def _key(key: object) -> str:
    """Write a key as JSON writes the value: None as "null", True as "true", a number as its digits."""
    text = plain(key)
    if isinstance(text, (dict, list)):
        raise TypeError(f"the key {key!r} can't be written as JSON, because it is not a text")
    return text if isinstance(text, str) else json.dumps(text)


def _is_missing(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a value means "missing": it is unequal to itself, like Decimal("NaN") and NaT, or not finite."""
    if isinstance(value, decimal.Decimal):
        return not value.is_finite()
    try:
        return type(value).__name__ == "NAType" or bool(value != value)  # noqa: PLR0124  # what NaN is known by
    except (TypeError, ValueError):  # an array, or a type that can't be compared
        return False


def _write(value: object, separators: tuple[str, str]) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=separators)
