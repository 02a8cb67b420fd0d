"""Ad hoc filters of a query, and the resources that list keys and values."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest
from calls import Plain, Services, queries
from forms import datasource

from gfruntime import AdHocFilter, Frame, Query, TagRequest, route
from gfruntime.author.controls import SchemaError
from gfruntime.author.schema import describe

UTC = timezone.utc  # noqa: UP017  # the same on Python 3.10
events: list[Any] = []


class Unfiltered(Plain):
    """Has no methods for filters."""

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        events.append(query.filters)
        return Frame.of(v=[1])


class Filtered(Unfiltered):
    """Lists keys and values."""

    def get_tag_keys(self, request: TagRequest) -> Any:
        events.append(request)
        return ["region", {"value": "p", "label": "Product"}]

    def get_tag_values(self, key: str, request: TagRequest) -> Any:
        events.append((key, request))
        return [] if key == "p" else ["north"]


class Async(Filtered):
    """The same, on the event loop."""

    async def get_tag_keys(self, request: TagRequest) -> Any:
        return super().get_tag_keys(request)

    async def get_tag_values(self, key: str, request: TagRequest) -> Any:
        return super().get_tag_values(key, request)


class Odd(Filtered):
    """Returns an invalid list of choices, and lists no values."""

    get_tag_values = None  # type: ignore[assignment]  # as if it had none

    def get_tag_keys(self, request: TagRequest) -> Any:
        return [5]


@pytest.fixture(autouse=True)
def _forget() -> None:
    events.clear()


def ask(kind: type, path: str, body: object, *, method: str = "POST") -> tuple[int, Any]:
    """Call a resource, and return its status and its JSON."""
    (answer,) = Services(kind).resource(path, method=method, body=json.dumps(body).encode())
    return answer.code, json.loads(answer.body)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([{"key": "a", "operator": "=", "value": "1"}], [AdHocFilter("a", "=", ("1",))]),
        ([{"key": "a", "operator": "=|", "value": "1", "values": ["1", "2"]}], [AdHocFilter("a", "=|", ("1", "2"))]),
        ([{"key": "a", "operator": "!=|", "value": "1"}], [AdHocFilter("a", "!=|", ("1",))]),
        ([{"key": "a", "operator": "=|", "value": "1", "values": []}], [AdHocFilter("a", "=|", ())]),
        ([{"key": "a", "operator": "!=", "value": "1", "values": ["old"]}], [AdHocFilter("a", "!=", ("1",))]),
        (
            [{"key": "a", "operator": "<", "value": ""}, {"key": "b", "value": "2", "origin": "dashboard"}],
            [AdHocFilter("a", "<", ("",)), AdHocFilter("b", "=", ("2",))],
        ),
        ([{"key": "a", "operator": "=", "value": None}], [AdHocFilter("a", "=", ("",))]),
        ([], []),
        (None, []),
    ],
)  # fmt: skip
def test_a_query_has_the_dashboards_filters(filters: Any, expected: list[AdHocFilter]) -> None:
    """Operators that compare with several values have several, all others one."""
    answer = Services(Filtered).query(queries({"adhocFilters": filters}))["A"]

    assert (answer.status, [*events[0]]) == (200, expected)


def test_a_query_without_filters_has_none() -> None:
    """Queries of alert rules, and of dashboards without ad hoc filters, have none."""
    Services(Filtered).query(queries({}))

    assert events == [()]


@pytest.mark.parametrize(
    "filters", ["region", [5], [{"operator": "=", "value": "1"}], [{"key": "a", "value": 5}], {"key": "a"}]
)
def test_filters_of_another_shape_fail_the_query(filters: Any) -> None:
    """Without its filters the query would return too much; the other queries are answered."""
    answers = Services(Filtered).query(queries({"adhocFilters": filters}, {}))

    assert answers["A"].status == 400
    assert answers["A"].error.startswith("the query: its ad hoc filters can't be read: ")
    assert answers["B"].status == 200


def test_a_class_without_keys_has_no_filters() -> None:
    """Authors may then use the key `adhocFilters`."""
    answer = Services(Unfiltered).query(queries({"adhocFilters": "mine"}))["A"]

    assert (answer.status, events) == (200, [()])


@pytest.mark.parametrize("kind", [Filtered, Async])
def test_keys_are_listed_with_the_dashboards_state(kind: type) -> None:
    """The author's method gets the other filters, the time range and the queries."""
    body = {
        "filters": [{"key": "p", "operator": "=", "value": "x"}],
        "timeRange": {"from": 0, "to": 1000},
        "queries": [{"refId": "A", "table": "sales"}],
    }
    status, answer = ask(kind, "gfplug/tag-keys", body)
    (request,) = events

    assert (status, answer) == (200, ["region", {"value": "p", "label": "Product"}])
    assert request.filters == [AdHocFilter("p", "=", ("x",))]
    assert request.time_range.end == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert request.queries == [{"refId": "A", "table": "sales"}]
    assert request.context.org_id == 1


@pytest.mark.parametrize("kind", [Filtered, Async])
@pytest.mark.parametrize(("key", "expected"), [("region", ["north"]), ("p", [])])
def test_values_are_listed_for_a_key(kind: type, key: str, expected: list[str]) -> None:
    """Missing parts of the request are empty."""
    status, answer = ask(kind, "gfplug/tag-values", {"key": key})

    assert (status, answer) == (200, expected)
    assert events[0][0] == key
    assert (events[0][1].filters, events[0][1].time_range, events[0][1].queries) == ([], None, [])


@pytest.mark.parametrize(
    ("kind", "tag_request", "status", "message"),
    [
        (Filtered, ("gfplug/tag-keys", "GET", {}), 405, "GET is not allowed here, only POST"),
        (Filtered, ("gfplug/tag-keys", "POST", []), 400, "the request: its ad hoc filters can't be read: "),
        (
            Filtered,
            ("gfplug/tag-keys", "POST", {"filters": [{}]}),
            400,
            "the request: its ad hoc filters can't be read: ",
        ),
        (Unfiltered, ("gfplug/tag-keys", "POST", {}), 404, "there is no resource 'gfplug/tag-keys'"),
        (Odd, ("gfplug/tag-values", "POST", {}), 404, "there is no resource 'gfplug/tag-values'"),
        (Odd, ("gfplug/tag-keys", "POST", {}), 500, "the plugin failed; its log says why"),
    ],
)
def test_a_failed_tag_request_returns_a_status_and_a_message(
    kind: type, tag_request: tuple[str, str, object], status: int, message: str
) -> None:
    """Without a method in the class the resource does not exist."""
    path, method, body = tag_request
    code, answer = ask(kind, path, body, method=method)

    assert code == status
    assert answer["message"].startswith(message)


def test_the_schema_has_the_capabilities_for_filters() -> None:
    """Grafana looks for the capabilities; a class without the methods has none of them."""
    capabilities = [describe(kind)["capabilities"] for kind in (Unfiltered, Filtered, Odd)]
    both = {"annotations": True, "variables": True}

    assert capabilities == [both, both | {"tagKeys": True, "tagValues": True}, both | {"tagKeys": True}]


@pytest.mark.parametrize("path", ["/gfplug/tag-keys", "/gfplug/tag-values"])
def test_a_route_on_the_path_of_a_tag_resource_is_refused(path: str) -> None:
    """The runtime answers them itself."""
    kind = datasource()
    kind.mine = route("POST", path)(lambda self, request: None)  # type: ignore[attr-defined]  # noqa: ARG005

    with pytest.raises(SchemaError, match=f"gfruntime answers the resource {path} itself"):
        describe(kind)


def test_a_field_cannot_have_the_name_of_the_filters() -> None:
    """The field would get Grafana's filters; without `get_tag_keys` the name is free."""
    model = dataclasses.make_dataclass("Model", [("adhocFilters", str, "")], frozen=True)
    kind = datasource(model=model)

    assert describe(kind)["query"]["fields"][0]["name"] == "adhocFilters"
    kind.get_tag_keys = Filtered.get_tag_keys  # type: ignore[attr-defined]
    with pytest.raises(
        SchemaError, match=r"^Model\.adhocFilters: this key holds the dashboard's filters; choose another name$"
    ):
        describe(kind)


@dataclass(frozen=True)
class Model:
    """A model beside the filters."""

    table: str = "sales"


def test_filters_and_the_model_are_decoded_separately() -> None:
    """The filters are not part of the model, which ignores their key."""

    class Typed(Filtered):
        def query(self, query: Query[Model]) -> Frame:  # type: ignore[override]  # another model
            events.append((query.model, query.filters))
            return Frame.of(v=[1])

    Typed.query.__annotations__["query"] = Query[Model]
    Services(Typed).query(queries({"table": "x", "adhocFilters": [{"key": "a", "value": "1"}]}))

    assert events == [(Model("x"), (AdHocFilter("a", "=", ("1",)),))]
