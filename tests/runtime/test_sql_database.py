"""A database by its address, here SQLite: what a query may do and cost, and how connections are shared.

tests/databases tests the other databases.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from sqlqueries import query_of_an_hour, read

from gfruntime.errors import QueryError
from gfruntime.sql.address import DatabaseAddress
from gfruntime.sql.database import Database, Limits
from gfruntime.sql.drivers import sqlite

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT "
SCRIPT = "CREATE TABLE sales (time INTEGER, region TEXT, amount REAL); INSERT INTO sales VALUES (1, 'north', 2.0);"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a file of one table with one row; the file's name needs encoding in an address."""
    path = tmp_path / "a?b#c%20.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCRIPT)
    connection.close()
    return path


def open_file(path: Path, **limits: Any) -> Database:
    """Open a file by its address."""
    address = str(path).replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    return Database(f"sqlite:{address}", limits=Limits(**limits))


def in_memory(**limits: Any) -> Database:
    """Open a database in memory."""
    return Database("sqlite:", script=SCRIPT, limits=Limits(**limits))


@pytest.mark.parametrize("is_file", [True, False], ids=["file", "memory"])
@pytest.mark.parametrize(
    "sql",
    [
        "VACUUM INTO '{evil}'",
        "VACUUM",
        "ATTACH '{evil}' AS evil",
        "ATTACH ':memory:' AS evil",
        "DETACH main",
        "PRAGMA user_version",
        "PRAGMA query_only=OFF",
        "PRAGMA journal_mode=WAL",
        "PRAGMA hard_heap_limit=0",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_query_only(0)",
        "SELECT load_extension('{evil}')",
        "SELECT LOAD_EXTENSION('{evil}', 'x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT readfile('{evil}')",
        "SELECT writefile('{evil}', 'x')",
        "WITH x AS (SELECT 1) INSERT INTO sales SELECT 1, 2, 3",
        "WITH x AS (SELECT 1) DELETE FROM sales",
        "WITH x AS (SELECT 1) UPDATE sales SET amount = 0 RETURNING amount",
        "INSERT INTO sales VALUES (1, 2, 3)",
        "REPLACE INTO sales VALUES (1, 2, 3)",
        "DELETE FROM sales RETURNING 1",
        "DROP TABLE sales",
        "ALTER TABLE sales RENAME TO x",
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x (a)",
        "CREATE VIRTUAL TABLE x USING fts5(a)",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TRIGGER x AFTER INSERT ON sales BEGIN SELECT 1; END",
        "ANALYZE",
        "BEGIN EXCLUSIVE",
        "SAVEPOINT x",
        "COMMIT",
        "SELECT 1; DROP TABLE sales",
        "SELECT 1; SELECT 2",
        "SELECT 1 /* ; */; VACUUM INTO '{evil}'",
        "",
        "-- nothing",
        ";",
        "\x00",
        "SELECT zeroblob(1000000000)",
        "SELECT randomblob(1000000000)",
        "SELECT hex(randomblob(600000))",
        "SELECT printf('%.*c', 1000000000, 'x')",
        "SELECT printf('%1000000000d', 1)",
        "SELECT format('%.*c', 1000000000, 'x')",
        pytest.param(ENDLESS + "group_concat(x) FROM n", marks=pytest.mark.slow),
        pytest.param(  # one row, so that its bytes stay within the bound
            ENDLESS + "max(hex(randomblob(40000))) FROM n", marks=pytest.mark.slow
        ),
        pytest.param(ENDLESS + "x, randomblob(100) FROM n ORDER BY 2", marks=pytest.mark.slow),
        "SELECT " + ", ".join(["1"] * 300),
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT 'a' LIKE '" + "%a" * 500 + "'",
        " UNION ALL ".join(["SELECT 1"] * 100),
        "SELECT 1 " + " " * 1_000_000,
        "SELECT :unknown",
        "SELECT $__timeGroup(",
    ],
)  # fmt: skip
def test_sql_that_does_more_than_read_is_refused(path: Path, tmp_path: Path, sql: str, *, is_file: bool) -> None:
    """The error is one sentence; no file is written, and the database is the same afterwards."""
    evil, before = tmp_path / "evil", path.read_bytes()
    database = open_file(path, seconds=0.5) if is_file else in_memory(seconds=0.5)
    began = time.monotonic()

    with pytest.raises(QueryError) as failure:
        read(database, sql.replace("{evil}", str(evil)))
    assert "\n" not in str(failure.value)
    assert time.monotonic() - began < 20
    assert read(database, "SELECT * FROM sales")["region"].to_list() == ["north"]
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS + "count(*) FROM n",
        ENDLESS + "max(x) FROM n",
        ENDLESS.replace("ALL", "") + "count(*) FROM n WHERE x < 0",
        "WITH n AS (VALUES (1), (2), (3), (4)) SELECT count(*) FROM n" + "".join(f", n n{i}" for i in range(30)),  # noqa: S608
    ],
)  # fmt: skip
def test_an_endless_query_is_stopped(sql: str) -> None:
    """The deadline ends the query in each case."""
    with pytest.raises(QueryError, match=r"took longer than 0\.1 s|too much memory"):
        read(in_memory(seconds=0.1), sql)


def test_grafanas_deadline_bounds_a_query() -> None:
    """Grafana's deadline may be earlier than the limit."""
    query = query_of_an_hour(deadline=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.2))

    with pytest.raises(QueryError, match=r"took longer than 0\.[12]"):
        in_memory(seconds=60).query(query, ENDLESS + "count(*) FROM n")


@pytest.mark.parametrize("delay", [0.0, 0.2])
def test_a_cancelled_query_ends(delay: float) -> None:
    """The query ends soon, and the next query is not cancelled."""
    database, query, began = in_memory(connections=1), query_of_an_hour(), time.monotonic()
    threading.Timer(delay, query.cancel.set).start()

    with pytest.raises(QueryError, match="cancelled") as failure:
        database.query(query, ENDLESS + "count(*) FROM n")
    assert failure.value.status == 499
    assert time.monotonic() - began < 5
    assert len(read(database, "SELECT * FROM sales")) == 1


def test_rows_beyond_the_limit_are_left_out() -> None:
    """A notice says that rows are left out."""
    frame = read(in_memory(rows=1000), ENDLESS + "x FROM n")

    assert len(frame) == 1000
    assert "1000" in frame.meta["notices"][0]["text"].replace(",", "")


def test_bytes_beyond_the_limit_are_left_out() -> None:
    """The bound holds for any number of rows."""
    frame = read(in_memory(bytes=10_000_000), ENDLESS + "hex(zeroblob(10000)) AS x FROM n")

    assert 400 < len(frame) < 500
    assert frame.meta["notices"][0]["text"] == f"Only the first {len(frame)} rows are shown: they have 10 MB"
    assert frame.meta["notices"][0]["severity"] == "warning"


def test_gaps_of_series_are_filled_and_tables_have_times() -> None:
    """The gaps of a series are filled; a table has its times."""
    database = in_memory()
    sql = "SELECT $__timeGroupAlias(t, '20m', 0), count(*) AS n FROM (SELECT $__unixEpochFrom() AS t) GROUP BY 1"

    assert database.query(query_of_an_hour(), sql)[0]["n"].to_list() == [1.0, 0.0, 0.0, 0.0]
    table = database.query(query_of_an_hour(), "SELECT 1 AS time, 2000 AS timeEnd, 3 AS n", format="table")[0]
    assert [field.type for field in table.fields] == ["time", "time", "int64"]
    assert table["timeEnd"].to_list() == [dt.datetime(1970, 1, 1, 0, 33, 20, tzinfo=dt.UTC)]


def test_connections_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries one after the other share a connection; a query that failed closes it."""
    paths = []
    connect = sqlite._connect  # counted

    def count(path: str, script: str) -> sqlite3.Connection:
        paths.append(path)
        return connect(path, script)

    monkeypatch.setattr(sqlite, "_connect", count)
    database = in_memory()

    for _ in range(3):
        read(database, "SELECT 1 AS x")
    assert len(paths) == 1
    with suppress(QueryError):
        read(database, "SELECT nothing")
    read(database, "SELECT 1 AS x")
    assert len(paths) == 2
    read(in_memory(rows=1), ENDLESS + "x FROM n")
    assert len(paths) == 3


def test_no_more_statements_run_at_once_than_there_are_connections() -> None:
    """Other statements wait, but not for ever."""
    database, query = in_memory(connections=1, seconds=0.3), query_of_an_hour()
    holder = threading.Thread(target=lambda: suppress_late(database))
    began = time.monotonic()
    holder.start()
    time.sleep(0.05)
    with suppress(QueryError):
        read(database, "SELECT 1 AS x")
    assert time.monotonic() - began > 0.25
    holder.join()
    query.cancel.set()
    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, "SELECT 1 AS x")


def suppress_late(database: Database) -> None:
    """Keep the connection until the query has exceeded its time."""
    with suppress(QueryError):
        read(database, ENDLESS + "count(*) FROM n")


def test_a_closed_database_keeps_no_connection() -> None:
    """Queries that still run close their connections."""
    database = in_memory()
    read(database, "SELECT 1 AS x")
    database.close()
    read(database, "SELECT 1 AS x")

    assert database._pool._idle == []  # no other sign shows it


def test_tables_and_columns_are_listed(path: Path) -> None:
    """Each name is listed once, with its kind."""
    for database in (open_file(path), in_memory()):
        assert database.names() == [
            {"value": "sales", "label": "sales", "description": "table"},
            {"value": "time", "label": "time", "description": "sales, INTEGER"},
            {"value": "region", "label": "region", "description": "sales, TEXT"},
            {"value": "amount", "label": "amount", "description": "sales, REAL"},
        ]
    assert Database("sqlite:").names() == []


@pytest.mark.parametrize("content", [None, b"not a database" * 100], ids=["missing", "no database"])
def test_an_unreadable_database_file_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    """The panel and the config page show the error; no file is created."""
    path = tmp_path / "x.db"
    if content is not None:
        path.write_bytes(content)
    health = open_file(path).check()

    assert health.status == "error"
    assert ("unable to open" if content is None else "not a database") in health.message
    assert path.exists() is (content is not None)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "begins with no scheme; use one of sqlite, duckdb, "),
        ("/path/of/a.db", "begins with no scheme"),
        ("oracle://db", "begins with oracle"),
        ("postgresql://u:secret@[::1", "is not a URI"),
        ("postgresql://u:secret@host:port/db", "is not a URI"),
        ("sqlite:x.db?mode=rw", "sqlite has no parameter 'mode'; it has none"),
        ("grpc://host?dialect=klingon", "the dialect must be one of postgres"),
    ],
)
def test_an_invalid_address_is_refused(address: str, sentence: str) -> None:
    """The error does not show the address."""
    with pytest.raises(QueryError, match=sentence) as failure:
        Database(address)

    assert "secret" not in str(failure.value)


def test_a_database_without_read_only_sessions_needs_a_declared_account() -> None:
    """No query is sent unless the settings declare that the account only reads."""
    assert "has no read-only sessions" in Database("grpc://127.0.0.1:9").check().message


def test_an_address_is_split_into_its_parts() -> None:
    """A separate password takes precedence, and is encoded in the address."""
    word = "p:@/?#ü"
    address = DatabaseAddress.parse("PostgreSQL://re%40der:old@db.example:5433/shop?sslmode=require&x=1", password=word)

    assert (address.user, address.host, address.port, address.database) == ("re@der", "db.example", 5433, "shop")
    uri = address.to_uri(scheme="postgresql", without=["x"], connect_timeout="10")
    assert uri.endswith("@db.example:5433/shop?connect_timeout=10&sslmode=require")
    assert DatabaseAddress.parse(uri).password == word
    assert "p:@" not in repr(address)
    assert DatabaseAddress.parse("grpc://[::1]:32010").to_uri() == "grpc://[::1]:32010"
