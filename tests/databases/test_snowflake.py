"""`Database` with Snowflake's driver and fakesnow, which emulates it on DuckDB. Snowflake itself does not run here."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import shutil
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dbservers
import pytest

from gfruntime.errors import QueryError, failure_of
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.address import DatabaseAddress
from gfruntime.sql.database import Database, Limits
from gfruntime.sql.drivers import find_driver, snowflake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest.importorskip("adbc_driver_snowflake", reason="Snowflake's driver is not installed")
pytestmark = pytest.mark.timeout(120)

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
ADDRESS = "snowflake://reader@account/db1/public?warehouse=w&role=r"
PASSWORD = "p:/?#%41@ü"  # noqa: S105  # the tests' own
WRITE_URI = snowflake.write_uri  # tests replace this value
SHOPS = (
    "(SELECT 1 AS id, 'north' AS name, '2026-01-01 12:10:00'::TIMESTAMP_NTZ AS opened"
    " UNION ALL SELECT 2, 'O''Neil', '2026-01-01 12:50:00'::TIMESTAMP_NTZ)"
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Start the server."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("fakesnow", path=folders)
    if program is None:
        pytest.skip("install fakesnow with its extra `server` and snowflake-connector-python<5: it is not on PATH")
    account, port = dbservers.Account(os.getuid(), os.getgid()), dbservers.find_port()
    with dbservers.make_folder(account) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(snowflake, "write_uri", lambda address: local_uri(address, port))
        command = [program, "-s", "-p", str(port)]
        with dbservers.run_server(command, folder, account, open_or_fail, stop=signal.SIGTERM):
            yield port


def local_uri(address: DatabaseAddress, port: int) -> str:
    """Write the URI of a server on loopback, without TLS."""
    return f"user:password@127.0.0.1:{port}{address.path}?account=a&protocol=http&timezone=UTC"


def open_or_fail() -> Database:
    """Open the database, or fail while the server starts."""
    database = Database(ADDRESS, password=PASSWORD, account_reads_only=True)
    if (health := database.check()).status != "ok":
        raise ConnectionError(health.message)
    return database


@pytest.fixture
def open_it(port: int) -> Callable[..., Database]:
    """Open the database like a data source whose account is declared read-only."""
    assert port
    return lambda **limits: Database(ADDRESS, password=PASSWORD, account_reads_only=True, limits=Limits(**limits))


def query_of_an_hour(**options: Any) -> Query[None]:
    """Make a query with a range of an hour."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    return Query(model=None, time_range=window, interval=dt.timedelta(minutes=1), **options)


def read(database: Database, sql: str) -> Any:
    """Query a table."""
    [frame] = database.query(query_of_an_hour(), sql, format="table")
    return frame


def test_a_query_becomes_series(open_it: Callable[..., Database]) -> None:
    """The query has macros, labels and filled gaps; whole numbers stay whole."""
    sql = f"SELECT $__timeGroupAlias(opened, '20m', 0), name, count(*) AS n FROM {SHOPS} WHERE $__timeFilter(opened)"
    [frame] = open_it().query(query_of_an_hour(), f"{sql} GROUP BY 1, 2 ORDER BY 1")

    labels = {str(field.labels): field.to_list() for field in frame.fields[1:]}
    assert labels == {"{'NAME': \"O'Neil\"}": [0, 0, 1, 0], "{'NAME': 'north'}": [1, 0, 0, 0]}
    assert [field.type for field in read(open_it(), f"SELECT id FROM {SHOPS}").fields] == ["int64"]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("name = $__text(O%27Neil)", ["O'Neil"]),
        ("name LIKE '%$__text(or)%'", ["north"]),
        ("name IN ($__text(north,O%27Neil))", ["north", "O'Neil"]),
        ("name = $__text(%27%20OR%201%3D1%20--%20)", []),
        ("name = '$__text(%5C%27%20OR%201%3D1%20--%20)'", []),
    ],
)
def test_a_variables_text_is_a_value(open_it: Callable[..., Database], where: str, names: list[str]) -> None:
    """The text is never SQL."""
    frame = read(open_it(), f"SELECT name FROM {SHOPS} WHERE {where} ORDER BY id LIMIT $__text(5)")

    assert (frame["NAME"].to_list() if frame.fields else []) == names


def test_rows_are_bounded(open_it: Callable[..., Database]) -> None:
    """A notice names the limit."""
    frame = read(open_it(rows=1), f"SELECT * FROM {SHOPS}")

    assert len(frame) == 1
    assert "nly the first" in str(frame.meta)


def test_an_sql_error_has_the_databases_message(open_it: Callable[..., Database]) -> None:
    """The error is downstream."""
    with pytest.raises(Exception, match=r"(?i)nowhere") as failure:
        read(open_it(), "SELECT nothing FROM nowhere")

    assert failure_of(failure.value).source == "downstream"


def test_tables_and_columns_are_listed(open_it: Callable[..., Database]) -> None:
    """Without tables the list is empty."""
    assert open_it().names() == []
    assert "only the account's rights" in open_it().check().message


class Silent(BaseHTTPRequestHandler):
    """A server that accepts each request, and answers none."""

    bodies: list[bytes]
    release: threading.Event

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def do_POST(self) -> None:
        """Store the request, and do not answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        self.release.wait(60)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Start the silent server; return the bodies that it receives."""
    Silent.bodies, Silent.release = [], threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.daemon_threads = True
    monkeypatch.setattr(snowflake, "write_uri", lambda address: local_uri(address, server.server_address[1]))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield Silent.bodies
    Silent.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_query_ends_when_the_server_is_silent(silent: list[bytes]) -> None:
    """The login has the user, and times in UTC; the password may have any character."""
    began = time.monotonic()
    database = Database(ADDRESS, password=PASSWORD, account_reads_only=True, limits=Limits(seconds=1))

    with pytest.raises(QueryError, match="took longer than 1 s"):
        read(database, "SELECT 1 AS x")
    assert time.monotonic() - began < 15
    login = json.loads(silent[0])["data"]
    assert (login["LOGIN_NAME"], login["PASSWORD"]) == ("reader", PASSWORD)
    assert login["SESSION_PARAMETERS"]["TIMEZONE"] == "UTC"


def test_nothing_is_sent_unless_the_account_is_declared_read_only(silent: list[bytes]) -> None:
    """Snowflake has no read-only sessions."""
    with pytest.raises(QueryError, match="has no read-only sessions"):
        read(Database(ADDRESS, password=PASSWORD), "SELECT 1 AS x")
    assert silent == []


def test_the_address_becomes_the_drivers_uri() -> None:
    """The session is in UTC, and the URI has no password."""
    address = DatabaseAddress.parse(
        "snowflake://re%40der@org-account/my%20db/public?warehouse=w%26x", password=PASSWORD
    )

    assert WRITE_URI(address) == "user:password@org-account/my%20db/public?timezone=UTC&warehouse=w%26x"


@pytest.mark.parametrize("address", ["snowflake://account/db", "snowflake:///db", "snowflake://u@account?timezone=x"])
def test_an_invalid_address_is_refused(address: str) -> None:
    """An address needs a user and an account, and no other time zone."""
    with pytest.raises(QueryError, match="the database's address"):
        find_driver(DatabaseAddress.parse(address))
