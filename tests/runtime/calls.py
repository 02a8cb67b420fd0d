"""Calls of a data source's services in this process: protobuf messages in, protobuf messages out, on one event loop."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, TypeVar

from children import context
from google.protobuf.message import Message
from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, Query, Settings
from gfruntime.calls.service import Service
from gfruntime.serving.methods import Call

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

MessageT = TypeVar("MessageT", bound=Message)
T = TypeVar("T")


class Plain:
    """A data source that answers every query with one row; others derive from it."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        return Frame.of(v=[1])


class Services:
    """The services of one class."""

    def __init__(self, kind: type) -> None:
        """Inspect the class."""
        self.service = Service.of(kind)
        self.application = self.service.application()

    def unary(self, method: str, request: Message, answer: type[MessageT], call: Call | None = None) -> MessageT:
        """Call a method that answers once."""
        handler = self.application.unary[f"/pluginv2.{method}"]

        async def ask() -> bytes:
            return bytes(await handler(request.SerializeToString(), call or Call()))

        return answer.FromString(run(ask()))

    def stream(
        self, method: str, request: Message, answer: type[MessageT], *, count: int = 0, call: Call | None = None
    ) -> list[MessageT]:
        """Call a method that answers many times; stop after `count` messages, or at the end."""
        handler = self.application.streams[f"/pluginv2.{method}"]

        async def collect() -> list[bytes]:
            parts: list[bytes] = []
            messages: Any = handler(request.SerializeToString(), call or Call())
            try:
                async for message in messages:
                    parts.append(message)
                    if count and len(parts) == count:
                        break
            finally:
                await messages.aclose()
            return parts

        return [answer.FromString(message) for message in run(collect())]

    def resource(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        count: int = 0,
    ) -> list[pb.CallResourceResponse]:
        """Call a resource; the path may have a query string."""
        request = pb.CallResourceRequest(pluginContext=context(), url=path, method=method, body=body)
        request.path = path.partition("?")[0]
        for name, value in (headers or {}).items():
            request.headers[name].values.append(value)
        return self.stream("Resource/CallResource", request, pb.CallResourceResponse, count=count)

    def query(self, request: pb.QueryDataRequest, call: Call | None = None) -> dict[str, pb.DataResponse]:
        """Call QueryData."""
        return dict(self.unary("Data/QueryData", request, pb.QueryDataResponse, call).responses)


def queries(*models: dict[str, Any], refs: Iterable[str] = "ABCDEFGH") -> pb.QueryDataRequest:
    """Put models into a request."""
    messages = [
        pb.DataQuery(refId=ref, json=json.dumps(model).encode()) for ref, model in zip(refs, models, strict=False)
    ]
    return pb.QueryDataRequest(pluginContext=context(), queries=messages)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine with a timeout."""

    async def run_bounded() -> T:
        return await asyncio.wait_for(coroutine, 20)

    return asyncio.run(run_bounded())
