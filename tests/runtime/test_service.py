"""The services in this process: their methods, health, and plain resources."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from calls import Plain, Services, queries
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, Health, Query, Request, Response, Settings, Ui
from gfruntime.author.controls import SchemaError
from gfruntime.calls.service import Service
from gfruntime.logs import masking


class Source(Plain):
    """Has a health check, and answers resources."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Raise for one marker."""
        if settings.options.get("marker") == "bad":
            raise ValueError("no such marker")

    def check_health(self) -> Health:
        masking.remember(["sesame-health", "12345"])
        return Health.error(
            "away, sesame-health", details={"pin": 12345, "sesame-health": ["at sesame-health"], "port": 443}
        )

    def call_resource(self, request: Request) -> Response:
        return Response.json([])


def check_health(kind: type, context: pb.PluginContext) -> pb.CheckHealthResponse:
    """Press "Save & test"."""
    request = pb.CheckHealthRequest(pluginContext=context)
    return Services(kind).unary("Diagnostics/CheckHealth", request, pb.CheckHealthResponse)


def test_every_call_returns_the_error_of_a_failing_constructor() -> None:
    """If an instance can't be created, each query and the health check return the error."""
    request = queries({}, {})
    request.pluginContext.CopyFrom(context(marker="bad"))
    health = check_health(Source, context(marker="bad"))

    assert [item.error for item in Services(Source).query(request).values()] == ["ValueError: no such marker"] * 2
    assert (health.status, health.message) == (pb.CheckHealthResponse.ERROR, "ValueError: no such marker")


@dataclass(frozen=True)
class Bounded:
    """A model, and options, with a bound."""

    series: Annotated[int, Ui(minimum=1, maximum=1000)] = 1


@dataclass(frozen=True)
class OutOfBounds:
    """A class whose default breaks its bound."""

    size: Annotated[int, Ui(maximum=1)] = 2


class OptionsOutOfBounds(Plain):
    """A data source whose options break their bound."""

    def __init__(self, settings: Settings[OutOfBounds]) -> None:
        """Ignore the settings."""


class VariablesOutOfBounds(Plain):
    """A data source whose variables break their bound."""

    def query_variable(self, query: Query[OutOfBounds]) -> Frame:
        return Frame.of(a=[query.model.size])


class Names:
    """A source whose options, queries, variables and annotations all have bounds."""

    def __init__(self, settings: Settings[Bounded]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[Bounded]) -> Frame:
        return Frame.of(a=[query.model.series])

    def query_variable(self, query: Query[Bounded]) -> Frame:
        return Frame.of(a=[query.model.series])

    def query_annotation(self, query: Query[Bounded]) -> Frame:
        return Frame.of(a=[query.model.series])


@pytest.mark.parametrize("kind", ["", "variable", "annotation"])
def test_a_value_out_of_bounds_fails_only_its_query_with_400(kind: str) -> None:
    """The panel shows the field, the value and the bound; the other query is answered."""
    request = queries({"series": 30_000_000}, {"series": 2})
    for message in request.queries:
        message.queryType = kind
    request.pluginContext.CopyFrom(context())
    by_ref_id = Services(Names).query(request)
    answers = [by_ref_id[ref_id] for ref_id in "AB"]

    assert [answer.status for answer in answers] == [400, 200]
    assert answers[0].error == "the query: field 'series': 30000000 is above the maximum 1000"


def test_save_and_test_and_each_query_refuse_options_out_of_bounds() -> None:
    """The data source can't be created, and each answer has the reason."""
    request = queries({})
    request.pluginContext.CopyFrom(context(series=0))
    (answer,) = Services(Names).query(request).values()
    sentence = "the data source's settings: field 'series': 0 is below the minimum 1"

    assert (answer.status, answer.error) == (400, sentence)
    assert check_health(Names, context(series=0)).message == sentence


@pytest.mark.parametrize("kind", [OptionsOutOfBounds, VariablesOutOfBounds])
def test_a_class_whose_default_breaks_its_bound_does_not_start(kind: type) -> None:
    """The rule applies to options and models; the log names class and field."""
    with pytest.raises(SchemaError, match=r"OutOfBounds\.size: its default is invalid: 2 is above"):
        Service.of(kind)


def test_health_tells_no_secret() -> None:
    """Message and details arrive without secrets in their texts; numbers stay, so that the details stay JSON."""
    health = check_health(Source, context())

    assert (health.status, health.message) == (pb.CheckHealthResponse.ERROR, "away, ***")
    assert json.loads(health.jsonDetails) == {"pin": "***", "***": ["at ***"], "port": 443}


@pytest.mark.shows("protocol 62")
@pytest.mark.parametrize(("kind", "plugin_context"), [(Plain, context()), (Source, pb.PluginContext(pluginId="p"))])
def test_health_without_a_handler_is_ok(kind: type, plugin_context: pb.PluginContext) -> None:
    """A class without check_health is healthy if it can be created; without a data source the plugin is healthy."""
    assert check_health(kind, plugin_context).status == pb.CheckHealthResponse.OK


@pytest.mark.shows("protocol 49")
def test_requests_without_a_data_source_are_answered() -> None:
    """A query's error names the missing data source, and a resource gets status 400 (item 49)."""
    services = Services(Source)
    request = pb.QueryDataRequest(queries=[pb.DataQuery(refId="A")])
    (part,) = services.stream("Resource/CallResource", pb.CallResourceRequest(), pb.CallResourceResponse)

    assert "names no data source" in services.query(request)["A"].error
    assert part.code == 400


@pytest.mark.shows("protocol 47")
def test_methods_follow_the_authors_class() -> None:
    """The Resource service always exists, because it has the schema; the other services answer UNIMPLEMENTED."""
    application = Services(Plain).application

    assert set(application.streams) == {"/pluginv2.Resource/CallResource"}
    assert set(application.unary) == {
        "/pluginv2.Data/QueryData",
        "/pluginv2.Diagnostics/CheckHealth",
        "/pluginv2.Diagnostics/CollectMetrics",
    }


def test_methods_follow_the_proto(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old SDK has no chunks; a newer host that requests them falls back, as with a plugin of that SDK."""

    class Chunks(Plain):
        query_chunked = Plain.query

    monkeypatch.delattr(pb, "QueryChunkedDataRequest")

    assert set(Services(Chunks).application.streams) == {"/pluginv2.Resource/CallResource"}


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"v": float("nan"), "w": [float("inf")]}, {"v": None, "w": [None]}),
        ({"when": dt.date(2026, 1, 2)}, {"when": "2026-01-02"}),
    ],
)
def test_health_details_are_json_that_go_reads(details: dict[str, object], expected: object) -> None:
    """NaN becomes null, and types that JSON lacks become text."""

    class Odd(Source):
        def check_health(self) -> Health:
            return Health.ok("m", details=details)

    assert json.loads(check_health(Odd, context()).jsonDetails, parse_constant=pytest.fail) == expected


def test_an_invalid_health_status_is_named() -> None:
    """The message lists the valid ones."""

    class Odd(Source):
        def check_health(self) -> Health:
            return Health(status="OK")  # type: ignore[arg-type]  # on purpose

    assert "Health.status must be ok, error or unknown; got 'OK'" in check_health(Odd, context()).message


class NoConstructor:
    """Has no constructor."""

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        return Frame.of(v=[1])


class Demanding(NoConstructor):
    """Takes more than the settings."""

    def __init__(self, settings: Settings[dict[str, Any]], pool: object) -> None:
        """Ignore the settings."""


class Lenient(NoConstructor):
    """Takes the settings, and may take more."""

    def __init__(self, settings: Settings[dict[str, Any]], pool: object = None) -> None:
        """Ignore the settings."""


@pytest.mark.parametrize("kind", [NoConstructor, Demanding])
def test_a_class_that_cannot_be_given_the_settings_does_not_start(kind: type) -> None:
    """An error says what to write, instead of Python's error at the first call."""
    sentence = rf"'{kind.__name__}' does not accept the data source's settings: write def __init__\(self, settings\)"

    with pytest.raises(TypeError, match=sentence):
        Service.of(kind)


def test_a_constructor_may_take_more_than_the_settings() -> None:
    """Further parameters need a default."""
    assert Services(Lenient).query(queries({}))["A"].status == 200
