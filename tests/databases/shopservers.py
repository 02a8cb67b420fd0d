"""A table of shops in PostgreSQL, MariaDB and DuckDB, and queries of it."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.database import Database, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg
    import pymysql  # type: ignore[import-untyped,unused-ignore]  # it has no types


NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
TABLE = "CREATE TABLE shops (id INTEGER, name VARCHAR(20), opened TIMESTAMP)"
ROWS = ["(1, 'north', '2026-01-01 12:10:00')", "(2, 'O''Neil', '2026-01-01 12:50:00')"]


@dataclass(frozen=True)
class Server:
    """A database under test: its address, and a function that runs a statement there as its owner."""

    dialect: str
    address: str
    execute: Callable[[str], Any]
    databases: list[Database] = field(default_factory=list)

    def open(self, **limits: Any) -> Database:
        """Open the database like a data source, until the test ends."""
        self.databases.append(Database(self.address, limits=Limits(**limits)))
        return self.databases[-1]

    def state(self) -> list[Any]:
        """Read the table as its owner, and list the tables and columns."""
        rows = self.execute("SELECT * FROM shops ORDER BY id")
        names = self.execute("SELECT table_name, column_name FROM information_schema.columns ORDER BY 1, 2")
        return [*map(str, rows), *map(str, names)]


@pytest.fixture(params=["postgres", "mysql", "duckdb"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Create the table in each kind of database in turn."""
    if request.param == "postgres":
        connection = request.getfixturevalue("postgres")
        yield from with_table(
            Server("postgres", request.getfixturevalue("postgres_url"), lambda sql: rows_of(connection, sql))
        )
    elif request.param == "mysql":
        yield from _mysql(request.getfixturevalue("mariadb"))
    else:
        path = tmp_path / "shops.duckdb"

        def run(sql: str) -> Any:
            with closing(duckdb.connect(str(path))) as owner:
                return owner.execute(sql).fetchall()

        run("CREATE TABLE m AS SELECT range AS x FROM range(100000)")
        yield from with_table(Server("duckdb", f"duckdb:{path}?threads=1", run))


def rows_of(connection: psycopg.Connection[Any], sql: str) -> Any:
    """Run a statement; return its rows, if it has any."""
    cursor = connection.execute(sql)
    return cursor.fetchall() if cursor.description else []


def _mysql(connection: pymysql.Connection[Any]) -> Iterator[Server]:
    def run(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    yield from with_table(Server("mysql", f"mysql://root@127.0.0.1:{connection.port}/tests", run))


def with_table(server: Server) -> Iterator[Server]:
    """Create the table; close the databases in the end."""
    server.execute("DROP TABLE IF EXISTS shops")
    server.execute(TABLE)
    server.execute(f"INSERT INTO shops VALUES {', '.join(ROWS)}")
    yield server
    for database in server.databases:
        database.close()


def query_of_an_hour() -> Query[None]:
    """Make a query with a range of an hour."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    return Query(model=None, time_range=window, interval=dt.timedelta(minutes=1))


def read(database: Database, sql: str) -> Any:
    """Query a table."""
    [frame] = database.query(query_of_an_hour(), sql, format="table")
    return frame
