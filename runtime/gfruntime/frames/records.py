"""Rows of an API's response → columns, or one series for each set of labels.

A row is a dictionary, a named tuple, a dataclass, an object of attrs, msgspec or pydantic, or a database row with
names. A key reaches nested values with dots (`"metrics.cpu"`, `"items.0.value"`), unless a row has a key with the dots.

| value                                  | becomes                                                              |
| -------------------------------------- | -------------------------------------------------------------------- |
| of `time`                              | a time (see `times`)                                                 |
| of `value`, all texts being numbers    | float64                                                              |
| of `labels`                            | a label's text; no label if the key is missing or null               |
| any other                              | as in `columns`                                                      |
| of a key that the row lacks            | null in a table; in a series the row is left out                     |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import kinds, times
from gfruntime.frames.field import Field
from gfruntime.frames.labels import as_text

if TYPE_CHECKING:
    from gfruntime.frames.times import GivenUnit

Row = Mapping[str, Any]
Types = Mapping[str, Any] | None

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|inf(inity)?)\s*", re.IGNORECASE)
_MISSING = object()
_MOST_KEYS = 12  # the most keys that an error lists


def rows_of(records: Iterable[object]) -> list[Row]:
    """Convert each record to a mapping.

    Raises: FrameError if it is not a list of rows, or if a record's values have no names; the text names the first such
    record.
    """
    if hasattr(records, "columns") and hasattr(records, "shape"):
        raise FrameError("expected a list of rows, got a table: Frame.from_pandas or Frame.from_arrow reads it")
    if isinstance(records, (str, bytes, Mapping)) or not isinstance(records, Iterable):
        hint = f", such as the list under one of its keys ({_names(records)})" if isinstance(records, Mapping) else ""
        raise FrameError(f"expected a list of rows, got {type(records).__name__}: pass the list of rows{hint}")
    return [_row(record, at) for at, record in enumerate(records)]


def table(
    rows: Sequence[Row], *, time: str | None, unit: GivenUnit | None, value: Sequence[str], types: Types
) -> list[Field]:
    """Make columns: the time first, then the values, by default all other keys.

    Raises: FrameError naming the column, and the existing keys if it is not among them.
    """
    if not rows:
        return [Field(key, [], kind) for key, kind in (types or {}).items()]
    keys: Iterable[Any] = value or [
        key for key in dict.fromkeys(key for row in rows for key in row) if time is None or key != time
    ]
    fields = [] if time is None else [_time(rows, time, unit)]
    if value:
        return [*fields, *(_value(rows, key, types) for key in _require_any(rows, value))]
    return [*fields, *(Field(str(key), [row.get(key) for row in rows], (types or {}).get(key)) for key in keys)]


def series(
    rows: Sequence[Row],
    *,
    time: str | None,
    unit: GivenUnit | None,
    value: Sequence[str],
    labels: Sequence[str],
    types: Types,
) -> list[list[Field]]:
    """Make the columns of one frame for each value and distinct set of labels.

    Raises: FrameError naming the column, the existing keys, or rows without a time that have equal labels.
    """
    if not rows:
        return []
    index = None if time is None else _time(rows, time, unit)
    values = [_value(rows, key, types) for key in _require_any(rows, value or _number_keys(rows, {time, *labels}))]
    has_point = {field.name: [_find(row, field.name) is not _MISSING for row in rows] for field in values}
    frames = []
    for key, members in _groups(rows, labels).items():
        for field in values:
            points = [row for row in members if has_point[field.name][row]]
            if index is None and len(points) > 1:
                raise FrameError(
                    f"{len(points)} rows without a time have the labels {dict(key)}: pass time=, or aggregate"
                )
            if points:
                rows_of_series = pa.array(points, pa.int64())
                start = [] if index is None else [index.take(rows_of_series)]
                frames.append([*start, field.take(rows_of_series).with_labels(dict(key))])
    return frames


def _row(record: Any, at: int) -> Row:  # noqa: ANN401  # one kind of record each
    kind = type(record)
    if isinstance(record, Mapping):
        return record
    for attribute in ("__dataclass_fields__", "__struct_fields__", "model_fields", "__attrs_attrs__"):
        if hasattr(kind, attribute):
            names = [getattr(field, "name", field) for field in getattr(kind, attribute)]
            return {name: getattr(record, name) for name in names}
    if hasattr(record, "_asdict"):
        return dict(record._asdict())
    if hasattr(record, "_mapping"):  # SQLAlchemy's
        return dict(record._mapping)  # noqa: SLF001  # its documented name
    if hasattr(record, "keys") and hasattr(record, "__getitem__"):  # sqlite3's, asyncpg's
        return {key: record[key] for key in record.keys()}  # noqa: SIM118  # it is not a mapping
    raise FrameError(
        f"record {at} is of the type {kind.__name__}, whose values have no names: use dictionaries or dataclasses"
    )


def _find(row: Any, path: str) -> Any:  # noqa: ANN401  # any value
    """Return the value of a key, also of a dotted key that reaches nested values."""
    if (type(row) is dict or isinstance(row, Mapping)) and path in row:  # the check of an abstract class is slow
        return row[path]
    head, dot, rest = path.partition(".")
    while dot:
        inner = _step(row, head)
        if inner is not _MISSING and (value := _find(inner, rest)) is not _MISSING:
            return value
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return _step(row, path)


def _step(row: Any, key: str) -> Any:  # noqa: ANN401  # any value
    if isinstance(row, Mapping):
        return row.get(key, _MISSING)
    if isinstance(row, (list, tuple)) and not hasattr(row, "_fields"):
        return row[int(key)] if key.isdecimal() and int(key) < len(row) else _MISSING
    return _row(row, 0).get(key, _MISSING) if kinds.is_record(row) or hasattr(row, "_asdict") else _MISSING


def _time(rows: Sequence[Row], key: str, unit: GivenUnit | None) -> Field:
    moments = [_find(row, key) for row in rows]
    _require(rows, key, moments)
    try:
        ticks = times.read([None if moment is _MISSING else moment for moment in moments], unit)
    except FrameError as error:
        raise FrameError(f"column {key!r}: {error}") from error
    if ticks.null_count:
        row = ticks.is_null().index(True).as_py()
        raise FrameError(f"column {key!r}: row {row} has no time: remove such rows")
    return Field(key, ticks, "time")


def _value(rows: Sequence[Row], key: str, types: Types) -> Field:
    values = [None if (value := _find(row, key)) is _MISSING else value for row in rows]
    kind = (types or {}).get(key)
    return Field(key, values if kind else _numbers(key, values), kind)


def _numbers(key: str, values: list[Any]) -> list[Any]:
    """Convert texts to numbers if all of them are numbers.

    Raises: FrameError if only some are: a column of numbers and texts draws nothing.
    """
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    numbers = [text for text in texts if _NUMBER.fullmatch(text)]
    if not numbers:
        return values
    if len(numbers) < len(texts):
        other = next(text for text in texts if not _NUMBER.fullmatch(text))
        rows = values.index(numbers[0]), values.index(other)
        raise FrameError(
            f"column {key!r}: row {rows[0]} is the number {numbers[0]!r} and row {rows[1]} is {other!r}: use None "
            f"for a missing value, or types={{{key!r}: 'string'}} to keep texts"
        )
    return [(float(value) if value.strip() else None) if isinstance(value, str) else value for value in values]


def _groups(rows: Sequence[Row], labels: Sequence[str]) -> dict[tuple[tuple[str, str], ...], list[int]]:
    """Group the rows by their labels, in order of first appearance."""
    for key in labels:
        _require(rows, key, [_find(row, key) for row in rows])
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for at, row in enumerate(rows):
        texts = ((key, _label(row, key, at)) for key in labels)
        groups.setdefault(tuple((key, text) for key, text in texts if text), []).append(at)
    return groups


def _label(row: Row, key: str, at: int) -> str:
    value = _find(row, key)
    if type(value) is str:
        return value
    if isinstance(value, (Mapping, list, tuple)) and not isinstance(value, str):
        raise FrameError(f"label {key!r}: row {at} holds a {type(value).__name__}: use a dotted key, as in 'a.b'")
    return "" if value is _MISSING else as_text(value)


def _number_keys(rows: Sequence[Row], others: set[str | None]) -> list[str]:
    """Return the keys whose first value is a number."""
    first: dict[str, Any] = {}
    for row in rows:
        for key, value in row.items():
            if value is not None:
                first.setdefault(key, value)
    return [key for key, value in first.items() if key not in others and isinstance(value, (int, float, Decimal))]


def _require(rows: Sequence[Row], key: str, values: Sequence[object]) -> None:
    if all(value is _MISSING for value in values):
        raise FrameError(f"no row has {key!r}; the first has {_names(rows[0])}")


def _require_any(rows: Sequence[Row], keys: Sequence[str]) -> Sequence[str]:
    """Check that at least one of the keys exists: an API may omit a key without a value."""
    keys = list(dict.fromkeys(keys))
    if not keys:
        raise FrameError(f"no key has a number: pass value=; the first row has {_names(rows[0])}")
    if all(_find(row, key) is _MISSING for row in rows for key in keys):
        raise FrameError(f"no row has {' or '.join(map(repr, keys))}; the first has {_names(rows[0])}")
    return keys


def _names(row: Mapping[Any, Any]) -> str:
    names = [repr(key) for key in row]
    return ", ".join([*names[:_MOST_KEYS], "…"] if len(names) > _MOST_KEYS else names) or "no keys"
