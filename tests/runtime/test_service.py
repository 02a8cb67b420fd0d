"""The services in this process: batches, instances, settings, formats, observation."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, Health, Query, QueryError, Request, Response, Settings, User
from gfruntime.calls.service import Service
from gfruntime.logs import log, masking
from gfruntime.serving.methods import Application, Call, CallError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Options:
    """Options."""

    marker: str = ""


@dataclass(frozen=True)
class Model:
    """A model."""

    do: str = ""


class Batch:
    """Answers all queries of a request together."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Keep the settings."""
        self.settings = settings

    def query_batch(self, queries: list[Query[Model]]) -> Mapping[str, Frame | list[Frame] | Exception]:
        if queries[0].model.do == "raise":
            raise ValueError("all of them")
        if queries[0].model.do == "exit":
            raise SystemExit(3)
        if queries[0].model.do == "list":
            return []  # type: ignore[return-value]  # the mistake to test
        answers: dict[str, Frame | list[Frame] | Exception] = {q.ref_id: Frame.of(v=[len(queries)]) for q in queries}
        answers["B"] = QueryError("not this one")
        answers.pop("C", None)
        return answers


class AsyncBatch(Batch):
    """The same on a loop."""

    async def query_batch(self, queries: list[Query[Model]]) -> Any:  # type: ignore[override]  # async
        await asyncio.sleep(0)
        return super().query_batch(queries)


def query_data(
    application: Application, request: pb.QueryDataRequest, call: Call | None = None
) -> dict[str, pb.DataResponse]:
    """Ask QueryData."""
    handler = application.unary["/pluginv2.Data/QueryData"]
    answer = asyncio.run(_wait(handler(request.SerializeToString(), call or Call())))
    return dict(pb.QueryDataResponse.FromString(answer).responses)


def check_health(application: Application, request: pb.CheckHealthRequest) -> pb.CheckHealthResponse:
    """Ask CheckHealth."""
    handler = application.unary["/pluginv2.Diagnostics/CheckHealth"]
    return pb.CheckHealthResponse.FromString(asyncio.run(_wait(handler(request.SerializeToString(), Call()))))


def call_resource(application: Application, request: pb.CallResourceRequest) -> list[pb.CallResourceResponse]:
    """Ask CallResource."""

    async def collect() -> list[bytes]:
        stream = application.streams["/pluginv2.Resource/CallResource"]
        return [part async for part in stream(request.SerializeToString(), Call())]

    return [pb.CallResourceResponse.FromString(part) for part in asyncio.run(collect())]


async def _wait(awaitable: Any) -> bytes:
    answer: bytes = await awaitable
    return answer


def queries(*models: dict[str, Any], refs: str = "ABCDEFGH") -> pb.QueryDataRequest:
    """Put models into a request."""
    listed = [
        pb.DataQuery(refId=ref, json=json.dumps(model).encode()) for ref, model in zip(refs, models, strict=False)
    ]
    return pb.QueryDataRequest(pluginContext=context(), queries=listed)


@pytest.mark.parametrize("kind", [Batch, AsyncBatch])
def test_batch_answers_each_query(kind: type) -> None:
    """One call answers all: a frame, an exception, nothing at all and a bad model each become their query's answer."""
    found = query_data(Service.of(kind).application(), queries({}, {}, {}, {"do": 5}))

    assert {ref: (item.status, item.error) for ref, item in found.items()} == {
        "A": (200, ""),
        "B": (400, "not this one"),
        "C": (500, "TypeError: query_batch returned nothing for query C"),
        "D": (400, "the query: do: expected str, got int"),
    }


@pytest.mark.parametrize("kind", [Batch, AsyncBatch])
def test_failed_batch_fails_each_query(kind: type) -> None:
    """When the call itself raises, every query has its error."""
    found = query_data(Service.of(kind).application(), queries({"do": "raise"}, {}))

    assert [item.error for item in found.values()] == ["ValueError: all of them"] * 2


@pytest.mark.parametrize("kind", [Batch, AsyncBatch])
def test_a_batch_that_answers_something_else_fails_each_query(kind: type) -> None:
    """A list has no ref ids, and SystemExit ends nothing: every query says what is wrong."""
    listed = query_data(Service.of(kind).application(), queries({"do": "list"}, {}))
    ended = query_data(Service.of(kind).application(), queries({"do": "exit"}, {}))

    assert {item.error for item in listed.values()} == {
        "TypeError: query_batch returned list; expected a dict of answers by ref id"
    }
    assert {item.error for item in ended.values()} == {"SystemExit: 3"}


class Plain:
    """Answers what a query is told."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Refuse one marker."""
        if settings.options.marker == "bad":
            raise ValueError("no such marker")
        self.settings = settings

    def query(self, query: Query[Model]) -> Any:  # noqa: PLR0911  # one case per answer
        match query.model.do:
            case "nothing":
                return None
            case "text":
                return "text"
            case "none":
                return []
            case "many":
                return [Frame.of(v=[1], name="a"), Frame.of(v=[2], name="b")]
            case "bad meta":
                return Frame(fields=Frame.of(v=[1]).fields, meta={"custom": {(1,): 2}})
            case "seen":
                seen = [query.context.user, query.from_alert, sorted(query.http_headers.items()), query.query_type]
                return Frame.of(seen=[repr(item) for item in seen])
        return Frame.of(v=[1])

    def check_health(self) -> Health:
        return Health.error("away", details={"a": 1})

    def call_resource(self, request: Request) -> Response:
        match request.path:
            case "echo":
                return Response.json([request.query, request.header("x-one"), request.json()])
            case "nothing":
                return Response(status=204, body="dropped")
            case "missing":
                raise QueryError("no such path", status=404)
            case "text":
                return "text"  # type: ignore[return-value]  # the mistake to test
        raise ValueError("token")


def test_odd_results_are_errors() -> None:
    """Nothing, or something that is no frame, is reported as an error; an empty list is no data."""
    found = query_data(
        Service.of(Plain).application(),
        queries(*({"do": do} for do in ("nothing", "text", "none", "many", "bad meta"))),
    )

    assert {ref: (item.status, item.error, len(item.frames)) for ref, item in found.items()} == {
        "A": (500, "TypeError: the query returned nothing; expected a Frame or a list of frames", 0),
        "B": (500, "TypeError: the query returned str; expected a Frame or a list of frames", 0),
        "C": (200, "", 0),
        "D": (200, "", 2),
        "E": (
            500,
            "the frame's meta.custom can't be written as JSON: its keys must be text, not (1,)",
            0,
        ),
    }


def test_every_ref_id_is_answered_once() -> None:
    """Duplicate and empty ref ids crash nothing; each ref id has one answer."""
    request = queries({}, {}, {}, refs=["A", "A", ""])  # type: ignore[arg-type]  # any iterable of texts

    assert set(query_data(Service.of(Plain).application(), request)) == {"A", ""}


@pytest.mark.parametrize(("asked", "answered", "start"), [(0, 0, b"ARROW1"), (1, 1, b'{"schema"'), (7, 0, b"ARROW1")])
def test_format_describes_the_bytes(asked: int, answered: int, start: bytes) -> None:
    """JSON is answered as JSON, everything else, unknown numbers too, as Arrow; the label says which."""
    request = queries({})
    request.format = asked  # type: ignore[assignment]  # an open enum
    found = query_data(Service.of(Plain).application(), request)["A"]

    assert found.format == answered
    assert found.frames[0].startswith(start)


def test_query_knows_who_asks() -> None:
    """User, alert flag, forwarded headers and query type reach the handler."""
    request = queries({"do": "seen"})
    request.pluginContext.user.login = "ada"
    request.headers.update({"FromAlert": "true", "http_X-Rule-Name": "r", "http_x-panel-id": "7", "X-Other": "no"})
    request.queries[0].queryType = "kind"
    request.format = pb.JSON
    found = query_data(Service.of(Plain).application(), request)["A"]

    assert json.loads(found.frames[0])["data"]["values"][0] == [
        repr(User(login="ada")),
        "True",
        repr([("X-Panel-Id", "7"), ("X-Rule-Name", "r")]),
        "'kind'",
    ]


def test_failing_constructor_is_told_everywhere() -> None:
    """When an instance can't be made, each query and the health check say why."""
    application = Service.of(Plain).application()
    request = queries({}, {})
    request.pluginContext.CopyFrom(context(marker="bad"))
    health = check_health(application, pb.CheckHealthRequest(pluginContext=context(marker="bad")))

    assert [item.error for item in query_data(application, request).values()] == ["ValueError: no such marker"] * 2
    assert (health.status, health.message) == (pb.CheckHealthResponse.ERROR, "ValueError: no such marker")


def test_health_has_details() -> None:
    """Status, message and a JSON object of details."""
    health = check_health(Service.of(Plain).application(), pb.CheckHealthRequest(pluginContext=context()))

    assert (health.status, health.message, health.jsonDetails) == (pb.CheckHealthResponse.ERROR, "away", b'{"a": 1}')


def test_health_tells_no_secret() -> None:
    """The message and the texts of the details lose it; numbers stay, so that the details stay JSON."""

    class Telling(Plain):
        def check_health(self) -> Health:
            masking.remember(["sesame-health", "12345"])
            details = {"port": 12345, "sesame-health": ["at sesame-health"]}
            return Health.error("sesame-health", details=details)

    health = check_health(Service.of(Telling).application(), pb.CheckHealthRequest(pluginContext=context()))

    assert health.message == "***"
    assert json.loads(health.jsonDetails) == {"port": 12345, "***": ["at ***"]}


def test_health_without_a_handler_is_ok() -> None:
    """A class without check_health is healthy when it can be made."""
    health = check_health(Service.of(Batch).application(), pb.CheckHealthRequest(pluginContext=context()))

    assert health.status == pb.CheckHealthResponse.OK


def test_resources_see_the_request_as_it_was() -> None:
    """Repeated query parameters, headers and body reach the handler."""
    request = pb.CallResourceRequest(pluginContext=context(), path="echo", url="echo?a=1&a=2&b=", body=b'{"x":1}')
    request.headers["X-One"].values.append("one")
    (answer,) = call_resource(Service.of(Plain).application(), request)

    assert answer.code == 200
    assert json.loads(answer.body) == [{"a": ["1", "2"], "b": [""]}, "one", {"x": 1}]
    assert answer.headers["Content-Type"].values == ["application/json"]


@pytest.mark.parametrize(
    ("path", "code", "body"),
    [
        ("nothing", 204, b""),
        ("missing", 404, b'{"message": "no such path"}'),
        ("text", 500, b'{"message": "the plugin failed; its log says why"}'),
        ("raise", 500, b'{"message": "the plugin failed; its log says why"}'),
    ],
)
def test_resource_failures_are_json(path: str, code: int, body: bytes) -> None:
    """A failed resource answers JSON with a status; 204 has no body; there is always one message."""
    (answer,) = call_resource(
        Service.of(Plain).application(), pb.CallResourceRequest(pluginContext=context(), path=path)
    )

    assert (answer.code, answer.body) == (code, body)


def test_methods_are_those_that_the_author_has() -> None:
    """The Resource service is always there: it knows the schema, if nothing else."""
    assert set(Service.of(Plain).application().streams) == {"/pluginv2.Resource/CallResource"}
    assert set(Service.of(Batch).application().streams) == {"/pluginv2.Resource/CallResource"}


def test_data_sources_and_tenants_have_instances_of_their_own() -> None:
    """Another uid, org or tenant never shares an instance; the same one does."""
    service = Service.of(Plain)
    application = service.application()
    request = queries({})
    for uid, org, tenant in (("u1", 1, []), ("u1", 1, []), ("u2", 1, []), ("u1", 2, []), ("u1", 1, ["t"])):
        request.pluginContext.CopyFrom(context(uid=uid))
        request.pluginContext.orgId = org
        query_data(application, request, Call(metadata={"tenantid": tenant}))

    assert len(service._instances) == 4


def test_malformed_requests_are_told_from_failures() -> None:
    """Bytes that are no message are an INTERNAL error without a traceback."""
    handler = Service.of(Plain).application().unary["/pluginv2.Data/QueryData"]
    with pytest.raises(CallError, match="malformed QueryDataRequest") as caught:
        asyncio.run(_wait(handler(b"\xff", Call())))

    assert caught.value.code == "INTERNAL"


def test_requests_are_logged_as_the_go_sdk_does(caplog: pytest.LogCaptureFixture) -> None:
    """Each request ends with one line; a failed query has its own."""
    with caplog.at_level(logging.INFO):
        query_data(Service.of(Plain).application(), queries({}, {"do": "nothing"}))

    completed = [record for record in caplog.records if record.message == "Plugin Request Completed"]
    partial = [record for record in caplog.records if record.message == "Partial data response error"]
    assert [(vars(record)["status"], record.levelname) for record in completed] == [("error", "ERROR")]
    assert [(vars(record)["refID"], vars(record)["statusSource"]) for record in partial] == [("B", "plugin")]


class Counting:
    """Counts how many of its queries run at once."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Keep nothing."""

    running = most = 0
    lock = threading.Lock()

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        with self.lock:
            Counting.running += 1
            Counting.most = max(Counting.most, Counting.running)
        time.sleep(0.05)
        with self.lock:
            Counting.running -= 1
        if query.ref_id == "B":
            raise ValueError("only this one")
        return Frame.of(v=[1])


def test_ten_queries_of_a_request_run_at_once() -> None:
    """As by the Go SDK's helper, ten at a time, each by itself; an exception is its query's status 500 (item 61)."""
    refs = [f"R{number}" for number in range(24)]
    request = queries(*({} for _ in refs), refs=["B", *refs[1:]])  # type: ignore[arg-type]  # any iterable of texts

    found = query_data(Service.of(Counting).application(), request)

    assert Counting.most == 10
    assert {ref: answer.status for ref, answer in found.items() if answer.status != 200} == {"B": 500}


def test_cancelled_calls_are_logged_as_such(caplog: pytest.LogCaptureFixture) -> None:
    """A call whose caller is gone ends as `cancelled`, at level info (item 59)."""
    handler = Service.of(Slow).application().unary["/pluginv2.Data/QueryData"]

    async def main() -> None:
        task = asyncio.ensure_future(handler(queries({}).SerializeToString(), Call()))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with caplog.at_level(logging.INFO):
        asyncio.run(main())

    completed = [record for record in caplog.records if record.message == "Plugin Request Completed"]
    assert [(vars(record)["status"], record.levelname) for record in completed] == [("cancelled", "INFO")]


class Slow:
    """Never answers."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Keep nothing."""

    async def query(self, query: Query[dict[str, Any]]) -> Frame:
        await asyncio.sleep(60)
        return Frame.of(v=[1])


def test_log_lines_know_their_request() -> None:
    """Who asks for what, the trace, and the pairs that the host sends along (item 44)."""
    seen: list[dict[str, str]] = []

    class Source(Plain):
        def query(self, query: Query[Model]) -> Any:
            seen.append(dict(log.context.get()()))
            return Frame.of(v=[1])

    request = queries({})
    request.pluginContext.user.name = "Ada"
    request.pluginContext.pluginVersion = "1.2.3"
    metadata = {
        "traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        "loggerparamsctxmetadata": ["ruleUid:::r1", "@level:::bad", "odd"],
    }
    query_data(Service.of(Source).application(), request, Call(metadata=metadata))

    assert seen == [
        {
            "pluginId": "acme-sample-datasource",
            "pluginVersion": "1.2.3",
            "endpoint": "queryData",
            "dsName": "my source",
            "dsUid": "u1",
            "uname": "Ada",
            "traceId": "0af7651916cd43dd8448eb211c80319c",
            "ruleUid": "r1",
        }
    ]


def test_unknown_surroundings_are_tolerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and configuration keys that nobody knows change nothing (item 10)."""
    monkeypatch.setenv("GF_SOMETHING_NEW", "\x01")
    request = queries({})
    request.pluginContext.grafanaConfig.update({"GF_SOMETHING_NEW": "{", "": "x"})

    assert query_data(Service.of(Plain).application(), request)["A"].status == 200
