"""Connections of ADBC, whose results come as Arrow, to databases where the account's rights alone keep from writing."""

from __future__ import annotations

from typing import Any


class AdbcSession:
    """One connection; it is not used again, for a server may keep what a query has set in it."""

    def __init__(self, connection: Any, columns: str) -> None:  # noqa: ANN401  # ADBC has few types
        """Keep the connection, and the SQL that lists schema, table, column and type of all columns."""
        self._connection, self._columns = connection, columns
        self._cursor = connection.cursor()

    def begin(self) -> bool:
        """Begin nothing: there is no transaction that may only read."""
        return False

    def run(self, sql: str) -> Any:  # noqa: ANN401  # PEP 249 has no types
        """Execute a statement."""
        self._cursor.execute(sql)
        return self._cursor

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """List the columns of all tables."""
        return self.run(self._columns)

    def cancel(self) -> None:
        """Cancel what runs."""
        self._cursor.adbc_cancel()

    def end(self) -> bool:
        """A session is not used again."""
        return False

    def close(self) -> None:
        """Close the connection."""
        try:
            self._cursor.close()
        finally:
            self._connection.close()
