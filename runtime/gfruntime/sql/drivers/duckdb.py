"""DuckDB: a read-only file, without access to anything else, and with settings that no query can change.

The connections of one process to one path share the data that they have read, even if the file was replaced. So a file
that was replaced, or written to, is opened only after all connections to the previous one are closed.

Source: duckdb.org, docs/stable/configuration/overview, operations_manual/securing_duckdb/overview.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfruntime.errors import DownstreamError, QueryError
from gfruntime.frames.cursors import NO_ROWS
from gfruntime.sql.drivers import COLUMNS, Driver, import_package
from gfruntime.sql.drivers.files import IDLE_S, Identity, find_path

if TYPE_CHECKING:
    from gfruntime.sql.address import DatabaseAddress

_LOCKED = {"enable_external_access": "false", "temp_directory": "", "lock_configuration": "true"}
_DEFAULTS = {"memory_limit": "1GB"}
_OPTIONS = ("memory_limit", "threads", "TimeZone")
_READING = ("SELECT", "EXPLAIN")
_BATCH_ROWS = 2048  # the size of DuckDB's vectors; by default its readers make a million rows at once
_PATIENCE_S = 30.0  # seconds to wait for queries that still read a replaced file
_FILES_CONDITION = threading.Condition()
_OPEN: dict[str, list[Identity | None]] = {}  # the open files of this process, by path: one entry for each session


def driver(address: DatabaseAddress) -> Driver:
    """Return the driver of `duckdb:/path/of/a.duckdb`; the parameters are memory_limit, threads and TimeZone."""
    address.pick(*_OPTIONS)
    if not find_path(address):
        raise QueryError("the database's address needs the path of a file: duckdb:/path/of/a.duckdb")
    return Driver("duckdb", DuckdbSession, idle_s=IDLE_S)


class DuckdbSession:
    """One connection to a file; the connections of one process share the data that they have read."""

    def __init__(self, address: DatabaseAddress, _script: str) -> None:
        """Open the file; if that fails, the driver's error says why."""
        self._duckdb = import_package("duckdb", "duckdb")
        self._path = str(Path(find_path(address)).absolute())
        self._identity = _enter(self._path)
        try:
            config = {**_DEFAULTS, **address.pick(*_OPTIONS), **_LOCKED}
            self._database = self._duckdb.connect(self._path, read_only=True, config=config)
            self._cursor = self._database.cursor()
        except BaseException:
            _leave(self._path, self._identity)
            raise

    def begin(self) -> bool:
        """Take a new connection: temporary tables and variables end with it.

        Raises: DownstreamError if the file was replaced, or written to.
        """
        if Identity.of_path(self._path) != self._identity:
            raise DownstreamError(f"{self._path} has changed: run the query again", 503)
        self._cursor.close()
        self._cursor = self._database.cursor()
        return True

    def run(self, sql: str) -> Any:  # noqa: ANN401  # what `Frame.from_cursor` reads
        """Execute a statement.

        Raises: QueryError for several statements, and for a statement that is not a SELECT.
        """
        kinds = [statement.type.name for statement in self._cursor.extract_statements(sql)]
        if len(kinds) != 1 or kinds[0] not in _READING:
            raise QueryError(f"the data source is read-only: expected one SELECT, got {', '.join(kinds) or 'nothing'}")
        relation = self._cursor.sql(sql)
        if relation is None:
            raise QueryError(NO_ROWS)
        return _Rows(relation)

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """List the columns of all tables."""
        return self.run(COLUMNS)

    def cancel(self) -> None:
        """Interrupt the statement."""
        self._cursor.interrupt()

    def end(self) -> bool:
        """Return True: the next query has another connection."""
        return True

    def close(self) -> None:
        """Close the connections."""
        try:
            self._cursor.close()
            self._database.close()
        finally:
            _leave(self._path, self._identity)


class _Rows:
    """The rows of a relation, in parts."""

    def __init__(self, relation: Any) -> None:  # noqa: ANN401  # DuckDB has few types
        self._relation = relation
        self.description = relation.description

    def to_arrow_reader(self) -> Any:  # noqa: ANN401  # pyarrow has no types
        name = "to_arrow_reader" if hasattr(self._relation, "to_arrow_reader") else "fetch_arrow_reader"
        return getattr(self._relation, name)(_BATCH_ROWS)


def _enter(path: str) -> Identity | None:
    """Wait until no session has an older file of this path open, and count one more session."""
    with _FILES_CONDITION:
        if not _FILES_CONDITION.wait_for(lambda: set(_OPEN.get(path, [])) <= {Identity.of_path(path)}, _PATIENCE_S):
            raise DownstreamError(f"queries still read the previous file at {path}: run the query again", 503)
        identity = Identity.of_path(path)
        _OPEN.setdefault(path, []).append(identity)
        return identity


def _leave(path: str, identity: Identity | None) -> None:
    with _FILES_CONDITION:
        if identity in _OPEN.get(path, []):
            _OPEN[path].remove(identity)
            _FILES_CONDITION.notify_all()
