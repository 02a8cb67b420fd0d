"""Every macro of every dialect in a real database: PostgreSQL, MariaDB, SQLite, DuckDB, and ClickHouse with chdb.

TimescaleDB and SQL Server don't run here: their text is tested in tests/runtime/test_sql_dialects.py.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from gfruntime.frames.data import Frame
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.formats import formatted
from gfruntime.sql.macros import expand_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gfruntime.sql.dialects import Dialect

ZERO = int(dt.datetime(2026, 3, 7, 14, tzinfo=dt.UTC).timestamp())
MINUTES = (0, 1, 2, 7, 12, 40)
"""The minutes that have a row; its amount is the same number."""
RANGE = TimeRange(
    start=dt.datetime.fromtimestamp(ZERO + 30, dt.UTC), end=dt.datetime.fromtimestamp(ZERO + 1200, dt.UTC)
)
QUERY = Query(model=None, time_range=RANGE, interval=dt.timedelta(minutes=5))
INSIDE = [1, 2, 7, 12]
TYPES = {
    "postgres": "t timestamptz, e bigint, n bigint, region text, amount int",
    "mysql": "t datetime, e bigint, n bigint, region varchar(9), amount int",
    "sqlite": "t text, e integer, n integer, region text, amount integer",
    "duckdb": "t timestamp, e bigint, n bigint, region varchar, amount integer",
    "clickhouse": "t DateTime('UTC'), e Int64, n Int64, region String, amount Int32",
}


@dataclass(frozen=True)
class Database:
    """A database with the table of the tests."""

    dialect: Dialect
    execute: Callable[[str], Any]

    def read(self, sql: str) -> Frame:
        """Run a query whose macros are replaced."""
        return Frame.from_cursor(self.execute(expand_sql(sql, QUERY, dialect=self.dialect)))

    def series(self, sql: str) -> Frame:
        """Run a query and make a time series of it."""
        [frame] = formatted(self.read(sql), "timeseries", sql=sql, query=QUERY)
        return frame


def fill(database: Database) -> Database:
    """Make the table."""
    engine = " ENGINE = Memory" if database.dialect == "clickhouse" else ""
    database.execute("DROP TABLE IF EXISTS sales")
    database.execute(f"CREATE TABLE sales ({TYPES[database.dialect]}){engine}")
    rows = ((ZERO + 60 * minute, minute, "north" if minute < 5 else "south") for minute in MINUTES)
    moment = "('{:%Y-%m-%d %H:%M:%S}', {}, {}000000000, '{}', {})"
    values = ", ".join(
        moment.format(dt.datetime.fromtimestamp(second, dt.UTC), second, second, region, minute)
        for second, minute, region in rows
    )
    database.execute(f"INSERT INTO sales VALUES {values}")
    return database


@pytest.fixture(params=["postgres", "mysql", "sqlite", "duckdb", "clickhouse"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Connect to each database in turn."""
    if request.param == "postgres":
        yield fill(Database("postgres", request.getfixturevalue("postgres").execute))
    elif request.param == "mysql":
        with request.getfixturevalue("mariadb").cursor() as cursor:
            yield fill(Database("mysql", lambda sql: (cursor.execute(sql), cursor)[1]))
    elif request.param == "sqlite":
        with closing(sqlite3.connect(":memory:")) as connection:
            yield fill(Database("sqlite", connection.execute))
    elif request.param == "duckdb":
        with duckdb.connect() as duck:
            yield fill(Database("duckdb", duck.execute))
    else:
        yield from _clickhouse()


def _clickhouse() -> Iterator[Database]:
    try:
        from chdb import dbapi  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  # may be missing
    except ImportError:
        pytest.skip("chdb is not installed")
    connection = dbapi.connect()  # type: ignore[no-untyped-call,unused-ignore]  # it has no types
    with closing(connection), closing(connection.cursor()) as cursor:
        yield fill(Database("clickhouse", lambda sql: (cursor.execute(sql), cursor)[1]))


@pytest.mark.parametrize(
    "where",
    [
        "$__timeFilter(t)",
        "$__timeFilter( t )",
        "$__timeFilter (coalesce(t, t))",
        "t >= $__timeFrom() AND t <= $__timeTo()",
        "t BETWEEN $__timeFrom AND $__timeTo",
        "$__timeFrom(t) AND $__timeTo(t)",
        "amount < 99 AND $__timeFilter(t) AND amount >= 0",
        "NOT (amount = 99 OR NOT ($__timeFilter(t)))",
        "$__unixEpochFilter(e)",
        "e >= $__unixEpochFrom() AND e <= $__unixEpochTo()",
        "$__unixEpochNanoFilter(n)",
        "n >= $__unixEpochNanoFrom() AND n <= $__unixEpochNanoTo()",
        "e * 1000 >= $__from AND e * 1000 <= ${__to}",
        "e >= ${__from:date:seconds} AND e <= ${__to:date:seconds}",
        "$__timeFilter(t) -- not $__timeFilter(e), (it's\n",
        "$__timeFilter(t) AND '$__interval' = '5m' AND $__interval_ms = 300000",
    ],
)
def test_filters_choose_the_rows_of_the_range(database: Database, where: str) -> None:
    """Both ends are included."""
    frame = database.read(f"SELECT amount FROM sales WHERE {where} ORDER BY amount")

    assert frame["amount"].to_list() == INSIDE


@pytest.mark.parametrize("column", ["$__time(t)", "$__timeEpoch(t)"])
def test_times_become_the_time_column(database: Database, column: str) -> None:
    """Databases return texts, numbers or timestamps."""
    frame = database.series(f"SELECT {column}, amount FROM sales WHERE $__timeFilter(t) ORDER BY 1")

    assert [int(time.timestamp() - ZERO) // 60 for time in frame["Time"].to_list()] == INSIDE
    assert frame["amount"].to_list() == INSIDE


GROUPS = [
    "$__timeGroup(t, '5m'{fill}) AS time",
    "$__timeGroupAlias(t,5m{fill})",
    '$__timeGroupAlias( t , "5m"{fill})',
    "$__timeGroupAlias(t, $__interval{fill})",
    "$__timeGroupAlias(coalesce(t, t), '5m'{fill})",
    "$__unixEpochGroup(e, '5m'{fill}) AS time",
    "$__unixEpochGroupAlias(e, $__interval{fill})",
    "$__unixEpochGroupAlias(e + 0, '5m'{fill})",
]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("", {0: 3, 5: 7, 10: 12}),
        (", 0", {0: 3, 5: 7, 10: 12, 15: 0, 20: 0}),
        (", NULL", {0: 3, 5: 7, 10: 12, 15: None, 20: None}),
        (", previous", {0: 3, 5: 7, 10: 12, 15: 12, 20: 12}),
    ],
)
def test_missing_time_groups_are_filled(
    database: Database, group: str, fill: str, expected: dict[int, float | None]
) -> None:
    """Each five minutes have one row; if the query requests it, also those without data."""
    sql = f"SELECT {group.format(fill=fill)}, sum(amount) AS amount FROM sales WHERE $__unixEpochFilter(e) GROUP BY 1"

    frame = database.series(f"{sql} ORDER BY 1")

    minutes = [int(time.timestamp() - ZERO) // 60 for time in frame["Time"].to_list()]
    assert dict(zip(minutes, frame["amount"].to_list(), strict=True)) == expected


def test_texts_are_labels(database: Database) -> None:
    """Each region has a series, and every gap is filled."""
    frame = database.series(
        "SELECT $__timeGroupAlias(t, '10m', 0), region, sum(amount) AS amount FROM sales"
        " WHERE $__unixEpochFilter(e) GROUP BY 1, 2 ORDER BY 1"
    )

    assert [(field.labels, field.to_list()) for field in frame.fields[1:]] == [
        ({"region": "north"}, [3, 0, 0]),
        ({"region": "south"}, [7, 12, 0]),
    ]


@pytest.mark.parametrize(
    "where",
    [
        "t >= $__fromTime AND t <= $__toTime",
        "t >= $__fromTime_ms AND t <= $__toTime_ms",
        "$__timeFilter_ms(t)",
        "$__dateFilter(toDate(t)) AND $__timeFilter(t)",
        "$__dateTimeFilter(toDate(t), t)",
        "$__dt(toDate(t), t)",
        "$__timeInterval(t) >= $__fromTime - $__interval_s AND $__timeFilter(t)",
        "$__timeInterval_ms(t) >= $__fromTime - $__interval_s AND $__timeFilter(t)",
    ],
)
@pytest.mark.parametrize("database", ["clickhouse"], indirect=True)
def test_macros_of_the_clickhouse_data_source_are_expanded(database: Database, where: str) -> None:
    """These macros come from ClickHouse's data source."""
    frame = database.read(f"SELECT amount FROM sales WHERE {where} ORDER BY amount")

    assert frame["amount"].to_list() == INSIDE


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("value", ["e", "datetime(e, 'unixepoch')", "strftime('%Y-%m-%dT%H:%M:%SZ', e, 'unixepoch')"])
def test_sqlites_times_are_texts_or_seconds(database: Database, value: str) -> None:
    """SQLite has no type for times."""
    assert database.read(f"SELECT amount FROM sales WHERE $__timeFilter({value})")["amount"].to_list() == INSIDE
    frame = database.series(
        f"SELECT $__timeGroupAlias({value}, '5m', 0), sum(amount) a FROM sales WHERE e < {ZERO + 1200} GROUP BY 1"
    )
    assert frame["a"].to_list() == [3, 7, 12, 0, 0]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_group_of_postgres_needs_no_alias(database: Database) -> None:
    """Queries from before Grafana 5.3 have no alias."""
    frame = database.series("SELECT $__timeGroup(t,'5m',0), sum(amount) a FROM sales WHERE $__timeFilter(t) GROUP BY 1")

    assert frame["a"].to_list() == [3, 7, 12, 0, 0]
