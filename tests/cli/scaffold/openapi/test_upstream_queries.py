"""Queries of the generated modules: requests, pages, frames and notices."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPMessage
from typing import Any

import pytest
from upstream_world import TOKEN, World, notices

from gfruntime import DownstreamError, HttpResponse, Query, QueryError, Settings, TimeRange
from gfruntime.openapi import api as api_module
from gfruntime.openapi import pages, rows, views
from gfruntime.testing import START, ask, query


def test_a_list_is_read_page_by_page(world: World) -> None:
    """Requests have the cursor of the page before, the largest page size, and the query's parameters."""
    model = world.model("list_stations", kind="sea", ids=(1, 2), active=False)

    (frame,) = ask(world.api(TOKEN), query(model))

    first, second = world.mock.received
    assert first.query == {
        "kind": ["sea"],
        "ids[]": ["1", "2"],
        "fields": ["id,name"],
        "active": ["false"],
        "limit": ["100"],
    }
    assert second.query == {**first.query, "cursor": ["second-page"]}
    assert first.headers["authorization"] == "Bearer test-token"
    assert {field.name: field.type for field in frame.fields} == {
        "id": "int64",
        "name": "string",
        "kind": "string",
        "place.lat": "float64",
        "tags": "json",
        "active": "bool",
    }
    assert frame["place.lat"].to_list() == [52.4, 52.4]


def test_the_panels_range_fills_range_parameters(world: World) -> None:
    """Rows with a time become series, with enums and objects of texts as labels."""
    model = world.model("list_readings", station_id="7", x_tenant="blue")

    (frame,) = ask(world.api(TOKEN), query(model))

    first, second = world.mock.received
    assert first.path == "/stations/7/readings"
    assert first.query == {
        "from": ["2026-01-01T00:00:00Z"],
        "to": ["2026-01-01T01:00:00Z"],
        "unit": ["celsius"],
        "page": ["0"],
    }
    assert second.query["page"] == ["1"]
    assert first.headers["x-tenant"] == "blue"
    assert frame["celsius"].labels == {"quality": "good", "labels.site": "roof"}
    assert frame["celsius"].to_list() == [1.5, 2.5]
    assert frame["at"].to_list()[0] == START


def test_the_keys_of_a_map_become_labels_of_its_numbers(world: World) -> None:
    """Each key is a label."""
    frames = ask(world.api(), query(world.model("counts", show="numbers", label_columns=("kind",))))

    assert [(frame.fields[0].labels, frame.fields[0].to_list()) for frame in frames] == [
        ({"kind": "sea"}, [3.0]),
        ({"kind": "lake"}, [4.0]),
    ]


def test_numbers_without_distinct_labels_are_refused(world: World) -> None:
    """One of them would stand for all."""
    with pytest.raises(QueryError, match="choose label columns"):
        ask(world.api(TOKEN), query(world.model("list_stations", show="numbers", label_columns=())))


def test_a_body_is_built_from_its_fields(world: World) -> None:
    """It is nested; typed JSON is JSON; a field whose name gfplug uses has another identifier."""
    model = world.model("search", text="rain", near='{"lat": 1}', show_parameter=True)

    ask(world.api({"key": "k", "session": "s"}), query(model))

    (request,) = world.mock.received
    assert json.loads(request.body) == {"query": {"text": "rain", "near": {"lat": 1}}}
    assert request.query == {"show": ["true"], "api_key": ["k"]}
    assert request.headers["cookie"] == "sid=s"


def test_choices_are_rows_of_another_operation(world: World) -> None:
    """Another column has their labels."""
    choices = world.api(TOKEN).choices("list_readings.station_id", {})

    assert choices == [{"value": "7", "label": "Potsdam"}, {"value": "8", "label": "Potsdam"}]
    with pytest.raises(QueryError) as excinfo:
        world.api().choices("counts.nothing", {})
    assert excinfo.value.status == 404


def test_links_lead_to_the_next_page(world: World) -> None:
    """Times that count seconds are read, too."""
    (frame,) = ask(world.api({"account": "a"}), query(world.model("old_readings")))

    assert [request.query for request in world.mock.received] == [{}, {"second-page": ["1"]}]
    assert frame["when"].to_list() == [START]


def test_values_of_another_type_are_shown_as_text(world: World) -> None:
    """A notice says which; in a series they are an error."""
    endpoints = world.modules["endpoints"].ENDPOINTS
    strange = [("", {"id": "seven", "name": 1, "kind": "sea"}), ("", {"id": 8})]

    frame = views.table(strange, endpoints["list_stations"].columns)

    assert frame["id"].to_list() == ["seven", "8"]
    assert frame["name"].to_list() == ["1", None]
    assert [text.partition(",")[0] for text in notices(frame)] == ["id is shown as text"]
    with pytest.raises(DownstreamError, match="can't be shown as series"):
        views.to_frames(
            [("", {"at": "2026-01-01", "celsius": "warm"})],
            endpoints["list_readings"],
            views.View(show="series", time_column="at"),
        )


def test_rows_with_equal_times_and_labels_give_a_notice(world: World) -> None:
    """Rows without a time also give a notice."""
    endpoints = world.modules["endpoints"].ENDPOINTS
    row = ("", {"at": "2026-01-01T00:00:00Z", "celsius": 1})
    view = views.View(show="series", time_column="at")

    (frame,) = views.to_frames([row, row, ("", {"celsius": 2})], endpoints["list_readings"], view)

    texts = notices(frame)
    assert texts[0] == "1 rows have no at"
    assert texts[1].startswith("Several rows have the same at and labels")


def answers(*bodies: Any) -> Any:
    """Make a function that returns each of these in turn, and then always the last one."""
    rest = list(bodies)

    def answer(_values: Any, _url: str) -> HttpResponse:
        body = rest.pop(0) if len(rest) > 1 else rest[0]
        return HttpResponse(status=200, reason="OK", headers=HTTPMessage(), body=json.dumps(body).encode())

    return answer


def test_the_number_of_pages_is_limited_with_a_notice(world: World) -> None:
    """The API may have any number of pages."""
    endpoint = world.modules["endpoints"].ENDPOINTS["list_stations"]
    bodies = [{"items": [{"id": number}], "next": str(number)} for number in range(50)]

    answer = pages.read_pages(answers(*bodies), endpoint, {})

    assert len(answer.rows) == 20
    assert answer.notices == ("Only the first 20 rows were read: there are more",)


@pytest.mark.parametrize("body", [{"items": [], "next": ""}, {"items": None}, {}, None])
def test_a_page_without_rows_is_the_last(world: World, body: Any) -> None:
    """The API shows the end in several ways."""
    endpoint = world.modules["endpoints"].ENDPOINTS["list_stations"]

    answer = pages.read_pages(answers(body), endpoint, {})

    assert (answer.rows, answer.notices) == ([], ())


def test_rows_with_an_invalid_shape_are_a_downstream_error(world: World) -> None:
    """The error has the path of the rows."""
    endpoint = world.modules["endpoints"].ENDPOINTS["list_stations"]

    with pytest.raises(DownstreamError, match="items is not a list of rows"):
        pages.read_pages(answers({"items": "none"}), endpoint, {})


def test_an_incomplete_response_is_an_error_for_an_alert_rule(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A panel shows an incomplete response with a notice."""
    models = world.modules["models"]
    part = rows.AnswerRows([("", {"id": 1})], ("Only 1 of 9 rows were read",), is_cut=True)
    monkeypatch.setattr(api_module, "read_pages", lambda *_: part)
    source = world.modules["api"].Api(Settings(options=models.Options(), url="http://127.0.0.1:9"))
    now = TimeRange(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 2, tzinfo=UTC))
    query = Query(ref_id="A", model=models.Model(operation="list_stations"), time_range=now)

    (frame,) = source.query(query)
    assert notices(frame) == ["Only 1 of 9 rows were read"]
    with pytest.raises(QueryError, match=r"can't use an incomplete answer of .*Only 1 of 9 rows"):
        source.query(replace(query, from_alert=True))
