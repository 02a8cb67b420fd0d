"""SQL and durations from viewers cost little, even if they nest, repeat or grow."""

from __future__ import annotations

import datetime as dt
import time
import tracemalloc

import pytest

from gfruntime.errors import QueryError
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql import durations, macros

START = dt.datetime(2026, 3, 7, tzinfo=dt.UTC)
RANGE = TimeRange(start=START, end=START + dt.timedelta(hours=1))
QUERY = Query(model=None, time_range=RANGE, interval=dt.timedelta(minutes=10))


def nest(begin: str, count: int, end: str) -> str:
    """Nest a macro in its own argument."""
    return begin * count + "a" + end * count


@pytest.mark.parametrize(
    "text",
    [
        nest("$__timeFilter(", 22, ")"),
        nest("$__timeFilter(", 26, ")"),
        nest("$__timeFilter(", 66_000, ")"),
        nest("$__timeFilter(", 100_000, ")"),
        nest("$__timeTo(", 17, ")"),
        nest("$__timeTo(", 5_000, ")"),
        nest("$__timeGroup(", 12, ", minute)"),
        nest("$__timeFilter($__timeFrom(", 16, "))"),
        nest("$__timeGroup($__timeFilter($__timeTo(", 10, ")), minute)"),
        "$__timeFilter(" + "x" * 600_000 + ")",
        "$__interval_ms " * 100_000,
        "$__double(" + "x" * 600_000 + ")",
        nest("$__double(", 16, ")") * 20,
    ],
    ids=lambda text: f"{text[:40]} ({len(text)})",
)
def test_macros_that_grow_are_refused_before_they_take_memory(text: str) -> None:
    """Nesting and output are bounded for standard macros, the author's macros, and a mix of both."""
    own = {"double": lambda args: args[0] * 2}
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(QueryError, match=r"more than (16 times|200 brackets|1,000,000 characters)"):
            macros.expand_sql(text, QUERY, macros=own)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 30_000_000
    assert time.process_time() - began < 2


def test_ordinary_nesting_is_accepted() -> None:
    """Sixteen levels and a long text are expanded."""
    assert macros.expand_sql(nest("$__timeTo(", 10, ")"), QUERY).startswith("a <= ")
    assert len(macros.expand_sql("x" * 900_000 + "$__interval", QUERY)) == 900_003


@pytest.mark.parametrize(
    "text", ["${__from:" * 50_000, "${__from:date:" + "${" * 50_000, "${__to" * 50_000, "${__from:" + "x" * 500_000]
)
def test_urls_without_a_closing_bracket_take_linear_time(text: str) -> None:
    """The search for a format ends at the next bracket."""
    began = time.process_time()

    assert macros.expand_url(text, RANGE) == text
    assert time.process_time() - began < 1


@pytest.mark.parametrize("read", [durations.parse_duration, durations.parse_interval, durations.parse_step])
@pytest.mark.parametrize(
    "text", ["9" * 5_000 + "d", "9" * 5_000 + "s", "9" * 5_000, "1." + "9" * 5_000 + "s", "1h" * 5_000, "-" + "1" * 101]
)
def test_long_durations_are_an_error_of_the_query(text: str, read: object) -> None:
    """A long number gives the query's error, not an error of Python's int()."""
    assert callable(read)
    with pytest.raises(QueryError, match=r"at most 100 characters|too long|no duration"):
        read(text)
