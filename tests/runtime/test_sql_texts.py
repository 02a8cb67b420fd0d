"""Texts of variables in SQL: `$__text(…)`, whose characters never become SQL."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from contextlib import closing
from typing import get_args
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfruntime.errors import QueryError
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql.dialects import Dialect
from gfruntime.sql.macros import expand_sql

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
QUERY = Query(model=None, time_range=TimeRange(start=NOW, end=NOW))
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
FRAMES = ("{}", "'{}'", "'%{}%'", "E'{}'", "$$ {} $$", "/* {}", '" {}', "\\'{}\\'", "--{}\n")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("$__text(a)", r"E'\U00000061'"),
        ("$__text()", "E''"),
        ("x IN ($__text(a,%27))", r"x IN (E'\U00000061', E'\U00000027')"),
        ("'$__text(a)'", r"E'\U00000061'"),
        ("LIKE '%$__text(a)%'", r"LIKE ('%' || E'\U00000061' || '%')"),
        ("'$__text(a)-$__text(b)'", r"(E'\U00000061' || '-' || E'\U00000062')"),
        ("'it''s $__text(a)'", r"('it''s ' || E'\U00000061')"),
        ("-- it's $__text(a)\n$__text(a)", "-- it's E'\\U00000061'\nE'\\U00000061'"),
        ("/* ' */ '$__text(a)'", r"/* ' */ E'\U00000061'"),
        ("lower($__text(a))", r"lower(E'\U00000061')"),
    ],
)
def test_texts_are_written_as_character_codes(sql: str, expected: str) -> None:
    """PostgreSQL reads the text alone, inside another text and in a comment."""
    assert expand_sql(sql, QUERY, dialect="postgres") == expected


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("mysql", "CONCAT('a', _utf8mb4 X'C3A9')"),
        ("mssql", "('a' + CONVERT(nvarchar(max), 0xE900))"),
        ("sqlite", "('a' || CAST(X'C3A9' AS TEXT))"),
        ("duckdb", r"('a' || E'\xC3\xA9')"),
        ("clickhouse", "('a' || unhex('C3A9'))"),
    ],
)
def test_each_dialect_writes_texts_as_digits(dialect: Dialect, expected: str) -> None:
    """The text's characters become digits."""
    assert expand_sql("'a$__text(%C3%A9)'", QUERY, dialect=dialect) == expected


@pytest.mark.parametrize("name", ['"$__text(a)"', "`x$__text(a)`"])
def test_a_variable_in_a_name_is_refused(name: str) -> None:
    """The variable could become the name of another table."""
    with pytest.raises(QueryError, match="can't be in the name"):
        expand_sql(f"FROM {name}", QUERY, dialect="postgres")


def test_several_values_in_one_text_are_refused() -> None:
    """The error says what to write."""
    with pytest.raises(QueryError, match=r"write IN \(\$variable\), without quotes"):
        expand_sql("x IN ('$__text(a,b)')", QUERY, dialect="postgres")


SALES = """\
CREATE TABLE orders (amount INTEGER, code TEXT);
INSERT INTO orders VALUES (60, '9'), (110, '07'), (120, '7');
CREATE VIEW sales AS SELECT amount + 0.0 AS amount, code FROM orders;
"""


@pytest.mark.parametrize(
    ("where", "value", "amounts"),
    [
        ("amount > {}", "90", [110, 120]),
        ("amount > {}", "110.5", [120]),
        ("amount IN ({})", "60,120", [60, 120]),
        ("amount -{} > 120", "-1", [120]),
        ("amount < {}", "1000000", [60, 110, 120]),
        ("code = {}", "7", [120]),
        ("code = {}", "07", [110]),
        ("code = '{}'", "7", [120]),
        ("code IN ({})", "07,9", [60, 110]),
        ("code LIKE '%{}'", "7", [110, 120]),
        ("code || '' = '{}'", "7", [120]),
        ("typeof('{}') = 'text'", "7", [60, 110, 120]),
        ("typeof({}) = 'text'", "1e3", [60, 110, 120]),
        ("typeof({}) = 'text'", "1.50", [60, 110, 120]),
        ("typeof({}) = 'text'", "-0", [60, 110, 120]),
        ("typeof({}) = 'text'", "1234567890123456", [60, 110, 120]),
        ("typeof({}) = 'integer'", "-123456789012345", [60, 110, 120]),
        ("typeof({}) = 'real'", "-0.25", [60, 110, 120]),
        ("typeof({}) = 'text'", "٣", [60, 110, 120]),
        ("1 LIMIT {}", "2", [60, 110]),
        ("1 LIMIT 1 OFFSET {}", "2", [120]),
    ],
)
def test_sqlite_compares_numbers_as_numbers(where: str, value: str, amounts: list[float]) -> None:
    """Texts are compared as texts, in columns of each type and in expressions without a type."""
    values = ",".join(quote(each, safe="") for each in value.split(","))
    sql = "SELECT amount FROM sales WHERE " + where.format(f"$__text({values})")  # noqa: S608  # the test's own
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SALES)
        rows = connection.execute(expand_sql(sql, QUERY, dialect="sqlite")).fetchall()

    assert [amount for (amount,) in rows] == amounts


def test_sqlite_groups_are_compared_as_numbers() -> None:
    """`HAVING` compares an expression, which has no type."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SALES)
        sql = expand_sql("SELECT avg(amount) FROM sales HAVING avg(amount) > $__text(100)", QUERY, dialect="sqlite")
        assert connection.execute(sql).fetchall() == []


@pytest.mark.parametrize("word", ["x$__text(1)", "x.$__text(1)", "1$__text(1)", "'a'$__text(1)", "$__text(1)x"])
def test_a_number_is_never_part_of_a_word(word: str) -> None:
    """A number can't become the name of another table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE x1 AS SELECT 1 AS x1")
        with pytest.raises(sqlite3.Error, match="syntax"):
            connection.execute(expand_sql(f"SELECT {word} AND 1 FROM x1", QUERY, dialect="sqlite"))  # noqa: S608  # as above


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_variable_can_be_a_limit(dialect: Dialect) -> None:
    """MySQL accepts no text after LIMIT, so only a number is written there."""
    assert expand_sql("LIMIT $__text(10) OFFSET $__text(5)", QUERY, dialect=dialect) == "LIMIT  10  OFFSET  5 "
    assert "1e3" not in expand_sql("LIMIT $__text(1e3)", QUERY, dialect=dialect)
    assert "OR" not in expand_sql("LIMIT $__text(10 OR 1=1)", QUERY, dialect=dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("macro", ["timeGroup", "timeGroupAlias", "unixEpochGroup", "unixEpochGroupAlias"])
@pytest.mark.parametrize("interval", ["$__text(5m)", "'$__text(5m)'", "$__text(%35%6d)", " '$__text(5m)' "])
def test_a_variable_can_be_a_groups_interval(dialect: Dialect, macro: str, interval: str) -> None:
    """Grafana's most common variable is read as an interval, and its text is never SQL."""
    expected = expand_sql(f"$__{macro}(t, '5m')", QUERY, dialect=dialect)

    assert expand_sql(f"$__{macro}(t, {interval})", QUERY, dialect=dialect) == expected
    assert expand_sql(f"$__{macro}(t, {interval}, $__text(NULL))", QUERY, dialect=dialect) == expected
    with pytest.raises(QueryError, match="not a duration"):
        expand_sql(f"$__{macro}(t, $__text(5m%27 OR 1=1))", QUERY, dialect=dialect)


@settings(deadline=None)
@given(dialect=st.sampled_from(DIALECTS), frame=st.sampled_from(FRAMES), text=TEXTS)
def test_no_character_of_a_text_gets_into_sql(dialect: Dialect, frame: str, text: str) -> None:
    """A text at any place adds only digits to the SQL of the text `x`, or is refused."""

    def expand(value: str) -> str:
        try:
            sql = expand_sql(frame.format(f"$__text({quote(value, safe='')})"), QUERY, dialect=dialect)
        except QueryError:
            return ""
        sql = re.sub(r" -?[0-9.]+ ", "CAST(X'' AS TEXT)", sql) if dialect == "sqlite" else sql  # the SQL of a number
        return re.sub(r"(?:[0-9A-F]{2}|\\U[0-9A-F]{8}|\\x[0-9A-F]{2})+(?=')|(?<=0x)[0-9A-F]*", "", sql)

    assert expand(text or "x") == expand("x")


@settings(deadline=None)
@given(text=TEXTS)
def test_sqlite_reads_the_text_unchanged(text: str) -> None:
    """The text is alone, where a number stays a number, and within another text."""
    sql = "SELECT $__text({0}), '<$__text({0})>'".replace("{0}", quote(text, safe=""))
    with closing(sqlite3.connect(":memory:")) as connection:
        bare, quoted = connection.execute(expand_sql(sql, QUERY, dialect="sqlite")).fetchone()
    assert quoted == f"<{text}>"
    assert bare == text or (isinstance(bare, int | float) and bare == float(text))
