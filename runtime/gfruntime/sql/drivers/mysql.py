"""MySQL and MariaDB, by PyMySQL, whose results are read row by row.

A statement that commits by itself, such as `DROP TABLE`, ends a transaction that may only read, and MariaDB then runs
it: so the session may only read, too. Each query has a connection of its own, for PyMySQL can't make a session as new:
what a query says with `SET` would be there for the next one.

Source: dev.mysql.com, doc/refman/8.4/en/commit.html, kill.html; mariadb.com, kb/en/start-transaction.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.sql.drivers import COLUMNS, Driver, import_package

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfruntime.sql.address import Address

_SWITCHES = ("ssl_verify_cert", "ssl_verify_identity")
_OPTIONS = ("ssl_ca", "ssl_cert", "ssl_key", *_SWITCHES, "charset")
_PORT = 3306


def driver(_address: Address) -> Driver:
    """Return the driver of `mysql://user@host:3306/database`; the parameters are PyMySQL's for TLS, and charset."""
    return Driver("mysql", MysqlSession, COLUMNS)


class MysqlSession:
    """One connection of PyMySQL, in UTC."""

    def __init__(self, address: Address, _script: str) -> None:
        """Connect; the driver's error says why not."""
        self._pymysql = import_package("pymysql", "pymysql")
        self._cursors = import_package("pymysql.cursors", "pymysql")
        self._address = address
        self._connection = self._connect()
        self._cursor = self._connection.cursor()

    def _connect(self) -> Any:  # noqa: ANN401  # it has no types
        options: dict[str, Any] = self._address.pick(*_OPTIONS)
        return self._pymysql.connect(
            host=self._address.host,
            port=self._address.port or _PORT,
            user=self._address.user,
            password=self._address.password,
            database=self._address.database or None,
            cursorclass=self._cursors.SSCursor,
            init_command="SET time_zone = '+00:00'",
            connect_timeout=10,
            local_infile=False,
            **{**options, **_verification(options)},
        )

    def begin(self) -> None:
        """Begin a transaction that may only read."""
        self._cursor.execute("SET SESSION TRANSACTION READ ONLY")
        self._cursor.execute("START TRANSACTION READ ONLY")

    def run(self, sql: str) -> Any:  # noqa: ANN401  # as above
        """Execute a statement."""
        self._cursor.execute(sql)
        return self._cursor

    def cancel(self) -> None:
        """Kill the statement, by another connection."""
        with closing(self._connect()) as other, other.cursor() as cursor:
            cursor.execute(f"KILL QUERY {self._connection.thread_id()}")

    def end(self) -> bool:
        """A session is not used again."""
        return False

    def close(self) -> None:
        """Close the connection at once: PyMySQL's cursor and result would read all rows that are left, and fail."""
        self._connection._force_close()  # noqa: SLF001  # PyMySQL's own way, by which it closes broken connections
        if (result := self._connection._result) is not None:  # noqa: SLF001  # as above
            result.unbuffered_active = False
        self._cursor.connection = None


def _verification(options: Mapping[str, str]) -> dict[str, bool]:
    """Return what TLS verifies: with any option of TLS the certificate and its name, unless the address says false.

    Raises: QueryError for another value than true and false.
    """
    if not any(name.startswith("ssl_") for name in options):
        return {}
    values = {name: options.get(name, "true") for name in _SWITCHES}
    for name, value in values.items():
        if value not in ("true", "false"):
            raise QueryError(f"the database's address: {name} must be true or false, got {value!r}")
    return {name: value == "true" for name, value in values.items()}
