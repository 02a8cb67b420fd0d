"""Sessions of a database that misbehaves, or lets a query write, with a driver of the tests."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime.errors import FrameError, QueryError
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql import database as module
from gfruntime.sql import database_job
from gfruntime.sql.address import Address
from gfruntime.sql.bounded import BoundedCursor
from gfruntime.sql.database import Database, Limits
from gfruntime.sql.drivers import Driver, mysql, postgresql
from gfruntime.sql.drivers.files import find_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LONG_S = 60.0


@dataclass
class Server:
    """What all sessions of a test share: what waits without end, and what was done."""

    waits: set[str] = field(default_factory=set)
    fails: set[str] = field(default_factory=set)
    obeys: bool = False
    keeps_from_writing: bool = True
    log: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    together: threading.Barrier | None = None
    idle_s: float = 0.2

    def do(self, what: str, cancellation: threading.Event | None = None) -> None:
        """Note what is done; wait, where the test wants that, until it is cancelled or the test ends."""
        self.log.append(what)
        if what in self.fails:
            raise OSError(f"{what} failed")
        deadline = time.monotonic() + LONG_S
        while what in self.waits and not self.release.is_set() and time.monotonic() < deadline:
            if self.obeys and cancellation is not None and cancellation.is_set():
                raise OSError("cancelled")
            time.sleep(0.01)


class Session:
    """A connection of SQLite that waits where its server says so."""

    def __init__(self, server: Server) -> None:
        """Connect."""
        self._server, self._cancellation = server, threading.Event()
        server.do("open")
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)

    def begin(self) -> bool:
        """Begin."""
        self._server.do("begin", self._cancellation)
        return self._server.keeps_from_writing

    def run(self, sql: str) -> sqlite3.Cursor:
        """Execute."""
        if self._server.together is not None:
            self._server.together.wait(5)
        self._server.do("run", self._cancellation)
        return self._connection.execute(sql)

    def list_columns(self) -> sqlite3.Cursor:
        """Give three columns."""
        return self.run("SELECT '', 't', column1, 'INT' FROM (VALUES ('a'), ('b'), ('c'))")

    def cancel(self) -> None:
        """Cancel."""
        self._server.log.append("cancel")
        self._cancellation.set()
        self._server.do("cancel again")

    def end(self) -> bool:
        """End."""
        self._server.do("end", self._cancellation)
        return True

    def close(self) -> None:
        """Close."""
        self._server.log.append("close")
        self._connection.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Let each database be of the tests' own driver, and be given up soon."""
    server = Server()

    def find_driver(_address: object) -> Driver:
        return Driver("sqlite", lambda _address, _script: Session(server), idle_s=server.idle_s)

    monkeypatch.setattr(module, "find_driver", find_driver)
    monkeypatch.setattr(database_job, "GRACE_S", 0.3)
    yield server
    server.release.set()
    deadline = time.monotonic() + 5
    while any(each.name == "sql" for each in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)


def query_of_an_hour(**options: Any) -> Query[None]:
    """Make a query of an hour."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    return Query(model=None, time_range=window, interval=dt.timedelta(minutes=1), **options)


def open_database(**limits: Any) -> Database:
    """Open a database with one connection."""
    return Database("tests:", limits=Limits(**{"connections": 1, "seconds": 0.2, **limits}))


def read(database: Database, sql: str = "SELECT 1 AS x") -> Any:
    """Ask for a table."""
    [frame] = database.query(query_of_an_hour(), sql, format="table")
    return frame


@pytest.mark.parametrize("obeys", [True, False])
@pytest.mark.parametrize("what", ["open", "begin", "run", "end"])
def test_a_query_ends_whatever_the_driver_waits_for(server: Server, what: str, *, obeys: bool) -> None:
    """And the next one has a connection, though a thread may still wait for the one before."""
    server.waits, server.obeys = {what}, obeys
    database, began = open_database(), time.monotonic()

    with pytest.raises(QueryError, match=r"took longer than 0\.2 s") as refusal:
        read(database)
    assert time.monotonic() - began < 3
    assert refusal.value.status == 504
    server.waits.clear()
    assert read(database)["x"].to_list() == [1]


@pytest.mark.parametrize("what", ["open", "begin", "run", "end"])
def test_a_cancelled_query_ends_whatever_the_driver_waits_for(server: Server, what: str) -> None:
    """It ends long before its deadline."""
    server.waits = {what}
    query, database, began = query_of_an_hour(), open_database(seconds=LONG_S), time.monotonic()
    threading.Timer(0.1, query.cancel.set).start()

    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, "SELECT 1 AS x")
    assert time.monotonic() - began < 5


def test_a_waiting_cancellation_does_not_delay_the_error(server: Server) -> None:
    """It may need a connection of its own, over the same network."""
    server.waits, database, began = {"run", "cancel again"}, open_database(), time.monotonic()

    with pytest.raises(QueryError, match="took longer"):
        read(database)
    assert time.monotonic() - began < 3


def test_a_cancellation_never_reaches_the_next_query(server: Server) -> None:
    """A session that was cancelled is closed, and never used again."""
    server.waits, server.obeys, database = {"run"}, True, open_database()
    with pytest.raises(QueryError, match="took longer"):
        read(database)
    server.waits.clear()
    read(database)

    assert server.log.index("close") < server.log.index("open", 1)


def test_unused_connections_are_closed(server: Server) -> None:
    """After a while, and not before: another program may wait for the file."""
    database = open_database(seconds=5)
    read(database)
    read(database)
    assert (server.log.count("open"), server.log.count("close")) == (1, 0)
    deadline = time.monotonic() + 5
    while not server.log.count("close") and time.monotonic() < deadline:
        time.sleep(0.02)

    assert server.log.count("close") == 1
    assert read(database)["x"].to_list() == [1]
    database.close()
    assert server.log.count("close") == 2


def test_a_connection_that_is_gone_is_replaced(server: Server) -> None:
    """The server may have been started again; a second failure is the query's."""
    database = open_database(seconds=5)
    read(database)
    server.fails = {"begin"}
    with pytest.raises(OSError, match="begin failed"):
        read(database)
    server.fails = set()

    assert read(database)["x"].to_list() == [1]
    assert server.log.count("close") == 2


def test_a_stuck_connection_closes_the_idle_ones(server: Server) -> None:
    """They use the same network."""
    server.idle_s, server.together = LONG_S, threading.Barrier(2)
    database = open_database(connections=2, seconds=5)
    threads = [threading.Thread(target=read, args=(database,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.log.count("open"), server.log.count("close")) == (2, 0)
    server.together, server.waits = None, {"run"}

    with pytest.raises(QueryError, match="took longer"):
        database.query(query_of_an_hour(deadline=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.2)), "SELECT 1 AS x")
    deadline = time.monotonic() + 5
    while not server.log.count("close") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.log.count("close") == 1


def test_a_session_that_may_write_gets_no_query(server: Server) -> None:
    """Unless the account is said to only read; "Save & test" tells of it."""
    server.keeps_from_writing = False
    with pytest.raises(QueryError, match="does not make this session read-only: connect with an account"):
        read(open_database())
    assert "run" not in server.log
    assert server.log[-1] == "close"
    assert open_database().check().status == "error"

    trusted = Database("tests:", account_reads_only=True)
    assert read(trusted)["x"].to_list() == [1]
    assert "only the account's rights" in trusted.check().message
    server.keeps_from_writing = True
    assert trusted.check().message == "sqlite answered"


@pytest.mark.parametrize("limits", [{"rows": 2}, {"bytes": 100}])
@pytest.mark.parametrize("output", ["timeseries", "table"])
def test_an_alert_rule_gets_an_error_for_a_part(server: Server, limits: dict[str, int], output: Any) -> None:
    """A panel shows the part with a notice, and no gap of it is filled."""
    assert not server.waits
    sql = "SELECT $__timeGroup(column1, '20m', 0) AS time, 5 AS v FROM (VALUES (0), (1200), (2400), (3600)) ORDER BY 1"
    sql = sql.replace("(column1", "(column1 + $__unixEpochFrom()")
    [whole] = open_database().query(query_of_an_hour(from_alert=True), sql, format=output)
    assert whole["v"].to_list() == [5, 5, 5, 5]

    with pytest.raises(QueryError, match="an alert rule must not judge a part"):
        open_database(**limits).query(query_of_an_hour(from_alert=True), sql, format=output)
    [part] = open_database(**limits).query(query_of_an_hour(), sql, format=output)
    assert set(part["v"].to_list()) == {5}
    assert len(part) < 4
    assert part.meta is not None
    assert "nly the first" in str(part.meta["notices"])


def test_an_alert_rule_gets_an_error_for_gaps_that_stay(server: Server) -> None:
    """The rows that are missing may be the ones that it asks for."""
    assert not server.waits
    window = TimeRange(start=dt.datetime(1600, 1, 1, tzinfo=dt.UTC), end=NOW)
    sql = "SELECT $__timeGroup(0, '1d', 0) AS time, 1 AS v"
    query = Query(model=None, time_range=window, interval=dt.timedelta(days=1))
    assert "not filled" in str(open_database().query(query, sql)[0].meta)

    with pytest.raises(QueryError, match="not filled"):
        open_database().query(Query(model=None, time_range=window, interval=query.interval, from_alert=True), sql)


def test_names_are_not_bounded_by_the_authors_rows(server: Server) -> None:
    """They are cached for half a minute."""
    database = open_database(rows=1, bytes=1)

    assert [each["value"] for each in database.names()] == ["t", "a", "b", "c"]
    assert [each["value"] for each in database.names()] == ["t", "a", "b", "c"]
    assert server.log.count("run") == 1


@dataclass
class Rows:
    """A cursor whose rows are as large as `sizes` says."""

    sizes: list[int]
    batch_sizes: list[int] = field(default_factory=list)

    def fetchmany(self, size: int) -> list[tuple[str]]:
        """Give rows, and keep how many bytes were asked for at once."""
        some, self.sizes = self.sizes[:size], self.sizes[size:]
        self.batch_sizes.append(sum(some))
        return [("x" * each,) for each in some]


@pytest.mark.parametrize(
    "sizes",
    [[1_000_000] * 2000, [10] * 5000 + [1_000_000] * 2000, [10, 1_000_000] * 1000],
    ids=["large", "late", "mixed"],
)
def test_no_more_bytes_are_in_memory_than_an_answer_may_have(sizes: list[int]) -> None:
    """Only the last batch exceeds the bound, and it has few rows."""
    rows = Rows(sizes)
    cursor = BoundedCursor(rows, 10_000_000)
    answer = cursor.fetchmany(100_000)

    assert cursor.is_cut
    assert sum(map(len, (text for (text,) in answer))) <= 10_000_000
    assert sum(rows.batch_sizes) < 27_000_000


def test_small_rows_are_all_read() -> None:
    """The size of the batches does not matter."""
    assert len(BoundedCursor(Rows([10] * 5000), 10_000_000).fetchmany(100_000)) == 5000


@pytest.mark.parametrize(
    ("version", "comment", "state", "keeps"),
    [
        ("8.4.3", "MySQL Community Server - GPL", {"transaction_read_only": "ON"}, True),
        ("8.0.36-0ubuntu0.22.04.1", "(Ubuntu)", {"transaction_read_only": "ON"}, True),
        ("8.0.31-google", "(Google)", {"transaction_read_only": "ON"}, True),
        ("8.0.35", "Source distribution", {"transaction_read_only": "ON"}, True),
        ("8.0.35-27", "Percona Server (GPL), Release 27", {"transaction_read_only": "ON"}, True),
        ("10.11.6-MariaDB-0+deb12u1", "Debian 12", {"tx_read_only": "ON"}, True),
        ("11.4.2-MariaDB", "mariadb.org binary distribution", {"transaction_read_only": "ON"}, True),
        ("8.4.3", "MySQL Community Server - GPL", {"transaction_read_only": "OFF"}, False),
        ("10.11.6-MariaDB", "Debian 12", {}, False),
        ("8.0.11-TiDB-v7.5.1", "TiDB Server (Apache License 2.0)", {"transaction_read_only": "ON"}, False),
        ("8.0.33", "StarRocks version 3.3.2", {"transaction_read_only": "ON"}, False),
        ("5.7.99", "Doris version doris-2.1.0", {"tx_read_only": "ON"}, False),
        ("5.7.32", "SingleStoreDB source distribution", {"tx_read_only": "ON"}, False),
        ("8.0.33", "Dolt", {"transaction_read_only": "ON"}, False),
        ("8.0.30-Vitess", "MySQL Community Server - GPL", {"transaction_read_only": "ON"}, False),
        ("", "", {}, False),
    ],
)
def test_only_mysql_and_mariadb_are_trusted_to_be_read_only(
    version: str, comment: str, state: dict[str, str], *, keeps: bool
) -> None:
    """Other servers of the protocol may let a read-only transaction write."""
    assert mysql._keeps_from_writing({"version": version, "version_comment": comment, **state}) is keeps


class Cursor:
    """A cursor of PostgreSQL's protocol, whose server knows of the transaction what `answer` says."""

    def __init__(self, answer: object) -> None:
        """Keep it."""
        self.answer, self.statements = answer, list[str]()

    def execute(self, sql: str) -> None:
        """Execute, or fail at what the server does not know."""
        self.statements.append(sql)
        if "current_setting" in sql and self.answer is None:
            raise FrameError("unknown function")

    def fetchall(self) -> list[tuple[object]]:
        """Give the answer."""
        return [(self.answer,)]


@pytest.mark.parametrize(("answer", "keeps"), [("on", True), ("off", False), ("", False), (None, False)])
def test_postgresql_is_trusted_if_it_confirms_read_only(
    monkeypatch: pytest.MonkeyPatch, answer: object, *, keeps: bool
) -> None:
    """A server that does not know the setting has an account, or no query."""
    monkeypatch.setattr(postgresql.PostgresSession, "__init__", lambda *_: None)
    session: Any = object.__new__(postgresql.PostgresSession)
    session._cursor = Cursor(answer)

    assert session.begin() is keeps
    assert session._cursor.statements[0] == "BEGIN TRANSACTION READ ONLY"


def test_a_replaced_file_is_read_again(tmp_path: Path) -> None:
    """By a rename, as most programs do it; and while another one is read, too."""
    for name, value in (("a", 1), ("b", 2)):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as owner:
            owner.execute(f"CREATE TABLE t AS SELECT {value} AS v")
            owner.commit()
    database = Database(f"sqlite:{tmp_path}/a.db", limits=Limits(connections=1))
    assert read(database, "SELECT v FROM t")["v"].to_list() == [1]
    (tmp_path / "b.db").replace(tmp_path / "a.db")

    assert read(database, "SELECT v FROM t")["v"].to_list() == [2]
    with closing(sqlite3.connect(tmp_path / "a.db")) as owner:
        owner.execute("UPDATE t SET v = 3")
        owner.commit()
    assert read(database, "SELECT v FROM t")["v"].to_list() == [3]
    (tmp_path / "a.db").unlink()
    with pytest.raises(Exception, match="unable to open"):
        read(database, "SELECT v FROM t")
    database.close()


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:/data/x.db", "/data/x.db"),
        ("sqlite:///data/x.db", "/data/x.db"),
        ("sqlite:////data/x.db", "/data/x.db"),
        ("sqlite:x.db", "x.db"),
        ("sqlite:///C:/data/x.db", "C:/data/x.db"),
        ("sqlite:C:/data/x.db", "C:/data/x.db"),
        ("sqlite:", ""),
    ],
)
def test_a_path_is_written_in_many_ways(address: str, path: str) -> None:
    """With SQLAlchemy's slashes, and with a drive of Windows."""
    assert find_path(Address.parse(address)) == path


@pytest.mark.parametrize("address", ["sqlite://shop.db", "duckdb://shop.duckdb", "sqlite://data/shop.db"])
def test_two_slashes_are_no_path(address: str) -> None:
    """They would mean an empty database, in which each query fails."""
    with pytest.raises(QueryError, match=r"needs a path after (sqlite|duckdb):, such as"):
        Database(address)


def test_the_texts_of_a_file_may_be_long(tmp_path: Path) -> None:
    """Real texts are long."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as owner:
        owner.execute("CREATE TABLE t AS SELECT hex(zeroblob(200000)) AS v")
        owner.commit()

    assert len(read(Database(f"sqlite:{tmp_path}/a.db"), "SELECT v FROM t")["v"].to_list()[0]) == 400_000
