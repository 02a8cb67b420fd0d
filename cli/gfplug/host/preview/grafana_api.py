"""The part of Grafana's HTTP API that a data source's page uses, answered by the plugin.

Source: grafana v13.0.0, pkg/api/ds_query.go, pkg/api/plugin_resource.go, pkg/api/datasources.go; pkg/services/query,
parseMetricRequest.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gfplug.errors import GfplugError, UsageError
from gfplug.host import timerange
from gfplug.host.convert import Query, query_type_of
from gfplug.host.preview import web_messages
from gfplug.host.preview.failure_answers import failure_response, find_remedy, refusal_response
from gfplug.host.preview.web_messages import SANDBOX, WebRequest, WebResponse, json_response, wrong_method_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gfplug.host.convert import QueryAnswer
    from gfplug.host.preview.data_source import DataSource
    from gfplug.host.preview.event_feed import EventFeed
    from gfplug.host.preview.plugin_keeper import PluginKeeper

_FORWARDED = (
    *("X-Dashboard-Uid", "X-Panel-Id", "X-Panel-Plugin-Id", "X-Dashboard-Title", "X-Panel-Title"),
    *("X-Datasource-Uid", "X-Plugin-Id", "X-Query-Group-Id", "X-Grafana-Org-Id"),
)
_AS_ALERT = "X-Gfplug-Alert"
NOT_FORWARDED = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade"),
        *("transfer-encoding", "content-length", "host", "user-agent", "cookie", "origin", "referer"),
    }
)
"""Request headers that Grafana does not forward to a plugin; the last one holds the preview's token."""

_RETURNED = frozenset(
    {
        *("content-type", "content-encoding", "content-disposition", "content-language", "content-range"),
        *("cache-control", "etag", "last-modified", "location", "retry-after"),
    }
)
_NOT_RETURNED = ("x-content-type-options", "x-frame-options")  # only the server may set these
_FAILED = 400
_EXPRESSIONS = "__expr__"
_LARGEST_POINTS = 1 << 62
_LONGEST_INTERVAL_MS = 10**14


class GrafanaApi:
    """Answers the paths below `api/`, except the data proxy."""

    def __init__(self, keeper: PluginKeeper, source: DataSource, feed: EventFeed, *, timeout: float) -> None:
        """Answer with a plugin, for one data source. Units: `timeout` is the seconds for each call."""
        self._keeper = keeper
        self._source = source
        self._feed = feed
        self._timeout = timeout

    def query(self, request: WebRequest) -> WebResponse:
        """Answer `ds/query`."""
        if request.method != "POST":
            return wrong_method_response("POST")
        mark, start = self._feed.mark(), time.perf_counter()
        try:
            queries = read_queries(request.json(), uid=self._source.uid, now=datetime.now(UTC))
            answers = self._keeper.plugin().query_data(
                queries,
                self._source.settings(),
                is_alert=request.headers.get(_AS_ALERT) == "true",
                headers={f"http_{name}": request.headers[name] for name in _FORWARDED if name in request.headers},
                timeout=self._timeout,
                on_start=request.when_gone,
            )
        except UsageError as error:
            return refusal_response(error, self._source.mask)
        except GfplugError as error:
            return failure_response(error, self._source.mask, self._feed.places_since(mark))
        milliseconds = round((time.perf_counter() - start) * 1000, 1)
        return self._query_response(answers, milliseconds, mark)

    def _query_response(self, answers: Mapping[str, QueryAnswer], milliseconds: float, mark: int) -> WebResponse:
        errors = [answer.error for answer in answers.values() if answer.error]
        results = {}
        for ref_id, answer in answers.items():
            result = answer.to_json()
            if "frames" in result:
                result["frames"] = [mask_meta(frame, self._source.mask) for frame in result["frames"]]
            results[ref_id] = result | ({"error": self._source.mask(answer.error)} if answer.error else {})
        hint = find_remedy("\n".join(errors), self._feed.places_since(mark))
        own = {"milliseconds": milliseconds, "hint": self._source.mask(hint)}
        return json_response({"results": results, "preview": own}, status=_FAILED if errors else web_messages.OK)

    def data_source(self, request: WebRequest) -> WebResponse:
        """Answer `datasources/uid/<uid>`: return the saved data source, or save its new state."""
        if request.method == "GET":
            return json_response(self._source.for_page())
        if request.method != "PUT":
            return wrong_method_response("GET", "PUT")
        try:
            self._source.update(request.json())
        except UsageError as error:
            return refusal_response(error, self._source.mask)
        source = self._source.for_page()
        self._feed.publish("settings", source)
        value = {"datasource": source, "id": source["id"], "name": source["name"], "message": "Datasource updated"}
        return json_response(value)

    def health(self, request: WebRequest) -> WebResponse:
        """Answer `datasources/uid/<uid>/health`."""
        if request.method != "GET":
            return wrong_method_response("GET")
        mark = self._feed.mark()
        try:
            health = self._keeper.plugin().check_health(
                self._source.settings(), timeout=self._timeout, on_start=request.when_gone
            )
        except GfplugError as error:
            return failure_response(error, self._source.mask, self._feed.places_since(mark))
        value = {"status": health.status, "message": health.message, "details": health.details}
        return json_response(self._source.mask(value), status=200 if health.status == "OK" else _FAILED)

    def resource(self, path: str, request: WebRequest) -> WebResponse:
        """Answer `datasources/uid/<uid>/resources/<path>` as the plugin does."""
        headers: dict[str, list[str]] = {}
        for name, value in request.headers.items():
            if name.lower() not in NOT_FORWARDED:
                headers.setdefault(name, []).append(value)
        mark = self._feed.mark()
        try:
            answer = self._keeper.plugin().call_resource(
                f"{path}?{request.query}" if request.query else path,
                self._source.settings(),
                method=request.method,
                headers=headers,
                body=request.body,
                timeout=self._timeout,
                on_start=request.when_gone,
            )
        except GfplugError as error:
            return failure_response(error, self._source.mask, self._feed.places_since(mark))
        status = answer.status if 200 <= answer.status <= 599 else web_messages.FAILED  # noqa: PLR2004 - HTTP's
        return WebResponse(status=status, headers=select_headers(answer.headers), body=answer.body)


def mask_meta(frame: Any, mask: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a frame, as JSON, with the secrets in its metadata masked. Its values do not change."""
    schema = frame.get("schema") if isinstance(frame, dict) else None
    if not isinstance(schema, dict) or not schema.get("meta"):
        return frame
    return {**frame, "schema": {**schema, "meta": mask(schema["meta"])}}


def select_headers(headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the response headers for the browser: `X-` headers, and those about the body."""
    for_browser = {
        name: ", ".join(values)
        for name, values in headers.items()
        if name.lower() in _RETURNED or (name.lower().startswith("x-") and name.lower() not in _NOT_RETURNED)
    }
    is_cached = any(name.lower() == "cache-control" for name in for_browser)
    return {**for_browser, **({} if is_cached else {"Cache-Control": "no-store"}), **SANDBOX}


def read_queries(body: Mapping[str, Any], *, uid: str, now: datetime) -> list[Query]:
    """Read the queries of a request to `ds/query`.

    Raises: UsageError that says what is invalid.
    """
    queries = body.get("queries")
    if not isinstance(queries, list) or not queries:
        raise UsageError("No queries found")
    return [_read_query(each, body, uid=uid, now=now) for each in queries]


def _read_query(value: Any, body: Mapping[str, Any], *, uid: str, now: datetime) -> Query:  # noqa: ANN401 - JSON
    if not isinstance(value, dict):
        raise UsageError("a query is not an object")
    _require_own(value.get("datasource"), uid)
    own = value.get("timeRange")
    span = own if isinstance(own, dict) and {"from", "to"} <= own.keys() else body
    start = _read_time(span.get("from"), "from", now=now)
    end = _read_time(span.get("to"), "to", now=now)
    interval, points = value.get("intervalMs", 1000), value.get("maxDataPoints", 100)
    if not _is_number(interval) or not _is_number(points):
        raise UsageError("intervalMs and maxDataPoints must be numbers")
    ref_id = value.get("refId", "A")
    if not isinstance(ref_id, str):
        raise UsageError("refId is not text")
    return Query(
        ref_id=ref_id,
        start=start,
        end=end,
        interval=timedelta(milliseconds=float(max(1, min(interval, _LONGEST_INTERVAL_MS)))),
        max_data_points=int(max(0, min(points, _LARGEST_POINTS))),
        model=value,
        query_type=query_type_of(value),
    )


def _require_own(reference: object, uid: str) -> None:
    """Refuse a query for another data source.

    Raises: UsageError that names the data source.
    """
    other = reference.get("uid") if isinstance(reference, dict) else reference
    if other in (None, "", uid):
        return
    if other == _EXPRESSIONS:
        raise UsageError("the preview queries only this data source: expressions are evaluated by Grafana")
    raise UsageError(f"Data source not found: {str(other)[:80]!r}; this preview has {uid!r}")


def _read_time(value: object, name: str, *, now: datetime) -> datetime:
    """Read a time: milliseconds since 1970 as a number or a text, or a text such as `now-1h`."""
    text = str(value) if _is_number(value) else value
    if not isinstance(text, str):
        raise UsageError(f"{name!r} is not a time")
    if not re.fullmatch(r"-?[0-9]{1,15}", text.partition(".")[0]):
        return timerange.moment(text, now=now, is_end=name == "to")
    try:
        return datetime.fromtimestamp(int(text.partition(".")[0]) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"{name!r} is not a time: {text[:40]}") from error


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
