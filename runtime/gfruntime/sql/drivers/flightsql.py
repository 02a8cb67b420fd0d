"""Flight SQL by ADBC, with results as Arrow.

The protocol has no read-only transactions: only the account's rights prevent a write.

Source: arrow.apache.org, adbc/current/driver/flight_sql.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from gfruntime.errors import QueryError
from gfruntime.sql.dialects import Dialect
from gfruntime.sql.drivers import COLUMNS, SQLITE_COLUMNS, Driver, import_package
from gfruntime.sql.drivers.adbc import AdbcSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfruntime.sql.address import DatabaseAddress

_DIALECTS: tuple[Dialect, ...] = get_args(Dialect)


def driver(address: DatabaseAddress) -> Driver:
    """Return the driver of `grpc+tls://user@host:port?dialect=postgres`; the dialect is that of the server's SQL.

    Raises: QueryError for an unknown dialect.
    """
    name = address.parameters.get("dialect", "postgres")
    dialect = next((each for each in _DIALECTS if each == name), None)
    if dialect is None:
        raise QueryError(f"the database's address: the dialect must be one of {', '.join(_DIALECTS)}")
    address.pick("dialect", "tls_skip_verify")
    return Driver(dialect, open_session, refuses_writes=False)


def open_session(address: DatabaseAddress, _script: str) -> AdbcSession:
    """Connect; if that fails, the driver's error says why."""
    adbc = import_package("adbc_driver_flightsql.dbapi", "adbc-driver-flightsql")
    server = f"{address.scheme}://{address.server}:{address.port or 443}"
    connection = adbc.connect(server, db_kwargs=dict(_options(address)), autocommit=True)
    return AdbcSession(connection, SQLITE_COLUMNS if address.parameters.get("dialect") == "sqlite" else COLUMNS)


def _options(address: DatabaseAddress) -> Iterator[tuple[str, str]]:
    """Return the options for a user's name and password, or for a password alone as a token."""
    if address.user:
        yield "username", address.user
        yield "password", address.password
    elif address.password:
        yield "adbc.flight.sql.authorization_header", f"Bearer {address.password}"
    if address.parameters.get("tls_skip_verify") == "true":
        yield "adbc.flight.sql.client_option.tls_skip_verify", "true"
