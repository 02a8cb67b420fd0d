"""Sessions of a database that misbehaves, or lets a query write, with a fake driver."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlqueries import NOW, query_of_an_hour, read

from gfruntime.errors import QueryError
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql import database as module
from gfruntime.sql import database_job
from gfruntime.sql.database import Database, Limits
from gfruntime.sql.drivers import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_S = 60.0


@dataclass
class Server:
    """The shared state of all sessions of a test: the steps that wait for ever, and a log of the steps."""

    waits: set[str] = field(default_factory=set)
    fails: set[str] = field(default_factory=set)
    obeys: bool = False
    keeps_from_writing: bool = True
    log: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    together: threading.Barrier | None = None
    idle_s: float = 0.2

    def do(self, what: str, cancellation: threading.Event | None = None) -> None:
        """Log a step; if it is a waiting step, wait until it is cancelled or the test ends."""
        self.log.append(what)
        if what in self.fails:
            raise OSError(f"{what} failed")
        deadline = time.monotonic() + LONG_S
        while what in self.waits and not self.release.is_set() and time.monotonic() < deadline:
            if self.obeys and cancellation is not None and cancellation.is_set():
                raise OSError("cancelled")
            time.sleep(0.01)


class Session:
    """A connection of SQLite that waits in the steps which its server names."""

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
        """Return three columns."""
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
    """Let each database use the tests' driver, with a short grace period."""
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


def open_database(**limits: Any) -> Database:
    """Open a database with one connection."""
    return Database("tests:", limits=Limits(**{"connections": 1, "seconds": 0.2, **limits}))


@pytest.mark.parametrize("obeys", [True, False])
@pytest.mark.parametrize("what", ["open", "begin", "run", "end"])
def test_a_query_ends_at_its_deadline_although_the_driver_waits(server: Server, what: str, *, obeys: bool) -> None:
    """The next query gets a connection, although a thread may still wait for the first one."""
    server.waits, server.obeys = {what}, obeys
    database, began = open_database(), time.monotonic()

    with pytest.raises(QueryError, match=r"took longer than 0\.2 s") as refusal:
        read(database)
    assert time.monotonic() - began < 3
    assert refusal.value.status == 504
    server.waits.clear()
    assert read(database)["x"].to_list() == [1]


@pytest.mark.parametrize("what", ["open", "begin", "run", "end"])
def test_a_cancelled_query_ends_although_the_driver_waits(server: Server, what: str) -> None:
    """The query ends long before its deadline."""
    server.waits = {what}
    query, database, began = query_of_an_hour(), open_database(seconds=LONG_S), time.monotonic()
    threading.Timer(0.1, query.cancel.set).start()

    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, "SELECT 1 AS x")
    assert time.monotonic() - began < 5


def test_a_waiting_cancellation_does_not_delay_the_error(server: Server) -> None:
    """The cancellation may need its own connection, over the same network."""
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
    """Unused connections are closed after some time, not earlier: another program may wait for the file."""
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
    """The server may have restarted; a second failure is the query's error."""
    database = open_database(seconds=5)
    read(database)
    server.fails = {"begin"}
    with pytest.raises(OSError, match="begin failed"):
        read(database)
    server.fails = set()

    assert read(database)["x"].to_list() == [1]
    assert server.log.count("close") == 2


def test_a_stuck_connection_closes_the_idle_ones(server: Server) -> None:
    """The idle connections use the same network."""
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
    """The session gets queries if the account is declared read-only; otherwise "Save & test" gives the reason."""
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
def test_an_alert_rule_gets_an_error_for_a_partial_result(server: Server, limits: dict[str, int], output: Any) -> None:
    """A panel shows the partial result with a notice and without filled gaps."""
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
    """The missing rows may be the rows that the rule needs."""
    assert not server.waits
    window = TimeRange(start=dt.datetime(1600, 1, 1, tzinfo=dt.UTC), end=NOW)
    sql = "SELECT $__timeGroup(0, '1d', 0) AS time, 1 AS v"
    query = Query(model=None, time_range=window, interval=dt.timedelta(days=1))
    assert "not filled" in str(open_database().query(query, sql)[0].meta)

    with pytest.raises(QueryError, match="not filled"):
        open_database().query(Query(model=None, time_range=window, interval=query.interval, from_alert=True), sql)


def test_the_row_limit_does_not_apply_to_names(server: Server) -> None:
    """Names are cached for half a minute."""
    database = open_database(rows=1, bytes=1)

    assert [each["value"] for each in database.names()] == ["t", "a", "b", "c"]
    assert [each["value"] for each in database.names()] == ["t", "a", "b", "c"]
    assert server.log.count("run") == 1
