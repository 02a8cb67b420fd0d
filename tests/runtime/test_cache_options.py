"""An author's options to protect an upstream: keys, alignment, alert rules, and invalid attributes."""

from __future__ import annotations

from typing import Any

import pytest
from calls import Plain, Services, queries, run
from protectedsources import (
    Callers,
    CountingSource,
    make_class,
    request,
)

from gfruntime import Cache, Frame, HttpClient, HttpSettings, Query
from gfruntime.author.author_class import Author
from gfruntime.calls.protection import ProtectedQueries
from gfruntime.calls.queries import Queries


def test_grafana_can_skip_the_cache() -> None:
    """`X-Cache-Skip` and alert rules skip the cache; the new answer replaces the old one."""
    kind = make_class(CountingSource, cache=Cache(seconds=60))

    async def act() -> None:
        callers = Callers(kind)
        first = await callers.ask(request({}))
        second = await callers.ask(request({}, X_Cache_Skip="true"))
        assert second != first
        assert await callers.ask(request({})) == second
        for _ in range(2):
            await callers.ask(request({}, FromAlert="true", X_Cache_Skip="true"))
        assert len(kind.queries) == 4

    run(act())


def test_alert_rules_get_cached_answers_if_the_author_allows_it() -> None:
    """Alert rules share no answers with panels, as their frames are checked."""
    kind = make_class(CountingSource, cache=Cache(seconds=60, alerts=True))

    async def act() -> None:
        callers = Callers(kind)
        await callers.ask(request({}))
        for _ in range(3):
            await callers.ask(request({}, FromAlert="true", X_Cache_Skip="true", http_X_Rule_Uid="r"))
        assert len(kind.queries) == 2

    run(act())


def test_a_failing_key_is_its_querys_error() -> None:
    """The other queries are answered."""

    def key(query: Query[dict[str, Any]]) -> object:
        return query.model["table"]

    class WithKey(CountingSource):
        cache = Cache(seconds=60, key=key)

    answers = Services(WithKey).query(queries({"table": "sales"}, {}, {"table": []}))

    assert {ref: (each.status, each.error) for ref, each in answers.items()} == {
        "A": (200, ""),
        "B": (500, "KeyError: 'table'"),
        "C": (
            500,
            (
                "TypeError: Cache.key returned a value that is not hashable (unhashable type: 'list'); "
                "return a tuple of texts"
            ),
        ),
    }


def test_a_query_without_a_key_is_neither_shared_nor_cached() -> None:
    """`Cache.key` returns None for such a query."""
    kind = make_class(CountingSource, cache=Cache(seconds=60, key=lambda query: query.model.get("key")))

    async def act() -> None:
        callers = Callers(kind)
        for model in ({"key": 1}, {"key": 1, "more": 2}, {}, {}):
            await callers.ask(request(model))
        assert [query.model for query in kind.queries] == [{"key": 1}, {}, {}]

    run(act())


def test_the_authors_method_gets_the_aligned_range() -> None:
    """The author's method gets the aligned range, which the cached answer has."""
    kind = make_class(CountingSource, cache=Cache(seconds=60, align=True))

    async def act() -> None:
        callers = Callers(kind)
        for begin in (60_000, 60_500, 119_999, 120_000):
            message = request({})
            message.queries[0].intervalMS = 60_000
            message.queries[0].timeRange.fromEpochMS = begin
            message.queries[0].timeRange.toEpochMS = begin + 3_600_000
            await callers.ask(message)
        ranges = [(query.time_range.start.minute, query.time_range.end.minute) for query in kind.queries]
        assert ranges == [(1, 1), (2, 2)]

    run(act())


def test_forwarding_the_user_is_refused_if_users_share_answers(server: Any) -> None:
    """No request is sent: otherwise one user would get the answer of another."""

    class ForAllUsers(Plain):
        cache: Any = Cache(per_user=False)

        def query(self, query: Query[dict[str, Any]]) -> Frame:
            client = HttpClient(HttpSettings(url=server.url), forward_headers=True)
            return Frame.of(v=[client.get("x").status])

    class PerUser(ForAllUsers):
        cache = Cache()

    response = Services(ForAllUsers).query(request({}))["A"]

    assert (response.status, server.requests) == (400, [])
    assert "forward_headers=True" in response.error
    assert Services(PerUser).query(request({}))["A"].error == ""


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, Queries),
        ({"cache": {}}, Queries),
        ({"cache": None, "concurrency": "4"}, Queries),
        ({"concurrency": True}, Queries),
        ({"cache": Cache()}, ProtectedQueries),
        ({"concurrency": 1}, ProtectedQueries),
    ],
)
def test_only_classes_with_a_cache_or_a_limit_are_protected(attributes: dict[str, Any], expected: type) -> None:
    """An attribute of another type has no effect."""
    handler = Services(type("Source", (Plain,), attributes)).service._queries()

    assert type(handler) is expected


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"cache": Cache}, r"the attribute cache is the class Cache; write cache = Cache\(seconds=30\)"),
        ({"concurrency": 0}, "the attribute concurrency must be above 0, not 0"),
    ],
)
def test_invalid_attributes_are_an_error(attributes: dict[str, Any], sentence: str) -> None:
    """Invalid attributes are refused when the class is inspected."""
    with pytest.raises(TypeError, match=sentence):
        Author.of(type("Source", (Plain,), attributes))
