"""Tables of any kind → frames: Arrow, pandas, polars, numpy.

None of these libraries is imported. `columns` describes how each column's values are converted.

| pandas                                   | becomes                                                      |
| ---------------------------------------- | ------------------------------------------------------------ |
| index with a name, each level of several | a column of that name, before the others                     |
| index of times without a name            | the first column, `time`                                     |
| index of integers without a name         | left out: they are row numbers                               |
| any other index without a name           | a column `index`; `level_0`, `level_1`, … of several levels  |
| columns of several levels                | the first level is the field's name, the others are labels   |
| columns with a name, as after a pivot    | that name is a label, its value the column; fields are `Value` |
| a missing value among such labels        | no label                                                     |
| NaN, NaT, NA, None                       | null; with `keep_nan` a float column's NaN stays NaN         |
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import inputs
from gfruntime.frames.field import Field, copy_with
from gfruntime.frames.labels import as_text

Types = Mapping[str, Any] | None

_MAX_BLOCK_ROWS = 4096  # in longer tables the cost of each column is small, and a copy is large
_VALUE = "Value"  # a name that Grafana leaves out of a legend, when labels tell the series apart


def from_arrow(table: Any, types: Types) -> list[Field]:  # noqa: ANN401  # any table
    """Read a table with Arrow's PyCapsule interface; pandas tables follow the rules of this module.

    Raises: FrameError if it has no such interface, or naming the column that Grafana has no type for.
    """
    if type(table).__module__.partition(".")[0] == "pandas":
        return from_pandas(table, types)
    if not hasattr(table, "__arrow_c_stream__") and not hasattr(table, "__arrow_c_array__"):
        raise FrameError(f"expected a table with the Arrow interface, got {type(table).__name__}")
    arrow = pa.table(table)
    columns = list(zip(arrow.column_names, arrow.columns, strict=True))
    index = [(_arrow_index_name(values.type), values) for key, values in columns if _is_index(key)]
    index_columns = [(name, values) for name, values in index if name is not None]
    return _fields([*index_columns, *(column for column in columns if not _is_index(column[0]))], types)


def from_pandas(table: Any, types: Types, *, keep_nan: bool = False) -> list[Field]:  # noqa: ANN401  # pandas need not be installed
    """Read a DataFrame or Series by the rules of this module."""
    if not hasattr(table, "columns"):
        table = table.to_frame(_VALUE if table.name is None else table.name)
    fields = _fields(_index(table.index, table.columns), types)
    keys = list(table.columns)
    names = _pandas_names(keys, table.columns)
    columns = _pandas_columns(table, keep_nan=keep_nan)
    for key, (name, labels), values in zip(keys, names, columns, strict=True):
        [field] = _fields([(name, values)], types)
        if labels and field.is_value:
            field = field.with_labels(labels)
        elif labels and name == _VALUE:
            field = copy_with(field, name=str(key))
        fields.append(field)
    return fields


def from_numpy(array: Any, names: Sequence[str] | None, types: Types) -> list[Field]:  # noqa: ANN401  # numpy need not be installed
    """Read a structured array, or a two-dimensional array with `names` for its columns."""
    if array.dtype.names:
        return _fields([(key, array[key]) for key in array.dtype.names], types)
    if array.ndim != 2 or names is None or len(names) != array.shape[1]:  # noqa: PLR2004  # rows and columns
        count = "none" if names is None else len(names)
        raise FrameError(f"expected two dimensions and a name for each column, got shape {array.shape}, names {count}")
    return _fields([(key, array[:, at]) for at, key in enumerate(names)], types)


def _fields(columns: Iterable[tuple[str, Any]], types: Types) -> list[Field]:
    return [Field(key, values, (types or {}).get(key)) for key, values in columns]


def _index(index: Any, columns: Any) -> list[tuple[str, Any]]:  # noqa: ANN401  # pandas' own
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    if len(levels) > 1:
        return [(f"level_{at}" if level.name is None else str(level.name), level) for at, level in enumerate(levels)]
    return [(name, index) for name in [_index_name(index, columns)] if name is not None]


def _index_name(index: Any, columns: Any) -> str | None:  # noqa: ANN401  # pandas' own
    """Return the name that pandas gives an index when it becomes a column; None for row numbers."""
    kind = str(index.dtype)
    if index.name is not None:
        return str(index.name)
    if kind.startswith(("datetime64", "period", "timestamp")):
        return "time"
    if kind.lower().startswith(("int", "uint")):
        return None
    return "level_0" if "index" in columns else "index"


def _pandas_columns(table: Any, *, keep_nan: bool) -> Iterator[Any]:  # noqa: ANN401  # pandas' own
    """Yield the columns; adjacent short columns of one plain type are slices of one numpy array.

    Most columns of a wide table are short and of one type, and creating each as a Series would take 30 µs.
    """
    dtypes = list(table.dtypes)
    first = 0
    for kind, run in itertools.groupby(dtypes, key=lambda dtype: dtype.str if inputs.is_plain(dtype) else ""):
        end = first + len(list(run))
        block = None if not kind or len(table) > _MAX_BLOCK_ROWS else table.iloc[:, first:end].to_numpy()
        for position in range(first, end):
            values = table.iloc[:, position] if block is None else block[:, position - first]
            if keep_nan and str(dtypes[position]) in ("float32", "float64"):
                yield values.to_numpy() if block is None else values
            else:
                yield values if block is None else pa.array(values, from_pandas=True)
        first = end


def _pandas_names(keys: Sequence[Any], columns: Any) -> list[tuple[str, dict[str, object]]]:  # noqa: ANN401  # pandas' own
    """Return the columns' names and labels from their keys."""
    if columns.nlevels > 1:
        levels = [f"level_{at}" if name is None else str(name) for at, name in enumerate(columns.names)][1:]
        return [(str(key[0]), _present(dict(zip(levels, key[1:], strict=True)))) for key in keys]
    if columns.name is None:
        return [(str(key), {}) for key in keys]
    return [(_VALUE, _present({str(columns.name): key})) for key in keys]


def _present(labels: dict[str, object]) -> dict[str, object]:
    """Remove labels without a value."""
    return {name: value for name, value in labels.items() if as_text(value)}


def _arrow_index_name(kind: pa.DataType) -> str | None:
    """Return the name for the unnamed index of a table from pandas; None for row numbers."""
    if pa.types.is_timestamp(kind):
        return "time"
    return None if pa.types.is_integer(kind) else "index"


def _is_index(name: str) -> bool:
    """Tell whether pandas gives this name to an unnamed index."""
    return name.startswith("__index_level_") and name.endswith("__")
