"""MySQL and MariaDB, by PyMySQL; results are read row by row.

A statement that commits by itself, such as `DROP TABLE`, ends a read-only transaction, and MariaDB then runs the
statement: so the session is read-only too. Each query has its own connection, because PyMySQL can't reset a session:
the next query would inherit the settings that a query makes with `SET`.

Other servers with this protocol may accept `START TRANSACTION READ ONLY` and still let a query write, as TiDB does. So
a server must report that it is MySQL, MariaDB or a known variant, and that the session is read-only.

Source: dev.mysql.com, doc/refman/8.4/en/commit.html, kill.html; mariadb.com, kb/en/start-transaction;
docs.pingcap.com, tidb/stable/sql-statement-start-transaction.
"""

from __future__ import annotations

import re
import socket
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.sql.drivers import COLUMNS, Driver, import_package

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfruntime.sql.address import DatabaseAddress

_SWITCHES = ("ssl_verify_cert", "ssl_verify_identity")
_OPTIONS = ("ssl_ca", "ssl_cert", "ssl_key", *_SWITCHES, "charset")
_PORT = 3306
_KILL_S = 5
_ABOUT = """\
SHOW SESSION VARIABLES WHERE Variable_name IN
('version', 'version_comment', 'transaction_read_only', 'tx_read_only', 'hostname', 'server_id', 'port')"""
_MAKERS = re.compile(
    r"(mysql|mariadb|percona|aurora|source distribution$|\(?(debian|ubuntu|raspbian|fedora|red hat|homebrew|google)\b)",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"tidb|vitess|doris|starrocks|oceanbase|singlestore|memsql|dolt|clickhouse|databend|greptime|matrixone|polardb-?x",
    re.IGNORECASE,
)


def driver(address: DatabaseAddress) -> Driver:
    """Return the driver of `mysql://user@host:3306/database`; parameters: PyMySQL's for TLS, and charset."""
    _verification(address.pick(*_OPTIONS))
    return Driver("mysql", MysqlSession)


class MysqlSession:
    """One connection of PyMySQL, in UTC."""

    def __init__(self, address: DatabaseAddress, _script: str) -> None:
        """Connect; if that fails, the driver's error says why."""
        self._pymysql = import_package("pymysql", "pymysql")
        self._cursors = import_package("pymysql.cursors", "pymysql")
        self._address = address
        self._connection = self._connect()
        self._cursor = self._connection.cursor()
        self._server: tuple[str, ...] = ()
        self._is_killed = False

    def _connect(self, seconds: int = 10) -> Any:  # noqa: ANN401  # it has no types
        options: dict[str, Any] = self._address.pick(*_OPTIONS)
        return self._pymysql.connect(
            host=self._address.host,
            port=self._address.port or _PORT,
            user=self._address.user,
            password=self._address.password,
            database=self._address.database or None,
            cursorclass=self._cursors.SSCursor,
            init_command="SET time_zone = '+00:00'",
            connect_timeout=seconds,
            local_infile=False,
            **{**options, **_verification(options)},
        )

    def begin(self) -> bool:
        """Begin a read-only transaction, and ask whether the server enforces it."""
        self._cursor.execute("SET SESSION TRANSACTION READ ONLY")
        self._cursor.execute("START TRANSACTION READ ONLY")
        values = _about(self._cursor)
        self._server = _name_server(values)
        return _keeps_from_writing(values)

    def run(self, sql: str) -> Any:  # noqa: ANN401  # as above
        """Execute a statement."""
        self._cursor.execute(sql)
        return self._cursor

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """List the columns of all tables."""
        return self.run(COLUMNS)

    def cancel(self) -> None:
        """Kill the statement by another connection; if that fails, shut this connection."""
        if self._is_killed or not self._server:
            self._shut()
            return
        self._is_killed = True
        try:
            with closing(self._connect(_KILL_S)) as other, other.cursor() as cursor:
                if _name_server(_about(cursor)) == self._server:  # behind a load balancer it may be another server
                    cursor.execute(f"KILL QUERY {self._connection.thread_id()}")
                else:
                    self._shut()
        except BaseException:
            self._shut()
            raise

    def _shut(self) -> None:
        """Wake a thread that waits for the server."""
        if (connection := self._connection._sock) is not None:  # noqa: SLF001  # PyMySQL has no such method
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def end(self) -> bool:
        """Return False: a session is not reused."""
        return False

    def close(self) -> None:
        """Close the connection at once: PyMySQL's cursor and result would read all remaining rows, and fail."""
        self._connection._force_close()  # noqa: SLF001  # PyMySQL's own way, by which it closes broken connections
        if (result := self._connection._result) is not None:  # noqa: SLF001  # as above
            result.unbuffered_active = False
        self._cursor.connection = None


def _about(cursor: Any) -> dict[str, str]:  # noqa: ANN401  # it has no types
    """Ask for the kind of server, its identity, and whether the session is read-only."""
    cursor.execute(_ABOUT)
    return {str(name).lower(): str(value) for name, value in cursor.fetchall()}


def _name_server(values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(values.get(name, "") for name in ("hostname", "server_id", "port"))


def _keeps_from_writing(values: Mapping[str, str]) -> bool:
    """Return whether this session is read-only, on a server that is known to enforce it."""
    version, comment = values.get("version", ""), values.get("version_comment", "")
    is_kin = "mariadb" in version.lower() or _MAKERS.match(comment) is not None
    is_other = _OTHERS.search(f"{version} {comment}") is not None
    may_only_read = values.get("transaction_read_only", values.get("tx_read_only", "")) in ("ON", "1")
    return is_kin and not is_other and may_only_read


def _verification(options: Mapping[str, str]) -> dict[str, bool]:
    """Return what TLS verifies: with any TLS option, the certificate and its name, unless the address says false.

    Raises: QueryError for a value other than true and false.
    """
    if not any(name.startswith("ssl_") for name in options):
        return {}
    values = {name: options.get(name, "true") for name in _SWITCHES}
    for name, value in values.items():
        if value not in ("true", "false"):
            raise QueryError(f"the database's address: {name} must be true or false, got {value!r}")
    return {name: value == "true" for name, value in values.items()}
