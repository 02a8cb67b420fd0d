"""Results of databases → columns: DB-API cursors and similar ones, sync or async, and results in Arrow.

| result                                        | is read                                                           |
| --------------------------------------------- | ----------------------------------------------------------------- |
| ADBC's cursors, DuckDB's relations            | as Arrow, batch by batch                                          |
| DB-API cursors, DuckDB's connections          | by `fetchmany` or `fetchall`                                      |
| SQLAlchemy's `Result`                         | the same, named by its keys                                       |
| async cursors (psycopg, aiosqlite, aiomysql), SQLAlchemy's `AsyncResult` | the same, awaited                      |
| asyncpg's prepared statements                 | by `fetch`; with a limit by a cursor, which needs a transaction   |

Rows may be sequences, mappings, or objects with the columns as attributes. `dbvalues` describes how values are
converted. A result without rows has no types, because types come from the values: pass `types`, or get no columns,
which Grafana shows as "no data".
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import DownstreamError, FrameError
from gfruntime.frames import dbarrow, dbvalues, statements
from gfruntime.frames.field import Field
from gfruntime.logs import capture

Types = Mapping[str, Any] | None

READERS = ("to_arrow_reader", "fetch_record_batch", "fetch_arrow_reader")
"""The methods that give a result as Arrow, batch by batch."""

_POSTGRES_JSON = (114, 3802, "json", "jsonb")
NO_ROWS = "the statement returned no rows; run a query that returns rows, such as SELECT"
_CAN_NOT_READ = "the driver can't read a value"
_AS_TEXT = "convert it to text in the query: CAST(... AS text)"
_POSTGRES = ("psycopg", "psycopg2", "pg8000", "asyncpg")


class CursorRows(NamedTuple):
    """The result of a cursor: the columns' names, their kinds, if the driver reports them, and the rows."""

    keys: Sequence[str]
    kinds: Sequence[dbvalues.Kind]
    rows: Sequence[Any]


def from_cursor(cursor: Any, limit: int | None, types: Types) -> tuple[list[Field], bool]:  # noqa: ANN401  # PEP 249 has no types
    """Read the rows of a cursor that has executed its statement; return whether there are more rows than the limit.

    Raises: FrameError if the statement returned no rows, if Grafana has no type for a column (the text names it), or if
    the cursor is async; DownstreamError if the database fails while Arrow reads.
    """
    traffic = capture.traffic.get()
    if traffic is None:
        return _read(cursor, limit, types)
    with traffic.statement(statements.statement_of(cursor), ref_id=capture.ref_id.get()) as statement:
        fields, is_cut = _read(cursor, limit, types)
        statement.rows = _count_rows(fields)
        return fields, is_cut


async def from_async_cursor(cursor: Any, limit: int | None, types: Types) -> tuple[list[Field], bool]:  # noqa: ANN401  # as above
    """Read like `from_cursor`, from an async cursor."""
    traffic = capture.traffic.get()
    if traffic is None:
        return await _read_async(cursor, limit, types)
    with traffic.statement(statements.statement_of(cursor), ref_id=capture.ref_id.get()) as statement:
        fields, is_cut = await _read_async(cursor, limit, types)
        statement.rows = _count_rows(fields)
        return fields, is_cut


def _read(cursor: Any, limit: int | None, types: Types) -> tuple[list[Field], bool]:  # noqa: ANN401  # as above
    _check(cursor, limit)
    reader = _arrow_reader(cursor)
    if reader is not None:
        return _from_reader(reader, _columns(cursor)[1], limit, types)
    if inspect.iscoroutinefunction(cursor.fetchall):
        raise FrameError("the cursor is async: await Frame.from_async_cursor(cursor)")
    fields, is_cut = _from_rows(CursorRows(*_columns(cursor), _fetch(cursor, limit)), limit, types)
    if is_cut and hasattr(cursor, "abort") and _is_duckdb(cursor):  # else DuckDB blocks until its result is read
        cursor.abort()
    return fields, is_cut


async def _read_async(cursor: Any, limit: int | None, types: Types) -> tuple[list[Field], bool]:  # noqa: ANN401  # as above
    _check(cursor, limit)
    keys, kinds = _columns(cursor)
    try:
        rows = _fetch(cursor, limit)
        while inspect.isawaitable(rows):  # asyncpg returns a cursor first
            rows = await rows
            rows = rows.fetch(limit + 1) if limit is not None and not isinstance(rows, Sequence) else rows
    except (ValueError, OverflowError) as error:
        raise FrameError(f"{_CAN_NOT_READ}: {error}; {_AS_TEXT}") from error
    except Exception as error:
        raise _with_advice(error) from error
    return _from_rows(CursorRows(keys, kinds, rows), limit, types)


def _count_rows(fields: Sequence[Field]) -> int:
    return len(fields[0].values) if fields else 0


def _check(cursor: Any, limit: int | None) -> None:  # noqa: ANN401  # as above
    if limit is not None and limit < 0:
        raise FrameError(f"limit must be 0 or more, got {limit}")
    if not any(hasattr(cursor, name) for name in ("fetchall", "fetch_arrow_table", "get_attributes", *READERS)):
        raise FrameError(f"expected a cursor that has executed its statement, got {type(cursor).__name__}")
    returns_rows = getattr(cursor, "returns_rows", True)
    if returns_rows is False or getattr(cursor, "description", ()) is None:
        raise FrameError(NO_ROWS)


def _is_duckdb(cursor: object) -> bool:
    return type(cursor).__name__ == "DuckDBPyConnection"


def _arrow_reader(cursor: Any) -> Any:  # noqa: ANN401  # as above
    """Return a reader of the result as Arrow; None if the driver has rows only, or would build Arrow from rows."""
    if _is_duckdb(cursor):
        return None
    name = next((name for name in (*READERS, "fetch_arrow_table") if hasattr(cursor, name)), None)
    return None if name is None else getattr(cursor, name)()


def _from_reader(
    reader: Any,  # noqa: ANN401  # a table, or a reader of one
    kinds: Sequence[dbvalues.Kind],
    limit: int | None,
    types: Types,
) -> tuple[list[Field], bool]:
    """Read batches until there are more rows than the limit."""
    batches, count = [], 0
    try:
        for batch in reader.to_batches() if isinstance(reader, pa.Table) else reader:
            batches.append(batch)
            count += len(batch)
            if limit is not None and count > limit:
                break
        if hasattr(reader, "close"):
            reader.close()
    except (pa.ArrowException, OSError) as error:
        raise DownstreamError(f"the database's rows can't be read: {error}") from error
    table = pa.Table.from_batches(batches, reader.schema).slice(0, limit)
    if not len(table) and not types:
        return [], bool(count)
    columns = zip(table.column_names, kinds, table.columns, strict=True)
    fields = [dbarrow.from_arrow(key, values, (types or {}).get(key), kind) for key, kind, values in columns]
    return fields, limit is not None and count > limit


def _fetch(cursor: Any, limit: int | None) -> Any:  # noqa: ANN401  # rows, or what gives them when it is awaited
    try:
        if hasattr(cursor, "get_attributes"):
            return cursor.fetch() if limit is None else cursor.cursor()
        return cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
    except Exception as error:
        raise _with_advice(error) from error


def _with_advice(error: Exception) -> Exception:
    """Return an error with advice if a driver can't represent a value; other errors are returned unchanged."""
    names = {base.__name__ for base in type(error).__mro__}
    if "NoActiveSQLTransactionError" in names:
        return FrameError("asyncpg needs a transaction to limit rows: use async with connection.transaction()")
    if "DataError" in names:
        return FrameError(f"{_CAN_NOT_READ}: {error}; {_AS_TEXT}")
    return error


def _columns(cursor: Any) -> tuple[list[str], list[dbvalues.Kind]]:  # noqa: ANN401  # as above
    """List the columns' names, and their kinds as the driver reports them."""
    if hasattr(cursor, "get_attributes"):
        described = [(attribute.name, attribute.type.name) for attribute in cursor.get_attributes()]
    elif hasattr(cursor, "description"):
        described = [(str(name), next(iter(rest), None)) for name, *rest in cursor.description]
    elif hasattr(cursor, "keys"):
        driver = getattr(cursor, "cursor", None)  # SQLAlchemy's result wraps one
        codes = [column[1] for column in getattr(driver, "description", None) or ()]
        described = list(zip_longest(map(str, cursor.keys()), codes))
        cursor = driver
    else:
        raise FrameError(f"expected a result whose columns have names, got {type(cursor).__name__}")
    if not described:
        raise FrameError(NO_ROWS)
    is_postgres = any(part in _POSTGRES for part in type(cursor).__module__.split("."))
    return [name for name, _ in described], [_kind(code, is_postgres=is_postgres) for _, code in described]


def _kind(code: object, *, is_postgres: bool) -> dbvalues.Kind:
    if is_postgres and code in _POSTGRES_JSON:
        return "texts of json" if isinstance(code, str) else "json"
    if str(code) == "BIT":
        return "bits"
    return "union" if str(code).startswith(("UNION(", "Variant(", "Dynamic")) else ""


def _from_rows(result: CursorRows, limit: int | None, types: Types) -> tuple[list[Field], bool]:
    is_cut = limit is not None and len(result.rows) > limit
    rows = result.rows[:limit]
    if not rows:
        return [Field(key, [], types.get(key)) for key in result.keys] if types else [], is_cut
    columns = zip(result.keys, result.kinds, _by_column(rows, result.keys), strict=True)
    return [dbvalues.from_objects(key, values, (types or {}).get(key), kind) for key, kind, values in columns], is_cut


def _by_column(rows: Sequence[Any], keys: Sequence[str]) -> list[list[Any]]:
    """Convert rows of any shape to columns."""
    first = rows[0]
    if isinstance(first, Mapping):
        return [[row[key] for row in rows] for key in keys]
    if not isinstance(first, (str, bytes)) and hasattr(first, "__iter__"):
        return list(map(list, zip(*rows, strict=True)))
    if all(hasattr(first, key) for key in keys):
        return [[getattr(row, key) for row in rows] for key in keys]
    if len(keys) == 1:
        return [list(rows)]
    raise FrameError(f"expected rows with {', '.join(keys)}, got {type(first).__name__}")
