"""The pluginv2 services, on top of the author's class. With `convert`, the only importer of the generated `pluginv2`.

Every method here runs on the control loop and hands the author's code to `workers`: `def` to the pool, `async def` to
the loop for it. The queries of one request run side by side, ten at a time.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import DecodeError as ProtobufError
from google.protobuf.message import Message
from pluginv2 import backend_pb2 as pb

from gfruntime import wire
from gfruntime.author.author_class import Author
from gfruntime.calls import answers, convert, observe
from gfruntime.calls.admission import Objects
from gfruntime.calls.caller import Caller
from gfruntime.calls.chunked import Chunked
from gfruntime.calls.instances import Instances
from gfruntime.calls.queries import Queries
from gfruntime.calls.resources import Resources
from gfruntime.calls.sources import Source
from gfruntime.calls.streams import Streams
from gfruntime.errors import failure_of
from gfruntime.frames.data import Frame
from gfruntime.request.vocabulary import Health
from gfruntime.serving.methods import Application, Call, CallError, Stream, Unary
from gfruntime.serving.workers import Pool, UserLoop
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MessageT = TypeVar("MessageT", bound=Message)


class Service:
    """Answers the calls of pluginv2 with the author's class."""

    def __init__(self, author: Author, *, threads: int) -> None:
        """Start nothing yet."""
        self._author = author
        self._caller = Caller(author, pool=Pool(threads), loop=UserLoop())
        self._instances = Instances(self._dispose)
        self._queries = Queries(author, pool=self._caller.pool, loop=self._caller.loop)
        self._chunked = Chunked(self._caller)
        self._resources = Resources(self._caller)
        self._streams = Streams(self._caller)
        self._objects = Objects(self._caller)
        metrics.instances(lambda: len(self._instances))

    @classmethod
    def of(cls, datasource: Any, *, threads: int = 64) -> Service:  # noqa: ANN401  # the author's class
        """Inspect the author's class, and warm up what the first answer needs.

        Raises: TypeError when the class can't answer queries.
        """
        service = cls(Author.of(datasource), threads=threads)
        answers.answer(Frame.of(warm=["text"]), ref_id="A", is_json=False)  # pyarrow imports pandas now, if there
        return service

    def application(self) -> Application:
        """List the methods that this plugin has; the transport answers UNIMPLEMENTED for the others."""
        has = self._author.methods.__contains__
        streams_too = has("run_stream") or has("subscribe_stream") or has("publish_stream")
        unary: dict[str, tuple[Unary, bool]] = {
            "/pluginv2.Diagnostics/CheckHealth": (self.check_health, True),
            "/pluginv2.Diagnostics/CollectMetrics": (self.collect_metrics, True),
            "/pluginv2.Data/QueryData": (self.query_data, True),
            "/pluginv2.Stream/SubscribeStream": (self.subscribe_stream, streams_too),
            "/pluginv2.Stream/PublishStream": (self.publish_stream, streams_too),
            "/pluginv2.AdmissionControl/ValidateAdmission": (self.validate_admission, has("validate_admission")),
            "/pluginv2.AdmissionControl/MutateAdmission": (self.mutate_admission, has("mutate_admission")),
            "/pluginv2.ResourceConversion/ConvertObjects": (self.convert_objects, has("convert_objects")),
        }
        streams: dict[str, tuple[Stream, bool]] = {
            "/pluginv2.Data/QueryChunkedData": (self.query_chunked_data, has("query_chunked")),
            "/pluginv2.Resource/CallResource": (self.call_resource, True),  # the schema, if nothing else
            "/pluginv2.Stream/RunStream": (self.run_stream, has("run_stream")),
        }
        return Application(
            unary={path: handler for path, (handler, is_there) in unary.items() if is_there},
            streams={path: handler for path, (handler, is_there) in streams.items() if is_there},
            close=self._instances.dispose_all,
        )

    async def query_data(self, message: bytes, call: Call) -> bytes:
        """Answer every query of a request under its ref id."""
        request = _parse(pb.QueryDataRequest, message)
        with observe.call("queryData", request, call) as seen:
            answered = await self._queries.answer(
                request,
                self._source(request, call, seen),
                context=seen.incoming.context,
                headers=seen.incoming.headers,
                cancel=call.cancel,
            )
            seen.queries(answered)
            return wire.query_data_response((ref_id, answer.parts) for ref_id, answer in answered.items())

    async def query_chunked_data(self, message: bytes, call: Call) -> AsyncIterator[bytes]:
        """Answer the queries of a request in parts."""
        request = _parse(pb.QueryChunkedDataRequest, message)
        with observe.call("queryChunkedData", request, call) as seen:
            chunks = self._chunked.answer(
                request,
                self._source(request, call, seen),
                context=seen.incoming.context,
                headers=seen.incoming.headers,
                cancel=call.cancel,
                failed=seen.query_failed,
            )
            async with aclosing(chunks) as parts:  # type: ignore[type-var]  # a generator
                async for part in parts:
                    yield part

    async def check_health(self, message: bytes, call: Call) -> bytes:
        """Answer "Save & test"; whatever goes wrong becomes a status and a sentence."""
        request = _parse(pb.CheckHealthRequest, message)
        with observe.call("checkHealth", request, call) as seen:
            try:
                return answers.health(await self._health(request, call, seen))
            except Exception as error:  # noqa: BLE001  # an RPC failure would show as a generic text
                failure = failure_of(error)
                seen.failed(failure, error)
                return answers.health(Health.error(failure.message))

    async def _health(self, request: pb.CheckHealthRequest, call: Call, seen: observe.call) -> object:
        if not request.pluginContext.HasField("dataSourceInstanceSettings"):
            return Health.ok("The plugin is running")  # asked for the plugin, not for a data source
        source = self._source(request, call, seen)
        if "check_health" in self._author.methods:
            return await self._caller.ask("check_health", source)
        await self._caller.reserve.run(source.acquire)
        return Health.ok()

    async def collect_metrics(self, message: bytes, call: Call) -> bytes:
        """Answer with Prometheus text."""
        request = _parse(pb.CollectMetricsRequest, message)
        with observe.call("collectMetrics", request, call):
            return wire.length_delimited(1, wire.length_delimited(1, metrics.text()))

    async def call_resource(self, message: bytes, call: Call) -> AsyncIterator[bytes]:
        """Answer an HTTP request in parts."""
        request = _parse(pb.CallResourceRequest, message)
        with observe.call("callResource", request, call) as seen:
            asked = convert.request(request, context=seen.incoming.context, cancel=call.cancel)
            answer = self._resources.answer(asked, self._source(request, call, seen), seen)
            async with aclosing(answer) as parts:  # type: ignore[type-var]
                async for part in parts:
                    yield part

    async def subscribe_stream(self, message: bytes, call: Call) -> bytes:
        """Answer somebody who wants a channel's packets."""
        return await self._respond("subscribe_stream", _parse(pb.SubscribeStreamRequest, message), call)

    async def publish_stream(self, message: bytes, call: Call) -> bytes:
        """Answer somebody who sends to a channel."""
        return await self._respond("publish_stream", _parse(pb.PublishStreamRequest, message), call)

    async def _respond(
        self, name: str, request: pb.SubscribeStreamRequest | pb.PublishStreamRequest, call: Call
    ) -> bytes:
        with observe.call(name.replace("_s", "S"), request, call) as seen:
            asked = convert.stream_request(request, context=seen.incoming.context, cancel=call.cancel)
            return await self._streams.respond(name, asked, self._source(request, call, seen), seen)

    async def run_stream(self, message: bytes, call: Call) -> AsyncIterator[bytes]:
        """Give the packets of a channel."""
        request = _parse(pb.RunStreamRequest, message)
        with observe.call("runStream", request, call) as seen:
            asked = convert.stream_request(request, context=seen.incoming.context, cancel=call.cancel)
            running = self._streams.run(asked, self._source(request, call, seen), seen)
            async with aclosing(running) as packets:  # type: ignore[type-var]
                async for packet in packets:
                    yield packet

    async def validate_admission(self, message: bytes, call: Call) -> bytes:
        """Say whether an object may be stored."""
        request = _parse(pb.AdmissionRequest, message)
        with observe.call("validateAdmission", request, call) as seen:
            return await self._objects.admit("validate_admission", request, seen)

    async def mutate_admission(self, message: bytes, call: Call) -> bytes:
        """Say as what an object may be stored."""
        request = _parse(pb.AdmissionRequest, message)
        with observe.call("mutateAdmission", request, call) as seen:
            return await self._objects.admit("mutate_admission", request, seen)

    async def convert_objects(self, message: bytes, call: Call) -> bytes:
        """Convert objects to another version."""
        request = _parse(pb.ConversionRequest, message)
        with observe.call("convertObjects", request, call) as seen:
            return await self._objects.convert(request, seen)

    def _source(self, request: Any, call: Call, seen: observe.call) -> Source:  # noqa: ANN401  # any request
        return Source.of(
            request.pluginContext,
            call.metadata,
            config=seen.incoming.context.config,
            author=self._author,
            instances=self._instances,
        )

    def _dispose(self, instance: Any) -> None:  # noqa: ANN401  # the author's class
        if "dispose" in self._author.methods:
            self._caller.await_if_needed(instance.dispose())


def _parse(kind: type[MessageT], message: bytes) -> MessageT:
    try:
        return kind.FromString(message)
    except ProtobufError as error:
        raise CallError(f"malformed {kind.DESCRIPTOR.name}", code="INTERNAL") from error
