"""What makes two queries equal: all that the author's method sees of them, and nothing that it does not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfruntime import AdHocFilter, Cache, PluginContext, Query, Secret, TimeRange, User
from gfruntime.calls import query_keys
from gfruntime.calls.instances import Key as SourceKey
from gfruntime.calls.instances import Source, Version
from gfruntime.calls.query_keys import Key
from gfruntime.testing import query

BASE = Key(source=1, method="query", query_type="", ref_id="A", is_json=False, from_alert=False)
ADA, BOB = User(login="ada"), User(login="bob")
HOUR = dt.timedelta(hours=1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.text("ab1", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=4,
)


class Colour(enum.Enum):
    """A choice."""

    RED = "r"
    BLUE = "b"


@dataclass(frozen=True)
class Model:
    """A model with a field of each kind."""

    text: str = ""
    secret: Secret = Secret("")
    number: float = 0.0
    colour: Colour = Colour.RED
    day: dt.date = dt.date(2026, 1, 1)
    price: decimal.Decimal = decimal.Decimal(1)
    tags: list[str] = field(default_factory=list)
    hidden: str = field(default="", repr=False, compare=False)


class Opaque:
    """What has no canonical form."""


def key(asked: Query[Any], cache: Cache | None = None, raw: bytes = b"{}") -> Key | None:
    """Return the key of a query."""
    return query_keys.complete(BASE, asked, cache or Cache(), raw=raw)


def sent(*, user: User | None = ADA, headers: dict[str, str] | None = None) -> Query[Any]:
    """Return a query with a sender."""
    asked = query({"table": "sales"}, headers=headers)
    return dataclasses.replace(asked, context=PluginContext(user=user))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", "x"),
        ("secret", Secret("x")),
        ("number", 0.5),
        ("number", float("nan")),
        ("colour", Colour.BLUE),
        ("day", dt.date(2026, 1, 2)),
        ("price", decimal.Decimal("1.0")),
        ("tags", ["x"]),
        ("hidden", "x"),
    ],
)
def test_any_value_of_a_model_tells_queries_apart(name: str, value: Any) -> None:
    """Also what neither a repr nor a comparison shows."""
    assert key(query(Model())) == key(query(Model()))
    assert key(query(dataclasses.replace(Model(), **{name: value}))) != key(query(Model()))


@pytest.mark.parametrize(
    "other",
    [
        query({}, start=dt.datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=dt.UTC)),
        query({}, end=dt.datetime(2026, 1, 1, 2, tzinfo=dt.UTC)),
        query({}, interval=dt.timedelta(seconds=1)),
        query({}, max_data_points=7),
    ],
)
def test_range_interval_and_points_tell_queries_apart(other: Query[Any]) -> None:
    """To the millisecond."""
    assert key(other) != key(query({}))


@given(JSON, JSON)
def test_models_of_json_are_equal_if_their_texts_are_equal(one: Any, other: Any) -> None:
    """1, 1.0, "1" and true are four values; the order of an object's keys is none."""
    assert (key(query(one)) == key(query(other))) is (_written(one) == _written(other))


def _written(value: Any) -> str:
    """Write JSON so that what differs for a Python program differs."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_written(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return repr(value)


def test_a_list_does_not_pass_for_another_type() -> None:
    """However its texts are chosen."""
    assert key(query(["builtins.dict", []])) != key(query({}))
    assert key(query([f"{__name__}.Colour", "RED"])) != key(query(Colour.RED))


def test_models_without_a_canonical_form_are_compared_as_they_came() -> None:
    """Byte by byte; never by what can't be looked into."""
    first, second = query(Opaque()), query(Opaque())

    assert key(first, raw=b'{"a":1}') == key(second, raw=b'{"a":1}')
    assert key(first, raw=b'{"a":1}') != key(second, raw=b'{"a": 1}')


def test_users_have_keys_of_their_own() -> None:
    """All that the author's method sees of them counts."""
    users = [None, ADA, BOB, User(login="ada", role="Admin"), User(login="ada", email="x")]

    assert len({key(sent(user=user)) for user in users}) == len(users)
    assert len({key(sent(user=user), Cache(per_user=False)) for user in users}) == 1


@pytest.mark.parametrize(
    ("header", "per_user", "tells_apart"),
    [
        ("Authorization", True, True),
        ("Authorization", False, True),
        ("X-ID-Token", False, True),
        ("Cookie", False, True),
        ("http_X-Unheard-Of", False, True),
        ("http_X-Grafana-Id", True, True),
        ("http_X-Grafana-Id", False, False),
        ("http_x-grafana-user", True, True),
        ("http_x-grafana-user", False, False),
        ("http_X-Panel-Id", True, False),
        ("http_X-Rule-Uid", True, False),
        ("X-Cache-Skip", True, False),
    ],
)
def test_forwarded_headers_tell_queries_apart(header: str, *, per_user: bool, tells_apart: bool) -> None:
    """Credentials and what is not known always; who asks, unless all users are answered alike; never the panel."""
    keys = {key(sent(headers={header: value}), Cache(per_user=per_user)) for value in ("a", "b")}

    assert len(keys) == (2 if tells_apart else 1)


def test_an_authors_key_replaces_the_query_and_not_the_user() -> None:
    """It may say that a query has none; what can't be compared is told."""
    by_table = Cache(key=lambda asked: asked.model["table"])
    asked = sent()
    later = dataclasses.replace(
        asked, time_range=TimeRange(start=asked.time_range.start, end=asked.time_range.end + HOUR)
    )

    assert key(asked, by_table) == key(later, by_table)
    assert key(asked, by_table) != key(sent(user=BOB), by_table)
    assert key(asked, Cache(key=lambda _: None)) is None
    with pytest.raises(TypeError, match=r"Cache.key returned a value without a hash \(unhashable type: 'dict'\)"):
        key(asked, Cache(key=lambda each: each.model))


def test_a_query_whose_traffic_is_to_be_shown_is_asked_by_itself() -> None:
    """Its answer is nobody else's, and no other is its own."""
    assert key(sent(headers={"X-Grafana-HAR-Capture": "true"})) is None


def test_a_key_has_no_secrets() -> None:
    """What lies in memory for long, and may be shown in a dump, has digests."""
    asked = query({"sql": "private text"}, headers={"Authorization": "Bearer token"})

    assert not any(text in repr(key(asked)) for text in ("private", "token"))


@pytest.mark.parametrize(
    "changes",
    [
        {"key": SourceKey("2")},
        {"key": SourceKey("1", "tenant")},
        {"version": Version(2, {}, b"d")},
        {"version": Version(1, {"a": "b"}, b"d")},
        {"version": Version(1, {}, b"other")},
    ],
)
def test_data_sources_and_their_versions_have_different_keys(changes: dict[str, Any]) -> None:
    """As instances are: by tenant, settings, secrets and Grafana's configuration."""
    parts: dict[str, Any] = {"key": SourceKey("1"), "version": Version(1, {}, b"d"), "make": object}

    assert query_keys.source_number(Source(**parts)) == query_keys.source_number(Source(**parts))
    assert query_keys.source_number(Source(**parts | changes)) != query_keys.source_number(Source(**parts))


@pytest.mark.parametrize(
    ("headers", "from_alert", "alerts", "expected"),
    [
        ({}, False, False, False),
        ({"X-Cache-Skip": "true"}, False, False, True),
        ({"X-Cache-Skip": "true"}, False, True, True),
        ({"X-Cache-Skip": "true"}, True, False, True),
        ({}, True, False, True),
        ({"X-Cache-Skip": "true"}, True, True, False),
    ],
)
def test_grafana_may_ask_for_a_fresh_answer(
    headers: dict[str, str], *, from_alert: bool, alerts: bool, expected: bool
) -> None:
    """And does so for alert rules, unless the author says that they may have kept answers."""
    asked: Query[Any] = query({}, headers=headers, from_alert=from_alert)

    assert query_keys.wants_fresh(asked, Cache(alerts=alerts)) is expected


def _range(start: float, end: float) -> TimeRange:
    return TimeRange(start=dt.datetime.fromtimestamp(start, dt.UTC), end=dt.datetime.fromtimestamp(end, dt.UTC))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (60, 180, (60, 180)),
        (61, 239.999, (60, 180)),
        (-1, 59, (-60, 0)),
        (61, 119, (61, 119)),
        (0, 30, (0, 30)),
    ],
)
def test_a_range_is_moved_back_to_the_interval(start: float, end: float, expected: tuple[float, float]) -> None:
    """Both ends; a range in which no interval is whole stays."""
    asked: Query[Any] = dataclasses.replace(query({}, interval=dt.timedelta(minutes=1)), time_range=_range(start, end))

    assert query_keys.aligned(asked).time_range == _range(*expected)


def test_a_range_at_the_ends_of_time_stays() -> None:
    """Nothing before the first datetime can be expressed."""
    whole = TimeRange(start=dt.datetime.min.replace(tzinfo=dt.UTC), end=dt.datetime.max.replace(tzinfo=dt.UTC))
    asked: Query[Any] = dataclasses.replace(query({}, interval=dt.timedelta(days=100)), time_range=whole)

    assert query_keys.aligned(asked) is asked


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seconds": -1}, r"Cache\(seconds=-1\): expected a number of seconds, 0 or more"),
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"seconds": float("inf")}, "seconds=inf"),
        ({"max_count": 0}, r"Cache\(max_count=0\): expected a number above 0"),
        ({"max_bytes": -5}, "max_bytes=-5"),
    ],
)
def test_bounds_that_keep_nothing_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    """With the value."""
    with pytest.raises(ValueError, match=sentence):
        Cache(**wrong)


@pytest.mark.parametrize("cache", [Cache(), Cache(key=lambda query: query.model["table"])], ids=["all", "own key"])
def test_other_filters_are_another_query(cache: Cache) -> None:
    """A dashboard's filters narrow an answer, whatever the author says what is asked."""
    filters = [
        (),
        (AdHocFilter("region", "=", ("eu",)),),
        (AdHocFilter("region", "!=", ("eu",)),),
        (AdHocFilter("region", "=", ("eu", "us")),),
        (AdHocFilter("region", "=", ("eu",)), AdHocFilter("kind", "=", ("x",))),
    ]
    keys = {key(dataclasses.replace(sent(), filters=each), cache) for each in filters}

    assert len(keys) == len(filters)


def test_every_field_of_a_query_is_compared() -> None:
    """One that is new is a part of the key until somebody decides otherwise."""

    @dataclass(frozen=True, kw_only=True)
    class Wider(Query[Any]):
        later: str = ""

    asked = sent()
    values = {each.name: getattr(asked, each.name) for each in dataclasses.fields(asked)}

    assert key(Wider(**values, later="a")) != key(Wider(**values, later="b"))
