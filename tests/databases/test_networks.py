"""`Database` over a broken network: a proxy in front of the server stops forwarding, but closes no connection."""

from __future__ import annotations

import datetime as dt
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime.errors import FrameError, QueryError
from gfruntime.frames.data import Frame
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql import database_job
from gfruntime.sql.address import DatabaseAddress
from gfruntime.sql.database import Database, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pymysql  # type: ignore[import-untyped,unused-ignore]  # it has no types

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SLEEP = {"postgresql": "SELECT pg_sleep(30)", "mysql": "SELECT SLEEP(30)"}
MANY = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 900) "
    "SELECT n.x, repeat('x', 1000) AS t FROM n, n m"
)


class Proxy:
    """A loopback port that forwards bytes to a server's port, until it is frozen."""

    def __init__(self, port: int) -> None:
        """Listen on a free port."""
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers: dict[Any, socket.socket] = {}
        self.is_frozen = self._is_closed = False
        self.byte_count = 0
        """Number of forwarded bytes."""

        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_closed:
            for key, _ in self._selector.select(0.05):
                if self.is_frozen:
                    time.sleep(0.02)
                elif key.fileobj is self._listener:
                    client, server = self._listener.accept()[0], socket.create_connection(("127.0.0.1", self._server))
                    for each, other in ((client, server), (server, client)):
                        self._peers[each] = other
                        self._selector.register(each, selectors.EVENT_READ)
                elif key.fileobj in self._peers:
                    self._pass_on(key.fileobj)

    def _pass_on(self, source: Any) -> None:
        try:
            data = source.recv(65536)
            if data:
                self._peers[source].sendall(data)
                self.byte_count += len(data)
                return
        except OSError:
            pass
        for each in (source, self._peers[source]):
            if each in self._peers:
                self._selector.unregister(each)
                each.close()
        self._peers.pop(self._peers.pop(source), None)

    def close(self) -> None:
        """Close everything."""
        self._is_closed = True
        self._thread.join()
        for each in (self._listener, *self._peers):
            each.close()
        self._selector.close()


@pytest.fixture(params=["postgresql", "mysql"])
def proxy(request: pytest.FixtureRequest) -> Iterator[tuple[Proxy, str]]:
    """Put a proxy in front of each kind of server in turn; return the proxy, and the address through it."""
    if request.param == "postgresql":
        address = DatabaseAddress.parse(request.getfixturevalue("postgres_url"))
    else:
        connection: pymysql.Connection[Any] = request.getfixturevalue("mariadb")
        address = DatabaseAddress.parse(f"mysql://root@127.0.0.1:{connection.port}/tests")
    proxy = Proxy(address.port or 0)
    yield proxy, f"{address.scheme}://{address.user}@127.0.0.1:{proxy.port}{address.path}"
    proxy.close()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait only briefly for a driver that waits."""
    monkeypatch.setattr(database_job, "GRACE_S", 1.0)


def query_of_an_hour(seconds: float = 30) -> Query[None]:
    """Make a query with a range of an hour; Grafana waits for `seconds`."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    return Query(model=None, time_range=window, deadline=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds))


def read(database: Database, sql: str = "SELECT 1 AS x", *, seconds: float = 30) -> Any:
    """Query a table."""
    [frame] = database.query(query_of_an_hour(seconds), sql, format="table")
    return frame


def fail_soon(database: Database) -> None:
    """Send a query, and check that it fails after about a second."""
    began = time.monotonic()
    with pytest.raises(QueryError, match=r"the database took longer than"):
        read(database, seconds=1)
    assert time.monotonic() - began < 4


def test_a_query_ends_when_the_network_is_gone(proxy: tuple[Proxy, str]) -> None:
    """The network breaks before the connection, between two queries, or in a statement; later queries are answered."""
    gate, address = proxy
    database = Database(address, limits=Limits(connections=1))
    gate.is_frozen = True
    fail_soon(database)
    fail_soon(database)
    gate.is_frozen = False
    assert read(database)["x"].to_list() == [1]
    gate.is_frozen = True
    fail_soon(database)
    gate.is_frozen = False
    assert read(database)["x"].to_list() == [1]
    database.close()


def test_a_cancelled_query_ends_when_the_network_is_gone(proxy: tuple[Proxy, str]) -> None:
    """The server can't get the cancellation of its running statement."""
    gate, address = proxy
    database, query = Database(address, limits=Limits(connections=1)), query_of_an_hour()

    def freeze() -> None:
        gate.is_frozen = True
        query.cancel.set()

    threading.Timer(1, freeze).start()
    began = time.monotonic()
    with pytest.raises(QueryError, match="cancelled"):
        database.query(query, SLEEP[DatabaseAddress.parse(address).scheme], format="table")
    assert time.monotonic() - began < 10
    gate.is_frozen = False
    assert read(database)["x"].to_list() == [1]
    database.close()


@pytest.mark.parametrize("proxy", ["mysql"], indirect=True)
def test_an_error_while_rows_are_read_leaves_the_rest_unread(
    proxy: tuple[Proxy, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyMySQL would read 800 MB more, without a limit, before the connection closes."""
    gate, address = proxy
    database = Database(address, limits=Limits(connections=1, seconds=30))

    def read_some(cursor: Any, **_: object) -> Frame:
        cursor.fetchmany(100)
        raise FrameError("a column has numbers and texts")

    with monkeypatch.context() as context:
        context.setattr(Frame, "from_cursor", read_some)
        with pytest.raises(FrameError):
            read(database, MANY)
    assert gate.byte_count < 50_000_000
    assert read(database)["x"].to_list() == [1]
    database.close()
