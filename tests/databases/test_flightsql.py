"""`Database` with a Flight SQL server: the example of arrow-go, whose database is SQLite in memory."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dbservers
import pytest

from gfruntime.errors import QueryError
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.database import Database, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = "github.com/apache/arrow-go/v18/arrow/flight/flightsql/example/cmd/sqlite_flightsql_server@v18.8.0"
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS x FROM n"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

pytestmark = pytest.mark.timeout(900)  # Go compiles SQLite if its cache is empty


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Compile and start the server; return its address."""
    pytest.importorskip("adbc_driver_flightsql")
    go = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
    if go is None:
        pytest.skip("install Go 1.26: it compiles the server")
    account, port = dbservers.Account.of_tests(), dbservers.find_port()
    with dbservers.make_folder(account) as folder:
        environment = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-buildvcs=false"}
        result = subprocess.run([go, "install", PACKAGE], env=environment, cwd=folder, capture_output=True, check=False)
        if result.returncode:
            pytest.skip(f"the server can't be compiled: {result.stderr.decode(errors='replace')[-500:]}")
        command = [str(folder / "sqlite_flightsql_server"), "-host", "127.0.0.1", "-port", str(port)]
        url = f"grpc://127.0.0.1:{port}?dialect=sqlite"
        with dbservers.run_server(command, folder, account, lambda: open_or_fail(url), stop=signal.SIGTERM):
            yield url


def open_or_fail(url: str) -> Database:
    """Open the database, or fail while the server starts."""
    database = Database(url, account_reads_only=True)
    if (health := database.check()).status != "ok":
        raise ConnectionError(health.message)
    return database


@pytest.fixture
def open_at() -> Iterator[Callable[..., Database]]:
    """Open an address like a data source whose account is declared read-only, until the test ends."""
    databases = []

    def open_one(address: str, **limits: Any) -> Database:
        databases.append(Database(address, limits=Limits(**limits), account_reads_only=True))
        return databases[-1]

    yield open_one
    for database in databases:
        database.close()


def query_of_an_hour() -> Query[None]:
    """Make a query with a range of an hour."""
    return Query(model=None, time_range=TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1)))


def read(database: Database, sql: str) -> Any:
    """Query a table."""
    [frame] = database.query(query_of_an_hour(), sql, format="table")
    return frame


def test_a_query_is_answered(address: str, open_at: Callable[..., Database]) -> None:
    """The answer comes as Arrow; variables are values."""
    database = open_at(address)

    assert read(database, "SELECT id FROM intTable WHERE keyName = $__text(zero)")["id"].to_list() == [2]
    assert read(database, "SELECT count(*) AS n FROM intTable")["n"].to_list() == [4]


def test_macros_of_the_addresss_dialect_are_expanded(address: str, open_at: Callable[..., Database]) -> None:
    """The address names the dialect."""
    sql = "SELECT $__timeGroupAlias(t, '20m', 0), count(*) AS n FROM (SELECT $__unixEpochFrom() AS t) GROUP BY 1"
    [frame] = open_at(address).query(query_of_an_hour(), sql)

    assert frame["n"].to_list() == [1, 0, 0, 0]


def test_rows_are_bounded(address: str, open_at: Callable[..., Database]) -> None:
    """A notice names the limit."""
    database = open_at(address, rows=2)
    frame = read(database, "SELECT id FROM intTable")

    assert len(frame) == 2
    assert frame.meta is not None
    assert len(read(database, "SELECT id FROM foreignTable LIMIT 1")) == 1


def test_a_cancelled_query_ends(address: str, open_at: Callable[..., Database]) -> None:
    """The query ends soon, and the next one is answered."""
    database, query, began = open_at(address, connections=1), query_of_an_hour(), time.monotonic()
    threading.Timer(0.3, query.cancel.set).start()

    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, ENDLESS, format="table")
    assert time.monotonic() - began < 10
    assert len(read(database, "SELECT * FROM intTable")) == 4


def test_a_query_that_takes_too_long_ends(address: str, open_at: Callable[..., Database]) -> None:
    """The error has the time limit."""
    with pytest.raises(QueryError, match=r"took longer than 0\.5 s"):
        read(open_at(address, seconds=0.5), ENDLESS)


def test_tables_and_columns_are_listed(address: str, open_at: Callable[..., Database]) -> None:
    """Tables and columns are listed for the editor."""
    assert {"value": "keyName", "label": "keyName", "description": "intTable, varchar(100)"} in open_at(address).names()


def test_nothing_is_sent_unless_the_account_is_declared_read_only(
    address: str, open_at: Callable[..., Database]
) -> None:
    """The protocol has no read-only transactions."""
    with pytest.raises(QueryError, match="has no read-only sessions"):
        read(Database(address), "SELECT 1 AS x")
    assert "only the account's rights" in open_at(address).check().message
