"""Variables in a query's texts are filled in as Grafana's code does."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gfplug.errors import UsageError
from gfplug.host import call, variables
from gfplug.host.convert import Query
from gfplug.host.settings import Settings
from gfplug.host.variable_formats import Variable, formatted

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "variable-formats.json").read_text(encoding="utf-8"))
START = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
QUERY = Query(start=START, end=START + timedelta(hours=1), interval=timedelta(seconds=90), max_data_points=100)
FROM, TO = 1772600767089, 1772604367089


def put(text: Any, *pairs: str, query: Query | None = None) -> Any:
    """Fill variables, given as `name=value`, into a text."""
    values = variables.from_pairs((name, value) for name, _, value in (pair.partition("=") for pair in pairs))
    if query is None:
        return variables.interpolate(text, values)
    query = Query(**{**_fields(query), "model": {"t": text}})
    return call.interpolate_query(query, values, Settings().caller).model["t"]


def _fields(query: Query) -> dict[str, Any]:
    names = ("start", "end", "interval", "max_data_points")
    return {name: getattr(query, name) for name in names}


@pytest.mark.parametrize("form", GOLDEN["results"])
def test_each_format_gives_the_result_of_grafanas_code(form: str) -> None:
    """The values are single and several, with quotes, brackets, spaces, other alphabets, numbers, and empty."""
    for value, expected in zip(GOLDEN["values"], GOLDEN["results"][form], strict=True):
        is_multi = isinstance(value, list)
        variable = Variable(name="svc", values=tuple(value) if is_multi else (value,), is_multi=is_multi)

        assert formatted(variable, form) == expected, (value, form)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$svc", "{a,b}"),
        ("${svc}", "{a,b}"),
        ("[[svc]]", "{a,b}"),
        ("${svc:csv}", "a,b"),
        ("[[svc:pipe]]", "a|b"),
        ("x IN (${svc:sqlstring}) AND y = '$one'", "x IN ('a','b') AND y = '1'"),
        ("/${svc:regex}/", "/(a|b)/"),
        ("${svc:queryparam}", "var-svc=a&var-svc=b"),
        ("${svc:join: - }", "a - b"),
        ("${svc.1}", "b"),
        ("$other ${other:csv} [[other]] $$", "$other ${other:csv} [[other]] $$"),
        ("${svc:} ${svc", "${svc:} ${svc"),
        ("$one$svc", "1{a,b}"),
        ("$onety", "$onety"),
        ("${svc:nonsense}", "{a,b}"),
        ("${only:json} ${only}", '["x"] x'),
    ],
)
def test_a_variable_with_several_values_is_filled_in(text: str, expected: str) -> None:
    """Each notation of Grafana works; other texts stay."""
    assert put(text, "svc=a", "svc=b", "one=1", "only[]=x") == expected


def test_an_unknown_variable_format_gives_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Grafana uses glob for it, and its message is easy to miss."""
    put("${svc:nonsense}", "svc=a")

    assert "Grafana has no variable format 'nonsense'" in caplog.text


def test_a_list_item_that_is_a_variable_becomes_several_items() -> None:
    """This is how gfplug's editors work; in other texts, all values become one text."""
    model = {"hosts": ["$svc", "c", "[[one]]", "x$svc", "${svc:csv}"], "deep": [{"host": "$svc"}], "n": 3}

    assert put(model, "svc=a", "svc=b", "one=1") == {
        "hosts": ["a", "b", "c", "1", "x{a,b}", "a,b"],
        "deep": [{"host": "{a,b}"}],
        "n": 3,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$__from $__to", f"{FROM} {TO}"),
        ("${__from:date}", "2026-03-04T05:06:07.089Z"),
        ("${__from:date:iso}", "2026-03-04T05:06:07.089Z"),
        ("${__to:date:seconds}", f"{TO // 1000}"),
        ("${__from:date:ms}", f"{FROM}"),
        ("${__from:date:YYYY-MM}", "2026-03"),
        ("${__from:date:HH:mm:ss}", "05:06:07"),
        ("${__from:text}", "2026-03-04 05:06:07"),
        ("$__interval $__interval_ms ${__interval}", "1m 90000 1m"),
        (
            "${__user.login} ${__user} ${__user.email} ${__org.name} ${__timezone}",
            "admin 1 admin@localhost Main Org. utc",
        ),
        ("$__timeFilter(x) $__rate_interval", "$__timeFilter(x) $__rate_interval"),
    ],
)
def test_grafanas_built_in_variables_are_filled_in(text: str, expected: str) -> None:
    """They are the range, the interval and the user; macros of a data source are not Grafana's."""
    assert put(text, query=QUERY) == expected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "250ms"),
        (1, "1s"),
        (59.9, "59s"),
        (60, "1m"),
        (5400, "1h"),
        (86400, "1d"),
        (604800, "7d"),
        (31536000, "1y"),
    ],
)
def test_an_interval_is_written_as_in_panels(seconds: float, text: str) -> None:
    """It has the largest unit that fits, rounded down."""
    assert variables.interval_text(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${svc:csv}", "a,b"), ("${svc:text}", "All"), ("${svc:queryparam}", "var-svc=$__all"), ("$svc", "{a,b}")],
)
def test_the_choice_all_means_all_other_values(text: str, expected: str) -> None:
    """The value is `$__all` beside the other values."""
    assert put(text, "svc=$__all", "svc=a", "svc=b") == expected


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        ("svc=$__all", r"--var svc=\$__all stands for all values of the variable, but none is given"),
        ("a-b=1", "--var a-b: a-b is not a valid name"),
        ("__interval=5m", "--var __interval: __interval is reserved by Grafana"),
        ("[]=1", r"--var \[\]:  is not a valid name"),
    ],
)
def test_an_invalid_variable_is_refused(pair: str, sentence: str) -> None:
    """The error names the variable."""
    with pytest.raises(UsageError, match=f"^{sentence}"):
        put("", pair)


@pytest.mark.parametrize("text", ["${a" + ".a" * 50_000, "[[a:" * 50_000, "${a:" + "x" * 100_000, "$" * 100_000])
def test_an_unclosed_variable_is_read_in_linear_time(text: str) -> None:
    """A model may come from an untrusted file."""
    began = time.process_time()
    put(text, "a=1")

    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text", ["${a:" * 50_000, "${a." * 50_000, "[[a:" * 50_000, "${b:date:" + "[" * 50_000 + "}", "$" * 200_000]
)
def test_variables_in_a_long_text_are_searched_in_little_time(text: str) -> None:
    """The search is linear: 16,000 variables without an end took 10 s."""
    began = time.process_time()
    put(text, "b=1")

    assert time.process_time() - began < 2
