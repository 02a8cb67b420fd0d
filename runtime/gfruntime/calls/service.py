"""The methods of pluginv2 for the author's class. No other module imports the generated `pluginv2`.

Every handler runs on the control loop and runs the author's code elsewhere, with `threads`: `def` in the pool,
`async def` on the user loop.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pluginv2 import backend_pb2 as pb

from gfruntime import wire
from gfruntime.author.author_class import Author, require_settings
from gfruntime.author.bounds import bounds_of
from gfruntime.calls import answers, endpoint
from gfruntime.calls.chunked import Chunked
from gfruntime.calls.gates import Gates
from gfruntime.calls.queries import Queries
from gfruntime.calls.resources import Resources
from gfruntime.calls.runner import Runner
from gfruntime.calls.streams import Streams
from gfruntime.frames.data import Frame
from gfruntime.request.vocabulary import Health
from gfruntime.serving.methods import METHODS, Application, CallKind, Stream, Unary
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from gfruntime.calls.endpoint import ActiveCall


class Service:
    """Answers the calls of pluginv2 with the author's class."""

    def __init__(self, author: Author, *, threads: int) -> None:
        """Prepare the runner; no thread starts yet."""
        self._author = author
        self._runner = Runner(author, threads=author.threads or threads)
        self._gates = Gates(author.concurrency)
        metrics.instances(lambda: len(self._runner.instances))

    @classmethod
    def of(cls, datasource: Any, *, threads: int = 64) -> Service:  # noqa: ANN401  # the author's class
        """Inspect the author's class, and encode a frame, so that the first answer is fast.

        Raises: TypeError if the class can't answer queries or take settings, SchemaError if a bound of its types is
        invalid.
        """
        author = Author.of(datasource)
        require_settings(datasource)
        for kind in (author.options, author.model, *author.own_models.values()):
            bounds_of(kind)
        service = cls(author, threads=threads)
        answers.encode(Frame.of(warm=["text"]), ref_id="A", is_json=False)
        return service

    def application(self) -> Application:
        """List the methods that this plugin has; the transport answers UNIMPLEMENTED for all others.

        A method is also missing if the proto is too old to have its request.
        """
        unary: dict[str, Unary] = {}
        streams: dict[str, Stream] = {}
        for path, (request, handle) in self._handlers().items():
            kind = getattr(pb, request, None)
            if kind is None:
                continue
            if METHODS[path] is CallKind.UNARY:
                unary[path] = endpoint.unary(path, kind, handle, self._author)
            else:
                streams[path] = endpoint.stream(path, kind, handle, self._author)
        return Application(unary=unary, streams=streams, close=self._runner.instances.dispose_all)

    def _handlers(self) -> dict[str, tuple[str, Any]]:
        """Map each method that the author's class answers to its request and its handler."""
        queries, chunked = self._queries(), Chunked(self._runner, self._gates)
        resources, streams = Resources(self._runner), Streams(self._runner)
        has = self._author.methods.__contains__
        has_channels = has("run_stream") or has("subscribe_stream") or has("publish_stream")
        subscribe, publish = (partial(streams.respond, name) for name in ("subscribe_stream", "publish_stream"))
        handlers = {
            "Diagnostics/CheckHealth": (True, "CheckHealthRequest", self._check_health),
            "Diagnostics/CollectMetrics": (True, "CollectMetricsRequest", self._collect_metrics),
            "Data/QueryData": (True, "QueryDataRequest", queries.answer),
            "Data/QueryChunkedData": (has("query_chunked"), "QueryChunkedDataRequest", chunked.answer),
            "Resource/CallResource": (True, "CallResourceRequest", resources.answer),  # at least for the schema
            "Stream/SubscribeStream": (has_channels, "SubscribeStreamRequest", subscribe),
            "Stream/PublishStream": (has_channels, "PublishStreamRequest", publish),
            "Stream/RunStream": (has("run_stream"), "RunStreamRequest", streams.run),
        }
        if has("validate_admission") or has("mutate_admission") or has("convert_objects"):
            from gfruntime.calls.admission import AdmissionCalls  # noqa: PLC0415  # few plugins need it

            objects = AdmissionCalls(self._runner)
            validate, mutate = (partial(objects.admit, name) for name in ("validate_admission", "mutate_admission"))
            handlers |= {
                "AdmissionControl/ValidateAdmission": (has("validate_admission"), "AdmissionRequest", validate),
                "AdmissionControl/MutateAdmission": (has("mutate_admission"), "AdmissionRequest", mutate),
                "ResourceConversion/ConvertObjects": (has("convert_objects"), "ConversionRequest", objects.convert),
            }
        return {f"/pluginv2.{path}": (kind, handle) for path, (is_there, kind, handle) in handlers.items() if is_there}

    def _queries(self) -> Queries:
        """Return the object that answers queries; it protects the upstream if the class asks for it."""
        if self._author.cache is None and self._author.concurrency is None:
            return Queries(self._runner)
        from gfruntime.calls.protection import ProtectedQueries  # noqa: PLC0415  # few plugins need it

        return ProtectedQueries(self._runner, self._gates)

    async def _check_health(self, call: ActiveCall) -> bytes:
        """Answer "Save & test"; any failure becomes a status and a sentence."""
        try:
            return answers.health(await self._health(call))
        except Exception as error:  # noqa: BLE001  # an RPC failure would show as a generic text
            return answers.health(Health.error(call.record_failure(error).message))

    async def _health(self, call: ActiveCall) -> object:
        if not call.request.pluginContext.HasField("dataSourceInstanceSettings"):
            return Health.ok("The plugin is running")  # the request is for the plugin, not for a data source
        if "check_health" in self._author.methods:
            return await self._runner.call("check_health", call.source)
        await self._runner.run("check_health", partial(self._runner.instance, call.source, "check_health"))
        return Health.ok()

    async def _collect_metrics(self, _call: ActiveCall) -> bytes:
        """Answer with Prometheus text."""
        return wire.metrics_response(metrics.text())
