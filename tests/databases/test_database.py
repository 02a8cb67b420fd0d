"""`Database` with real servers and files: PostgreSQL with ADBC, MariaDB with PyMySQL, DuckDB."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from pymysql.cursors import SSCursor  # type: ignore[import-untyped,unused-ignore]  # it has no types
from shopservers import Server, query_of_an_hour, read

from gfruntime.errors import QueryError, failure_of
from gfruntime.sql.database import Database, Limits
from gfruntime.sql.drivers import mysql

if TYPE_CHECKING:
    import psycopg
    import pymysql  # type: ignore[import-untyped,unused-ignore]  # it has no types

SLEEP = {"postgres": "SELECT pg_sleep(30)", "mysql": "SELECT SLEEP(30)", "duckdb": "SELECT count(*) FROM m, m b, m c"}
MANY = {
    "postgres": "SELECT g AS x, repeat('x', 1000) AS t FROM generate_series(1, 3000000) g",
    "mysql": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 900) "
    "SELECT n.x, repeat('x', 1000) AS t FROM n, n m",
    "duckdb": "SELECT range AS x, repeat('x', 1000) AS t FROM range(3000000)",
}


def test_a_query_becomes_series(server: Server) -> None:
    """The query has macros, labels and filled gaps."""
    sql = "SELECT $__timeGroupAlias(opened, '20m', 0), name, count(*) AS n FROM shops WHERE $__timeFilter(opened)"
    [frame] = server.open().query(query_of_an_hour(), f"{sql} GROUP BY 1, 2 ORDER BY 1")

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
    """The text gets the type of the other operand, and is never SQL."""
    frame = read(server.open(), f"SELECT name FROM shops WHERE {where} ORDER BY id")

    assert (frame["name"].to_list() if frame.fields else []) == names


@pytest.mark.parametrize("value", ["a'b", 'a"b', "a\\b", "a\\'b", "é😀", "%s ${x} --", "a\nb"])
def test_a_variables_text_arrives_unchanged(server: Server, value: str) -> None:
    """Every character of the text arrives."""
    code = "".join(f"%{byte:02x}" for byte in value.encode())

    assert read(server.open(), f"SELECT $__text({code}) AS x")["x"].to_list() == [value]
    assert read(server.open(), f"SELECT '<$__text({code})>' AS x")["x"].to_list() == [f"<{value}>"]


def running(server: Server) -> int:
    """Count the statements that sleep."""
    if server.dialect == "postgres":
        sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(30)'"
    else:
        sql = "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'"
    return int(server.execute(sql)[0][0])


def test_a_cancelled_query_ends_in_the_database(server: Server) -> None:
    """The query ends soon, and the next one is answered."""
    database, query, began = server.open(connections=1), query_of_an_hour(), time.monotonic()
    threading.Timer(0.3, query.cancel.set).start()

    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, SLEEP[server.dialect], format="table")
    assert time.monotonic() - began < 10
    if server.dialect != "duckdb":
        assert running(server) == 0
    assert len(read(database, "SELECT * FROM shops")) == 2
    database.close()


def test_a_query_that_takes_too_long_ends(server: Server) -> None:
    """The error has the time limit."""
    database, began = server.open(seconds=0.5), time.monotonic()

    with pytest.raises(QueryError, match=r"took longer than 0\.5 s"):
        read(database, SLEEP[server.dialect])
    assert time.monotonic() - began < 10
    database.close()


@pytest.mark.parametrize(("limits", "least", "most"), [({"rows": 1000}, 1000, 1000), ({"bytes": 5_000_000}, 1, 5200)])
def test_rows_and_bytes_are_bounded(server: Server, limits: dict[str, Any], least: int, most: int) -> None:
    """Only the rows of the answer are read, and a notice says so; the connection can't be used again."""
    database, began = server.open(connections=1, **limits), time.monotonic()
    frame = read(database, MANY[server.dialect])

    assert least <= len(frame) <= most
    assert "nly the first" in frame.meta["notices"][0]["text"]
    assert time.monotonic() - began < 10
    assert read(database, "SELECT 5 AS x")["x"].to_list() == [5]
    database.close()


def test_tables_and_columns_are_listed(server: Server) -> None:
    """Tables and columns are listed for the editor."""
    names = {(each["value"], each["description"].partition(",")[0].split(" ")[0]) for each in server.open().names()}

    assert {("shops", "table"), ("id", "shops"), ("opened", "shops")} <= names


def test_an_sql_error_has_the_databases_message(server: Server) -> None:
    """The error belongs to the query, so that Grafana does not attribute it to the plugin."""
    with pytest.raises(Exception, match="nowhere") as refusal:
        read(server.open(), "SELECT nothing FROM nowhere")

    failure = failure_of(refusal.value)
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


def test_save_and_test_asks_the_database(server: Server) -> None:
    """The check connects."""
    assert server.open().check().status == "ok"


@pytest.mark.parametrize("address", ["postgresql://127.0.0.1:1/x", "mysql://127.0.0.1:1/x", "duckdb:/nowhere/a.duckdb"])
def test_an_unreachable_database_is_an_error(address: str) -> None:
    """The config page shows the error."""
    assert Database(address).check().status == "error"


def test_a_closed_postgres_connection_is_opened_again(postgres: psycopg.Connection[Any], postgres_url: str) -> None:
    """No query fails after a restart of the server."""
    database = Database(postgres_url, limits=Limits(connections=1))
    first = read(database, "SELECT pg_backend_pid() AS x")["x"].to_list()[0]
    assert read(database, "SELECT pg_backend_pid() AS x")["x"].to_list() == [first]

    postgres.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

    assert read(database, "SELECT pg_backend_pid() AS x")["x"].to_list() != [first]
    database.close()


def test_mysql_kills_nothing_on_another_server(
    mariadb: pymysql.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a load balancer an id may belong to another viewer's statement, so the connection is closed instead."""
    names, statements = iter(range(100)), list[str]()
    execute = SSCursor.execute

    def note(cursor: Any, sql: str, *arguments: object) -> Any:
        statements.append(sql)
        return execute(cursor, sql, *arguments)

    monkeypatch.setattr(SSCursor, "execute", note)
    monkeypatch.setattr(mysql, "_name_server", lambda _values: (str(next(names)),))
    database, query, began = (
        Database(f"mysql://root@127.0.0.1:{mariadb.port}/tests"),
        query_of_an_hour(),
        time.monotonic(),
    )
    threading.Timer(0.5, query.cancel.set).start()
    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, "SELECT SLEEP(20)", format="table")

    assert time.monotonic() - began < 5
    assert len([sql for sql in statements if sql.startswith("SHOW")]) == 2
    assert not [sql for sql in statements if sql.startswith("KILL")]
