"""Test the data source with the sample database; to test with your own, set its address in `connect`."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from gfruntime import Frame, Query, QueryError, Request, Settings, TimeRange
from gfruntime.testing import call
from plugin.datasource import Datasource, Model, Options

NOW = datetime.now(UTC)
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def datasource() -> Iterator[Datasource]:
    """Make a data source with the default settings."""
    source = connect(Options())
    yield source
    source.dispose()


def connect(options: Options) -> Datasource:
    """Configure the data source."""
    return Datasource(Settings(options=options))


def make_query(sql: str = Model.sql, output: Literal["timeseries", "table"] = "timeseries") -> Query[Model]:
    """Make the query of a panel for the last hour."""
    window = TimeRange(start=NOW - timedelta(hours=1), end=NOW)
    return Query(model=Model(sql=sql, format=output), time_range=window, interval=timedelta(minutes=1))


def ask(source: Datasource, sql: str = Model.sql, output: Literal["timeseries", "table"] = "table") -> Frame:
    """Run one query."""
    [frame] = source.query(make_query(sql, output))
    return frame


def test_each_region_is_a_series(datasource: Datasource) -> None:
    """The text column becomes a label. The alert rule relies on the north being above 90, and the south below."""
    frame = ask(datasource, output="timeseries")
    _, north, south = frame.fields

    assert (north.labels, south.labels) == ({"region": "north"}, {"region": "south"})
    assert len(frame) in (60, 61)
    assert min(north.to_list()) > 90 > max(south.to_list())


def test_a_table_has_the_values_of_the_database(datasource: Datasource) -> None:
    """Only numbers in the column `time` become times."""
    frame = ask(datasource, "SELECT 0 AS time, level FROM regions ORDER BY level")

    assert frame["time"].to_list() == [datetime(1970, 1, 1, tzinfo=UTC)] * 2
    assert frame["level"].to_list() == [60.0, 100.0]


@pytest.mark.parametrize(
    "sql", ["DROP TABLE regions", "DELETE FROM regions", "ATTACH 'x.db' AS x", "SELECT 1; SELECT 2"]
)
def test_a_query_cannot_write(datasource: Datasource, sql: str) -> None:
    """The database refuses it, and does not change."""
    with pytest.raises(QueryError, match="the database refused the query"):
        ask(datasource, sql)

    assert len(ask(datasource, "SELECT * FROM regions")) == 2


@pytest.mark.parametrize("value", ["north", "O'Neil", "' OR 1=1 --", '"; DROP TABLE regions', "é😀\\"])
@pytest.mark.parametrize("text", ["$__text({})", "'$__text({})'"])
def test_the_text_of_a_variable_never_becomes_sql(datasource: Datasource, value: str, text: str) -> None:
    """The editor sends variables percent-encoded, and the database gets the same text."""
    argument = text.format("".join(f"%{byte:02x}" for byte in value.encode()))

    assert ask(datasource, f"SELECT {argument} AS value")["value"].to_list() == [value]


def test_a_wrong_query_shows_the_databases_error(datasource: Datasource) -> None:
    """An unknown macro shows the runtime's own error."""
    with pytest.raises(QueryError, match="no such column: missing"):
        ask(datasource, "SELECT missing FROM sales")
    with pytest.raises(QueryError, match=r"did you mean \$__timeFilter\?"):
        ask(datasource, "SELECT * FROM sales WHERE $__timeFiltr(time)")


def test_a_result_has_no_more_rows_than_the_limit() -> None:
    """A notice tells that there are more rows."""
    frame = ask(connect(Options(rows=3)), "SELECT * FROM sales")

    assert len(frame) == 3
    assert "nly the first 3 rows" in str(frame.meta)


def test_a_cancelled_query_ends(datasource: Datasource) -> None:
    """The database stops the statement."""
    query = make_query(ENDLESS, "table")
    threading.Timer(0.2, query.cancel.set).start()
    began = time.monotonic()

    with pytest.raises(QueryError, match="cancelled"):
        datasource.query(query)

    assert time.monotonic() - began < 5


def test_a_query_that_takes_too_long_ends() -> None:
    """The error names the time limit."""
    with pytest.raises(QueryError, match="took longer than 1 s"):
        ask(connect(Options(seconds=1)), ENDLESS)


def test_the_resource_lists_tables_and_columns(datasource: Datasource) -> None:
    """The editor suggests them."""
    names = json.loads(call(datasource, Request(path="names")).read())

    assert {"value": "sales", "label": "sales", "description": "table"} in names
    assert {"value": "region", "label": "region", "description": "regions, TEXT"} in names


def test_save_and_test_connects_to_the_database(datasource: Datasource) -> None:
    """An address without a database is an error."""
    assert datasource.check_health().status == "ok"
    assert connect(Options(address="sqlite:/nowhere/at/all.db")).check_health().status == "error"


def test_an_alert_rule_gets_an_error_instead_of_a_part() -> None:
    """A panel gets a notice instead."""
    query = replace(make_query("SELECT * FROM sales", "table"), from_alert=True)

    with pytest.raises(QueryError, match="must not judge a part"):
        connect(Options(rows=3)).query(query)


def test_spaces_around_an_address_are_ignored() -> None:
    """It is the address of the same database."""
    assert len(ask(connect(Options(address=" sqlite: ")), "SELECT * FROM regions")) == 2


@pytest.mark.parametrize(("least", "rows"), [("65", 1), ("5", 2), ("100", 1), ("100.5", 0)])
def test_numbers_are_compared_as_numbers(datasource: Datasource, least: str, rows: int) -> None:
    """A variable's number is compared with a column and with an expression."""
    for column in ("level", "level + 0"):
        frame = ask(datasource, f"SELECT region FROM regions WHERE {column} >= $__text({least})")  # noqa: S608  # ours
        assert len(frame) == rows


def test_an_address_of_an_unknown_database_is_refused() -> None:
    """The error lists the known databases."""
    with pytest.raises(QueryError, match="begins with oracle; use one of sqlite, duckdb"):
        connect(Options(address="oracle://db"))
