"""Snowflake by ADBC, with results as Arrow; times are in UTC.

There are no read-only sessions: only the rights of the account's role prevent a write.

Source: arrow.apache.org, adbc/current/driver/snowflake.html; github.com/snowflakedb/gosnowflake, dsn.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from gfruntime.errors import QueryError
from gfruntime.sql.drivers import COLUMNS, Driver, import_package
from gfruntime.sql.drivers.adbc import AdbcSession

if TYPE_CHECKING:
    from gfruntime.sql.address import DatabaseAddress

_OPTIONS = ("role", "warehouse")
_OPTION = "adbc.snowflake.sql.client_option."


def driver(address: DatabaseAddress) -> Driver:
    """Return the driver of `snowflake://user@account/database/schema?warehouse=W&role=R`.

    Raises: QueryError without an account and a user.
    """
    address.pick(*_OPTIONS)
    if not (address.host and address.user):
        raise QueryError("the database's address needs a user and an account: snowflake://reader@account/database")
    return Driver("snowflake", open_session, refuses_writes=False)


def open_session(address: DatabaseAddress, _script: str) -> AdbcSession:
    """Connect; if that fails, the driver's error says why."""
    adbc = import_package("adbc_driver_snowflake.dbapi", "adbc-driver-snowflake")
    options = {
        "uri": write_uri(address),
        "username": address.user,
        "password": address.password,
        f"{_OPTION}disable_telemetry": "true",
        f"{_OPTION}login_timeout": "10s",
        f"{_OPTION}use_high_precision": "false",  # return whole numbers as whole numbers
    }
    return AdbcSession(adbc.connect(db_kwargs=options, autocommit=True), COLUMNS)


def write_uri(address: DatabaseAddress) -> str:
    """Write the driver's URI, whose parameters may be settings of the session; the login is separate."""
    parameters = urlencode({"timezone": "UTC", **address.parameters}, quote_via=quote)
    return f"user:password@{address.host}{quote(address.path)}?{parameters}"
