"""The pluginv2 services, on top of the author's class. With `convert`, the only importer of the generated `pluginv2`.

Every method here runs on the control loop and hands the author's code to `workers`: `def` to the pool, `async def` to
the loop for it. The queries of one request run side by side, ten at a time.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import DecodeError as ProtobufError
from google.protobuf.message import Message
from pluginv2 import backend_pb2 as pb

from gfruntime import answers, convert, metrics, observe, wire
from gfruntime.author import Author
from gfruntime.backend import Health
from gfruntime.data import Frame
from gfruntime.errors import PluginError, failure_of
from gfruntime.instances import Instances
from gfruntime.methods import Application, Call, CallError
from gfruntime.queries import Queries
from gfruntime.sources import Source
from gfruntime.workers import Pool, UserLoop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MessageT = TypeVar("MessageT", bound=Message)


class Service:
    """Answers the calls of pluginv2 with the author's class."""

    def __init__(self, author: Author, *, threads: int) -> None:
        """Start nothing yet."""
        self._author = author
        self._pool = Pool(threads)
        self._loop = UserLoop()
        self._instances = Instances(self._dispose)
        self._queries = Queries(author, pool=self._pool, loop=self._loop)
        metrics.instances(lambda: len(self._instances))

    @classmethod
    def of(cls, datasource: Any, *, threads: int = 64) -> Service:  # noqa: ANN401  # the author's class
        """Inspect the author's class, and warm up what the first answer needs.

        Raises: TypeError when the class can't answer queries.
        """
        service = cls(Author.of(datasource), threads=threads)
        answers.answer(Frame.of(warm=[1.0]), ref_id="A", is_json=False)  # pyarrow imports pandas, where installed, now
        return service

    def application(self) -> Application:
        """List the methods that this plugin has; the transport answers UNIMPLEMENTED for the others."""
        unary = {
            "/pluginv2.Diagnostics/CheckHealth": self.check_health,
            "/pluginv2.Diagnostics/CollectMetrics": self.collect_metrics,
            "/pluginv2.Data/QueryData": self.query_data,
        }
        has_resources = "call_resource" in self._author.methods
        streams = {"/pluginv2.Resource/CallResource": self.call_resource} if has_resources else {}
        return Application(unary=unary, streams=streams, close=self._instances.dispose_all)

    async def query_data(self, message: bytes, call: Call) -> bytes:
        """Answer every query of a request under its ref id."""
        request = _parse(pb.QueryDataRequest, message)
        convert.remember_headers(request.headers)
        with observe.call("queryData", request.pluginContext, call) as seen:
            source = self._source(request.pluginContext, call)
            answered = await self._queries.answer(request, source, cancel=call.cancel)
            seen.queries(answered)
            return wire.query_data_response((ref_id, answer.parts) for ref_id, answer in answered.items())

    async def check_health(self, message: bytes, call: Call) -> bytes:
        """Answer "Save & test"; whatever goes wrong becomes a status and a sentence."""
        request = _parse(pb.CheckHealthRequest, message)
        convert.remember_headers(getattr(request, "headers", {}))
        with observe.call("checkHealth", request.pluginContext, call) as seen:
            try:
                return answers.health(await self._health(request, call))
            except Exception as error:  # noqa: BLE001  # an RPC failure would show as a generic text
                failure = failure_of(error)
                seen.failed(failure, error)
                return answers.health(Health.error(failure.message))

    async def _health(self, request: pb.CheckHealthRequest, call: Call) -> object:
        if not request.pluginContext.HasField("dataSourceInstanceSettings"):
            return Health.ok("The plugin is running")  # asked for the plugin, not for a data source
        source = self._source(request.pluginContext, call)
        if "check_health" in self._author.methods:
            return await self._ask("check_health", source)
        await self._pool.run(source.acquire)
        return Health.ok()

    async def collect_metrics(self, message: bytes, call: Call) -> bytes:
        """Answer with Prometheus text."""
        request = _parse(pb.CollectMetricsRequest, message)
        with observe.call("collectMetrics", request.pluginContext, call):
            return wire.length_delimited(1, wire.length_delimited(1, metrics.text()))

    async def call_resource(self, message: bytes, call: Call) -> AsyncIterator[bytes]:
        """Answer an HTTP request in parts."""
        request = _parse(pb.CallResourceRequest, message)
        with observe.call("callResource", request.pluginContext, call) as seen:
            try:
                context = convert.plugin_context(request.pluginContext)
                asked = convert.request(request, context=context, cancel=call.cancel)
                source = self._source(request.pluginContext, call)
                parts = answers.resource(await self._ask("call_resource", source, asked))
                first = next(parts)
            except Exception as error:  # noqa: BLE001  # HTTP has words for failures
                failure = failure_of(error)
                seen.failed(failure, error)
                shown = failure.message if isinstance(error, PluginError) else "the plugin failed; its log says why"
                yield answers.resource_error(failure.status, shown)
                return
            yield first
            for part in parts:
                yield part

    def _source(self, context: pb.PluginContext, call: Call) -> Source:
        return Source.of(context, call.metadata, author=self._author, instances=self._instances)

    async def _ask(self, name: str, source: Source, *arguments: object) -> object:
        """Call one of the author's methods where it belongs."""
        if name in self._author.async_methods:
            return await self._loop.run(self._ask_async(name, source, *arguments))
        return await self._pool.run(self._ask_sync, name, source, *arguments)

    def _ask_sync(self, name: str, source: Source, *arguments: object) -> object:
        result = getattr(source.acquire(), name)(*arguments)
        return self._loop.run_blocking(result) if inspect.isawaitable(result) else result

    async def _ask_async(self, name: str, source: Source, *arguments: object) -> object:
        instance = await source.acquire_async(self._pool)
        return await getattr(instance, name)(*arguments)

    def _dispose(self, instance: Any) -> None:  # noqa: ANN401  # the author's class
        if "dispose" not in self._author.methods:
            return
        result = instance.dispose()
        if inspect.isawaitable(result):
            self._loop.run_blocking(result)


def _parse(kind: type[MessageT], message: bytes) -> MessageT:
    try:
        return kind.FromString(message)
    except ProtobufError as error:
        raise CallError(f"malformed {kind.DESCRIPTOR.name}", code="INTERNAL") from error
