"""Dispatches gRPC methods, with any transport: bytes and metadata in, bytes or a CallError out.

It counts the calls in flight, so that the end of the process can wait for them, and measures them. Besides pluginv2 it
answers go-plugin's services: health, the controller's Shutdown, and the two streams that the host keeps open for its
lifetime. Their messages are empty or constant, so they need no generated code. All of it runs on the control loop.
Source: hashicorp/go-plugin v1.8.0, grpc_server.go, grpc_controller.go, grpc_stdio.go, grpc_broker.go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from gfruntime import wire
from gfruntime.logs import places
from gfruntime.serving.methods import METHODS, Application, Call, CallError, CallKind
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from gfruntime.serving.methods import Message, Stream, Unary

_LOGGER = logging.getLogger("gfruntime")
_SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse{status: SERVING}
_HEALTHY_NAMES = ("", "plugin")
BIDIRECTIONAL = "/plugin.GRPCBroker/StartStream"
"""The only method whose caller also sends a stream; its messages are not read."""


class Dispatcher:
    """Answers calls; `drain` cuts the streams and waits for other calls.

    `unary` and `streams` map a method's path to its handler; handlers raise only CallError, or are cancelled.
    """

    def __init__(
        self, application: asyncio.Future[Application], *, on_shutdown: Callable[[], Awaitable[None]] | None
    ) -> None:
        """Store the future application; `on_shutdown` is awaited before Shutdown is answered.

        Without `on_shutdown` the host can't end this process, and health is the only service of go-plugin.
        """
        self._application = application
        self._on_shutdown = on_shutdown
        self.ending = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_flight = 0
        self._endless: set[asyncio.Task[Any]] = set()
        self.unary: dict[str, Unary] = {"/grpc.health.v1.Health/Check": _check}
        self.streams: dict[str, Stream] = {"/grpc.health.v1.Health/Watch": self._watch}
        if on_shutdown is not None:
            self.unary["/plugin.GRPCController/Shutdown"] = self._shutdown
            self.streams |= {"/plugin.GRPCStdio/StreamStdio": self._hold, BIDIRECTIONAL: self._hold}
        for path, kind in METHODS.items():
            if kind is CallKind.UNARY:
                self.unary[path] = self._unary(path)
            else:
                self.streams[path] = self._stream(path, kind)

    async def drain(self, seconds: float) -> None:
        """Refuse new calls, cut the streams, and wait for the calls in flight."""
        self.ending.set()
        for task in self._endless:
            task.cancel()
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            _LOGGER.warning("The process ends before %d calls are answered", self._in_flight)

    def _unary(self, path: str) -> Unary:
        async def answer(message: bytes, call: Call) -> Message:
            self._require_open()
            self._in_flight += 1
            self._idle.clear()
            rpc = metrics.rpc(path, "unary")
            try:
                handler = (await self._loaded_application()).unary.get(path)
                if handler is None:
                    raise CallError("unimplemented", code="UNIMPLEMENTED")  # noqa: TRY301  # one place answers
                reply = await handler(message, call)
            except asyncio.CancelledError:
                self._cancel(call, rpc)
                raise
            except Exception as error:  # noqa: BLE001  # the gRPC edge
                raise _call_error(error, path, rpc) from None
            else:
                rpc.count_message()
                return reply
            finally:
                asyncio.get_running_loop().call_soon(rpc.count_end)  # after the answer
                self._leave()

        return answer

    def _stream(self, path: str, kind: CallKind) -> Stream:
        is_awaited = kind is CallKind.PARTS

        async def answer(message: bytes, call: Call) -> AsyncIterator[Message]:
            self._require_open()
            self._enter(is_awaited=is_awaited)
            rpc = metrics.rpc(path, "server_stream")
            try:
                handler = (await self._loaded_application()).streams.get(path)
                if handler is None:
                    raise CallError("unimplemented", code="UNIMPLEMENTED")  # noqa: TRY301
                async with contextlib.aclosing(handler(message, call)) as parts:  # type: ignore[type-var]  # a generator
                    async for part in parts:
                        yield part
                        rpc.count_message()
            except (asyncio.CancelledError, GeneratorExit):
                self._cancel(call, rpc)
                raise
            except Exception as error:  # noqa: BLE001
                raise _call_error(error, path, rpc) from None
            finally:
                rpc.count_end()
                if is_awaited:
                    self._leave()

        return answer

    def _require_open(self) -> None:
        if self.ending.is_set():
            raise CallError("the plugin is shutting down", code="UNAVAILABLE")

    async def _loaded_application(self) -> Application:
        """Wait for the application; a cancelled caller does not cancel it."""
        return self._application.result() if self._application.done() else await asyncio.shield(self._application)

    def _cancel(self, call: Call, rpc: metrics.rpc) -> None:
        """Cancel the handler; if the author's module still loads, log its present line."""
        rpc.code = "Canceled"
        call.cancel.set()
        if not self._application.done():
            extra = {"status": "cancelled", "at": places.place_of_thread("loader")}
            _LOGGER.info("Plugin Request Completed", extra=extra)

    def _enter(self, *, is_awaited: bool) -> None:
        if is_awaited:
            self._in_flight += 1
            self._idle.clear()
        elif (task := asyncio.current_task()) is not None:
            self._endless.add(task)
            task.add_done_callback(self._endless.discard)

    def _leave(self) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._idle.set()

    async def _shutdown(self, _message: bytes, _call: Call) -> bytes:
        """Answer after the calls in flight, because the host then closes the connection at once."""
        assert self._on_shutdown is not None  # noqa: S101  # else this is not in the table
        await self._on_shutdown()
        return b""

    async def _hold(self, _message: bytes, _call: Call) -> AsyncIterator[bytes]:
        """Keep a stream open without sending anything."""
        await self.ending.wait()
        for nothing in tuple[bytes, ...]():  # a generator needs a yield
            yield nothing

    async def _watch(self, message: bytes, call: Call) -> AsyncIterator[bytes]:
        yield await _check(message, call)
        await self.ending.wait()


async def _check(message: bytes, _call: Call) -> bytes:
    try:
        name = next((value for number, value in wire.fields(message) if number == 1), b"")
    except ValueError:
        name = b"?"
    if not isinstance(name, bytes) or name.decode("utf-8", "replace") not in _HEALTHY_NAMES:
        raise CallError("unknown service", code="NOT_FOUND")
    return _SERVING


def _call_error(error: Exception, path: str, rpc: metrics.rpc) -> CallError:
    """Convert any exception to an error with a status; the host gets a sentence, the log gets the traceback."""
    if not isinstance(error, CallError):
        _LOGGER.error("%s failed", path, exc_info=error)
        error = CallError(f"the plugin failed: {type(error).__name__}")
    rpc.code = error.code.title().replace("_", "")  # in Go's spelling
    return error
