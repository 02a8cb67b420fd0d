"""Real databases, one server of each kind for the whole run."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dbservers
import psycopg
import pymysql  # type: ignore[import-untyped,unused-ignore]  # it has no types
import pytest
from shopservers import server

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["server"]

FOLDER = f"{Path(__file__).parent}{os.sep}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the folder's tests."""
    for item in items:
        if str(item.path).startswith(FOLDER):
            item.add_marker(pytest.mark.databases)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(60))


@contextmanager
def _postgres() -> Iterator[str]:
    initdb, program = (dbservers.find_program("postgresql", name) for name in ("initdb", "postgres"))
    account, port = dbservers.Account.of_tests(), dbservers.find_port()
    url = f"postgresql://tests@127.0.0.1:{port}/postgres"
    with dbservers.make_folder(account) as folder:
        data = f"{folder}/data"
        trust = ("--auth=trust", "--username=tests", "--encoding=UTF8", "--locale=C", "--no-sync")
        dbservers.prepare([initdb, f"--pgdata={data}", *trust], folder, account)
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "timezone": "UTC"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [program, "-D", data, "-p", str(port), *options]
        with dbservers.run_server(command, folder, account, lambda: psycopg.connect(url), stop=signal.SIGINT):
            yield url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start PostgreSQL, and return its address."""
    with _postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect to PostgreSQL."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        yield connection


@contextmanager
def _mariadb() -> Iterator[dict[str, Any]]:
    install, program = (dbservers.find_program("mariadb-server", name) for name in ("mariadb-install-db", "mariadbd"))
    account, port = dbservers.Account.of_tests(), dbservers.find_port()
    address = {"host": "127.0.0.1", "port": port, "user": "root", "init_command": "SET time_zone = '+00:00'"}
    with dbservers.make_folder(account) as folder:
        data = [
            "--no-defaults",
            f"--datadir={folder}/data",
            "--innodb-flush-method=nosync",
            "--innodb-log-file-size=4M",
        ]
        dbservers.prepare(
            [install, *data, "--auth-root-authentication-method=normal", "--skip-test-db"], folder, account
        )
        where = [f"--socket={folder}/socket", f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder}/pid"]
        command = [program, *data, *where, "--skip-name-resolve", "--innodb-fast-shutdown=2"]
        with dbservers.run_server(command, folder, account, lambda: pymysql.connect(**address), stop=signal.SIGTERM):
            yield address


@pytest.fixture(scope="session")
def mariadb() -> Iterator[pymysql.Connection[Any]]:
    """Start MariaDB, and connect to it."""
    with _mariadb() as address, closing(pymysql.connect(**address, autocommit=True)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE tests")
            cursor.execute("USE tests")
        yield connection
