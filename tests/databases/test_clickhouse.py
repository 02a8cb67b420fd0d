"""`Database` with ClickHouse's client and ClickHouse's engine in this process, behind a fake server.

The engine is chdb, behind an HTTP server of the tests: the settings are those that the client sends. No ClickHouse
server runs.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gfruntime.errors import QueryError, failure_of
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.database import Database, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

chdb = pytest.importorskip("chdb", reason="chdb is not installed")
pytest.importorskip("clickhouse_connect")
pytestmark = pytest.mark.timeout(120)

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
NO_SETTINGS = ("database", "query_id", "session_id", "default_format", "query", "client_protocol_version")
SHOPS = (
    "(SELECT 1 AS id, 'north' AS name, toDateTime('2026-01-01 12:10:00', 'UTC') AS opened"
    " UNION ALL SELECT 2, 'O\\'Neil', toDateTime('2026-01-01 12:50:00', 'UTC'))"
)


@dataclass
class ClickHouse:
    """The state of the fake server: its statements; `profile` has the account's own settings."""

    port: int = 0
    profile: dict[str, str] = field(default_factory=dict)
    keeps_settings: bool = True
    statements: list[str] = field(default_factory=list)
    kill_event: threading.Event = field(default_factory=threading.Event)

    def open(self, **limits: Any) -> Database:
        """Open the database like a data source."""
        return Database(f"clickhouse+http://reader@127.0.0.1:{self.port}", limits=Limits(**limits))

    def run(self, sql: str, settings: dict[str, str]) -> bytes:
        """Run a statement like a server, or raise; a sleep ends when it is killed."""
        self.statements.append(sql)
        if sql.startswith("KILL QUERY"):
            self.kill_event.set()
            return b""
        if "sleep(3)" in sql:
            self.kill_event.wait(30)
            raise RuntimeError("Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)")
        values = {**self.profile, **(settings if self.keeps_settings else {})}
        if self.profile and (settings if self.profile["readonly"] == "1" else "readonly" in settings):
            raise RuntimeError("Code: 164. DB::Exception: Cannot modify setting in readonly mode. (READONLY)")
        before = "".join(f"SET {name} = '{value}'; " for name, value in sorted(values.items(), key=_readonly_last))
        form = re.search(r"FORMAT (\w+)\s*\Z", sql)
        data: bytes = chdb.query(before + sql, form[1] if form else "TabSeparated").bytes()
        return data


def _readonly_last(setting: tuple[str, str]) -> bool:
    return setting[0] == "readonly"


@pytest.fixture
def clickhouse() -> Iterator[ClickHouse]:
    """Start the server on loopback."""
    state = ClickHouse()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            parameters = dict(parse_qsl(urlsplit(self.path).query))
            settings = {name: value for name, value in parameters.items() if name not in NO_SETTINGS}
            for name in ("send_progress_in_http_headers", "wait_end_of_query", "http_headers_progress_interval_ms"):
                settings.pop(name, None)
            try:
                status, data = 200, state.run(body or parameters.get("query", ""), settings)
            except Exception as error:  # noqa: BLE001  # the engine's
                status, data = 500, str(error).encode()
            self.send_response(status)
            if status != 200:
                self.send_header("X-ClickHouse-Exception-Code", "1")
            self.send_header("X-ClickHouse-Timezone", "UTC")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield state
    state.kill_event.set()
    server.shutdown()
    thread.join()
    server.server_close()


def query_of(**options: Any) -> Query[None]:
    """Make a query with a range of an hour."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    return Query(model=None, time_range=window, interval=dt.timedelta(minutes=1), **options)


def read(database: Database, sql: str) -> Any:
    """Query a table."""
    [frame] = database.query(query_of(), sql, format="table")
    return frame


def test_rows_have_their_types(clickhouse: ClickHouse) -> None:
    """Times and addresses do not become the numbers that Arrow has for them."""
    sql = f"SELECT *, toIPv4('1.2.3.4') AS ip, toDecimal64(1.5, 2) AS price FROM {SHOPS} ORDER BY id"
    frame = read(clickhouse.open(), sql)

    assert frame["name"].to_list() == ["north", "O'Neil"]
    assert frame["opened"].to_list()[0] == NOW + dt.timedelta(minutes=10)
    assert frame["ip"].to_list()[0] == str(ipaddress.ip_address("1.2.3.4"))
    assert float(frame["price"].to_list()[0]) == 1.5


def test_a_query_becomes_series(clickhouse: ClickHouse) -> None:
    """The query has macros, labels and filled gaps."""
    sql = f"SELECT $__timeGroupAlias(opened, '20m', 0), name, count(*) AS n FROM {SHOPS} WHERE $__timeFilter(opened)"
    [frame] = clickhouse.open().query(query_of(), f"{sql} GROUP BY 1, 2 ORDER BY 1")

    assert sorted((str(field.labels), field.to_list()) for field in frame.fields[1:]) == sorted(
        [
            (str({"name": "O'Neil"}), [0, 0, 1, 0]),
            (str({"name": "north"}), [1, 0, 0, 0]),
        ]
    )


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("name = $__text(O%27Neil)", ["O'Neil"]),
        ("name LIKE '%$__text(or)%'", ["north"]),
        ("name IN ($__text(north,O%27Neil))", ["north", "O'Neil"]),
        ("id = $__text(2)", ["O'Neil"]),
        ("id > $__text(1)", ["O'Neil"]),
        ("id IN ($__text(1,2))", ["north", "O'Neil"]),
        ("name = $__text(%27%20OR%201%3D1%20--%20)", []),
        ("name = '$__text(%5C%27%20OR%201%3D1%20--%20)'", []),
    ],
)
def test_a_variables_text_is_a_value(clickhouse: ClickHouse, where: str, names: list[str]) -> None:
    """The text gets the type of the other operand, and is never SQL."""
    frame = read(clickhouse.open(), f"SELECT name FROM {SHOPS} WHERE {where} ORDER BY id LIMIT $__text(5)")

    assert (frame["name"].to_list() if frame.fields else []) == names


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE evil (a Int32) ENGINE = Memory",
        "DROP TABLE system.one",
        "INSERT INTO FUNCTION file('evil.csv') SELECT 1",
        "INSERT INTO FUNCTION url('http://127.0.0.1:1/') SELECT 1",
        "SELECT * FROM file('/etc/passwd')",
        "SELECT * FROM url('http://127.0.0.1:1/')",
        "SELECT 1 SETTINGS max_threads = 1",
        "CREATE TEMPORARY TABLE evil (a Int32)",
        "SELECT 1 SETTINGS readonly = 0",
        "SET readonly = 0",
    ],
)
def test_a_query_only_reads(clickhouse: ClickHouse, sql: str) -> None:
    """The setting forbids writes, and a change of the setting."""
    with pytest.raises(Exception, match=r"READONLY|SYNTAX_ERROR"):
        read(clickhouse.open(), sql)
    assert not list(Path.cwd().glob("evil*"))


def test_a_server_that_drops_the_readonly_setting_gets_no_query(clickhouse: ClickHouse) -> None:
    """A proxy may drop the setting."""
    clickhouse.keeps_settings = False
    with pytest.raises(QueryError, match="does not make this session read-only"):
        read(clickhouse.open(), "SELECT 5 AS x")
    assert not any("SELECT 5" in sql for sql in clickhouse.statements)


def test_an_account_with_its_own_readonly_setting_is_accepted(clickhouse: ClickHouse) -> None:
    """The account's own setting counts."""
    clickhouse.profile = {"readonly": "1"}
    assert read(clickhouse.open(), "SELECT 5 AS x")["x"].to_list() == [5]
    clickhouse.profile = {"readonly": "2"}
    with pytest.raises(QueryError, match="does not make this session read-only"):
        read(clickhouse.open(), "SELECT 5 AS x")


def test_a_query_that_takes_too_long_is_killed(clickhouse: ClickHouse) -> None:
    """The KILL QUERY statement has its id."""
    began = time.monotonic()
    with pytest.raises(QueryError, match="took longer than 2 s"):
        read(clickhouse.open(seconds=2), "SELECT sleep(3)")

    assert time.monotonic() - began < 10
    assert re.fullmatch(r"KILL QUERY WHERE query_id = '[0-9a-f-]{36}' ASYNC\s*", clickhouse.statements[-1])


@pytest.mark.parametrize(("limits", "most"), [({"rows": 1000}, 1000), ({"bytes": 1_000_000}, 1000)])
def test_rows_and_bytes_are_bounded(clickhouse: ClickHouse, limits: dict[str, int], most: int) -> None:
    """A notice names the limit, and the next query is answered."""
    database = clickhouse.open(connections=1, **limits)
    frame = read(database, "SELECT number AS x, repeat('x', 1000) AS t FROM numbers(100000)")

    assert 0 < len(frame) <= most
    assert "nly the first" in str(frame.meta)
    assert read(database, "SELECT 5 AS x")["x"].to_list() == [5]


def test_an_sql_error_has_the_databases_message(clickhouse: ClickHouse) -> None:
    """The error is downstream."""
    with pytest.raises(Exception, match="nowhere") as failure:
        read(clickhouse.open(), "SELECT nothing FROM nowhere")

    assert failure_of(failure.value).source == "downstream"


def test_tables_and_columns_are_listed(clickhouse: ClickHouse) -> None:
    """Without tables the list is empty."""
    assert clickhouse.open().names() == []
    assert clickhouse.open().check().message == "clickhouse answered"
