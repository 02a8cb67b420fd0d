"""PostgreSQL, and what speaks its protocol, by ADBC: results come as Arrow.

Each query runs in a transaction that may only read, which is rolled back. `SET TRANSACTION READ WRITE` would undo that
before the transaction's first query: so there is one before the user's, which asks whether the server keeps to it: not
all that speak the protocol do. A prepared statement is one statement, so no query holds a second one. `DISCARD ALL`
makes the session as new: a setting or a lock of one query is not there for the next.

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
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
_DEFAULTS = {  # a network that is gone is noticed within about a minute
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


def driver(address: Address) -> Driver:
    """Return the driver of `postgresql://user@host:5432/database`; parameters are libpq's."""
    address.pick("dialect", *_OPTIONS)
    is_timescale = address.parameters.get("dialect") == "timescaledb"
    return Driver("timescaledb" if is_timescale else "postgres", PostgresSession)


class PostgresSession:
    """One connection of ADBC."""

    def __init__(self, address: Address, _script: str) -> None:
        """Connect; the driver's error says why not."""
        adbc = import_package("adbc_driver_postgresql.dbapi", "adbc-driver-postgresql")
        uri = address.to_uri(scheme="postgresql", without=["dialect"], **_DEFAULTS)
        self._connection = adbc.connect(uri, autocommit=True)
        self._cursor = self._connection.cursor()

    def begin(self) -> bool:
        """Begin a transaction that may only read, and cannot become another any more; ask whether it is one."""
        self._cursor.execute("BEGIN TRANSACTION READ ONLY")
        try:
            self._cursor.execute("SELECT current_setting('transaction_read_only')")
            rows = self._cursor.fetchall()
        except Exception:  # noqa: BLE001  # the driver's: a server that only speaks the protocol may not know it
            self._cursor.execute("ROLLBACK")
            return False
        return bool(rows == [("on",)])

    def run(self, sql: str) -> Any:  # noqa: ANN401  # PEP 249 has no types
        """Execute a statement."""
        self._cursor.execute(sql)
        return self._cursor

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """List the columns of all tables."""
        return self.run(COLUMNS)

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
