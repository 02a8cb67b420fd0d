"""PostgreSQL, and what speaks its protocol, by ADBC: results come as Arrow.

Each query runs in a transaction that may only read, which is rolled back. `SET TRANSACTION READ WRITE` would undo that
before the transaction's first query: so there is one before the user's. A prepared statement is one statement, so no
query holds a second one. `DISCARD ALL` makes the session as new: a setting or a lock of one query is not there for the
next.

Source: postgresql.org, docs/15/sql-set-transaction.html, sql-discard.html; arrow-adbc v1.8, driver/postgresql.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfruntime.sql.drivers import COLUMNS, Driver, import_package

if TYPE_CHECKING:
    from gfruntime.sql.address import Address

_OPTIONS = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "connect_timeout",
    "application_name",
    "target_session_attrs",
)


def driver(address: Address) -> Driver:
    """Return the driver of `postgresql://user@host:5432/database`; parameters are libpq's."""
    is_timescale = address.parameters.get("dialect") == "timescaledb"
    return Driver("timescaledb" if is_timescale else "postgres", PostgresSession, COLUMNS)


class PostgresSession:
    """One connection of ADBC."""

    def __init__(self, address: Address, _script: str) -> None:
        """Connect; the driver's error says why not."""
        adbc = import_package("adbc_driver_postgresql.dbapi", "adbc-driver-postgresql")
        address.pick("dialect", *_OPTIONS)
        uri = address.to_uri(scheme="postgresql", without=["dialect"], connect_timeout="10")
        self._connection = adbc.connect(uri, autocommit=True)
        self._cursor = self._connection.cursor()

    def begin(self) -> None:
        """Begin a transaction that may only read, and cannot become another any more."""
        self._cursor.execute("BEGIN TRANSACTION READ ONLY")
        self._cursor.execute("SELECT 1")
        self._cursor.fetchall()

    def run(self, sql: str) -> Any:  # noqa: ANN401  # PEP 249 has no types
        """Execute a statement."""
        self._cursor.execute(sql)
        return self._cursor

    def cancel(self) -> None:
        """Cancel what runs."""
        self._cursor.adbc_cancel()

    def end(self) -> bool:
        """Roll back, and forget what the query has set."""
        self._cursor.execute("ROLLBACK")
        self._cursor.execute("DISCARD ALL")
        return True

    def close(self) -> None:
        """Close the connection."""
        try:
            self._cursor.close()
        finally:
            self._connection.close()
