"""DuckDB: a file that is only read, without access to anything else, and with settings that no query can change.

Source: duckdb.org, docs/stable/configuration/overview, operations_manual/securing_duckdb/overview.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.sql.drivers import COLUMNS, Driver, import_package

if TYPE_CHECKING:
    from gfruntime.sql.address import Address

_LOCKED = {"enable_external_access": "false", "temp_directory": "", "lock_configuration": "true"}
_DEFAULTS = {"memory_limit": "1GB"}
_OPTIONS = ("memory_limit", "threads", "TimeZone")


def driver(_address: Address) -> Driver:
    """Return the driver of `duckdb:/path/of/a.duckdb`; the parameters are memory_limit, threads and TimeZone."""
    return Driver("duckdb", DuckdbSession, COLUMNS)


class DuckdbSession:
    """One connection to a file; those of one process share what they have read of it."""

    def __init__(self, address: Address, _script: str) -> None:
        """Open the file; the driver's error says why not."""
        if not address.path:
            raise QueryError("the database's address needs the path of a file: duckdb:/path/of/a.duckdb")
        duckdb = import_package("duckdb", "duckdb")
        config = {**_DEFAULTS, **address.pick(*_OPTIONS), **_LOCKED}
        self._database = duckdb.connect(str(Path(address.path)), read_only=True, config=config)
        self._cursor = self._database.cursor()

    def begin(self) -> None:
        """Take a connection of its own: temporary tables and variables end with it."""
        self._cursor.close()
        self._cursor = self._database.cursor()

    def run(self, sql: str) -> Any:  # noqa: ANN401  # a relation
        """Execute a statement.

        Raises: QueryError for one that has no rows.
        """
        relation = self._cursor.sql(sql)
        if relation is None:
            raise QueryError("the statement returns no rows: only a query makes a frame")
        return relation

    def cancel(self) -> None:
        """Interrupt what runs."""
        self._cursor.interrupt()

    def end(self) -> bool:
        """Nothing is left: the next query has another connection."""
        return True

    def close(self) -> None:
        """Close the connections."""
        self._cursor.close()
        self._database.close()
