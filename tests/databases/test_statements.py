"""The traffic of real drivers: rows are counted, and some drivers report the statement."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import adbc_driver_postgresql.dbapi  # type: ignore[import-untyped,unused-ignore]  # it has no types
import aiosqlite
import asyncpg  # type: ignore[import-untyped,unused-ignore]  # it has no types
import duckdb
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from gfruntime.frames.data import Frame
from gfruntime.logs import capture
from gfruntime.logs.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pymysql  # type: ignore[import-untyped,unused-ignore]  # it has no types

SQL = "SELECT 1 AS v"


@pytest.fixture
def traffic() -> Iterator[Traffic]:
    """Capture the traffic of the test."""
    recording = Traffic()
    token = capture.traffic.set(recording)
    yield recording
    capture.traffic.reset(token)


def read(traffic: Traffic) -> tuple[str, int]:
    """Return the statement and the rows of the only entry."""
    [entry] = json.loads(traffic.document())["log"]["entries"]
    return entry["request"]["postData"]["text"], entry["_query"]["rowCount"]


def test_psycopg_reports_its_statement(postgres: psycopg.Connection[Any], traffic: Traffic) -> None:
    """The statement has the placeholders that the server gets."""
    Frame.from_cursor(postgres.execute("SELECT %s::int AS v", [1]))

    assert read(traffic) == ("SELECT $1::int AS v", 1)


def test_psycopgs_async_cursors_report_their_statement(postgres_url: str, traffic: Traffic) -> None:
    """Async cursors have the statement, too."""

    async def ask() -> None:
        async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
            await Frame.from_async_cursor(await connection.execute(SQL))

    asyncio.run(ask())

    assert read(traffic) == (SQL, 1)


def test_asyncpg_reports_its_statement(postgres_url: str, traffic: Traffic) -> None:
    """The statement is a prepared statement."""

    async def ask() -> None:
        connection = await asyncpg.connect(postgres_url)
        await Frame.from_async_cursor(await connection.prepare(SQL))
        await connection.close()

    asyncio.run(ask())

    assert read(traffic) == (SQL, 1)


def test_pymysql_reports_its_statement(mariadb: pymysql.Connection[Any], traffic: Traffic) -> None:
    """The statement has the arguments, which PyMySQL inserts."""
    with mariadb.cursor() as cursor:
        cursor.execute("SELECT %s AS v", [1])
        Frame.from_cursor(cursor)

    assert read(traffic) == (SQL, 1)


def test_sqlalchemy_reports_its_statement(traffic: Traffic) -> None:
    """The report has the compiled statement."""
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        Frame.from_cursor(connection.execute(sqlalchemy.text("SELECT :a AS v"), {"a": 1}))

    assert read(traffic) == ("SELECT ? AS v", 1)


def test_sqlalchemys_streams_report_their_statement(postgres_url: str, traffic: Traffic) -> None:
    """The results of streams wrap other results."""
    engine = create_async_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))

    async def ask() -> None:
        async with engine.connect() as connection:
            await Frame.from_async_cursor(await connection.stream(sqlalchemy.text(SQL)))
        await engine.dispose()

    asyncio.run(ask())

    assert read(traffic) == (SQL, 1)


def test_other_drivers_report_no_statement(postgres_url: str, traffic: Traffic) -> None:
    """The rows of other drivers are counted, and the statement is empty."""

    async def ask() -> None:
        async with aiosqlite.connect(":memory:") as connection:
            await Frame.from_async_cursor(await connection.execute(SQL))

    asyncio.run(ask())
    with closing(sqlite3.connect(":memory:")) as connection:
        Frame.from_cursor(connection.execute(SQL))
    with closing(duckdb.connect()) as database:
        Frame.from_cursor(database.execute(SQL))
    with adbc_driver_postgresql.dbapi.connect(postgres_url) as driver, driver.cursor() as cursor:
        cursor.execute(SQL)
        Frame.from_cursor(cursor)
    entries = json.loads(traffic.document())["log"]["entries"]

    assert [entry["_query"]["rowCount"] for entry in entries] == [1] * 4
    assert {entry["request"]["postData"]["text"] for entry in entries} == {""}
    assert {entry["comment"] for entry in entries} == {"the driver does not provide the statement"}
