"""The databases that `Database` opens: the driver of each address, and the interface of a driver.

| scheme of the address | driver | protection against writes |
| --- | --- | --- |
| `sqlite` | Python's `sqlite3` | `mode=ro`, and an authorizer that refuses all but reading |
| `duckdb` | `duckdb` | `read_only`, settings that nobody can change, and one SELECT at a time |
| `postgresql` | `adbc-driver-postgresql`, as Arrow | `BEGIN TRANSACTION READ ONLY`, which the server confirms |
| `mysql`, `mariadb` | `pymysql` | `START TRANSACTION READ ONLY`, on servers that are known to enforce it |
| `clickhouse`, `clickhouse+http` | `clickhouse-connect` | the setting `readonly`, which the server confirms |
| `grpc`, `grpc+tls` | `adbc-driver-flightsql`, as Arrow | the account's rights alone |
| `snowflake` | `adbc-driver-snowflake`, as Arrow | the account's rights alone |
| `trino`, `trino+http` | `trino` | the account's rights alone |

A driver is imported when an address needs it, so a bundle has only the drivers that the project depends on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from gfruntime.sql.address import DatabaseAddress
    from gfruntime.sql.dialects import Dialect


class Session(Protocol):
    """A connection that answers one query after the other; another thread calls `cancel`."""

    def begin(self) -> bool:
        """Begin a query, and return whether the session is read-only; this fails if the connection is lost."""

    def run(self, sql: str) -> Any:  # noqa: ANN401  # PEP 249 has no types
        """Execute a statement and return a result for `Frame.from_cursor`."""

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """Execute a statement that lists schema, table, column and type of all columns."""

    def cancel(self) -> None:
        """Tell the database to cancel the statement."""

    def end(self) -> bool:
        """End the query, and return whether the session is clean: ready for any user's next query."""

    def close(self) -> None:
        """Close the connection."""


class Driver(NamedTuple):
    """How one kind of database is opened.

    `refuses_writes` tells whether its sessions can be read-only; `begin` returns whether a session is read-only. An
    idle session is kept for `idle_s` seconds.
    """

    dialect: Dialect
    open: Any  # Callable[[Address, str], Session]: an address, and a script for a database in memory
    refuses_writes: bool = True
    idle_s: float = 60.0


_MODULES = {
    "sqlite": "sqlite",
    "duckdb": "duckdb",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "grpc": "flightsql",
    "grpc+tls": "flightsql",
    "clickhouse": "clickhouse_http",
    "clickhouse+http": "clickhouse_http",
    "snowflake": "snowflake",
    "trino": "trino",
    "trino+http": "trino",
}

COLUMNS = """\
SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
WHERE lower(table_schema) NOT IN ('information_schema', 'pg_catalog', 'mysql', 'performance_schema', 'sys')
ORDER BY table_schema, table_name, ordinal_position"""

SQLITE_COLUMNS = """\
SELECT '', m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid"""


def find_driver(address: DatabaseAddress) -> Driver:
    """Import the driver of an address.

    Raises: QueryError for an unknown scheme.
    """
    module = _MODULES.get(address.scheme)
    if module is None:
        schemes = ", ".join(_MODULES)
        raise QueryError(f"the database's address begins with {address.scheme or 'no scheme'}; use one of {schemes}")
    driver: Driver = importlib.import_module(f"gfruntime.sql.drivers.{module}").driver(address)
    return driver


def import_package(module: str, package: str) -> Any:  # noqa: ANN401  # a module
    """Import a driver's module.

    Raises: QueryError that names the missing package.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise QueryError(
            f"this kind of database needs the package {package}: add it to the project, and build the plugin again"
        ) from error
