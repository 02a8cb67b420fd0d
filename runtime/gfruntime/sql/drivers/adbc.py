"""ADBC connections, with results as Arrow."""

from __future__ import annotations

from typing import Any


class AdbcSession:
    """One connection to a database where only the account's rights prevent a write.

    It is not reused, because a server may keep a query's settings in it.
    """

    def __init__(self, connection: Any, columns: str) -> None:  # noqa: ANN401  # ADBC has few types
        """Keep the connection, and the SQL that lists schema, table, column and type of all columns."""
        self._connection, self._columns = connection, columns
        self._cursor = connection.cursor()

    def begin(self) -> bool:
        """Return False: the protocol has no read-only transactions."""
        return False

    def run(self, sql: str) -> Any:  # noqa: ANN401  # PEP 249 has no types
        """Execute a statement."""
        self._cursor.execute(sql)
        return self._cursor

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """List the columns of all tables."""
        return self.run(self._columns)

    def cancel(self) -> None:
        """Cancel the statement."""
        self._cursor.adbc_cancel()

    def end(self) -> bool:
        """Return False: a session is not reused."""
        return False

    def close(self) -> None:
        """Close the connection."""
        try:
            self._cursor.close()
        finally:
            self._connection.close()
