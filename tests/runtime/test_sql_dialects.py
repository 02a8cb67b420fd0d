"""The macros of Grafana's SQL data sources: the text of each in each dialect, and the errors for mistakes."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any, get_args

import pytest

from gfruntime.errors import QueryError
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.dialects import Dialect
from gfruntime.sql.macros import expand_sql

START = dt.datetime(2026, 3, 7, 15, 4, 5, 120_000, tzinfo=dt.timezone(dt.timedelta(hours=1)))
FROM, TO = 1772892245, 1772895845
RANGE = TimeRange(start=START, end=START + dt.timedelta(hours=1))
QUERY = Query(model=None, time_range=RANGE, interval=dt.timedelta(minutes=10))
GRAFANA: tuple[Dialect, ...] = ("postgres", "mysql", "mssql")
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
SQLITE = "CASE typeof(t) WHEN 'text' THEN CAST(strftime('%s', t) AS INTEGER) ELSE t END"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "$__timeFilter(t)",
            [
                "t BETWEEN '2026-03-07T14:04:05.12Z' AND '2026-03-07T15:04:05.12Z'",
                f"t BETWEEN FROM_UNIXTIME({FROM}) AND FROM_UNIXTIME({TO})",
                "t BETWEEN '2026-03-07T14:04:05Z' AND '2026-03-07T15:04:05Z'",
            ],
        ),
        ("$__timeFrom()", ["'2026-03-07T14:04:05.12Z'", f"FROM_UNIXTIME({FROM})", "'2026-03-07T14:04:05Z'"]),
        ("$__timeTo()", ["'2026-03-07T15:04:05.12Z'", f"FROM_UNIXTIME({TO})", "'2026-03-07T15:04:05Z'"]),
        (
            "$__timeFrom(t)",
            ["t >= '2026-03-07T14:04:05.12Z'", f"t >= FROM_UNIXTIME({FROM})", "t >= '2026-03-07T14:04:05Z'"],
        ),
        (
            "$__timeTo(t)",
            ["t <= '2026-03-07T15:04:05.12Z'", f"t <= FROM_UNIXTIME({TO})", "t <= '2026-03-07T15:04:05Z'"],
        ),
        ("$__time(t)", ['t AS "time"', "UNIX_TIMESTAMP(t) as time_sec", "t AS time"]),
        (
            "$__timeEpoch(t)",
            [
                'extract(epoch from t) as "time"',
                "UNIX_TIMESTAMP(t) as time_sec",
                "DATEDIFF(second, '1970-01-01', t) AS time",
            ],
        ),
        (
            "$__timeGroup(t, '5m')",
            [
                "floor(extract(epoch from t)/300)*300",
                "UNIX_TIMESTAMP(t) DIV 300 * 300",
                "FLOOR(DATEDIFF(second, '1970-01-01', t)/300)*300",
            ],
        ),
        (
            "$__timeGroupAlias(t,5m,0)",
            [
                'floor(extract(epoch from t)/300)*300 AS "time"',
                'UNIX_TIMESTAMP(t) DIV 300 * 300 AS "time"',
                "FLOOR(DATEDIFF(second, '1970-01-01', t)/300)*300 AS [time]",
            ],
        ),
        ("$__unixEpochGroup(t,'1h')", ["floor((t)/3600)*3600", "t DIV 3600 * 3600", "FLOOR(t/3600)*3600"]),
        (
            "$__unixEpochGroupAlias(a + b, 1d, NULL)",
            [
                'floor((a + b)/86400)*86400 AS "time"',
                '(a + b) DIV 86400 * 86400 AS "time"',
                "FLOOR((a + b)/86400)*86400 AS [time]",
            ],
        ),
    ],
)
def test_macros_become_grafanas_sql(text: str, expected: list[str]) -> None:
    """The test compares the SQL text of PostgreSQL, MySQL and SQL Server."""
    assert [expand_sql(text, QUERY, dialect=dialect) for dialect in GRAFANA] == expected


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        ("timescaledb", "$__timeGroup(t, '5m')", "time_bucket('300.000s',t)"),
        ("timescaledb", "$__timeGroupAlias(t, '500ms')", "time_bucket('0.500s',t) AS \"time\""),
        ("timescaledb", "$__timeFrom()", "'2026-03-07T14:04:05.12Z'"),
        ("duckdb", "$__timeGroup(t, '5m')", "floor(epoch(t)/300)*300"),
        ("duckdb", "$__timeEpoch(t)", 'epoch(t) AS "time"'),
        ("sqlite", "$__timeFilter(t)", f"{SQLITE} BETWEEN {FROM} AND {TO}"),
        ("sqlite", "$__timeFrom()", "'2026-03-07 14:04:05'"),
        ("sqlite", "$__timeTo(t)", f"{SQLITE} <= {TO}"),
        ("sqlite", "$__timeGroup(t, 5m)", f"CAST({SQLITE} AS INTEGER) / 300 * 300"),
        ("sqlite", "$__unixEpochGroup(t, 5m)", "CAST(t AS INTEGER) / 300 * 300"),
        ("clickhouse", "$__timeFilter(t)", f"t >= toDateTime({FROM}) AND t <= toDateTime({TO})"),
        ("clickhouse", "$__timeGroup(t, '5m')", "toStartOfInterval(toDateTime(t), INTERVAL 300 second)"),
        ("clickhouse", "$__timeEpoch(t)", 'toUnixTimestamp(t) AS "time"'),
        ("clickhouse", "$__unixEpochGroup(t, '5m')", "intDiv(t, 300) * 300"),
        ("clickhouse", "$__fromTime, $__toTime", f"toDateTime({FROM}), toDateTime({TO})"),
        ("clickhouse", "$__fromTime_ms", f"fromUnixTimestamp64Milli({FROM}120)"),
        ("clickhouse", "$__toTime_ms", f"fromUnixTimestamp64Milli({TO}120)"),
        (
            "clickhouse",
            "$__timeFilter_ms(t)",
            f"t >= fromUnixTimestamp64Milli({FROM}120) AND t <= fromUnixTimestamp64Milli({TO}120)",
        ),
        ("clickhouse", "$__dateFilter(d)", "d >= toDate('2026-03-07') AND d <= toDate('2026-03-07')"),
        (
            "clickhouse",
            "$__dt(d, t)",
            (
                "(d >= toDate('2026-03-07') AND d <= toDate('2026-03-07')) AND "
                f"(t >= toDateTime({FROM}) AND t <= toDateTime({TO}))"
            ),
        ),
        ("clickhouse", "$__timeInterval(t)", "toStartOfInterval(toDateTime(t), INTERVAL 600 second)"),
        ("clickhouse", "$__timeInterval_ms(t)", "toStartOfInterval(toDateTime64(t, 3), INTERVAL 600000 millisecond)"),
        ("clickhouse", "$__interval_s", "600"),
        ("postgres", "$__timeGroup(t, 500ms)", "floor(extract(epoch from t)/0.5)*0.5"),
        ("mysql", "$__timeGroup(a - b, 1m)", "UNIX_TIMESTAMP(a - b) DIV 60 * 60"),
        ("postgresql", "$__timeFrom()", "'2026-03-07T14:04:05.12Z'"),
        ("mariadb", "$__timeFrom()", f"FROM_UNIXTIME({FROM})"),
    ],
)
def test_other_dialects_have_their_own_functions(dialect: Any, text: str, expected: str) -> None:
    """The test compares the SQL of TimescaleDB, DuckDB, SQLite and ClickHouse; two dialects have alternative names."""
    assert expand_sql(text, QUERY, dialect=dialect) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$__unixEpochFilter(t)", f"t >= {FROM} AND t <= {TO}"),
        ("$__unixEpochFrom() $__unixEpochTo()", f"{FROM} {TO}"),
        ("$__unixEpochNanoFilter(t)", f"t >= {FROM}120000000 AND t <= {TO}120000000"),
        ("$__unixEpochNanoFrom() $__unixEpochNanoTo()", f"{FROM}120000000 {TO}120000000"),
        ("$__interval $__interval_ms '${__interval}'", "10m 600000 '10m'"),
        ("$__from ${__to} ${__from:date:seconds}", f"{FROM}120 {TO}120 {FROM}"),
        ("'${__from:date:iso}' '${__to:date}'", "'2026-03-07T14:04:05.12Z' '2026-03-07T15:04:05.12Z'"),
        ("${__from:date:YYYY-MM-DD HH:mm} [[__to:date:YYYY]]", "2026-03-07 14:04 2026"),
        ("${__from:sqlstring} ${__from:raw}", f"'{FROM}120' {FROM}120"),
        ("${region} ${__user.login} $1 $__tag$ x $__tag$ $$", "${region} ${__user.login} $1 $__tag$ x $__tag$ $$"),
        ("costs $5 (five)", "costs $5 (five)"),
    ],
)
def test_numbers_and_formats_are_the_same_everywhere(dialect: Dialect, text: str, expected: str) -> None:
    """These macros need no functions of the database; other text stays."""
    assert expand_sql(text, QUERY, dialect=dialect) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$__unixEpochFilter( t )", f"t >= {FROM} AND t <= {TO}"),
        ("$__unixEpochFilter (t)", f"t >= {FROM} AND t <= {TO}"),
        ("$__unixEpochFilter(\n  t\n)", f"t >= {FROM} AND t <= {TO}"),
        ('$__unixEpochFilter("my (odd), column")', f'"my (odd), column" >= {FROM} AND "my (odd), column" <= {TO}'),
        ("$__timeFrom(f(a, ')', g(b)))", "f(a, ')', g(b)) >= '2026-03-07T14:04:05.12Z'"),
        ("$__time(arr[1, 2])", 'arr[1, 2] AS "time"'),
        ("$__timeGroup( t , \"5m\" , 'previous' )", "floor(extract(epoch from t)/300)*300"),
        ("$__timeGroup(t, $__interval)", "floor(extract(epoch from t)/600)*600"),
        ("$__timeGroup(t, '${__interval}')", "floor(extract(epoch from t)/600)*600"),
        ("$__timeFrom($__time(t))", "t AS \"time\" >= '2026-03-07T14:04:05.12Z'"),
        ("$__timeFrom, $__timeTo ", "'2026-03-07T14:04:05.12Z', '2026-03-07T15:04:05.12Z' "),
        ("$__unixEpochFrom", f"{FROM}"),
        ("$__timeGroup(t,'1h30m')", "floor(extract(epoch from t)/5400)*5400"),
        ("SELECT $__timeGroup(t,'5m'), x", 'SELECT floor(extract(epoch from t)/300)*300 AS "time", x'),
        ("x GROUP BY $__timeGroup(t,'5m'), x", "x GROUP BY floor(extract(epoch from t)/300)*300, x"),
        ("-- $__timeFrom()\n'$__interval'", "-- '2026-03-07T14:04:05.12Z'\n'10m'"),
    ],
)
def test_macros_may_have_spaces_quotes_and_brackets(text: str, expected: str) -> None:
    """Macros may contain macros, and are expanded in comments and texts, too, as in Grafana."""
    assert expand_sql(text, QUERY, dialect="postgres") == expected


def test_a_backslash_escapes_quotes_in_mysql_only() -> None:
    """MySQL escapes quotes with it; PostgreSQL does not."""
    assert expand_sql(r"$__timeFrom(f('\')'))", QUERY, dialect="mysql") == rf"f('\')') >= FROM_UNIXTIME({FROM})"
    assert expand_sql(r"$__timeFrom(f('\'))", QUERY, dialect="postgres").startswith(r"f('\') >= ")


def test_mysql_knows_times_before_1970() -> None:
    """MySQL's `FROM_UNIXTIME` does not know them."""
    early = TimeRange(start=dt.datetime(1969, 12, 31, 23, tzinfo=dt.UTC), end=START)

    text = expand_sql("$__timeFilter(t)", Query(model=None, time_range=early), dialect="mysql")

    assert text == f"t BETWEEN DATE_ADD(FROM_UNIXTIME(0), INTERVAL -3600 SECOND) AND FROM_UNIXTIME({FROM})"


def test_comments_are_removed_in_mssql_only() -> None:
    """As in Grafana, a commented-out macro is ignored; comment marks inside a text are text."""
    text = "SELECT '--$__interval', [a--b] -- $__nonsense(\n/* $__foo */FROM t"

    assert expand_sql(text, QUERY, dialect="mssql") == "SELECT '--10m', [a--b] \nFROM t"
    with pytest.raises(QueryError, match="unknown macro"):
        expand_sql(text, QUERY, dialect="postgres")


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (
            "$__timeFiltr(t)",
            r"unknown macro \$__timeFiltr: did you mean \$__timeFilter\? The macros are .*\$__interval, ",
        ),
        ("$__TIMEFILTER(t)", r"did you mean \$__timeFilter\?"),
        ("$timeFilter(t)", r"unknown macro \$timeFilter: did you mean \$__timeFilter\?"),
        ("$_timeGroup(t, '5m')", r"did you mean \$__timeGroup\?"),
        ("$__xyzzy", r"unknown macro \$__xyzzy. The macros are .*\$__unixEpochTo"),
        ("-- $__xyzzy(t)", "unknown macro"),
        ("$__timeFilter", r"\$__timeFilter expects 1 argument, received 0"),
        ("$__timeFilter()", r"\$__timeFilter expects 1 argument, received 0"),
        ("$__timeFilter(a, b)", "expects 1 argument, received 2"),
        ("$__timeGroup(t)", "expects 2 to 3 arguments, received 1"),
        ("$__timeGroup(t, '5m', 0, 1)", "expects 2 to 3 arguments, received 4"),
        ("$__timeGroup(t, 5x)", "'5x' is not a duration"),
        ("$__timeGroup(t, 300)", "'300' is not a duration"),
        ("$__timeGroup(t, '0s')", "longer than 0, got '0s'"),
        ("$__timeGroup(t, -5m)", "longer than 0, got -5m"),
        ("$__timeFilter(f(t)", "missing close bracket"),
        ("$__timeFilter('t)", "missing close bracket"),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_unknown_macros_and_wrong_arguments_are_explained(dialect: Dialect, text: str, because: str) -> None:
    """The error for an unknown macro lists the macros and the likely one."""
    if dialect == "mssql" and text.startswith("--"):
        assert not expand_sql(text, QUERY, dialect=dialect)
        return
    with pytest.raises(QueryError, match=because):
        expand_sql(text, QUERY, dialect=dialect)


@pytest.mark.parametrize("dialect", ["mysql", "mssql", "sqlite", "clickhouse"])
def test_groups_below_a_second_are_refused_where_they_would_be_wrong(dialect: Dialect) -> None:
    """In MySQL they would divide by zero."""
    with pytest.raises(QueryError, match="whole seconds for this database, got '500ms'"):
        expand_sql("$__timeGroup(t, '500ms')", QUERY, dialect=dialect)


def test_the_error_for_an_unknown_dialect_lists_the_dialects() -> None:
    """The error lists the dialects."""
    with pytest.raises(ValueError, match=r"one of postgres, timescaledb, mysql, mssql, sqlite, duckdb.*, got 'oracle'"):
        expand_sql("", QUERY, dialect="oracle")  # type: ignore[arg-type]  # the mistake


def test_own_macros_are_added_to_those_of_a_dialect() -> None:
    """The author's macros replace standard ones of the same name, are listed in errors, and may be nested."""
    own = {"ago": lambda args: f"now() - {args[0]}", "time": lambda args: f"<{args[0]}>", "sales": lambda _: "s.sales"}

    text = expand_sql(
        "$__ago($__interval_ms) $__time(f(t)) $__sales (x) $__table", QUERY, table="tab", dialect="postgres", macros=own
    )

    assert text == "now() - 600000 <f(t)> s.sales (x) tab"
    with pytest.raises(QueryError, match=r"did you mean \$__sales\?"):
        expand_sql("$__sale", QUERY, dialect="postgres", macros=own)


def nest(begin: str, count: int, end: str) -> str:
    """Nest a macro in its own argument."""
    return begin * count + "a" + end * count


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text",
    [
        nest("$__timeFilter(", 26, ")"),
        nest("$__unixEpochFilter(", 100_000, ")"),
        nest("$__unixEpochFilter($__timeFrom(", 9, "))"),
        nest("$__timeTo(", 18, ")"),
        nest("$__unixEpochFilter(", 16, ")") * 20,
        "$__unixEpochFilter(" + "x" * 600_000 + ")",
        "$__interval_ms " * 100_000,
        "x" * 1_000_001,
    ],
    ids=lambda text: f"{text[:30]} ({len(text)})",
)
def test_macros_that_grow_are_refused(dialect: Dialect, text: str) -> None:
    """Nesting and output are bounded as without a dialect."""
    began = time.process_time()

    with pytest.raises(QueryError, match=r"more than (16 times|200 brackets|1,000,000 characters)"):
        expand_sql(text, QUERY, dialect=dialect)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "mssql"])
@pytest.mark.parametrize(
    "text",
    ["'" * 300_001, "\\'" * 300_000, '"' * 300_001, "[" * 500_000, "/*" * 300_000, "--" * 300_000, "${__from:" * 50_000,
     "[[__from:" * 50_000, "$_" * 300_000],
    ids=lambda text: f"{text[:9]} ({len(text)})",
)  # fmt: skip
def test_texts_without_closing_characters_take_linear_time(dialect: Dialect, text: str) -> None:
    """A missing closing character is searched once."""
    began = time.process_time()

    expand_sql(text, QUERY, dialect=dialect)
    with pytest.raises(QueryError, match=r"missing close bracket|more than 200 brackets"):
        expand_sql(f"$__timeFilter('{text}", QUERY, dialect=dialect)
    assert time.process_time() - began < 2
