"""For any bytes from a host, a method answers, or refuses them with its own error."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from children import context
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from mutations import changed_bytes, changed_json
from pluginv2 import backend_pb2 as pb

from gfruntime import Admission, AdmissionRequest, Frame, Health, Query, Request, Response, Settings
from gfruntime.calls.service import Service
from gfruntime.serving.methods import Application, Call, CallError


@dataclass(frozen=True)
class Model:
    """A query with several kinds of fields."""

    table: str = "sales"
    count: int = 10
    share: float = 0.5
    order: Literal["up", "down"] = "up"
    tags: tuple[str, ...] = ()


class Source:
    """A data source that has every kind of method."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[Model]) -> Frame:
        return Frame.of(time=[query.time_range.start], table=[query.model.table])

    async def query_chunked(self, query: Query[Model]) -> Any:
        yield Frame.of(v=[query.model.count])

    def check_health(self) -> Health:
        return Health.ok("fine")

    def call_resource(self, request: Request) -> Response:
        return Response.json({"path": request.path, "query": dict(request.query)})

    @staticmethod
    def validate_admission(request: AdmissionRequest) -> Admission:
        return Admission.allow(warnings=[str(request.json())])

    async def run_stream(self, request: Any) -> Any:
        yield Frame.of(v=[1])


QUERY = {"refId": "A", "table": "t", "count": 3, "share": 0.1, "order": "down", "tags": ["x"]}


def _query_data(model: object) -> pb.QueryDataRequest:
    text = json.dumps(model).encode("utf-8", "surrogatepass")
    span = pb.TimeRange(fromEpochMS=1_700_000_000_000, toEpochMS=1_700_000_060_000)
    queries = [pb.DataQuery(refId=name, json=text, maxDataPoints=100, intervalMS=1000, timeRange=span) for name in "AB"]
    request = pb.QueryDataRequest(pluginContext=context(), queries=queries)
    request.headers["Authorization"] = "Bearer token"
    return request


REQUESTS: dict[str, Message] = {
    "Data/QueryData": _query_data(QUERY),
    "Data/QueryChunkedData": pb.QueryChunkedDataRequest(pluginContext=context(), queries=_query_data(QUERY).queries),
    "Diagnostics/CheckHealth": pb.CheckHealthRequest(pluginContext=context()),
    "Diagnostics/CollectMetrics": pb.CollectMetricsRequest(pluginContext=context()),
    "Resource/CallResource": pb.CallResourceRequest(pluginContext=context(), path="a/b", url="a/b?c=d", method="GET"),
    "Stream/SubscribeStream": pb.SubscribeStreamRequest(pluginContext=context(), path="p", data=b"{}"),
    "Stream/PublishStream": pb.PublishStreamRequest(pluginContext=context(), path="p", data=b"{}"),
    "Stream/RunStream": pb.RunStreamRequest(pluginContext=context(), path="p", data=b"{}"),
    "AdmissionControl/ValidateAdmission": pb.AdmissionRequest(pluginContext=context(), object_bytes=b"{}"),
}


@pytest.fixture(scope="module")
def application() -> Application:
    """Return the methods of the data source."""
    return Service.of(Source).application()


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return one event loop for all inputs."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


async def _ask(application: Application, path: str, message: bytes) -> None:
    """Call a method; any exception except its own error fails the test."""
    try:
        if path in application.unary:
            assert isinstance(await application.unary[path](message, Call()), bytes)
            return
        async for part in application.streams[path](message, Call()):
            assert isinstance(part, bytes)
    except CallError as error:
        assert str(error)


@pytest.mark.parametrize("method", REQUESTS)
@given(data=st.data())
def test_any_bytes_are_answered_or_refused(
    application: Application, loop: asyncio.AbstractEventLoop, method: str, data: st.DataObject
) -> None:
    """The bytes are almost a valid request."""
    message = data.draw(changed_bytes(REQUESTS[method].SerializeToString()))

    loop.run_until_complete(_ask(application, f"/pluginv2.{method}", message))


@given(model=changed_json(QUERY), numbers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4))
def test_any_model_and_any_range_are_answered(
    application: Application, loop: asyncio.AbstractEventLoop, model: object, numbers: list[int]
) -> None:
    """The JSON is almost a valid query, and times, points and intervals go up to their extremes."""
    request = _query_data(model)
    for query in request.queries:
        query.timeRange.fromEpochMS, query.timeRange.toEpochMS, query.maxDataPoints, query.intervalMS = numbers

    loop.run_until_complete(_ask(application, "/pluginv2.Data/QueryData", request.SerializeToString()))
