"""A data source for PostgreSQL, asked by `gfplug call`: what works, what is cancelled, and what goes wrong."""

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
    """Name each of the drivers."""
    return str(request.param)


@pytest.fixture
def ask(project: Path, driver: str, postgres_url: str, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Ask for SQL through a driver, with this interpreter's packages."""

    def call(sql: str, *words: str, url: str = postgres_url) -> Ended:
        arguments = ("--set", f"sql={sql}", "--option", f"url={url}", "--option", f"driver={driver}", *words)
        code = main(["call", "query", str(project), *arguments, "--python", sys.executable])
        return Ended(code, *capsys.readouterr())

    return call


def running(postgres: psycopg.Connection[Any], sql: str) -> int:
    """Count the sessions that run a statement."""
    rows = postgres.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s AND pid <> pg_backend_pid()",
        (f"%{sql}%",),
    ).fetchone()
    return int(rows[0]) if rows else 0


def wait_for(postgres: psycopg.Connection[Any], sql: str, count: int) -> None:
    """Wait until as many sessions run a statement."""
    deadline = time.monotonic() + 10
    while running(postgres, sql) != count:
        assert time.monotonic() < deadline, f"{running(postgres, sql)} sessions run {sql}"
        time.sleep(0.05)


def test_macros_reach_the_database(ask: Ask) -> None:
    """A query as people write it, in the panel's range."""
    ended = ask("SELECT now() AS time, 42 AS answer WHERE $__timeFrom()::timestamptz < now()")

    assert ended.code == 0, ended.err
    assert "42" in ended.out


def test_a_query_that_nobody_waits_for_ends_in_the_database(ask: Ask, postgres: psycopg.Connection[Any]) -> None:
    """The call is cancelled after its second; the statement would take thirty."""
    ended = ask("SELECT pg_sleep(30), 'cancelled' AS word", "--timeout", "2")

    assert ended.code == 6
    assert "--timeout" in ended.err
    wait_for(postgres, "'cancelled' AS word", 0)


@pytest.mark.parametrize("driver", ["psycopg"], indirect=True)
def test_a_statement_ends_before_grafana_stops_waiting(ask: Ask) -> None:
    """`time_left` became the statement's own time-out: its error reaches the panel."""
    ended = ask("SELECT pg_sleep(30)", "--timeout", "4", "--option", "keeps_deadline=true")

    assert ended.code == 6
    assert "canceling statement due to statement timeout" in ended.err


def test_a_database_that_is_written_to_refuses(ask: Ask) -> None:
    """The session may only read."""
    ended = ask("CREATE TABLE written (x int)")

    assert ended.code == 6
    assert "cannot execute CREATE TABLE in a read-only transaction" in ended.err


def test_a_mistake_in_sql_is_the_querys(ask: Ask) -> None:
    """Status 400, in the database's words."""
    ended = ask("SELECT nothing FROM nowhere")

    assert ended.code == 6
    assert "status 400 (downstream)" in ended.err
    assert 'relation "nowhere" does not exist' in ended.err


@pytest.fixture
def locked_url(postgres: psycopg.Connection[Any], postgres_url: str) -> str:
    """Make an account with a password; return an address with another one."""
    postgres.execute("DROP ROLE IF EXISTS locked")
    postgres.execute("CREATE ROLE locked LOGIN PASSWORD 'the-right-one'")
    row = postgres.execute("SHOW hba_file").fetchone()
    assert row is not None
    path = Path(row[0])
    path.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{path.read_text()}")
    postgres.execute("SELECT pg_reload_conf()")
    return postgres_url.replace("tests@", "locked:the-wrong-one@")


def test_a_wrong_password_is_said_and_not_shown(ask: Ask, locked_url: str) -> None:
    """In the database's words."""
    deadline = time.monotonic() + 10
    ended = ask("SELECT 1", url=locked_url)
    while ended.code == 0 and time.monotonic() < deadline:  # the server reads its file a moment later
        ended = ask("SELECT 1", url=locked_url)

    assert ended.code == 6
    assert 'password authentication failed for user "locked"' in ended.err
    assert "the-wrong-one" not in ended.err


def test_a_database_that_is_not_there_is_the_upstreams_failure(ask: Ask) -> None:
    """Nobody listens at the address."""
    ended = ask("SELECT 1", url="postgresql://tests@127.0.0.1:1/postgres")

    assert ended.code == 6
    assert "downstream" in ended.err
    assert "127.0.0.1" in ended.err
