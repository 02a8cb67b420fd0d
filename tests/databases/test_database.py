"""`Database` with real servers and files: PostgreSQL by ADBC, MariaDB by PyMySQL, DuckDB."""

from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from pymysql.cursors import SSCursor  # type: ignore[import-untyped,unused-ignore]  # it has no types

from gfruntime.errors import QueryError, failure_of
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.database import Database, Limits
from gfruntime.sql.drivers import mysql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg
    import pymysql  # type: ignore[import-untyped,unused-ignore]  # it has no types

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
TABLE = "CREATE TABLE shops (id INTEGER, name VARCHAR(20), opened TIMESTAMP)"
ROWS = ["(1, 'north', '2026-01-01 12:10:00')", "(2, 'O''Neil', '2026-01-01 12:50:00')"]
SLEEP = {"postgres": "SELECT pg_sleep(30)", "mysql": "SELECT SLEEP(30)", "duckdb": "SELECT count(*) FROM m, m b, m c"}
MANY = {
    "postgres": "SELECT g AS x, repeat('x', 1000) AS t FROM generate_series(1, 3000000) g",
    "mysql": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 900) "
    "SELECT n.x, repeat('x', 1000) AS t FROM n, n m",
    "duckdb": "SELECT range AS x, repeat('x', 1000) AS t FROM range(3000000)",
}


@dataclass(frozen=True)
class Server:
    """A database under test: its address, and what runs a statement there as its owner."""

    dialect: str
    address: str
    execute: Callable[[str], Any]
    opened: list[Database] = field(default_factory=list)

    def open(self, **limits: Any) -> Database:
        """Open it as a data source does, until the test ends."""
        self.opened.append(Database(self.address, limits=Limits(**limits)))
        return self.opened[-1]

    def state(self) -> list[Any]:
        """Read the table as its owner, and which tables and columns there are."""
        rows = self.execute("SELECT * FROM shops ORDER BY id")
        names = self.execute("SELECT table_name, column_name FROM information_schema.columns ORDER BY 1, 2")
        return [*map(str, rows), *map(str, names)]


@pytest.fixture(params=["postgres", "mysql", "duckdb"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Make the table in each kind of database in turn."""
    if request.param == "postgres":
        connection = request.getfixturevalue("postgres")
        yield from server_with_rows(
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
        yield from server_with_rows(Server("duckdb", f"duckdb:{path}?threads=1", run))


def rows_of(connection: psycopg.Connection[Any], sql: str) -> Any:
    """Run a statement; give its rows, where it has any."""
    cursor = connection.execute(sql)
    return cursor.fetchall() if cursor.description else []


def _mysql(connection: pymysql.Connection[Any]) -> Iterator[Server]:
    def run(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    yield from server_with_rows(Server("mysql", f"mysql://root@127.0.0.1:{connection.port}/tests", run))


def server_with_rows(server: Server) -> Iterator[Server]:
    """Make the table; close in the end what was opened."""
    server.execute("DROP TABLE IF EXISTS shops")
    server.execute(TABLE)
    server.execute(f"INSERT INTO shops VALUES {', '.join(ROWS)}")
    yield server
    for database in server.opened:
        database.close()


def make_query() -> Query[None]:
    """Make a query of an hour."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    return Query(model=None, time_range=window, interval=dt.timedelta(minutes=1))


def read(database: Database, sql: str) -> Any:
    """Ask for a table."""
    [frame] = database.query(make_query(), sql, format="table")
    return frame


def test_a_query_becomes_series(server: Server) -> None:
    """Macros, labels and filled gaps."""
    sql = "SELECT $__timeGroupAlias(opened, '20m', 0), name, count(*) AS n FROM shops WHERE $__timeFilter(opened)"
    [frame] = server.open().query(make_query(), f"{sql} GROUP BY 1, 2 ORDER BY 1")

    assert [(field.labels, field.to_list()) for field in frame.fields[1:]] == [
        ({"name": "O'Neil"}, [0, 0, 1, 0]),
        ({"name": "north"}, [1, 0, 0, 0]),
    ]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("name = $__text(O%27Neil)", ["O'Neil"]),
        ("name = '$__text(O%27Neil)'", ["O'Neil"]),
        ("name LIKE '%$__text(or)%'", ["north"]),
        ("name IN ($__text(north,O%27Neil))", ["north", "O'Neil"]),
        ("id = $__text(2)", ["O'Neil"]),
        ("id IN ($__text(1,2))", ["north", "O'Neil"]),
        ("opened > $__text(2026-01-01 12%3A30%3A00)", ["O'Neil"]),
        ("name = $__text(%27%20OR%201%3D1%20--%20)", []),
        ("name = $__text(%5C%27%20OR%201%3D1%20--%20)", []),
        ("name <> $__text(%C3%A9)", ["north", "O'Neil"]),
        ("$__text(a%5Cb%22%60) = 'x'", []),
    ],
)
def test_a_variables_text_is_a_value(server: Server, where: str, names: list[str]) -> None:
    """Of the type that it is compared with, and never SQL."""
    frame = read(server.open(), f"SELECT name FROM shops WHERE {where} ORDER BY id")

    assert (frame["name"].to_list() if frame.fields else []) == names


@pytest.mark.parametrize("value", ["a'b", 'a"b', "a\\b", "a\\'b", "é😀", "%s ${x} --", "a\nb"])
def test_a_variables_text_arrives_as_it_is(server: Server, value: str) -> None:
    """Every character of it."""
    encoded_value = "".join(f"%{byte:02x}" for byte in value.encode())

    assert read(server.open(), f"SELECT $__text({encoded_value}) AS x")["x"].to_list() == [value]
    assert read(server.open(), f"SELECT '<$__text({encoded_value})>' AS x")["x"].to_list() == [f"<{value}>"]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO shops VALUES (3, 'x', NULL)",
        "DELETE FROM shops",
        "UPDATE shops SET name = 'x'",
        "DROP TABLE shops",
        "CREATE TABLE evil (x INT)",
        "ALTER TABLE shops ADD COLUMN x INT",
        "SELECT 1; DELETE FROM shops",
        "COMMIT; DELETE FROM shops",
    ],
)
def test_a_query_only_reads(server: Server, sql: str) -> None:
    """For any statement, the table is the same afterwards."""
    before = server.state()
    database = server.open(connections=1)
    with suppress(Exception):
        read(database, sql)
        pytest.fail("it was not refused")
    database.close()

    assert server.state() == before


@pytest.mark.parametrize(
    "attempts",
    [
        ["SET TRANSACTION READ WRITE"],
        ["SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "COMMIT"],
        ["SELECT set_config('default_transaction_read_only', 'off', false) AS x"],
        ["SELECT set_config('transaction_read_only', 'off', false) AS x"],
        ["ROLLBACK"],
        ["COMMIT"],
        ["DO $$ BEGIN SET TRANSACTION READ WRITE; INSERT INTO shops VALUES (3, 'x', NULL); END $$"],
        ["SET SESSION TRANSACTION READ WRITE"],
        ["SET GLOBAL read_only = 0"],
        ["SET autocommit = 1"],
        ["SET enable_external_access = true"],
        ["PRAGMA enable_external_access = true"],
    ],
    ids=str,
)
def test_no_query_can_let_the_next_one_write(server: Server, attempts: list[str]) -> None:
    """A setting or the end of a transaction is of no use, for the same connection or another."""
    database, before = server.open(connections=1), server.state()
    for sql in attempts:
        with suppress(Exception):
            read(database, sql)
    for _ in range(2):
        with suppress(Exception):
            read(database, "DELETE FROM shops")
    with suppress(Exception):
        read(database, "WITH gone AS (DELETE FROM shops RETURNING 1) SELECT * FROM gone")
    for sql in ("DROP TABLE shops", "CREATE TABLE evil (x INT)"):
        with suppress(Exception):
            read(database, sql)
    database.close()

    assert server.state() == before


SESSION_STATE = {
    "postgres": [
        ("SELECT set_config('TimeZone', 'Asia/Tokyo', false)", "SELECT to_char(now(), 'TZ') AS x", "UTC"),
        (
            "SELECT pg_advisory_lock(7)::text AS x",
            "SELECT count(*)::text AS x FROM pg_locks WHERE locktype = 'advisory'",
            "0",
        ),
    ],
    "mysql": [
        ("SET time_zone = '+09:00'", "SELECT @@time_zone AS x", "+00:00"),
        ("SELECT @x := 'left' AS x", "SELECT COALESCE(@x, 'nothing') AS x", "nothing"),
    ],
    "duckdb": [("SET VARIABLE x = 'left'", "SELECT coalesce(getvariable('x'), 'nothing') AS x", "nothing")],
}
"""By dialect: what a query sets, how another one sees it, and what that one should see."""


def test_nothing_of_a_query_is_left_for_the_next_one(server: Server) -> None:
    """Though it may have the same connection."""
    for change, look, expected in SESSION_STATE[server.dialect]:
        database = server.open(connections=1)
        with suppress(QueryError):
            read(database, change)

        assert read(database, look)["x"].to_list() == [expected]
        database.close()


def running(server: Server) -> int:
    """Count the statements that sleep."""
    if server.dialect == "postgres":
        sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(30)'"
    else:
        sql = "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'"
    return int(server.execute(sql)[0][0])


def test_a_query_that_nobody_waits_for_ends_in_the_database(server: Server) -> None:
    """Soon, and the next query has an answer."""
    database, query, began = server.open(connections=1), make_query(), time.monotonic()
    threading.Timer(0.3, query.cancel.set).start()

    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, SLEEP[server.dialect], format="table")
    assert time.monotonic() - began < 10
    if server.dialect != "duckdb":
        assert running(server) == 0
    assert len(read(database, "SELECT * FROM shops")) == 2
    database.close()


def test_a_query_that_takes_too_long_ends(server: Server) -> None:
    """The error is one sentence."""
    database, began = server.open(seconds=0.5), time.monotonic()

    with pytest.raises(QueryError, match=r"took longer than 0\.5 s"):
        read(database, SLEEP[server.dialect])
    assert time.monotonic() - began < 10
    database.close()


@pytest.mark.parametrize(("limits", "least", "most"), [({"rows": 1000}, 1000, 1000), ({"bytes": 5_000_000}, 1, 5200)])
def test_rows_and_bytes_are_bounded(server: Server, limits: dict[str, Any], least: int, most: int) -> None:
    """No more are read than the answer has, and a notice says so; the connection is of no use any more."""
    database, began = server.open(connections=1, **limits), time.monotonic()
    frame = read(database, MANY[server.dialect])

    assert least <= len(frame) <= most
    assert "nly the first" in frame.meta["notices"][0]["text"]
    assert time.monotonic() - began < 10
    assert read(database, "SELECT 5 AS x")["x"].to_list() == [5]
    database.close()


def test_tables_and_columns_are_listed(server: Server) -> None:
    """For the editor."""
    names = {(each["value"], each["description"].partition(",")[0].split(" ")[0]) for each in server.open().names()}

    assert {("shops", "table"), ("id", "shops"), ("opened", "shops")} <= names


def test_a_mistake_is_said_in_the_databases_words(server: Server) -> None:
    """It is the query's, so that Grafana does not count it as the plugin's."""
    with pytest.raises(Exception, match="nowhere") as caught:
        read(server.open(), "SELECT nothing FROM nowhere")

    failure = failure_of(caught.value)
    assert (failure.status, failure.source) == (400, "downstream")


def test_queries_of_many_threads_share_the_connections(server: Server) -> None:
    """Each thread gets its own answer."""
    database, answers = server.open(connections=3), []

    def ask(number: int) -> None:
        answers.append((number, read(database, f"SELECT {number} AS x")["x"].to_list()))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [(number, [number]) for number in range(12)]
    database.close()


def test_save_and_test_queries_the_database(server: Server) -> None:
    """If it can't be reached, the message says so."""
    assert server.open().check().status == "ok"


@pytest.mark.parametrize("address", ["postgresql://127.0.0.1:1/x", "mysql://127.0.0.1:1/x", "duckdb:/nowhere/a.duckdb"])
def test_what_can_not_be_reached_is_said(address: str) -> None:
    """On the config page."""
    assert Database(address).check().status == "error"


@pytest.mark.parametrize(
    "address", ["duckdb:", "duckdb:/x.db?enable_external_access=true", "mysql://h/x?local_infile=1"]
)
def test_an_address_can_not_loosen_what_keeps_it(address: str) -> None:
    """A parameter that is not known is refused."""
    with pytest.raises(QueryError, match="the database's address"):
        Database(address)


def test_postgres_is_connected_to_again_when_it_has_closed_a_connection(
    postgres: psycopg.Connection[Any], postgres_url: str
) -> None:
    """A server that was restarted costs no query."""
    database = Database(postgres_url, limits=Limits(connections=1))
    first = read(database, "SELECT pg_backend_pid() AS x")["x"].to_list()[0]
    assert read(database, "SELECT pg_backend_pid() AS x")["x"].to_list() == [first]

    postgres.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

    assert read(database, "SELECT pg_backend_pid() AS x")["x"].to_list() != [first]
    database.close()


def test_mysql_kills_nothing_on_another_server(
    mariadb: pymysql.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a balancer a number may be another viewer's statement: the connection is shut instead."""
    names, statements = iter(range(100)), list[str]()
    execute = SSCursor.execute

    def note(cursor: Any, sql: str, *arguments: object) -> Any:
        statements.append(sql)
        return execute(cursor, sql, *arguments)

    monkeypatch.setattr(SSCursor, "execute", note)
    monkeypatch.setattr(mysql, "_name_server", lambda _values: (str(next(names)),))
    database, query, began = Database(f"mysql://root@127.0.0.1:{mariadb.port}/tests"), make_query(), time.monotonic()
    threading.Timer(0.5, query.cancel.set).start()
    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, "SELECT SLEEP(20)", format="table")

    assert time.monotonic() - began < 5
    assert len([sql for sql in statements if sql.startswith("SHOW")]) == 2
    assert not [sql for sql in statements if sql.startswith("KILL")]


def test_duckdb_reaches_nothing_but_its_file(tmp_path: Path) -> None:
    """It reads no other file, and no copy of its own."""
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with closing(duckdb.connect(str(tmp_path / "a.duckdb"))) as owner:
        owner.execute("CREATE TABLE t AS SELECT 1 AS a")
    database, before = Database(f"duckdb:{tmp_path}/a.duckdb"), sorted(tmp_path.iterdir())

    for sql in (
        f"SELECT * FROM '{tmp_path}/secret.csv'",
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
        f"COPY t TO '{tmp_path}/evil.csv'",
        f"ATTACH '{tmp_path}/evil.duckdb' AS evil",
        f"EXPORT DATABASE '{tmp_path}/evil'",
        "INSTALL httpfs",
        "SELECT * FROM read_text('/etc/passwd')",
        "SET memory_limit = '100GB'",
        "ATTACH ':memory:' AS other",
        "SELECT 1; SELECT 2",
        "SELECT 1; ATTACH ':memory:' AS other",
        "PRAGMA database_list",
        "",
    ):
        with pytest.raises(Exception, match=r"disabled|the data source is read-only: expected one SELECT"):
            read(database, sql)
    database.close()
    assert sorted(tmp_path.iterdir()) == before
