"""The statement that a cursor has executed, if its driver provides it.

| driver                                           | attribute or method                        |
| ------------------------------------------------ | ------------------------------------------ |
| psycopg2, Trino, Snowflake                       | `query`                                    |
| psycopg                                          | `_query.query`                             |
| MySQL's connector, python-oracledb               | `statement`                                |
| PyMySQL, mysqlclient, aiomysql                   | `_executed`, `_last_executed`              |
| SQLAlchemy's results                             | `context.statement`                        |
| asyncpg's prepared statements                    | `get_query()`                              |

sqlite3, aiosqlite, DuckDB, ADBC, pyodbc and pg8000 do not provide it.
"""

from __future__ import annotations

from typing import Any

_PLACES = (
    ("query",),
    ("_query", "query"),
    ("statement",),
    ("_executed",),
    ("_last_executed",),
    ("context", "statement"),
    ("_real_result", "context", "statement"),
)


def statement_of(cursor: object) -> str:
    """Return a cursor's statement; empty if the driver does not provide it."""
    texts = (_text_at(cursor, names) for names in (*_PLACES, ("get_query",)))
    return next(filter(None, texts), "")


def _text_at(value: Any, names: tuple[str, ...]) -> str:  # noqa: ANN401  # any driver's
    try:
        for name in names:
            value = getattr(value, name, None)
        value = value() if names == ("get_query",) and callable(value) else value
    except Exception:  # noqa: BLE001  # a driver's property may do anything, and a query must not fail for it
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""
