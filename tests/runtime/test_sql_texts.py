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
def test_texts_are_written_by_their_numbers(sql: str, expected: str) -> None:
    """As PostgreSQL reads them: bare, in a text, in a comment."""
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
def test_each_dialect_has_its_own_way(dialect: Dialect, expected: str) -> None:
    """Digits alone."""
    assert expand_sql("'a$__text(%C3%A9)'", QUERY, dialect=dialect) == expected


@pytest.mark.parametrize("name", ['"$__text(a)"', "`x$__text(a)`"])
def test_a_name_is_no_place_for_a_variable(name: str) -> None:
    """What stands there could not be kept from being another table."""
    with pytest.raises(QueryError, match="can't be in the name"):
        expand_sql(f"FROM {name}", QUERY, dialect="postgres")


def test_several_values_do_not_fit_into_one_text() -> None:
    """The sentence says what does."""
    with pytest.raises(QueryError, match=r"write IN \(\$variable\), without quotes"):
        expand_sql("x IN ('$__text(a,b)')", QUERY, dialect="postgres")


@settings(deadline=None)
@given(dialect=st.sampled_from(DIALECTS), frame=st.sampled_from(FRAMES), text=TEXTS)
def test_no_character_of_a_text_gets_into_sql(dialect: Dialect, frame: str, text: str) -> None:
    """Wherever it stands, and whatever it is: only digits are added to what the text `x` gives, or it is refused."""

    def expanded(value: str) -> str:
        try:
            sql = expand_sql(frame.format(f"$__text({quote(value, safe='')})"), QUERY, dialect=dialect)
        except QueryError:
            return ""
        return re.sub(r"(?:[0-9A-F]{2}|\\U[0-9A-F]{8}|\\x[0-9A-F]{2})+(?=')|(?<=0x)[0-9A-F]*", "", sql)

    assert expanded(text or "x") == expanded("x")


@settings(deadline=None)
@given(text=TEXTS)
def test_sqlite_reads_the_text_as_it_was(text: str) -> None:
    """Bare, and within another text."""
    sql = "SELECT $__text({0}), '<$__text({0})>'".replace("{0}", quote(text, safe=""))
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute(expand_sql(sql, QUERY, dialect="sqlite")).fetchone() == (text, f"<{text}>")
