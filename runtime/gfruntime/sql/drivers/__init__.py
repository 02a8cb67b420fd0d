"""The databases that `Database` opens: which driver an address means, and what a driver does.

| scheme of the address | driver | it may only read by |
| --- | --- | --- |
| `sqlite` | Python's `sqlite3` | `mode=ro`, and an authorizer that refuses all but reading |
| `duckdb` | `duckdb` | `read_only`, and settings that nobody can change |
| `postgresql` | `adbc-driver-postgresql`, as Arrow | `BEGIN TRANSACTION READ ONLY` |
| `mysql`, `mariadb` | `pymysql` | `START TRANSACTION READ ONLY` |
| `grpc`, `grpc+tls` | `adbc-driver-flightsql`, as Arrow | the account's rights alone |

A driver is imported when an address asks for it, so a bundle holds those that the project depends on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from gfruntime.sql.address import Address
    from gfruntime.sql.dialects import Dialect


class Session(Protocol):
    """A connection that answers one query after the other; `cancel` is called in another thread than the rest."""

    def begin(self) -> None:
        """Begin a query, which may only read; this fails if the connection is gone."""

    def run(self, sql: str) -> Any:  # noqa: ANN401  # PEP 249 has no types
        """Execute a statement and return what `Frame.from_cursor` reads."""

    def cancel(self) -> None:
        """Tell the database to give up the statement."""

    def end(self) -> bool:
        """End the query, and tell whether the session is as new: ready for anybody's next one."""

    def close(self) -> None:
        """Close the connection."""


class Driver(NamedTuple):
    """How one kind of database is opened.

    `refuses_writes` tells whether the database itself keeps a query from writing. `columns` is SQL that lists schema,
    table, column and type of all columns.
    """

    dialect: Dialect
    open: Any  # Callable[[Address, str], Session]: an address, and a script for a database in memory
    columns: str
    refuses_writes: bool = True


_MODULES = {
    "sqlite": "sqlite",
    "duckdb": "duckdb",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "grpc": "flightsql",
    "grpc+tls": "flightsql",
}

COLUMNS = """\
SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
WHERE lower(table_schema) NOT IN ('information_schema', 'pg_catalog', 'mysql', 'performance_schema', 'sys')
ORDER BY table_schema, table_name, ordinal_position"""


def find_driver(address: Address) -> Driver:
    """Import what opens an address.

    Raises: QueryError for a scheme that is not known.
    """
    module = _MODULES.get(address.scheme)
    if module is None:
        known = ", ".join(_MODULES)
        raise QueryError(f"the database's address begins with {address.scheme or 'no scheme'}: it may be {known}")
    driver: Driver = importlib.import_module(f"gfruntime.sql.drivers.{module}").driver(address)
    return driver


def import_package(module: str, package: str) -> Any:  # noqa: ANN401  # a module
    """Import a driver's module.

    Raises: QueryError saying which package is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise QueryError(
            f"this kind of database needs the package {package}: add it to the project, and build the plugin again"
        ) from error
