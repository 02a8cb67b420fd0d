"""A running plugin, with methods for health, queries and resources; errors contain the plugin's log."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from gfplug.errors import ToolError
from gfplug.host import convert
from gfplug.host.convert import Chunk, Health, Query, QueryAnswer, ResourceAnswer
from gfplug.host.output import LateError, describe_exit
from gfplug.host.settings import Settings, plugin_context

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import grpc

    from gfplug.host.handshake import Handshake
    from gfplug.host.messages import MessageFactory
    from gfplug.host.output import Output
    from gfplug.host.target import Target

_METHODS = {
    "Stream.SubscribeStream": "run_stream",
    "Stream.RunStream": "run_stream",
    "Data.QueryChunkedData": "query_chunked",
    "AdmissionControl.ValidateAdmission": "validate_admission",
    "AdmissionControl.MutateAdmission": "mutate_admission",
    "ResourceConversion.ConvertObjects": "convert_objects",
}
_LARGEST_MESSAGE = 2**31 - 1
_LOG_SECONDS = 1.0  # the time to wait for the log line of a failed call
_MOST_METADATA = 16 << 20  # the limit of Go's clients; otherwise long error messages are lost


class RunningPlugin:
    """A plugin after its handshake. `launch` creates it; it works until that block ends.

    Units: `handshake_ms` counts from the start of the process to its handshake line.
    """

    def __init__(
        self,
        target: Target,
        protocol: MessageFactory,
        handshake: Handshake,
        *,
        process: subprocess.Popen[bytes],
        output: Output,
        started: float,
        handshake_ms: float,
    ) -> None:
        """Connect, and open the stdio stream at once, as go-plugin does."""
        import grpc  # noqa: PLC0415 - heavy

        self.target = target
        self.handshake = handshake
        self.handshake_ms = handshake_ms
        self.logs = output.logs
        self.process = process
        self._started = started
        self._output = output
        self._protocol = protocol
        self._channel = grpc.insecure_channel(
            handshake.target,
            options=[
                ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
                ("grpc.max_send_message_length", _LARGEST_MESSAGE),
                ("grpc.max_metadata_size", _MOST_METADATA),
                ("grpc.absolute_max_metadata_size", _MOST_METADATA),
                ("grpc.default_authority", "unused"),  # go-plugin's authority
                ("grpc.enable_http_proxy", 0),  # the plugin is on this machine, so no proxy is used
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )
        self._stdio = threading.Thread(target=self._drain_stdio, name="plugin-stdio", daemon=True)
        self._stdio.start()

    def age_ms(self) -> float:
        """Return the milliseconds since the start of the process."""
        return round((time.perf_counter() - self._started) * 1000, 1)

    def check_health(
        self,
        settings: Settings | None = None,
        *,
        timeout: float = 60.0,
        on_start: Callable[[Callable[[], object]], None] | None = None,
    ) -> Health:
        """Request the data source's health; a plugin without a health check is `UNKNOWN`, as in Grafana.

        `on_start` receives a function that cancels the call, for use by another thread.
        Raises: ToolError if the call fails.
        """
        values = {"pluginContext": plugin_context(self.target, settings or Settings()), "headers": {}}
        try:
            answer = self.unary("Diagnostics", "CheckHealth", values, timeout=timeout, on_start=on_start)
        except UnimplementedError:
            return Health(status="UNKNOWN", message="Health check not implemented")
        return convert.health(answer)

    def query_data(
        self,
        queries: Sequence[Query],
        settings: Settings | None = None,
        *,
        is_alert: bool = False,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        on_start: Callable[[Callable[[], object]], None] | None = None,
    ) -> dict[str, QueryAnswer]:
        """Send queries in one request; the answers have the order of the queries; unexpected answers follow.

        `on_start` receives a function that cancels the call, for use by another thread.
        Raises: ToolError if the call fails or Grafana could not read a frame.
        """
        values = self._queries(queries, settings or Settings(), headers, is_alert=is_alert)
        responses = self.unary("Data", "QueryData", values, timeout=timeout, on_start=on_start).responses
        queried = [query.ref_id for query in queries if query.ref_id in responses]
        ref_ids = [*queried, *sorted(set(responses) - set(queried))]
        return {ref_id: convert.answer(ref_id, responses[ref_id]) for ref_id in ref_ids}

    def query_chunked(
        self,
        queries: Sequence[Query],
        settings: Settings | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> Iterator[Chunk]:
        """Send queries in one request, and yield the parts of their answers as they arrive.

        Units: `timeout` is seconds, for all parts together.
        Raises: ToolError if the call fails or Grafana could not read a frame.
        """
        values = self._queries(queries, settings or Settings(), headers)
        with self._failures("Data.QueryChunkedData", timeout=timeout):
            parts = self._begin(self._channel.unary_stream, "Data", "QueryChunkedData", values, timeout=timeout)
            for number, part in enumerate(parts):
                yield convert.chunk(part, number)

    def _queries(
        self, queries: Sequence[Query], settings: Settings, headers: Mapping[str, str] | None, *, is_alert: bool = False
    ) -> dict[str, Any]:
        return {
            "pluginContext": plugin_context(self.target, settings, is_alert=is_alert),
            "headers": {**(headers or {}), **({"FromAlert": "true"} if is_alert else {})},
            "queries": [convert.query_values(query, settings, self.target) for query in queries],
        }

    def call_resource(
        self,
        path: str,
        settings: Settings | None = None,
        *,
        method: str = "GET",
        headers: Mapping[str, Sequence[str]] | None = None,
        body: bytes = b"",
        timeout: float = 60.0,
        on_start: Callable[[Callable[[], object]], None] | None = None,
    ) -> ResourceAnswer:
        """Send an HTTP request to a resource; `path` may have a query string.

        `on_start` receives a function that cancels the call, for use by another thread.
        Raises: ToolError if the call fails or has no response.
        """
        url = path.lstrip("/")
        values = {
            "pluginContext": plugin_context(self.target, settings or Settings()),
            "path": url.partition("?")[0],
            "url": url,
            "method": method.upper(),
            "headers": {name: {"values": list(several)} for name, several in (headers or {}).items()},
            "body": body,
        }
        with self._failures("Resource.CallResource", timeout=timeout):
            call = self._begin(self._channel.unary_stream, "Resource", "CallResource", values, timeout=timeout)
            if on_start is not None:
                on_start(call.cancel)
            parts = list(call)
        if not parts:
            raise ToolError(f"the plugin sent nothing for the resource {path!r}", details=self.logs.tail())
        return convert.resource(parts)

    def stream(
        self,
        path: str,
        settings: Settings | None = None,
        *,
        data: bytes = b"",
        subscribe_timeout: float = 60.0,
        timeout: float | None = None,
        on_start: Callable[[Callable[[], object]], None] | None = None,
    ) -> Iterator[bytes]:
        """Subscribe to a channel, given without its `ds/<uid>/`, and yield its packets: JSON documents.

        The subscription's own document, often a schema, comes first. Without a timeout, iteration ends with the stream.
        `on_start` receives a function that cancels the stream, for use by another thread.
        Units: seconds; `subscribe_timeout` is for the answer to the subscription, `timeout` for the whole stream.
        Raises: ToolError if the plugin refuses the channel, or the stream fails.
        """
        values = {
            "pluginContext": plugin_context(self.target, settings or Settings()),
            "path": path,
            "data": data,
            "headers": {},
        }
        reply = self.unary("Stream", "SubscribeStream", values, timeout=subscribe_timeout)
        if reply.status:
            word = {1: "not found", 2: "permission denied"}.get(reply.status, "refused")
            problem = f"the plugin refused the channel {path!r}: {word}"
            raise RefusedStreamError(problem, details=self.logs.tail())
        if reply.data:
            yield reply.data
        with self._failures("Stream.RunStream", timeout=timeout or 0.0):
            packets = self._begin(self._channel.unary_stream, "Stream", "RunStream", values, timeout=timeout)
            if on_start is not None:
                on_start(packets.cancel)
            try:
                for packet in packets:
                    yield packet.data
            finally:
                packets.cancel()

    def shutdown(self, *, timeout: float) -> None:
        """Ask the plugin to end, and close the connection; a missing response is not an error."""
        import grpc  # noqa: PLC0415 - heavy

        with contextlib.suppress(grpc.RpcError):
            self._channel.unary_unary("/plugin.GRPCController/Shutdown", _as_is, _as_is)(b"", timeout=timeout)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()
        self._stdio.join(1.0)

    def unary(
        self,
        service: str,
        method: str,
        values: Mapping[str, Any],
        *,
        timeout: float,
        on_start: Callable[[Callable[[], object]], None] | None = None,
    ) -> Any:  # noqa: ANN401 - dynamic
        """Call a method with one response; `values` are its request's fields, `on_start` receives the cancel function.

        Raises: ToolError if the call fails.
        """
        name, channel = f"{service}.{method}", self._channel
        with self._failures(name, timeout=timeout):
            if on_start is None:
                return self._begin(channel.unary_unary, service, method, values, timeout=timeout)
            call = self._begin(
                lambda *path, **more: channel.unary_unary(*path, **more).future,
                service,
                method,
                values,
                timeout=timeout,
            )
            on_start(call.cancel)
            return call.result()

    def _begin(
        self, kind: Callable[..., Any], service: str, method: str, values: Mapping[str, Any], *, timeout: float | None
    ) -> Any:  # noqa: ANN401 - dynamic
        """Start a call; `kind` is the channel's method for this kind of call, such as `unary_unary`."""
        request, write, read = self._protocol.request(service, method, values)
        call = kind(f"/pluginv2.{service}/{method}", request_serializer=write, response_deserializer=read)
        return call(request, timeout=timeout)

    @contextlib.contextmanager
    def _failures(self, name: str, *, timeout: float) -> Iterator[None]:
        import grpc  # noqa: PLC0415 - heavy

        try:
            yield
        except grpc.RpcError as error:
            raise self._failure(name, error, timeout=timeout) from error
        except grpc.FutureCancelledError as error:
            raise ToolError(f"{name} was cancelled because the caller disconnected") from error
        except ValueError as error:
            if "closed" not in str(error).lower():  # the message of grpc for a closed channel
                raise
            raise ToolError(f"{name} failed: the plugin has ended", details=self.logs.tail()) from error

    def _failure(self, name: str, error: grpc.RpcError, *, timeout: float) -> ToolError:
        import grpc  # noqa: PLC0415 - heavy

        code, text = error.code(), error.details() or ""
        if code is grpc.StatusCode.UNIMPLEMENTED:
            hint = f"the data source has no method `{_METHODS[name]}`" if name in _METHODS else ""
            return UnimplementedError(f"the plugin does not implement {name}", hint=hint, details=self.logs.tail())
        if code is grpc.StatusCode.UNAVAILABLE and self._output.ended_within(1.0):
            ending = describe_exit(self.process.wait(timeout=5.0))
            return ToolError(
                f"the plugin died while it answered {name}: {ending}",
                hint='Grafana would say "plugin unavailable", and start it again',
                details=self.logs.tail(),
            )
        if code is grpc.StatusCode.UNAVAILABLE:
            text = f"no answer on {self.handshake.network} {self.handshake.address} ({text})"
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            place = "; its code was at " * bool(places := self.logs.wait_for_places(_LOG_SECONDS)) + places
            return LateError(f"the plugin did not answer {name} within {timeout:g} s{place}", details=self.logs.tail())
        hint = self.logs.hint() if code is grpc.StatusCode.UNKNOWN and self.logs.wait_for_places(_LOG_SECONDS) else ""
        return ToolError(f"{name} failed: {code.name}: {text}", hint=hint, details=self.logs.tail())

    def _drain_stdio(self) -> None:
        import grpc  # noqa: PLC0415 - heavy

        # Discard the data, as Grafana does. Any end of the stream is fine.
        with contextlib.suppress(grpc.RpcError, ValueError):
            for _ in self._channel.unary_stream("/plugin.GRPCStdio/StreamStdio", _as_is, _as_is)(b""):
                pass


class UnimplementedError(ToolError):
    """The plugin does not have the method."""


class RefusedStreamError(ToolError):
    """The plugin refuses the subscription to a channel."""


def _as_is(message: bytes) -> bytes:
    """Return a message unchanged: requests to go-plugin's services are empty, and their responses are not read."""
    return message
