"""Whoever asked what before, an answer is the query's own: a class that keeps answers beside one that does not."""

from __future__ import annotations

from typing import Any

import pytest
from calls import Plain, Services, queries
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluginv2 import backend_pb2 as pb

from gfruntime import Cache, Frame, Query


class Seeing(Plain):
    """Answers with all that it sees of a query."""

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        seen = [query.model, query.time_range, query.ref_id, query.interval, query.max_data_points, query.query_type]
        who = [query.context.user, query.from_alert, sorted(query.http_headers.items())]
        return Frame.of(seen=[repr(each) for each in [*seen, *who]])

    def query_variable(self, query: Query[dict[str, Any]]) -> Frame:
        return Frame.of(variable=[repr(query.model)])


class Keeping(Seeing):
    """The same, kept."""

    cache = Cache(seconds=1000, alerts=True)


class KeepingTogether(Keeping):
    """The same in batches."""

    def query_batch(self, queries: list[Query[dict[str, Any]]]) -> dict[str, Frame]:
        return {query.ref_id: self.query(query) for query in queries}


VALUES = st.sampled_from([None, True, 1, 1.0, "1", "", "true", [], [1], {}, {"v": 1}])
SINGLE = st.fixed_dictionaries(
    {
        "model": st.dictionaries(st.sampled_from(["v", "w"]), VALUES, max_size=2),
        "fromEpochMS": st.sampled_from([0, 1]),
        "intervalMS": st.sampled_from([0, 60_000]),
        "maxDataPoints": st.sampled_from([0, 9]),
        "queryType": st.sampled_from(["", "variable", "x"]),
    }
)
CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "queries": st.lists(SINGLE, min_size=1, max_size=2),
            "login": st.sampled_from(["", "ada", "bob"]),
            "token": st.sampled_from(["", "t1", "t2"]),
            "from_alert": st.booleans(),
            "is_json": st.booleans(),
            "data_source": st.sampled_from([1, 2]),
        }
    ),
    max_size=12,
)
KEPT: dict[type, tuple[Services, Services]] = {
    kind: (Services(kind), Services(Seeing)) for kind in (Keeping, KeepingTogether)
}


@pytest.mark.parametrize("kind", KEPT)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=CALLS)
def test_a_kept_answer_is_never_that_of_another_query(kind: type, calls: list[dict[str, Any]]) -> None:
    """Whoever asked what before: the answer is, byte for byte, that of a class that keeps nothing."""
    keeping, plain = KEPT[kind]
    for each in calls:
        asked = queries(*(query["model"] for query in each["queries"]))
        for message, parts in zip(asked.queries, each["queries"], strict=True):
            message.timeRange.fromEpochMS = parts["fromEpochMS"]
            message.intervalMS, message.maxDataPoints = parts["intervalMS"], parts["maxDataPoints"]
            message.queryType = parts["queryType"]
        if each["login"]:
            asked.pluginContext.user.login = each["login"]
        if each["token"]:
            asked.headers["Authorization"] = each["token"]
        asked.headers["FromAlert"] = str(each["from_alert"]).lower()
        asked.format = pb.JSON if each["is_json"] else pb.ARROW
        asked.pluginContext.dataSourceInstanceSettings.id = each["data_source"]

        assert keeping.query(asked) == plain.query(asked)
