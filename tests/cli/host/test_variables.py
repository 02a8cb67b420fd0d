"""Variables in a query's texts: what Grafana's own code makes of each format is what is put in."""

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
    """Put variables, typed as `name=value`, into a text."""
    values = variables.from_pairs((name, value) for name, _, value in (pair.partition("=") for pair in pairs))
    if query is None:
        return variables.interpolate(text, values)
    return call.interpolated(Query(**{**_fields(query), "model": {"t": text}}), values, Settings().caller).model["t"]


def _fields(query: Query) -> dict[str, Any]:
    names = ("start", "end", "interval", "max_data_points")
    return {name: getattr(query, name) for name in names}


@pytest.mark.parametrize("form", GOLDEN["results"])
def test_a_format_gives_what_grafanas_own_code_gives(form: str) -> None:
    """Single values and several, with quotes, brackets, spaces, letters of other alphabets, numbers and nothing."""
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
def test_a_variable_of_several_values_is_put_in(text: str, expected: str) -> None:
    """Written in each way that Grafana reads; what is no variable stays."""
    assert put(text, "svc=a", "svc=b", "one=1", "only[]=x") == expected


def test_an_unknown_variable_format_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """Grafana uses glob for it, and says so where nobody looks."""
    put("${svc:nonsense}", "svc=a")

    assert "the variable format 'nonsense' is not one of Grafana's" in caplog.text


def test_an_item_that_is_a_variable_becomes_one_for_each_value() -> None:
    """As gfplug's editors have it; in other texts the values are one text."""
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
def test_grafanas_own_variables_are_those_of_the_query(text: str, expected: str) -> None:
    """The range, the interval, who asks; macros of a data source are not Grafana's."""
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
def test_an_interval_is_written_as_panels_do(seconds: float, text: str) -> None:
    """The largest unit that fits, whole."""
    assert variables.interval_text(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${svc:csv}", "a,b"), ("${svc:text}", "All"), ("${svc:queryparam}", "var-svc=$__all"), ("$svc", "{a,b}")],
)
def test_all_values_are_the_values_and_are_called_all(text: str, expected: str) -> None:
    """`$__all` beside the values."""
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
def test_a_variable_that_could_never_be_put_in_is_refused(pair: str, sentence: str) -> None:
    """In a sentence that names it."""
    with pytest.raises(UsageError, match=f"^{sentence}"):
        put("", pair)


@pytest.mark.parametrize("text", ["${a" + ".a" * 50_000, "[[a:" * 50_000, "${a:" + "x" * 100_000, "$" * 100_000])
def test_a_text_without_an_end_is_read_in_linear_time(text: str) -> None:
    """A model is a stranger's file."""
    began = time.process_time()
    put(text, "a=1")

    assert time.process_time() - began < 2
