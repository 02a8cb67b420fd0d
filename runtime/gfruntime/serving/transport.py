"""gRPC with grpcio, which only this module imports. It runs on the control loop, without the author's code."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from gfruntime.serving import undecodable
from gfruntime.serving.dispatcher import BIDIRECTIONAL, Dispatcher
from gfruntime.serving.methods import Call, CallError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from ssl import SSLContext

    from gfruntime.serving.handshake import ListenAddress
    from gfruntime.serving.methods import Stream, Unary
    from gfruntime.serving.relay import Relay

_LOGGER = logging.getLogger("gfruntime")
_UNLIMITED = -1
_MOST_METADATA = 16 << 20  # the limit of Go's servers and clients; grpcio's default refuses large cookies
_OPTIONS = [
    ("grpc.max_metadata_size", _MOST_METADATA),  # above it grpcio refuses some calls at random
    ("grpc.absolute_max_metadata_size", _MOST_METADATA),
    ("grpc.max_receive_message_length", _UNLIMITED),
    ("grpc.max_send_message_length", _UNLIMITED),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5000),
    ("grpc.http2.max_ping_strikes", 0),
]


class GrpcioTransport:
    """A gRPC server that listens at one address."""

    def __init__(self, dispatcher: Dispatcher, *, on_lost: Callable[[], None]) -> None:
        """Store the dispatcher; `on_lost` is called when no answers are possible any more."""
        self._dispatcher = dispatcher
        self._on_lost = on_lost
        self._relay: Relay | None = None
        self._server = grpc.aio.server(options=_OPTIONS)
        table: dict[str, Any] = {
            path: grpc.unary_unary_rpc_method_handler(_unary(handler)) for path, handler in dispatcher.unary.items()
        }
        for path, stream in dispatcher.streams.items():
            is_two_way = path == BIDIRECTIONAL
            kind = grpc.stream_stream_rpc_method_handler if is_two_way else grpc.unary_stream_rpc_method_handler
            table[path] = kind(_stream(stream))
        self._server.add_generic_rpc_handlers((_Router(table),))

    async def start(self, address: ListenAddress, context: SSLContext | None = None) -> ListenAddress:
        """Listen and serve; with a context, over TLS only; the returned address has the actual port.

        Raises: ListenError if all allowed ports are in use, or TLS is impossible.
        """
        if context is None:
            return await self._listen(address)
        from gfruntime.serving import relay  # noqa: PLC0415  # seldom needed

        self._relay = relay.Relay(context)
        await self._listen(self._relay.inner)
        return await self._relay.start(address)

    async def _listen(self, address: ListenAddress) -> ListenAddress:
        mask = os.umask(0o077)  # no other user may reach the socket, not even between bind and chmod
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

    async def stop(self) -> None:
        """Close the connections; calls in flight are lost."""
        if self._relay is not None:
            self._relay.close()
        await self._server.stop(0.1)

    def _report_end(self, serving: asyncio.Task[Any]) -> None:
        """Report that grpcio has stopped serving, which it does without a message."""
        error = None if serving.cancelled() else serving.exception()
        if error is not None and not self._dispatcher.ending.is_set():
            _LOGGER.error("The gRPC server stopped unexpectedly; the host can start the plugin again", exc_info=error)
            self._on_lost()


class _Router(grpc.GenericRpcHandler):
    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:  # noqa: ANN401  # aio's handlers
        return self._table.get(handler_call_details.method)


def _unary(handler: Unary) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def answer(message: bytes, context: Any) -> bytes:  # noqa: ANN401  # grpc.aio.ServicerContext
        try:
            return bytes(await handler(message, _call(context)))
        except CallError as error:
            return await _abort(context, error)

    return answer


def _stream(handler: Stream) -> Callable[[bytes, Any], AsyncIterator[bytes]]:
    async def answer(message: bytes, context: Any) -> AsyncIterator[bytes]:  # noqa: ANN401
        call = _call(context)
        context.add_done_callback(lambda _: call.cancel.set())  # also if the reader leaves between two parts
        parts = handler(message, call)
        try:
            async for part in parts:
                yield bytes(part)
        except CallError as error:
            await _abort(context, error)
        finally:
            await parts.aclose()  # type: ignore[attr-defined]  # a generator

    return answer


def _call(context: Any) -> Call:  # noqa: ANN401
    metadata: dict[str, list[str]] = {}
    for key, value in context.invocation_metadata() or ():
        metadata.setdefault(key, []).append(value if isinstance(value, str) else value.decode("latin-1"))
    seconds_left = context.time_remaining()
    return Call(metadata=metadata, deadline=None if seconds_left is None else time.monotonic() + seconds_left)


async def _abort(context: Any, error: CallError) -> bytes:  # noqa: ANN401
    """End a call with a status."""
    trailing = (("grpc-status-details-bin", error.details),) if error.details else ()
    await context.abort(grpc.StatusCode[error.code], str(error), trailing)
    return b""
