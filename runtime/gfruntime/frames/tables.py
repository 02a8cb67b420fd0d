"""Tables of any kind → frames: Arrow, pandas, polars, numpy, DB-API cursors, dictionaries.

None of these libraries is imported: an object brings its own. What each column's values become is told in `columns`.

| pandas                                   | becomes                                                      |
| ---------------------------------------- | ------------------------------------------------------------ |
| index with a name, each level of several | a column of that name, before the others                     |
| index of times without a name            | the first column, `time`                                     |
| any other index without a name           | left out                                                     |
| columns of several levels                | the first level is the field's name, the others are labels   |
| columns with a name, as after a pivot    | that name is a label, its value the column; fields are `Value` |
| NaN, NaT, NA, None                       | null; with `keep_nan` a float column's NaN stays NaN         |

A result without rows has no types, as they come from the values: give `types`, or get a frame without fields, which
Grafana takes as "no data" everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import labels as labels_
from gfruntime.frames.data import Field, Frame
from gfruntime.frames.fieldtypes import FieldType

Labels = Mapping[str, object]
Types = Mapping[str, FieldType]

_VALUE = "Value"  # a name that Grafana leaves out of a legend, when labels tell the series apart


def from_arrow(table: Any, *, name: str = "", labels: Labels | None = None, types: Types | None = None) -> Frame:  # noqa: ANN401  # any table
    """Make a frame from a table that speaks Arrow; pandas' go by the rules of this module.

    Raises: FrameError when it speaks none, or naming the column that Grafana has no type for.
    """
    if type(table).__module__.partition(".")[0] == "pandas":
        return from_pandas(table, name=name, labels=labels, types=types)
    if not hasattr(table, "__arrow_c_stream__") and not hasattr(table, "__arrow_c_array__"):
        raise FrameError(f"expected a table that speaks Arrow, got {type(table).__name__}")
    arrow = pa.table(table)
    index = [_is_index(key) for key in arrow.column_names]
    named = [
        ("time" if is_index else key, values)
        for key, values, is_index in zip(arrow.column_names, arrow.columns, index, strict=True)
        if not is_index or pa.types.is_timestamp(values.type)
    ]
    named.sort(key=lambda item: item[0] != "time" or True not in index)  # pandas writes its index last
    return _frame(named, name=name, labels=labels, types=types)


def from_pandas(
    table: Any,  # noqa: ANN401  # pandas need not be installed
    *,
    name: str = "",
    labels: Labels | None = None,
    types: Types | None = None,
    keep_nan: bool = False,
) -> Frame:
    """Make a frame from a DataFrame or Series by the rules of this module."""
    if not hasattr(table, "columns"):
        table = table.to_frame(_VALUE if table.name is None else table.name)
    listed = types or {}
    fields = [_field(key, values, listed) for key, values in _index(table.index)]
    for position, key in enumerate(table.columns):
        values = table.iloc[:, position]
        if keep_nan and str(values.dtype) in ("float32", "float64"):
            values = values.to_numpy()
        title, own = _pandas_name(key, table.columns)
        field = _field(title, values, listed)
        if own and field.is_value:
            field = field.with_labels(own)
        elif own and title == _VALUE:
            field = replace(field, name=str(key))
        fields.append(field)
    return Frame(fields=fields, name=name).labelled(labels)


def from_numpy(
    array: Any,  # noqa: ANN401  # numpy need not be installed
    *,
    names: Sequence[str] | None = None,
    name: str = "",
    labels: Labels | None = None,
    types: Types | None = None,
) -> Frame:
    """Make a frame from a structured array, or from one of two dimensions whose columns are named by `names`."""
    if array.dtype.names:
        return _frame([(key, array[key]) for key in array.dtype.names], name=name, labels=labels, types=types)
    if array.ndim != 2 or names is None or len(names) != array.shape[1]:  # noqa: PLR2004  # rows and columns
        told = "none" if names is None else len(names)
        raise FrameError(f"expected two dimensions and a name for each column, got shape {array.shape}, names {told}")
    return _frame([(key, array[:, at]) for at, key in enumerate(names)], name=name, labels=labels, types=types)


def from_records(
    records: Iterable[Mapping[str, object]],
    *,
    name: str = "",
    labels: Labels | None = None,
    types: Types | None = None,
) -> Frame:
    """Make a frame from dictionaries, one a row; columns come in the order in which their keys are first met."""
    rows = list(records)
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise FrameError(f"record {at} is no dictionary but {type(row).__name__}")
    keys = dict.fromkeys(key for row in rows for key in row) if rows else types or {}
    return _frame([(str(key), [row.get(key) for row in rows]) for key in keys], name=name, labels=labels, types=types)


def from_cursor(
    cursor: Any,  # noqa: ANN401  # PEP 249 has no types
    *,
    limit: int | None = None,
    name: str = "",
    labels: Labels | None = None,
    types: Types | None = None,
) -> Frame:
    """Make one frame from all rows of a cursor that has executed its statement.

    With `limit` no more rows are read, and a notice says so when there were more.
    Raises: FrameError when the statement gave no rows to read, or naming the column that Grafana has no type for.
    """
    if cursor.description is None:
        raise FrameError("the statement returns no rows: only a query makes a frame")
    keys = [str(column[0]) for column in cursor.description]
    rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
    is_cut = limit is not None and len(rows) > limit
    rows = rows[:limit]
    if not rows and not types:
        return Frame(name=name)
    if rows and isinstance(rows[0], Mapping):
        named: list[tuple[str, object]] = [(key, [row[key] for row in rows]) for key in keys]
    else:
        named = list(zip(keys, map(list, zip(*rows, strict=True)) if rows else ([] for _ in keys), strict=True))
    frame = _frame(named, name=name, labels=labels, types=types)
    return frame.with_notice(f"Only the first {limit} rows are shown", "warning") if is_cut else frame


def group_by(frame: Frame, names: Sequence[str]) -> list[Frame]:
    """Split a frame by columns that become labels: one frame for each combination and value column.

    Raises: FrameError for a name that is no column, a text column that is none of the names, or rows without a time
    that share their labels.
    """
    for name in names:
        if all(field.name != name for field in frame.fields):
            raise FrameError(f"there is no column {name!r} to group by, only {[field.name for field in frame.fields]}")
    rest = [field for field in frame.fields if field.name not in names]
    time = next((field for field in rest if field.type == "time"), None)
    values = [field for field in rest if field.is_value]
    for field in rest:
        if field is not time and not field.is_value:
            raise FrameError(f"column {field.name!r} is neither a value nor grouped by: leave it out or group by it")
    if not values:
        raise FrameError("there is no column of numbers to group")
    frames = []
    for key, rows in _groups([frame[name] for name in names]).items():
        if time is None and len(rows) > 1:
            raise FrameError(f"{len(rows)} rows without a time have the labels {dict(zip(names, key, strict=True))}")
        chosen = pa.array(rows, pa.int64())
        own = dict(zip(names, key, strict=True))
        index = [] if time is None else [time.take(chosen)]
        frames += [replace(frame, fields=[*index, field.take(chosen).with_labels(own)]) for field in values]
    return frames or [replace(frame, fields=())]


def _groups(fields: Sequence[Field]) -> dict[tuple[str, ...], list[int]]:
    """Find the rows of each combination, in the order in which it is first met."""
    texts = [[labels_.as_text(value) for value in field.to_list()] for field in fields]
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(zip(*texts, strict=True)):
        groups.setdefault(key, []).append(row)
    return groups


def _frame(named: Iterable[tuple[str, Any]], *, name: str, labels: Labels | None, types: Types | None) -> Frame:
    fields = [_field(key, values, types or {}) for key, values in named]
    return Frame(fields=fields, name=name).labelled(labels)


def _field(key: str, values: Any, types: Types) -> Field:  # noqa: ANN401  # any kind of column
    return Field(key, values, types.get(key))


def _index(index: Any) -> list[tuple[str, Any]]:  # noqa: ANN401  # a pandas index
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    named = [(_index_name(level), level) for level in levels]
    return [(key, level) for key, level in named if key is not None]


def _index_name(level: Any) -> str | None:  # noqa: ANN401  # a pandas index
    if level.name is not None:
        return str(level.name)
    return "time" if str(level.dtype).startswith(("datetime64", "period", "timestamp")) else None


def _pandas_name(key: Any, columns: Any) -> tuple[str, dict[str, object]]:  # noqa: ANN401  # pandas' own
    """Tell a column's name from its labels."""
    if columns.nlevels > 1:
        names = [f"level_{at}" if name is None else str(name) for at, name in enumerate(columns.names)]
        return str(key[0]), dict(zip(names[1:], key[1:], strict=True))
    return (str(key), {}) if columns.name is None else (_VALUE, {str(columns.name): key})


def _is_index(name: str) -> bool:
    """Recognise the name that pandas gives to an index without one."""
    return name.startswith("__index_level_") and name.endswith("__")
