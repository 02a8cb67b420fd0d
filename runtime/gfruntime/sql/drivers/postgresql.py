"""PostgreSQL and servers with its protocol, by ADBC, with results as Arrow.

Each query runs in a read-only transaction, which is rolled back. `SET TRANSACTION READ WRITE` could make it writable
before the transaction's first query. So the driver sends a first query itself, which asks whether the transaction is
read-only: not all servers with this protocol enforce it. A prepared statement is one statement, so no query can hold a
second one. `DISCARD ALL` resets the session: the next query does not inherit a setting or a lock.

Source: postgresql.org, docs/15/sql-set-transaction.html, sql-discard.html; arrow-adbc v1.8, driver/postgresql.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfruntime.sql.drivers import COLUMNS, Driver, import_package
from gfruntime.sql.drivers.adbc import AdbcSession

if TYPE_CHECKING:
    from gfruntime.sql.address import DatabaseAddress

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
_DEFAULTS = {  # a lost network is noticed within about a minute
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


def driver(address: DatabaseAddress) -> Driver:
    """Return the driver of `postgresql://user@host:5432/database`; parameters are libpq's."""
    address.pick("dialect", *_OPTIONS)
    is_timescale = address.parameters.get("dialect") == "timescaledb"
    return Driver("timescaledb" if is_timescale else "postgres", PostgresSession)


class PostgresSession(AdbcSession):
    """One connection, with a read-only transaction for each query."""

    def __init__(self, address: DatabaseAddress, _script: str) -> None:
        """Connect; if that fails, the driver's error says why."""
        adbc = import_package("adbc_driver_postgresql.dbapi", "adbc-driver-postgresql")
        uri = address.to_uri(scheme="postgresql", without=["dialect"], **_DEFAULTS)
        super().__init__(adbc.connect(uri, autocommit=True), COLUMNS)

    def begin(self) -> bool:
        """Begin a transaction that stays read-only; return whether the server confirms it."""
        self._cursor.execute("BEGIN TRANSACTION READ ONLY")
        try:
            self._cursor.execute("SELECT current_setting('transaction_read_only')")
            rows = self._cursor.fetchall()
        except Exception:  # noqa: BLE001  # the driver's: a server that only speaks the protocol may not know it
            self._cursor.execute("ROLLBACK")
            return False
        return bool(rows == [("on",)])

    def end(self) -> bool:
        """Roll back, and reset the session's settings."""
        self._cursor.execute("ROLLBACK")
        self._cursor.execute("DISCARD ALL")
        return True
