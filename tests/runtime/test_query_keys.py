"""Which queries have equal keys: a key covers exactly the arguments of the author's method."""

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
from gfruntime.calls.instances import InstanceKey, InstanceSource, Version
from gfruntime.calls.query_keys import CacheKey
from gfruntime.testing import query

BASE = CacheKey(source=1, method="query", query_type="", ref_id="A", is_json=False, from_alert=False)
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
    private: str = field(default="", repr=False, compare=False)


class Opaque:
    """An object without a canonical form."""


def key(example: Query[Any], cache: Cache | None = None, raw: bytes = b"{}") -> CacheKey | None:
    """Return the key of a query."""
    return query_keys.complete(BASE, example, cache or Cache(), raw=raw)


def query_from(*, user: User | None = ADA, headers: dict[str, str] | None = None) -> Query[Any]:
    """Return a query of a user, with headers."""
    example = query({"table": "sales"}, headers=headers)
    return dataclasses.replace(example, context=PluginContext(user=user))


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
        ("private", "x"),
    ],
)
def test_each_value_of_a_model_is_part_of_the_key(name: str, value: Any) -> None:
    """This includes values that neither repr nor comparison shows."""
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
def test_range_interval_and_points_are_part_of_the_key(other: Query[Any]) -> None:
    """Times are compared in milliseconds."""
    assert key(other) != key(query({}))


@given(JSON, JSON)
def test_models_of_json_are_equal_if_their_texts_are_equal(one: Any, other: Any) -> None:
    """1, 1.0, "1" and true are four values; the order of an object's keys makes no difference."""
    assert (key(query(one)) == key(query(other))) is (_canonical(one) == _canonical(other))


def _canonical(value: Any) -> str:
    """Write JSON so that values that differ in Python have different texts."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return repr(value)


def test_a_list_never_has_the_key_of_another_type() -> None:
    """The list may contain any texts."""
    assert key(query(["builtins.dict", []])) != key(query({}))
    assert key(query([f"{__name__}.Colour", "RED"])) != key(query(Colour.RED))


def test_models_without_a_canonical_form_are_compared_as_bytes() -> None:
    """The bytes are compared, as the objects can't be."""
    first, second = query(Opaque()), query(Opaque())

    assert key(first, raw=b'{"a":1}') == key(second, raw=b'{"a":1}')
    assert key(first, raw=b'{"a":1}') != key(second, raw=b'{"a": 1}')


def test_each_user_has_a_separate_key() -> None:
    """Every attribute of the user counts."""
    users = [None, ADA, BOB, User(login="ada", role="Admin"), User(login="ada", email="x")]

    assert len({key(query_from(user=user)) for user in users}) == len(users)
    assert len({key(query_from(user=user), Cache(per_user=False)) for user in users}) == 1


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
def test_forwarded_headers_are_part_of_the_key(header: str, *, per_user: bool, tells_apart: bool) -> None:
    """Credentials and unknown headers always count, the user unless answers are shared by all, the panel never."""
    keys = {key(query_from(headers={header: value}), Cache(per_user=per_user)) for value in ("a", "b")}

    assert len(keys) == (2 if tells_apart else 1)


def test_an_authors_key_replaces_the_query_and_not_the_user() -> None:
    """The author's function may return None for no key; a value that is not hashable is refused."""
    by_table = Cache(key=lambda example: example.model["table"])
    example = query_from()
    later = dataclasses.replace(
        example, time_range=TimeRange(start=example.time_range.start, end=example.time_range.end + HOUR)
    )

    assert key(example, by_table) == key(later, by_table)
    assert key(example, by_table) != key(query_from(user=BOB), by_table)
    assert key(example, Cache(key=lambda _: None)) is None
    with pytest.raises(TypeError, match=r"Cache.key returned a value that is not hashable \(unhashable type: 'dict'\)"):
        key(example, Cache(key=lambda each: each.model))


def test_a_query_with_traffic_capture_has_no_key() -> None:
    """Its answer is not shared."""
    assert key(query_from(headers={"X-Grafana-HAR-Capture": "true"})) is None


def test_a_key_has_no_secrets() -> None:
    """Keys stay in memory for long, so they contain digests."""
    example = query({"sql": "private text"}, headers={"Authorization": "Bearer token"})

    assert not any(text in repr(key(example)) for text in ("private", "token"))


@pytest.mark.parametrize(
    "changes",
    [
        {"key": InstanceKey("2")},
        {"key": InstanceKey("1", "tenant")},
        {"version": Version(2, {}, b"d")},
        {"version": Version(1, {"a": "b"}, b"d")},
        {"version": Version(1, {}, b"other")},
    ],
)
def test_data_sources_and_their_versions_have_different_keys(changes: dict[str, Any]) -> None:
    """Keys differ by tenant, settings, secrets and Grafana's configuration, as instances do."""
    parts: dict[str, Any] = {"key": InstanceKey("1"), "version": Version(1, {}, b"d"), "make": object}

    assert query_keys.source_number(InstanceSource(**parts)) == query_keys.source_number(InstanceSource(**parts))
    assert query_keys.source_number(InstanceSource(**parts | changes)) != query_keys.source_number(
        InstanceSource(**parts)
    )


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
    """Alert rules get fresh answers unless the author allows cached ones."""
    example: Query[Any] = query({}, headers=headers, from_alert=from_alert)

    assert query_keys.wants_fresh(example, Cache(alerts=alerts)) is expected


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
    """Both ends move; a range shorter than an interval stays."""
    example: Query[Any] = dataclasses.replace(
        query({}, interval=dt.timedelta(minutes=1)), time_range=_range(start, end)
    )

    assert query_keys.align(example).time_range == _range(*expected)


def test_a_range_at_the_limits_of_datetime_stays() -> None:
    """A datetime can't be earlier than the first one."""
    whole = TimeRange(start=dt.datetime.min.replace(tzinfo=dt.UTC), end=dt.datetime.max.replace(tzinfo=dt.UTC))
    example: Query[Any] = dataclasses.replace(query({}, interval=dt.timedelta(days=100)), time_range=whole)

    assert query_keys.align(example) is example


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
def test_invalid_bounds_of_a_cache_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    """The error names the value."""
    with pytest.raises(ValueError, match=sentence):
        Cache(**wrong)


@pytest.mark.parametrize("cache", [Cache(), Cache(key=lambda query: query.model["table"])], ids=["all", "own key"])
def test_filters_are_part_of_the_key(cache: Cache) -> None:
    """A dashboard's filters change the key, also with the author's own key."""
    filters = [
        (),
        (AdHocFilter("region", "=", ("eu",)),),
        (AdHocFilter("region", "!=", ("eu",)),),
        (AdHocFilter("region", "=", ("eu", "us")),),
        (AdHocFilter("region", "=", ("eu",)), AdHocFilter("kind", "=", ("x",))),
    ]
    keys = {key(dataclasses.replace(query_from(), filters=each), cache) for each in filters}

    assert len(keys) == len(filters)


def test_every_field_of_a_query_is_compared() -> None:
    """A new field is part of the key by default."""

    @dataclass(frozen=True, kw_only=True)
    class Wider(Query[Any]):
        later: str = ""

    example = query_from()
    values = {each.name: getattr(example, each.name) for each in dataclasses.fields(example)}

    assert key(Wider(**values, later="a")) != key(Wider(**values, later="b"))
