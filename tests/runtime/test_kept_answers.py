"""Cached answers belong to their queries: a class with a cache gives the same answers as one without."""

from __future__ import annotations

from typing import Any

import pytest
from calls import Plain, Services, queries
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluginv2 import backend_pb2 as pb

from gfruntime import Cache, Frame, Query


class Echo(Plain):
    """Answers with all parts of a query."""

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        model = sorted(query.model.items())  # the order of a JSON object's keys does not matter
        facts = [model, query.time_range, query.ref_id, query.interval, query.max_data_points, query.query_type]
        who = [query.context.user, query.from_alert, sorted(query.http_headers.items())]
        return Frame.of(seen=[repr(each) for each in [*facts, *who]])

    def query_variable(self, query: Query[dict[str, Any]]) -> Frame:
        return Frame.of(variable=[repr(sorted(query.model.items()))])


class Keeping(Echo):
    """The same with a cache."""

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
SERVICES: dict[type, tuple[Services, Services]] = {
    kind: (Services(kind), Services(Echo)) for kind in (Keeping, KeepingTogether)
}


@pytest.mark.parametrize("kind", SERVICES)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=CALLS)
def test_a_cached_answer_is_never_that_of_another_query(kind: type, calls: list[dict[str, Any]]) -> None:
    """After any calls the answer equals that of a class without a cache, byte for byte."""
    keeping, plain = SERVICES[kind]
    for each in calls:
        request = queries(*(query["model"] for query in each["queries"]))
        for message, parts in zip(request.queries, each["queries"], strict=True):
            message.timeRange.fromEpochMS = parts["fromEpochMS"]
            message.intervalMS, message.maxDataPoints = parts["intervalMS"], parts["maxDataPoints"]
            message.queryType = parts["queryType"]
        if each["login"]:
            request.pluginContext.user.login = each["login"]
        if each["token"]:
            request.headers["Authorization"] = each["token"]
        request.headers["FromAlert"] = str(each["from_alert"]).lower()
        request.format = pb.JSON if each["is_json"] else pb.ARROW
        request.pluginContext.dataSourceInstanceSettings.id = each["data_source"]

        assert keeping.query(request) == plain.query(request)
