"""`Database` with Trino's client and a fake server, which speaks Trino's protocol but runs no SQL.

No real Trino runs, so these tests do not show whether Trino accepts the macros.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime.errors import QueryError, failure_of
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.address import DatabaseAddress
from gfruntime.sql.database import Database, Limits
from gfruntime.sql.drivers import find_driver
from gfruntime.sql.macros import expand_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("trino")

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PAGE = 100  # rows
COLUMNS = [
    ("t", "timestamp(3) with time zone", "2026-01-01 00:00:00.000 UTC"),
    ("name", "varchar(10)", "O'Neil"),
    ("n", "bigint", 2**53 + 1),
    ("x", "double", 1.5),
    ("price", "decimal(10,2)", "1.25"),
]


@dataclass
class Trino:
    """The state of the server: its statements and requests, and how many pages it has."""

    port: int = 0
    pages: int = 1
    columns: list[tuple[str, str, Any]] = field(default_factory=lambda: COLUMNS)
    error: dict[str, Any] | None = None
    statements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    requests: list[tuple[str, int]] = field(default_factory=list)

    def open(self, **limits: Any) -> Database:
        """Open the database like a data source whose account is declared read-only."""
        address = f"trino+http://reader@127.0.0.1:{self.port}/lake/shop"
        return Database(address, account_reads_only=True, limits=Limits(**limits))

    def answer(self, number: int) -> dict[str, Any]:
        """Describe a page; the first has no rows yet, like that of a queued statement."""
        types = [
            {
                "name": name,
                "type": kind,
                "typeSignature": {"rawType": re.sub(r"\(.*?\)", "", kind), "arguments": numbers},
            }
            for name, kind, _ in self.columns
            for numbers in [[{"kind": "LONG", "value": int(number)} for number in re.findall(r"\d+", kind)]]
        ]
        is_last = number >= self.pages or (self.error is not None and number > 0)
        page: dict[str, Any] = {
            "id": "query-1",
            "infoUri": f"http://127.0.0.1:{self.port}/ui",
            "stats": {"state": "FINISHED" if is_last else "RUNNING", "nodes": 1},
            "warnings": [],
        }
        if not is_last:
            page["nextUri"] = f"http://127.0.0.1:{self.port}/v1/statement/executing/query-1/{number + 1}"
        if number > 0 and self.error is not None:
            page["error"] = self.error
        elif number > 0:
            page |= {"columns": types, "data": [[value for *_, value in self.columns]] * PAGE}
        return page


@pytest.fixture
def trino() -> Iterator[Trino]:
    """Start the server on loopback."""
    state = Trino()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def _send(self, number: int) -> None:
            body = json.dumps(state.answer(number)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
            state.statements.append((sql, dict(self.headers.items())))
            self._send(0)

        def do_GET(self) -> None:
            number = int(self.path.rpartition("/")[2])
            state.requests.append(("GET", number))
            self._send(number)

        def do_DELETE(self) -> None:
            state.requests.append(("DELETE", int(self.path.rpartition("/")[2])))
            self.send_response(204)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def query_of(**options: Any) -> Query[None]:
    """Make a query of an hour."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    return Query(model=None, time_range=window, interval=dt.timedelta(minutes=1), **options)


def read(database: Database, sql: str = "SELECT 1") -> Any:
    """Query a table."""
    [frame] = database.query(query_of(), sql, format="table")
    return frame


def test_rows_of_all_pages_are_read(trino: Trino) -> None:
    """Rows have their types; the statement goes to the catalog and the schema, with times in UTC."""
    trino.pages = 3
    frame = read(trino.open())

    assert len(frame) == 3 * PAGE
    assert [field.to_list()[0] for field in frame.fields] == [NOW, "O'Neil", 2**53 + 1, 1.5, 1.25]
    [(_, headers)] = trino.statements
    names = {name.lower(): value for name, value in headers.items()}
    assert [names[f"x-trino-{name}"] for name in ("user", "catalog", "schema", "time-zone")] == [
        "reader",
        "lake",
        "shop",
        "UTC",
    ]


def test_nothing_is_sent_unless_the_account_is_declared_read_only(trino: Trino) -> None:
    """Trino has no read-only sessions."""
    with pytest.raises(QueryError, match="has no read-only sessions"):
        read(Database(f"trino+http://reader@127.0.0.1:{trino.port}/lake"))
    assert trino.statements == []
    trino.columns = [("_col0", "integer", 1)]
    assert "only the account's rights" in trino.open().check().message


def test_rows_beyond_the_limit_are_not_read(trino: Trino) -> None:
    """The statement is cancelled, and a notice says so; an alert rule gets an error."""
    trino.pages = 1000
    frame = read(trino.open(rows=150))

    assert len(frame) == 150
    assert "nly the first 150 rows" in str(frame.meta)
    assert len([number for method, number in trino.requests if method == "GET"]) < 10
    assert "DELETE" in [method for method, _ in trino.requests]
    with pytest.raises(QueryError, match="must not judge a part"):
        trino.open(rows=150).query(query_of(from_alert=True), "SELECT 1", format="table")


def test_a_query_that_takes_too_long_ends(trino: Trino) -> None:
    """The query is cancelled on the server, too."""
    trino.pages, trino.columns = 10**9, []
    began = time.monotonic()

    with pytest.raises(QueryError, match=r"took longer than 0\.5 s"):
        read(trino.open(seconds=0.5, rows=10**9))
    assert time.monotonic() - began < 10
    assert "DELETE" in [method for method, _ in trino.requests]


def test_a_cancelled_query_ends(trino: Trino) -> None:
    """The query is cancelled on the server, too."""
    trino.pages, trino.columns = 10**9, []
    query, began = query_of(), time.monotonic()
    threading.Timer(0.3, query.cancel.set).start()

    with pytest.raises(QueryError, match="cancelled"):
        trino.open(rows=10**9).query(query, "SELECT 1", format="table")
    assert time.monotonic() - began < 10
    assert "DELETE" in [method for method, _ in trino.requests]


def test_an_sql_error_has_the_servers_message(trino: Trino) -> None:
    """The error is the query's."""
    trino.error = {
        "message": "line 1:15: Table 'lake.shop.nowhere' does not exist",
        "errorCode": 46,
        "errorName": "TABLE_NOT_FOUND",
        "errorType": "USER_ERROR",
    }
    with pytest.raises(Exception, match="nowhere") as refusal:
        read(trino.open(), "SELECT * FROM nowhere")

    failure = failure_of(refusal.value)
    assert (failure.status, failure.source) == (400, "downstream")


def test_tables_and_columns_are_listed(trino: Trino) -> None:
    """The list has the tables and columns of the address's catalog."""
    trino.columns = [(name, "varchar(10)", name) for name in ("schema", "table", "column", "type")]

    assert trino.open().names() == [
        {"value": "table", "label": "table", "description": "table of schema"},
        {"value": "column", "label": "column", "description": "table, type"},
    ]
    assert "information_schema.columns" in trino.statements[0][0]


def test_an_unreachable_server_is_an_error() -> None:
    """The config page shows the error."""
    database = Database("trino+http://reader@127.0.0.1:1/lake", account_reads_only=True, limits=Limits(seconds=2))

    assert database.check().status == "error"


@pytest.mark.parametrize(
    "address", ["trino+http://u:secret@h/lake", "trino+http://:secret@h", "trino://h?verify=false"]
)
def test_a_password_is_sent_over_tls_only(address: str) -> None:
    """The server's certificate is verified."""
    with pytest.raises(QueryError, match=r"a password needs TLS|has no parameter 'verify'") as refusal:
        find_driver(DatabaseAddress.parse(address))
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("$__timeFilter(t)", "t BETWEEN TIMESTAMP '2026-01-01 00:00:00' AND TIMESTAMP '2026-01-01 01:00:00'"),
        ("$__timeGroup(t, '5m')", "floor(to_unixtime(t)/300)*300"),
        ("$__timeGroupAlias(t, $__text(5m))", 'floor(to_unixtime(t)/300)*300 AS "time"'),
        ("x > $__text(90)", "x > 90 "),
        ("x = $__text(a)", "x = from_utf8(X'61')"),
        ("x = '$__text(90)'", "x = from_utf8(X'3930')"),
        ("x LIKE '%$__text(a)%'", "x LIKE ('%' || from_utf8(X'61') || '%')"),
    ],
)
def test_macros_are_written_for_trino(sql: str, expected: str) -> None:
    """Trino compares no number with a text."""
    assert expand_sql(sql, query_of(), dialect="trino").replace("  ", " ") == expected
