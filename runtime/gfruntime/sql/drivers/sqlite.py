"""SQLite, by Python's own module: a read-only file, or a database in memory that a script creates.

`mode=ro` and `query_only` alone are not enough: `VACUUM INTO` writes a file from a read-only connection, and `ATTACH`
opens another. So an authorizer lets a query read tables, and nothing else, within limits of size.

Source: sqlite.org, c3ref/set_authorizer, c3ref/c_limit_attached, pragma.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gfruntime.errors import DownstreamError, QueryError
from gfruntime.sql.drivers import SQLITE_COLUMNS, Driver
from gfruntime.sql.drivers.files import IDLE_S, Identity, find_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfruntime.sql.address import DatabaseAddress

BYTES = 100_000_000
"""SQLite's own memory, for all queries of the process together."""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,  # bytes of a text, blob or row: searching a large one takes seconds
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_FUNCTION}
_FORBIDDEN = {  # functions that reach beyond the tables; and `printf`: one call can take unlimited time
    *("load_extension", "fts3_tokenizer", "sqlite_log", "edit", "readfile", "writefile", "eval"),
    *("printf", "format"),
}
_SETTINGS = ("query_only=ON", "trusted_schema=OFF", "temp_store=MEMORY", f"hard_heap_limit={BYTES}")
_INSTRUCTIONS = 10_000  # steps of SQLite's machine between two checks whether the query is cancelled


def driver(address: DatabaseAddress) -> Driver:
    """Return the driver of `sqlite:/path/of/a.db`, or of `sqlite:` with a script."""
    address.pick()
    find_path(address)
    return Driver("sqlite", SqliteSession, idle_s=IDLE_S)


class SqliteSession:
    """One connection of `sqlite3`."""

    def __init__(self, address: DatabaseAddress, script: str) -> None:
        """Open the file, or create the database.

        Raises: DownstreamError if the file can't be opened.
        """
        self._is_cancelled = threading.Event()
        self._path = find_path(address)
        self._identity = Identity.of_path(self._path) if self._path else None
        self._connection = _connect(self._path, script)
        for setting in _SETTINGS:
            self._connection.execute(f"PRAGMA {setting}")
        for limit, value in _LIMITS.items():
            self._connection.setlimit(limit, value)
        self._connection.set_progress_handler(self._is_cancelled.is_set, _INSTRUCTIONS)

    def begin(self) -> bool:
        """Begin a query.

        Raises: DownstreamError if the file was replaced; SQLite itself sees changes within the file.
        """
        now = Identity.of_path(self._path) if self._path else None
        if (now and now[:2]) != (self._identity and self._identity[:2]):
            raise DownstreamError(f"{self._path} was replaced: run the query again", 503)
        self._is_cancelled.clear()
        return True

    def run(self, sql: str) -> sqlite3.Cursor:
        """Execute a statement.

        Raises: QueryError with SQLite's own text.
        """
        self._connection.set_authorizer(_authorize)
        return _Cursor(self._connection, self._is_cancelled).execute(sql)

    def list_columns(self) -> sqlite3.Cursor:
        """List the columns of all tables, by a pragma that no query may use."""
        self._connection.set_authorizer(None)
        return _Cursor(self._connection, self._is_cancelled).execute(SQLITE_COLUMNS)

    def cancel(self) -> None:
        """End the statement at its next check."""
        self._is_cancelled.set()

    def end(self) -> bool:
        """Return True: a query that reads changes no state."""
        return True

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class _Cursor(sqlite3.Cursor):
    """A cursor whose errors blame the query, unless it was cancelled."""

    def __init__(self, connection: sqlite3.Connection, is_cancelled: threading.Event) -> None:
        super().__init__(connection)
        self._is_cancelled = is_cancelled

    def execute(self, sql: str) -> Self:  # type: ignore[override]  # no parameters: macros write values
        with self._errors():
            return super().execute(sql)

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        with self._errors():
            return super().fetchmany(size)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, MemoryError, ValueError) as error:
            if self._is_cancelled.is_set():
                raise
            raise QueryError(f"the database refused the query: {_reason(error)}") from error


def _connect(path: str, script: str) -> sqlite3.Connection:
    if not path:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.executescript(script)
        return connection
    try:
        uri = f"{Path(path).absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    except (sqlite3.Error, ValueError) as error:
        raise DownstreamError(f"{path} cannot be opened: {error}") from error
    try:
        connection.execute("SELECT 1 FROM sqlite_master")  # reads the file's header
    except sqlite3.Error as error:
        connection.close()
        raise DownstreamError(f"{path} cannot be opened: {error}") from error
    return connection


def _authorize(action: int, _first: str | None, second: str | None, *_where: str | None) -> int:
    is_forbidden = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FORBIDDEN
    return sqlite3.SQLITE_OK if action in _READING and not is_forbidden else sqlite3.SQLITE_DENY


def _reason(error: Exception) -> str:
    """Return why SQLite refused a query; explain SQLite's text if it is unclear."""
    text = str(error) or "it needs too much memory"
    return f"{text}: the data source is read-only, and a query may only read tables" if "authori" in text else text
