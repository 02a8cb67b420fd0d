"""A data source for PostgreSQL with `gfplug call`: answers, cancellation, and errors."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import Ended
from projects import new_project

from gfplug.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    Ask = Callable[..., Ended]

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project for PostgreSQL."""
    folder = new_project(tmp_path_factory.mktemp("postgres") / "project")
    shutil.copyfile(HERE / "pgsource.py", folder / "src" / "plugin" / "datasource.py")
    shutil.rmtree(folder / "provisioning")
    return folder


@pytest.fixture(params=["psycopg", "adbc"])
def driver(request: pytest.FixtureRequest) -> str:
    """Return each of the drivers."""
    return str(request.param)


@pytest.fixture
def ask(project: Path, driver: str, postgres_url: str, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run SQL through a driver, with this interpreter's packages."""

    def call(sql: str, *words: str, url: str = postgres_url) -> Ended:
        options = ("--set", f"sql={sql}", "--option", f"url={url}", "--option", f"driver={driver}", *words)
        code = main(["call", "query", str(project), *options, "--python", sys.executable])
        return Ended(code, *capsys.readouterr())

    return call


def running(postgres: psycopg.Connection[Any], sql: str) -> int:
    """Return the number of sessions that run a statement."""
    row = postgres.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s AND pid <> pg_backend_pid()",
        (f"%{sql}%",),
    ).fetchone()
    return int(row[0]) if row else 0


def wait_for(postgres: psycopg.Connection[Any], sql: str, count: int) -> None:
    """Wait until this number of sessions run a statement."""
    deadline = time.monotonic() + 10
    while running(postgres, sql) != count:
        assert time.monotonic() < deadline, f"{running(postgres, sql)} sessions run {sql}"
        time.sleep(0.05)


def test_macros_reach_the_database(ask: Ask) -> None:
    """The query has typical macros, in the panel's range."""
    result = ask("SELECT now() AS time, 42 AS answer WHERE $__timeFrom()::timestamptz < now()")

    assert result.code == 0, result.err
    assert "42" in result.out


def test_a_cancelled_query_ends_in_the_database(ask: Ask, postgres: psycopg.Connection[Any]) -> None:
    """The call is cancelled after its limit of a second; the statement would take thirty."""
    result = ask("SELECT pg_sleep(30), 'cancelled' AS word", "--timeout", "2")

    assert result.code == 6
    assert "--timeout" in result.err
    wait_for(postgres, "'cancelled' AS word", 0)


@pytest.mark.parametrize("driver", ["psycopg"], indirect=True)
def test_a_statement_ends_before_grafana_stops_waiting(ask: Ask) -> None:
    """`time_left` becomes the statement's timeout, whose error reaches the panel."""
    result = ask("SELECT pg_sleep(30)", "--timeout", "4", "--option", "keeps_deadline=true")

    assert result.code == 6
    assert "canceling statement due to statement timeout" in result.err


def test_a_statement_that_writes_is_refused(ask: Ask) -> None:
    """The session is read-only."""
    result = ask("CREATE TABLE written (x int)")

    assert result.code == 6
    assert "cannot execute CREATE TABLE in a read-only transaction" in result.err


def test_an_sql_error_is_the_querys_error(ask: Ask) -> None:
    """The error has status 400 and the database's message."""
    result = ask("SELECT nothing FROM nowhere")

    assert result.code == 6
    assert "status 400 (downstream)" in result.err
    assert 'relation "nowhere" does not exist' in result.err


@pytest.fixture
def locked_url(postgres: psycopg.Connection[Any], postgres_url: str) -> str:
    """Make an account with a password; return an address with a wrong one."""
    postgres.execute("DROP ROLE IF EXISTS locked")
    postgres.execute("CREATE ROLE locked LOGIN PASSWORD 'the-right-one'")
    row = postgres.execute("SHOW hba_file").fetchone()
    assert row is not None
    path = Path(row[0])
    path.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{path.read_text()}")
    postgres.execute("SELECT pg_reload_conf()")
    return postgres_url.replace("tests@", "locked:the-wrong-one@")


def test_a_wrong_password_is_reported_without_showing_it(ask: Ask, locked_url: str) -> None:
    """The error has the database's message."""
    deadline = time.monotonic() + 10
    result = ask("SELECT 1", url=locked_url)
    while result.code == 0 and time.monotonic() < deadline:  # the server reads its file a moment later
        result = ask("SELECT 1", url=locked_url)

    assert result.code == 6
    assert 'password authentication failed for user "locked"' in result.err
    assert "the-wrong-one" not in result.err


def test_an_unreachable_database_is_a_downstream_error(ask: Ask) -> None:
    """No server listens at the address."""
    result = ask("SELECT 1", url="postgresql://tests@127.0.0.1:1/postgres")

    assert result.code == 6
    assert "downstream" in result.err
    assert "127.0.0.1" in result.err
