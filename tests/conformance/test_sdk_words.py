"""Durations, intervals, macros and labels compared with the Go SDK's: the same results for the same texts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hostclient import Host, HostError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gfruntime.errors import QueryError
from gfruntime.frames import labels
from gfruntime.request.vocabulary import Query, TimeRange
from gfruntime.sql import durations, macros

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MS = dt.timedelta(milliseconds=1)
units = st.sampled_from(["ns", "us", "µs", "ms", "s", "m", "h"])
numbers = st.integers(0, 99).map(str) | st.sampled_from(["1.5", ".25", "2.", "0.001", "007"])
parts = st.lists(st.tuples(numbers, units).map("".join), min_size=1, max_size=3).map("".join)
dates = st.tuples(st.integers(0, 200).map(str), st.sampled_from(["d", "w", "M", "y"])).map("".join)
odd = st.text("0123456789.dwMyhms<>-+ ", max_size=5)
words = st.tuples(st.sampled_from(["", "", "", "<", "-"]), parts | dates | odd, st.sampled_from(["", "", ">"])).map(
    "".join
)
intervals = st.integers(0, 100) | st.sampled_from(
    [round(base * factor) for base in (1, 10, 50, 1000, 60_000, 3_600_000, 86_400_000, 7 * 86_400_000, 365 * 86_400_000)
     for factor in (0.74, 0.75, 0.76, 1, 1.25, 1.5, 1.5000001, 2, 2.5, 3, 3.5, 4.5, 7.5, 9, 12.5, 17.5, 25, 45)]
)  # fmt: skip


def compare(sdk: Host, ours: Callable[[], dt.timedelta], **question: Any) -> None:
    """Compare our duration with the SDK's, cut to microseconds; both may refuse."""
    try:
        theirs = sdk.ask("duration", **question)
    except HostError:
        with pytest.raises(QueryError):
            ours()
    else:
        seconds = abs(theirs) // 1000 * (1 if theirs >= 0 else -1)
        assert ours() == dt.timedelta(microseconds=seconds)


@pytest.mark.shows("frames 53")
@EXAMPLES
@given(text=words)
def test_durations_are_parsed_as_by_the_sdk(sdk: Host, text: str) -> None:
    """Durations and minimum intervals are read or refused as in the SDK."""
    compare(sdk, lambda: durations.parse_duration(text), function="parse_duration", text=text)
    compare(sdk, lambda: durations.parse_step(text), function="parse_step", text=text)


@pytest.mark.shows("frames 53")
@EXAMPLES
@given(text=dates)
def test_calendar_intervals_equal_those_of_the_sdk(sdk: Host, text: str) -> None:
    """Calendar intervals from today on equal the SDK's."""
    before = durations.parse_interval(text)
    theirs = dt.timedelta(microseconds=sdk.ask("duration", function="parse_interval", text=text) // 1000)

    assert theirs in (before, durations.parse_interval(text))  # midnight may pass in between


@pytest.mark.shows("frames 53")
@EXAMPLES
@given(milliseconds=intervals)
def test_intervals_are_rounded_and_written_as_by_the_sdk(sdk: Host, milliseconds: int) -> None:
    """Intervals are rounded and written as by the SDK."""
    interval = milliseconds * MS

    compare(sdk, lambda: durations.round_interval(interval), function="round_interval", ns=milliseconds * 10**6)
    assert durations.format_interval(interval) == sdk.ask(
        "duration", function="format_interval", ns=milliseconds * 10**6
    )


@pytest.mark.shows("frames 53")
@EXAMPLES
@given(of=st.tuples(*[st.sampled_from(["", "0s", "10s", "<1m", "5", "x"])] * 2), query_ms=st.sampled_from([0, 5]))
def test_an_interval_is_chosen_as_by_the_sdk(sdk: Host, of: tuple[str, str], query_ms: int) -> None:
    """The same choice is made from the query's interval, its milliseconds, the data source's and the default."""
    compare(
        sdk,
        lambda: durations.interval_from(datasource=of[0], query=of[1], query_ms=query_ms, default=7 * MS),
        function="interval_from", **{"from": of}, ms=query_ms, ns=7 * 10**6,
    )  # fmt: skip


COLUMNS = st.sampled_from(["t", "a.b", "f(x, y)", "g(h(1), 2)", "", " t ", "$__column"])
MACROS = st.one_of(
    st.tuples(st.sampled_from(["$__timeFilter", "$__timeFrom", "$__timeTo"]), COLUMNS).map(
        lambda it: f"{it[0]}({it[1]})"
    ),
    st.tuples(COLUMNS, st.sampled_from(macros._PERIODS)).map(lambda it: f"$__timeGroup({it[0]}, {it[1]})"),
    st.sampled_from(["$__interval", "$__interval_ms", "$__table", "$__column", "$__unknown(1)", "select", "(", "'"]),
    st.sampled_from(["$__timeFilter(", "$__timeFrom", "$__timeTo(a(b)"]),
)
STAMPS = st.integers(0, 4 * 10**12).map(lambda ms: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + ms * MS)


@pytest.mark.shows("frames 54")
@EXAMPLES
@given(text=st.lists(MACROS, max_size=4).map(" ".join), start=STAMPS, span=intervals, step=intervals)
def test_sql_macros_are_expanded_as_by_the_sdk(sdk: Host, text: str, start: dt.datetime, span: int, step: int) -> None:
    """SQL with nested brackets, missing ones and unknown names is expanded or refused as by the SDK."""
    end = start + span * MS
    query: Query[None] = Query(model=None, time_range=TimeRange(start=start, end=end), interval=step * MS)
    times: dict[str, Any] = {"from_ns": ns(start), "until_ns": ns(end), "interval_ns": step * 10**6}
    times |= {"table": "tab", "column": "col"}
    try:
        theirs = sdk.ask("macros", text=text, **times)
    except HostError:
        with pytest.raises(QueryError):
            macros.expand_sql(text, query, table="tab", column="col")
    else:
        assert macros.expand_sql(text, query, table="tab", column="col") == theirs


FORMS = st.sampled_from(
    ["", ":date", ":date:iso", ":date:YYYY-MM-DD", ":date:D/M/YY h:mm", ":date:HH:mm:ss", ":date:MMM DD"]
)


@pytest.mark.shows("frames 54")
@EXAMPLES
@given(forms=st.lists(st.tuples(st.sampled_from(["from", "to"]), FORMS), max_size=3), start=STAMPS)
def test_url_macros_are_expanded_as_by_the_sdk(sdk: Host, forms: list[tuple[str, str]], start: dt.datetime) -> None:
    """Times in URLs are written as by the SDK."""
    text = "/".join(["x", *(f"${{__{end}{form}}}" for end, form in forms)])
    between = TimeRange(start=start, end=start + 1001 * MS)

    times: dict[str, Any] = {"from_ns": ns(between.start), "until_ns": ns(between.end)}
    assert macros.expand_url(text, between) == sdk.ask("macros", text=text, url=True, **times)


@pytest.mark.shows("frames 16")
@EXAMPLES
@given(given_labels=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=4))
def test_labels_are_written_as_by_the_sdk(sdk: Host, given_labels: dict[str, str]) -> None:
    """Labels are written as by the SDK."""
    assert sdk.ask("labels", labels=given_labels) == {"text": labels.text(given_labels)}


def ns(moment: dt.datetime) -> int:
    """Count nanoseconds since 1970."""
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1) * 1000
