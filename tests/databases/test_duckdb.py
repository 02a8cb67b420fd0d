"""`Database` with DuckDB files that other programs write to, or replace."""

from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.database import Database, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def write(path: Path, value: int) -> None:
    """Make a file of one table with one value."""
    with closing(duckdb.connect(str(path))) as owner:
        owner.execute(f"CREATE OR REPLACE TABLE t AS SELECT {value} AS v")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a file whose value is 1."""
    write(tmp_path / "a.duckdb", 1)
    return tmp_path / "a.duckdb"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """Open the file."""
    database = Database(f"duckdb:{path}?threads=1", limits=Limits(connections=2, seconds=20))
    yield database
    database.close()


def read(database: Database, sql: str = "SELECT v FROM t") -> list[Any]:
    """Query a column."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    [frame] = database.query(Query(model=None, time_range=window), sql, format="table")
    values: list[Any] = frame.fields[0].to_list()
    return values


def test_a_replaced_file_is_read_again(database: Database, path: Path) -> None:
    """DuckDB shares a file's content between the connections of a process."""
    other = Database(f"duckdb:{path}?threads=1")
    assert read(database) == read(other) == [1]
    write(path.with_name("b.duckdb"), 2)
    path.with_name("b.duckdb").replace(path)

    assert read(database) == read(other) == [2]
    other.close()


def test_a_file_replaced_during_a_query_is_read_again(database: Database, path: Path) -> None:
    """The next query waits until all reads of the old file have ended."""
    answers = list[Any]()
    many = "SELECT sum(a.range % 7) + max(v) * 0 FROM t, range(8000) a, range(8000) b"
    thread = threading.Thread(target=lambda: answers.append(read(database, many)))
    thread.start()
    time.sleep(0.2)
    write(path.with_name("b.duckdb"), 2)
    path.with_name("b.duckdb").replace(path)

    assert read(database) == [2]
    thread.join()
    assert len(answers) == 1


def test_another_program_can_write_to_an_idle_file(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections to an idle file are closed after some seconds, which releases the lock; new rows are read then."""
    monkeypatch.setattr(database._pool, "_idle_s", 0.2)
    assert read(database) == [1]
    deadline = time.monotonic() + 10
    while database._pool._idle and time.monotonic() < deadline:
        time.sleep(0.05)
    write(path, 3)

    assert read(database) == [3]


def test_wide_rows_are_read_in_batches(path: Path) -> None:
    """The bytes of a few thousand rows are in memory before they are counted, not those of a million."""
    database = Database(f"duckdb:{path}", limits=Limits(bytes=1_000_000))
    values = read(database, "SELECT repeat('x', 1000) AS v FROM range(1000000)")

    assert 500 < len(values) <= 1000
    database.close()


def test_a_query_can_be_explained(database: Database) -> None:
    """EXPLAIN only reads."""
    assert read(database, "EXPLAIN SELECT v FROM t")
