"""Grafana's API in the preview: queries, data source, health and resources; an error gives its reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import FRAME, SECRET, Small

from gfplug.errors import ToolError, UsageError
from gfplug.host.client import UnimplementedError
from gfplug.host.convert import Health, QueryAnswer, ResourceAnswer
from gfplug.host.logs import LogLine
from gfplug.host.output import LateError
from gfplug.host.preview.grafana_api import read_queries
from gfplug.host.preview.plugin_keeper import DownError

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., tuple[int, Any]]

SOURCE = "api/datasources/uid/sales"
QUERY = {"refId": "A", "table": "sales", "intervalMs": 5000, "maxDataPoints": 50, "datasource": {"uid": "sales"}}
BODY = {"queries": [QUERY], "from": "1000", "to": "3601000"}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_queries_are_answered_as_in_grafana(ask: Ask, small: Small) -> None:
    """The response has frames by ref id; the plugin gets the range, the interval, the model and headers."""
    status, answer = ask("api/ds/query?ds_type=x", BODY, X_Panel_Id="7", X_Evil="1")

    assert status == 200
    assert answer["results"] == {"A": {"status": 200, "frames": [FRAME]}}
    assert answer["preview"]["milliseconds"] >= 0
    (call,) = small.plugin.calls
    (query,) = call["queries"]
    assert (query.start, query.end) == (datetime.fromtimestamp(1, UTC), datetime.fromtimestamp(3601, UTC))
    assert (query.interval, query.max_data_points) == (timedelta(seconds=5), 50)
    assert query.model["table"] == "sales"
    assert (call["is_alert"], call["headers"]) == (False, {"http_X-Panel-Id": "7"})
    assert small.plugin.settings[0].secrets == {"token": SECRET}


def test_a_query_can_be_sent_as_the_query_of_an_alert_rule(ask: Ask, small: Small) -> None:
    """This lets the page show the result that a rule would get."""
    ask("api/ds/query", BODY, X_Gfplug_Alert="true")

    assert small.plugin.calls[0]["is_alert"] is True


def test_one_failing_query_does_not_fail_the_others(ask: Ask, small: Small) -> None:
    """The status is 400 as in Grafana; the error has status, source and place in the code, and no secret."""
    small.plugin.answers["B"] = QueryAnswer(
        ref_id="B", status=502, error=f"401 for {SECRET}", error_source="downstream"
    )

    def fail(*_: object, **__: Any) -> dict[str, QueryAnswer]:
        small.feed.add_line(LogLine(level="error", message="x", fields={"at": "datasource.py, line 7"}))
        return {"A": QueryAnswer(ref_id="A", status=200), **small.plugin.answers}

    small.plugin.query_data = fail  # type: ignore[method-assign]
    status, answer = ask("api/ds/query", {**BODY, "queries": [QUERY, {**QUERY, "refId": "B"}]})

    assert status == 400
    assert answer["results"]["A"] == {"status": 200, "frames": []}
    assert answer["results"]["B"] == {
        "status": 502, "error": "401 for ***", "errorSource": "downstream", "frames": []
    }  # fmt: skip
    assert answer["preview"]["hint"] == "raised in datasource.py, line 7"


@pytest.mark.parametrize(
    ("failure", "status", "message_id"),
    [
        (ToolError(f"QueryData failed: {SECRET}", details=f"trace {SECRET}"), 500, "plugin.requestFailureError"),
        (DownError("the plugin's process ended"), 503, "plugin.unavailable"),
        (LateError("the plugin did not answer within 5 s"), 504, "plugin.requestTimeout"),
        (UnimplementedError("the plugin does not implement Data.QueryData"), 404, "plugin.notImplemented"),
    ],
)
def test_a_failed_call_has_grafanas_message_and_the_reason(
    ask: Ask, small: Small, failure: ToolError, status: int, message_id: str
) -> None:
    """The message has no secret."""
    small.plugin.failure = failure
    for path, body in [("api/ds/query", BODY), (f"{SOURCE}/health", None), (f"{SOURCE}/resources/x", None)]:
        code, answer = ask(path, body)

        assert (code, answer["messageId"]) == (status, message_id)
        assert answer["preview"]["message"] == failure.message.replace(SECRET, "***")
        assert SECRET not in str(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[]",
        {},
        {"queries": []},
        {"queries": "A"},
        {"queries": [1], "from": "1", "to": "2"},
        {"queries": [QUERY]},
        {**BODY, "from": "soon"},
        {**BODY, "from": {}},
        {**BODY, "from": "999999999999999"},
        {**BODY, "queries": [{**QUERY, "intervalMs": "1s"}]},
        {**BODY, "queries": [{**QUERY, "maxDataPoints": True}]},
        {**BODY, "queries": [{**QUERY, "refId": 1}]},
        {**BODY, "queries": [{**QUERY, "datasource": {"uid": "__expr__"}}]},
        {**BODY, "queries": [{**QUERY, "datasource": {"uid": "other"}}]},
    ],
)
def test_an_invalid_request_is_refused(ask: Ask, small: Small, body: Any) -> None:
    """The plugin gets no call."""
    status, answer = ask("api/ds/query", body)

    assert (status, bool(answer["message"])) == (400, True)
    assert small.plugin.calls == []


def test_times_are_read_in_every_form_that_grafana_sends() -> None:
    """They are milliseconds as number or text, relative times, and a range of the query itself."""
    body = {
        "queries": [{"refId": "A"}, {"refId": "B", "timeRange": {"from": "now-1h", "to": "now"}}],
        "from": 1767265200000,
        "to": "1767268800000",
    }
    first, second = read_queries(body, uid="x", now=NOW)

    assert (first.start, first.end) == (NOW - timedelta(hours=1), NOW)
    assert (second.start, second.end) == (NOW - timedelta(hours=1), NOW)
    assert (first.interval, first.max_data_points) == (timedelta(seconds=1), 100)


def test_huge_numbers_are_limited() -> None:
    """The interval is a million years, and the number of points is too large for a message."""
    for large in (1e300, 10**30, 10**400):
        query = {"refId": "A", "intervalMs": large, "maxDataPoints": large}
        (read,) = read_queries({"queries": [query], "from": "1", "to": "2"}, uid="x", now=NOW)

        assert read.max_data_points < 1 << 63
        assert read.interval > timedelta(days=1000)


def test_secrets_are_masked_in_a_frames_metadata_only(ask: Ask, small: Small) -> None:
    """The inspector shows the executed query; the values stay unchanged."""
    meta = {"executedQueryString": f"GET /?key={SECRET}", "notices": [{"severity": "info", "text": SECRET}]}
    frame: dict[str, Any] = {"schema": {"fields": [], "meta": meta}, "data": {"values": [[1], [SECRET]]}}
    small.plugin.answers["A"] = QueryAnswer(ref_id="A", status=200, frames=[frame])
    _, answer = ask("api/ds/query", BODY)

    (response_frame,) = answer["results"]["A"]["frames"]
    assert response_frame["schema"]["meta"] == {
        "executedQueryString": "GET /?key=***", "notices": [{"severity": "info", "text": "***"}]
    }  # fmt: skip
    assert response_frame["data"] == frame["data"]


def test_the_data_source_of_a_query_can_be_missing_or_a_text() -> None:
    """Old dashboards have such queries."""
    for reference in (None, "", "x", {"uid": "x"}, {}):
        assert read_queries({"queries": [{"datasource": reference}], "from": "1", "to": "2"}, uid="x", now=NOW)
    with pytest.raises(UsageError):
        read_queries({"queries": [{"datasource": "y"}], "from": "1", "to": "2"}, uid="x", now=NOW)


@pytest.mark.parametrize(("health", "status"), [("OK", 200), ("ERROR", 400), ("UNKNOWN", 400)])
def test_health_has_grafanas_status(ask: Ask, small: Small, health: str, status: int) -> None:
    """The details are part of the response."""
    small.plugin.health = Health(status=health, message=f"says {SECRET}", details={"verboseMessage": SECRET})

    assert ask(f"{SOURCE}/health") == (
        status, {"status": health, "message": "says ***", "details": {"verboseMessage": "***"}}
    )  # fmt: skip


def test_a_resource_request_is_forwarded_to_the_plugin(ask: Ask, small: Small) -> None:
    """Method, query string, headers and body are forwarded; the preview's own headers are not."""
    small.plugin.resource = ResourceAnswer(
        status=418, headers={"Content-Type": ["text/html"], "Set-Cookie": ["a=b"], "X-One": ["1", "2"]}, body=b"<b>"
    )

    own = {"Referer": "http://x/t0ken/", "Cookie": "c"}
    status, body = ask(f"{SOURCE}/resources/a%2Fb/c?limit=3&limit=4", b"<a>", method="PATCH", X_Two="2", **own)

    assert (status, body) == (418, b"<b>")
    (call,) = small.plugin.calls
    assert (call["path"], call["method"], call["body"]) == ("a%2Fb/c?limit=3&limit=4", "PATCH", b"<a>")
    assert call["headers"] == {"X-Two": ["2"]}


def test_a_resource_opened_as_a_page_runs_no_script(small: Small) -> None:
    """Otherwise a text of the upstream could send requests with the page's token."""
    from gfplug.host.preview.web_messages import WebRequest  # noqa: PLC0415 - what the fixture hides

    small.plugin.resource = ResourceAnswer(
        status=200,
        headers={"Content-Security-Policy": ["script-src *"], "Access-Control-Allow-Origin": ["*"]},
        body=b"<script>1</script>",
    )
    response = small.application(WebRequest(method="GET", path=f"{SOURCE}/resources/x"))

    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'; ")
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    [
        "api/datasources/uid/other",
        "api/datasources/uid/other/health",
        "api/datasources/2/resources/x",
        "api/datasources/proxy/uid/other/x",
        "api/datasources/uid/sales/other",
        "api/admin/settings",
        "api/",
    ],
)
def test_an_api_that_the_preview_lacks_is_404(ask: Ask, small: Small, path: str) -> None:
    """The response has a message, and the plugin gets no request."""
    status, answer = ask(path)

    assert (status, bool(answer["message"])) == (404, True)
    assert small.plugin.calls == []


def test_the_data_source_is_found_by_its_uid_and_by_its_id(ask: Ask) -> None:
    """It is found by its uid and by its id."""
    assert ask("api/datasources/1") == ask(SOURCE)
    assert ask("api/datasources/1/health")[0] == 200
