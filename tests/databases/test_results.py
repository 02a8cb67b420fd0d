"""Results of real databases with each kind of client: every value is a number, a time, a text or JSON."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
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

from gfruntime.errors import DownstreamError, FrameError
from gfruntime.frames.data import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pymysql  # type: ignore[import-untyped,unused-ignore]  # it has no types

ROWS = "SELECT g AS a, g::numeric / 2 AS b FROM generate_series(1, 3) g ORDER BY 1"
POSTGRES = {
    "1::int4": [1],
    "12.5::numeric": [12.5],
    "'Infinity'::numeric": [math.inf],
    "true": [True],
    "null": [None],
    "'a'::mood": ["a"],
    "'10.0.0.1/8'::inet": ["10.0.0.1/8"],
    "'10.0.0.1'::inet": ["10.0.0.1"],
    "'::1'::inet": ["::1"],
    "'10.0.0.0/8'::cidr": ["10.0.0.0/8"],
    "'08:00:2b:01:02:03'::macaddr": ["08:00:2b:01:02:03"],
    "int4range(1, 5)": ["[1,5)"],
    "int4range(null, 5)": ["(,5)"],
    "'empty'::int4range": ["empty"],
    "daterange('2026-01-01', '2026-02-01')": ["[2026-01-01,2026-02-01)"],
    "'{[1,3),[5,7)}'::int4multirange": ["{[1,3),[5,7)}"],
    "interval '1 day 02:00:00.5'": [93_600.5],
    "array[1, 2]": [b"[1,2]"],
    "array['a', null]": [b'["a",null]'],
    "array['2026-01-01'::date]": [b'["2026-01-01"]'],
    "array['\\xde'::bytea]": [b'["\\\\xde"]'],
    "array[int4range(1, 5)]": [b'["[1,5)"]'],
    "array[B'101']": [b'["101"]'],
    """'{"a":1}'::jsonb""": [b'{"a":1}'],
    "'[1]'::json": [b"[1]"],
    "'1'::jsonb": [b"1"],
    """'"t"'::jsonb""": [b'"t"'],
    "'00000000-0000-0000-0000-000000000001'::uuid": ["00000000-0000-0000-0000-000000000001"],
    "'\\xdead'::bytea": ["\\xdead"],
    "'abc'::bytea": ["abc"],
    "row(1, 't')::pair": [b'{"x":1,"y":"t"}'],
    "point(1, 2)": ["(1,2)"],
    "box(point(0, 0), point(1, 1))": ["(1,1),(0,0)"],
    "path '[(0,0),(1,1)]'": ["[(0,0),(1,1)]"],
    "circle(point(0, 0), 1)": ["<(0,0),1>"],
    """'a=>1'::hstore""": ['"a"=>"1"'],
    "B'101'": ["101"],
    "'a b'::tsvector": ["'a' 'b'"],
    "'<a/>'::xml": ["<a/>"],
    "'2026-01-01 02:00+02'::timestamptz": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)],
    "'2026-01-01'::date": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)],
    "'9999-12-31'::date": ["9999-12-31"],
    "'12:00+02'::timetz": ["12:00:00.000000+02:00"],
    "'infinity'::timestamptz": ["out of range"],
    "'infinity'::date": ["out of range"],
    "'0044-03-15 BC'::date": ["out of range"],
}
"""PostgreSQL's expressions and their values; the next dictionary has the differences of clients."""
BY_CLIENT: dict[str, dict[str, Any]] = {
    "psycopg": {
        "row(1, 't')::pair": ["(1,t)"],
        "'infinity'::timestamptz": "can't read a value: timestamp too large",
        "'infinity'::date": "can't read a value: date too large",
        "'0044-03-15 BC'::date": "can't read a value: date too small",
    },
    "asyncpg": {
        "'{[1,3),[5,7)}'::int4multirange": [b'["[1,3)","[5,7)"]'],
        "point(1, 2)": [b"[1.0,2.0]"],
        "box(point(0, 0), point(1, 1))": [b"[[1.0,1.0],[0.0,0.0]]"],
        "path '[(0,0),(1,1)]'": [b"[[0.0,0.0],[1.0,1.0]]"],
        "circle(point(0, 0), 1)": [b"[[0.0,0.0],1.0]"],
        "'infinity'::timestamptz": ["9999-12-31T23:59:59.999999"],
        "'infinity'::date": ["9999-12-31"],
        "'0044-03-15 BC'::date": "can't read a value: ordinal must be",
        """'{"a":1}'::jsonb""": [b'{"a": 1}'],
    },
    "adbc": dict.fromkeys(
        (
            *("int4range(1, 5)", "int4range(null, 5)", "'empty'::int4range", "'{[1,3),[5,7)}'::int4multirange"),
            *("daterange('2026-01-01', '2026-02-01')", "array[int4range(1, 5)]", "array[B'101']", "point(1, 2)"),
            *("box(point(0, 0), point(1, 1))", "path '[(0,0),(1,1)]'", "circle(point(0, 0), 1)", "'a=>1'::hstore"),
            *("B'101'", "'a b'::tsvector", "'12:00+02'::timetz"),
        ),
        "in the database's binary form: make it text in the query, x::text",
    )
    | {"""'{"a":1}'::jsonb""": [b'{"a": 1}'], "null": [None]},
}


@pytest.fixture(params=["psycopg", "asyncpg", "adbc"])
def client(
    request: pytest.FixtureRequest, postgres: Any, postgres_url: str
) -> Iterator[tuple[str, Callable[..., Frame]]]:
    """Return a function for each of PostgreSQL's clients that reads a query."""
    if not postgres.execute("SELECT 1 FROM pg_type WHERE typname = 'mood'").fetchone():
        postgres.execute("CREATE TYPE mood AS ENUM ('a', 'b')")
        postgres.execute("CREATE TYPE pair AS (x int, y text)")
        postgres.execute("CREATE EXTENSION hstore")
    if request.param == "psycopg":
        yield "psycopg", lambda sql, **more: Frame.from_cursor(postgres.execute(sql), **more)
    elif request.param == "adbc":
        with adbc_driver_postgresql.dbapi.connect(postgres_url) as connection, connection.cursor() as cursor:
            yield "adbc", lambda sql, **more: (cursor.execute(sql), Frame.from_cursor(cursor, **more))[1]
    else:
        yield "asyncpg", lambda sql, **more: asyncio.run(_by_asyncpg(postgres_url, sql, more))


async def _by_asyncpg(url: str, sql: str, more: dict[str, Any]) -> Frame:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            return await Frame.from_async_cursor(await connection.prepare(sql), **more)
    finally:
        await connection.close()


@pytest.mark.parametrize("value", POSTGRES)
def test_values_of_postgres_become_columns(client: tuple[str, Callable[..., Frame]], value: str) -> None:
    """The rules are those of `frames.dbvalues`; a value that a client can't read as text is an error."""
    name, read = client
    expected = BY_CLIENT[name].get(value, POSTGRES[value])

    if isinstance(expected, str):
        with pytest.raises(FrameError, match=expected):
            read(f"SELECT {value} AS x")
        assert read(f"SELECT ({value})::text AS x")["x"].type == "string"
        return
    values = read(f"SELECT {value} AS x")["x"].to_list()
    assert (values, *map(type, values)) == (expected, *map(type, expected))


def test_intervals_of_months_are_texts_in_arrow(client: tuple[str, Callable[..., Frame]]) -> None:
    """Other clients count 30 days per month."""
    name, read = client

    expected = ["P1M2DT3H"] if name == "adbc" else [float(32 * 86_400 + 3 * 3_600)]
    assert read("SELECT interval '1 mon 2 days 03:00' AS x")["x"].to_list() == expected


@pytest.mark.parametrize(("limit", "expected"), [(None, [1, 2, 3]), (3, [1, 2, 3]), (2, [1, 2]), (0, [])])
def test_a_limit_bounds_the_rows(
    client: tuple[str, Callable[..., Frame]], limit: int | None, expected: list[int]
) -> None:
    """No further rows are read, and a notice says that more exist."""
    frame = client[1](ROWS, limit=limit)

    assert [field.to_list() for field in frame.fields] == ([expected, [a / 2 for a in expected]] if expected else [])
    assert (frame.meta is not None) == (limit in (0, 2))


def test_no_rows_become_no_columns_or_the_named_types(client: tuple[str, Callable[..., Frame]]) -> None:
    """With named types there are columns, otherwise none."""
    _, read = client

    assert not read(f"SELECT * FROM ({ROWS}) x WHERE false").fields
    assert read(f"SELECT a FROM ({ROWS}) x WHERE false", types={"a": "int64"})["a"].type == "int64"


def test_async_cursors_of_psycopg_become_frames(postgres_url: str) -> None:
    """The cursor is awaited; the synchronous method's error names the async one."""

    async def run() -> list[Any]:
        async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
            frames = [await Frame.from_async_cursor(await connection.execute(ROWS), limit=limit) for limit in (None, 2)]
            with pytest.raises(FrameError, match=r"await Frame\.from_async_cursor"):
                Frame.from_cursor(await connection.execute(ROWS))
            with pytest.raises(FrameError, match="returned no rows"):
                await Frame.from_async_cursor(await connection.execute("SET work_mem = '4MB'"))
            return [frame["a"].to_list() for frame in frames]

    assert asyncio.run(run()) == [[1, 2, 3], [1, 2]]


def test_asyncpg_needs_a_transaction_for_a_limit_and_a_query(postgres_url: str) -> None:
    """A limit without a transaction, and a statement that is no query, are errors; asyncpg's rows are records."""

    async def run() -> Frame:
        connection = await asyncpg.connect(postgres_url)
        try:
            with pytest.raises(
                FrameError, match=r"needs a transaction to limit rows: use async with connection.transaction\(\)"
            ):
                await Frame.from_async_cursor(await connection.prepare(ROWS), limit=2)
            with pytest.raises(FrameError, match="returned no rows"):
                await Frame.from_async_cursor(await connection.prepare("SET work_mem = '4MB'"))
            return Frame.from_records(await connection.fetch(ROWS))
        finally:
            await connection.close()

    assert asyncio.run(run())["b"].to_list() == [0.5, 1.0, 1.5]


def test_results_of_sqlalchemy_become_frames(postgres_url: str) -> None:
    """The results are rows and mappings of a connection, through which jsonb is known."""
    engine = sqlalchemy.create_engine(postgres_url.replace("://", "+psycopg://"))
    sql = sqlalchemy.text(f"SELECT a, '1'::jsonb AS j FROM ({ROWS}) x")
    with closing(engine.connect()) as connection:
        frames = [
            Frame.from_cursor(connection.execute(sql), limit=2),
            Frame.from_cursor(connection.execute(sql).mappings()),
        ]
        with pytest.raises(FrameError, match="returned no rows"):
            Frame.from_cursor(connection.execute(sqlalchemy.text("SET work_mem = '4MB'")))
        with pytest.raises(FrameError, match="whose columns have names, got ScalarResult"):
            Frame.from_cursor(connection.execute(sql).scalars())
    engine.dispose()

    assert [frame["a"].to_list() for frame in frames] == [[1, 2], [1, 2, 3]]
    assert frames[0]["j"].to_list() == [b"1", b"1"]


def test_streams_of_sqlalchemy_become_frames(postgres_url: str) -> None:
    """A stream is awaited; a result that was already awaited is not."""

    async def run() -> list[Frame]:
        engine = create_async_engine(postgres_url.replace("://", "+psycopg://"))
        async with engine.connect() as connection:
            stream = await connection.stream(sqlalchemy.text(ROWS))
            frames = [await Frame.from_async_cursor(stream, limit=2)]
            await stream.close()
            frames.append(Frame.from_cursor(await connection.execute(sqlalchemy.text(ROWS))))
        await engine.dispose()
        return frames

    assert [frame["a"].to_list() for frame in asyncio.run(run())] == [[1, 2], [1, 2, 3]]


def test_a_query_that_fails_while_adbc_reads_is_downstream(postgres_url: str) -> None:
    """The error is the database's, not pyarrow's."""
    with adbc_driver_postgresql.dbapi.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 / (3 - g) AS a FROM generate_series(1, 3) g")
        with pytest.raises(DownstreamError, match=r"can't be read: .*division by zero"):
            Frame.from_cursor(cursor)


def test_sqlite_and_aiosqlite_give_equal_frames() -> None:
    """The synchronous and the async client give the same values."""
    sql = "SELECT 1 AS a, 'x' AS b, x'00ff' AS c, NULL AS d UNION ALL SELECT 2, 'y', x'61', NULL"

    async def run() -> Frame:
        async with aiosqlite.connect(":memory:") as connection, connection.execute(sql) as cursor:
            return await Frame.from_async_cursor(cursor, limit=2)

    with closing(sqlite3.connect(":memory:")) as connection:
        frame = Frame.from_cursor(connection.execute(sql))
    assert asyncio.run(run()) == frame
    assert [field.to_list() for field in frame.fields] == [[1, 2], ["x", "y"], ["\\x00ff", "\\x61"], [None, None]]


DUCKDB: dict[str, tuple[list[Any], list[Any]]] = {
    "sum(1)": ([1], [1]),
    "170141183460469231731687303715884105727::hugeint": ([2.0**127], [2.0**127]),
    "12.34::decimal(10, 2)": ([12.34], [12.34]),
    "map{'a': 1}": ([b'{"a":1}'], [b'{"a":1}']),
    "map{[1]: 2}": ([b'{"key":[[1]],"value":[2]}'], [b"[[[1],2]]"]),
    "map{date '2026-01-01': 2}": ([b'{"2026-01-01":2}'], [b'{"2026-01-01":2}']),
    "{'x': 1, 'y': ['t']}": ([b'{"x":1,"y":["t"]}'], [b'{"x":1,"y":["t"]}']),
    "union_value(n := 2)::UNION(n INT, s VARCHAR)": (["2"], ["2"]),
    "union_value(l := [1])": ([b"[1]"], [b"[1]"]),
    "interval 1 month": ([2_592_000.0], ["P1M"]),
    "interval '1 day 02:00'": ([93_600.0], [93_600.0]),
    "[interval 1 month]": ([b'["P30D"]'], [b'["P1M"]']),
    "'\\xDE\\xAD'::blob": (["\\xdead"], ["\\xdead"]),
    "'101'::bit": (["101"], ["101"]),
    "'a'::enum('a', 'b')": (["a"], ["a"]),
    "date '9999-12-31'": (["9999-12-31"], ["9999-12-31"]),
    "'infinity'::timestamp": (["9999-12-31T23:59:59.999999"], ["infinity"]),
    "'-infinity'::date": (["0001-01-01"], ["-infinity"]),
    "null": ([None], [None]),
}
"""An expression's values from a connection, which gives Python's rows, and from a relation, which gives Arrow."""


@pytest.mark.parametrize("value", DUCKDB)
def test_values_of_duckdb_become_columns(value: str) -> None:
    """The rules are those of `frames.dbvalues`."""
    with duckdb.connect() as connection:
        by_rows = Frame.from_cursor(connection.execute(f"SELECT {value} AS x"))["x"].to_list()
        by_arrow = Frame.from_cursor(connection.sql(f"SELECT {value} AS x"))["x"].to_list()

    assert (by_rows, by_arrow) == DUCKDB[value]


def test_duckdb_counts_nanoseconds_in_arrow() -> None:
    """A relation gives all nanoseconds; limits apply to relations and connections."""
    with duckdb.connect() as connection:
        frame = Frame.from_cursor(connection.sql("SELECT '2026-01-01 00:00:00.123456789'::timestamp_ns AS t"))
        frames = [
            Frame.from_cursor(run("SELECT range AS a FROM range(10000)"), limit=3)
            for run in (connection.sql, connection.execute, connection.sql)
        ]

    assert frame["t"].values.cast("int64").to_pylist() == [1767225600123456789]
    assert [(each["a"].to_list(), each.meta is None) for each in frames] == [([0, 1, 2], False)] * 3


MARIADB = {
    "1": [1],
    "12.5": [12.5],
    "CAST('2026-01-01 12:00:00' AS DATETIME)": [dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)],
    "CAST('9999-12-31' AS DATE)": ["9999-12-31"],
    "CAST('0000-00-00' AS DATE) AS x UNION ALL SELECT DATE '2026-01-01'": [
        None,
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    ],
    "CAST('-01:30:00' AS TIME)": [-5400.0],
    "CAST('ab' AS BINARY)": ["ab"],
    "x'DEAD'": ["\\xdead"],
    "b'101'": ["\\x05"],
    "POINT(1, 2)": ["\\x00000000" + "0101000000000000000000f03f0000000000000040"],
    "JSON_OBJECT('a', 1)": ['{"a": 1}'],
    "18446744073709551615": [2**64 - 1],
    "NULL": [None],
    "INET6_ATON('::1')": ["\\x00000000000000000000000000000001"],
    "UUID() IS NOT NULL": [1],
}


@pytest.mark.parametrize("value", MARIADB)
def test_values_of_mariadb_become_columns(mariadb: pymysql.Connection[Any], value: str) -> None:
    """PyMySQL reads the values."""
    with mariadb.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute(f"SELECT {value}" if " AS x " in value else f"SELECT {value} AS x")
        assert Frame.from_cursor(cursor)["x"].to_list() == MARIADB[value]
