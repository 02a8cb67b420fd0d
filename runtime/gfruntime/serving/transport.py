"""gRPC: the only importer of grpcio. It knows bytes only, and runs on the control loop, where no author's code runs.

Besides pluginv2 it answers go-plugin's own services: health, the controller's Shutdown, and the two streams that the
host holds open for as long as it lives. Their messages are empty or constant, so they need no generated code.
Source: hashicorp/go-plugin v1.8.0, grpc_server.go, grpc_controller.go, grpc_stdio.go, grpc_broker.go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from gfruntime import wire
from gfruntime.logs import places
from gfruntime.serving import undecodable
from gfruntime.serving.methods import METADATA_OPTIONS, METHODS, Application, Call, CallError, CallKind
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from gfruntime.serving.handshake import Address

_LOGGER = logging.getLogger("gfruntime")
_SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse{status: SERVING}
_HEALTHY_NAMES = ("", "plugin")
_UNLIMITED = -1
_OPTIONS = [
    *METADATA_OPTIONS,
    ("grpc.max_receive_message_length", _UNLIMITED),
    ("grpc.max_send_message_length", _UNLIMITED),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5000),
    ("grpc.http2.max_ping_strikes", 0),
]


class Transport:
    """A gRPC server that can be drained: streams are cut, calls with an end are awaited."""

    def __init__(
        self,
        application: asyncio.Future[Application],
        *,
        on_shutdown: Callable[[], Awaitable[None]] | None,
        on_lost: Callable[[], None],
    ) -> None:
        """Keep the application to come; `on_shutdown` is awaited before Shutdown is answered.

        Without it the host can't end this process, and go-plugin's own services are not there, but for health.
        `on_lost` is called when nobody can be answered any more.
        """
        self._application = application
        self._on_shutdown = on_shutdown
        self._on_lost = on_lost
        self._ending = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_flight = 0
        self._streams: set[asyncio.Task[Any]] = set()
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((_Router(self._table()),))

    async def start(self, address: Address) -> Address:
        """Listen and serve; the address returned names the true port.

        Raises: NoPortError if each port that it may have is taken.
        """
        mask = os.umask(0o077)  # nobody else may reach the socket, not even between bind and chmod
        try:
            bound = address.listen(self._server.add_insecure_port)
        finally:
            os.umask(mask)
        before = asyncio.all_tasks()
        await self._server.start()
        serving = asyncio.all_tasks() - before
        undecodable.tolerate(serving)
        for task in serving:
            task.add_done_callback(self._report_end)
        return bound

    async def drain(self, seconds: float) -> None:
        """Refuse new calls, cut the streams, and wait for the calls in flight."""
        self._ending.set()
        for task in self._streams:
            task.cancel()
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            _LOGGER.warning("Ending with %d calls unanswered", self._in_flight)

    async def stop(self) -> None:
        """Close the connections; calls in flight are lost."""
        await self._server.stop(0.1)

    def _report_end(self, serving: asyncio.Task[Any]) -> None:
        """Report that grpcio serves no more, of which it says nothing."""
        error = None if serving.cancelled() else serving.exception()
        if error is not None and not self._ending.is_set():
            _LOGGER.error("gRPC ended by itself; the host may start the plugin again", exc_info=error)
            self._on_lost()

    def _table(self) -> dict[str, grpc.RpcMethodHandler[bytes, bytes]]:
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        table: dict[str, Any] = {
            "/grpc.health.v1.Health/Check": unary(_check),
            "/grpc.health.v1.Health/Watch": stream(self._watch),
        }
        if self._on_shutdown is not None:
            table |= {
                "/plugin.GRPCController/Shutdown": unary(self._shutdown),
                "/plugin.GRPCStdio/StreamStdio": stream(self._hold),
                "/plugin.GRPCBroker/StartStream": grpc.stream_stream_rpc_method_handler(self._hold),
            }
        for path, kind in METHODS.items():
            table[path] = unary(self._unary(path)) if kind is CallKind.UNARY else stream(self._stream(path, kind))
        return table

    def _unary(self, path: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def answer(message: bytes, context: Any) -> bytes:  # noqa: ANN401  # grpc.aio.ServicerContext
            if self._ending.is_set():
                await _refuse(context)
            self._enter()
            call, rpc = _call(context), metrics.rpc(path, "unary")
            try:
                handler = (await self._loaded_application()).unary.get(path)
                if handler is None:
                    raise CallError("unimplemented", code="UNIMPLEMENTED")  # noqa: TRY301  # one place answers
                reply = await handler(message, call)
            except asyncio.CancelledError:
                self._cancel(call, rpc)
                raise
            except Exception as error:  # noqa: BLE001  # the gRPC edge
                return await _abort(context, error, path, rpc)
            else:
                rpc.sent()
                return reply
            finally:
                asyncio.get_running_loop().call_soon(rpc.ended)  # the answer goes first
                self._leave()

        return answer

    def _stream(self, path: str, kind: CallKind) -> Callable[[bytes, Any], AsyncIterator[bytes]]:
        async def answer(message: bytes, context: Any) -> AsyncIterator[bytes]:  # noqa: ANN401
            if self._ending.is_set():
                await _refuse(context)
            self._enter(is_awaited=kind is CallKind.PARTS)
            call, rpc = _call(context), metrics.rpc(path, "server_stream")
            context.add_done_callback(lambda _: call.cancel.set())  # also when the reader leaves between two parts
            try:
                handler = (await self._loaded_application()).streams.get(path)
                if handler is None:
                    raise CallError("unimplemented", code="UNIMPLEMENTED")  # noqa: TRY301
                async with contextlib.aclosing(handler(message, call)) as parts:  # type: ignore[type-var]  # a generator
                    async for part in parts:
                        yield part
                        rpc.sent()
            except (asyncio.CancelledError, GeneratorExit):
                self._cancel(call, rpc)
                raise
            except Exception as error:  # noqa: BLE001
                await _abort(context, error, path, rpc)
            finally:
                rpc.ended()
                self._leave(is_awaited=kind is CallKind.PARTS)

        return answer

    async def _loaded_application(self) -> Application:
        """Wait for the application, which a caller that leaves must not cancel."""
        return self._application.result() if self._application.done() else await asyncio.shield(self._application)

    def _cancel(self, call: Call, rpc: metrics.rpc) -> None:
        """Tell the handler that its caller is gone; before the author's module is loaded, log where that stands."""
        rpc.code = "Canceled"
        call.cancel.set()
        if not self._application.done():
            extra = {"status": "cancelled", "at": places.of_thread("loader")}
            _LOGGER.info("Plugin Request Completed", extra=extra)

    def _enter(self, *, is_awaited: bool = True) -> None:
        if is_awaited:
            self._in_flight += 1
            self._idle.clear()
        elif (task := asyncio.current_task()) is not None:
            self._streams.add(task)
            task.add_done_callback(self._streams.discard)

    def _leave(self, *, is_awaited: bool = True) -> None:
        if is_awaited:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def _shutdown(self, _message: bytes, _context: Any) -> bytes:  # noqa: ANN401
        """Answer only when the calls in flight are done: the host closes the connection at once."""
        assert self._on_shutdown is not None  # noqa: S101  # else this is not in the table
        await self._on_shutdown()
        return b""

    async def _hold(self, _messages: object, _context: Any) -> AsyncIterator[bytes]:  # noqa: ANN401
        """Keep a stream open that nothing is ever sent on."""
        await self._ending.wait()
        for nothing in tuple[bytes, ...]():  # a generator needs a yield
            yield nothing

    async def _watch(self, message: bytes, context: Any) -> AsyncIterator[bytes]:  # noqa: ANN401
        yield await _check(message, context)
        await self._ending.wait()


class _Router(grpc.GenericRpcHandler):
    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:  # noqa: ANN401  # aio's handlers
        return self._table.get(handler_call_details.method)


async def _check(message: bytes, context: Any) -> bytes:  # noqa: ANN401
    try:
        name = next((value for number, value in wire.fields(message) if number == 1), b"")
    except ValueError:
        name = b"?"
    if not isinstance(name, bytes) or name.decode("utf-8", "replace") not in _HEALTHY_NAMES:
        await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return _SERVING


async def _refuse(context: Any) -> None:  # noqa: ANN401
    await context.abort(grpc.StatusCode.UNAVAILABLE, "the plugin is shutting down")


def _call(context: Any) -> Call:  # noqa: ANN401
    metadata: dict[str, list[str]] = {}
    for key, value in context.invocation_metadata() or ():
        metadata.setdefault(key, []).append(value if isinstance(value, str) else value.decode("latin-1"))
    left = context.time_remaining()
    return Call(metadata=metadata, deadline=None if left is None else time.monotonic() + left)


async def _abort(context: Any, error: Exception, path: str, rpc: metrics.rpc) -> bytes:  # noqa: ANN401
    """End a call with a status; the host gets a sentence, the log gets the traceback."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, CallError):
        _LOGGER.error("%s failed", path, exc_info=error)
        error = CallError(f"the plugin failed: {type(error).__name__}")
    rpc.code = error.code.title().replace("_", "")  # as Go spells it
    trailing = (("grpc-status-details-bin", error.details),) if error.details else ()
    await context.abort(grpc.StatusCode[error.code], str(error), trailing)
    return b""
