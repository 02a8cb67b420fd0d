"""No query of `Database` changes a database, a file or the session of a later query."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

import duckdb
import pytest
from shopservers import Server, read

from gfruntime.errors import QueryError
from gfruntime.sql.database import Database

if TYPE_CHECKING:
    from pathlib import Path


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
    """The table is the same afterwards."""
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
    """Neither a setting nor the end of a transaction allows writes, on the same connection or another."""
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


STATES = {
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


"""By dialect: a statement that sets state, a query that would read it, and the expected result."""


def test_a_query_leaves_no_state_for_the_next_one(server: Server) -> None:
    """The next query may use the same connection."""
    for change, look, expected in STATES[server.dialect]:
        database = server.open(connections=1)
        with suppress(QueryError):
            read(database, change)

        assert read(database, look)["x"].to_list() == [expected]
        database.close()


@pytest.mark.parametrize(
    "address", ["duckdb:", "duckdb:/x.db?enable_external_access=true", "mysql://h/x?local_infile=1"]
)
def test_an_address_cannot_lift_the_restrictions(address: str) -> None:
    """An unknown parameter is refused."""
    with pytest.raises(QueryError, match="the database's address"):
        Database(address)


def test_duckdb_reads_and_writes_no_other_files(tmp_path: Path) -> None:
    """DuckDB reads no other files, and writes none."""
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
