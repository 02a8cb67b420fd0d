"""One gRPC call on one stream: receives its message, runs its handler, sends its answer.

Source: gRPC's PROTOCOL-HTTP2.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from gfruntime.serving.dispatcher import BIDIRECTIONAL
from gfruntime.serving.http2 import framing, header_blocks
from gfruntime.serving.http2.outbox import FrameSender
from gfruntime.serving.methods import Call, CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gfruntime.serving.dispatcher import Dispatcher
    from gfruntime.serving.http2.header_blocks import RequestHead
    from gfruntime.serving.http2.outbox import Outbox
    from gfruntime.serving.methods import Message

_LOGGER = logging.getLogger("gfruntime")
_PREFIX = 5  # bytes before a message: a compression flag, and its length


class Exchange(FrameSender):
    """A call in flight."""

    __slots__ = (
        "__weakref__",
        "_call",
        "_deadline",
        "_dispatcher",
        "_drained",
        "_end",
        "_has_begun",
        "_head",
        "_input",
        "_outbox",
        "_received",
        "_task",
        "_unacknowledged",
        "is_complete",
        "is_over",
    )

    def __init__(
        self,
        stream: int,
        head: RequestHead,
        dispatcher: Dispatcher,
        outbox: Outbox,
        end: Callable[[Exchange, int | None], None],
    ) -> None:
        """Store a request's headers; `end` is called when the call is over, with a code if it ended early."""
        super().__init__(stream)
        self.is_complete = self.is_over = False
        self._head = head
        self._dispatcher = dispatcher
        self._outbox = outbox
        self._end = end
        self._input: list[bytes] = []
        self._received = 0
        self._unacknowledged = 0
        self._has_begun = False
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        deadline = None if head.timeout is None else time.monotonic() + head.timeout
        self._call = Call(metadata=head.metadata, deadline=deadline)

    def begin(self) -> None:
        """Start the timeout; a call whose caller sends a stream is answered at once."""
        loop = asyncio.get_running_loop()
        if self._head.timeout is not None:
            self._deadline = loop.call_later(self._head.timeout, self._expire)
        if self._head.path == BIDIRECTIONAL and self._head.is_grpc and BIDIRECTIONAL in self._dispatcher.streams:
            self._task = loop.create_task(self._answer(b""))

    def receive(self, content: bytes) -> None:
        """Store a part of the message."""
        self._received += len(content)
        if self._task is None and content:
            self._input.append(content)

    def take(self, size: int, window: int) -> int:
        """Count received bytes; return the number of bytes to add to the peer's window, which may be 0."""
        self._unacknowledged += size
        if self._unacknowledged < window // 2:
            return 0
        increment, self._unacknowledged = self._unacknowledged, 0
        return increment

    def complete(self) -> None:
        """Answer, because the peer has sent the whole request.

        Raises: StreamError if its length differs from the announced length.
        """
        self.is_complete = True
        if self._head.length not in (-1, self._received):
            raise framing.StreamError(framing.PROTOCOL_ERROR)
        if self._task is None:
            content = self._input[0] if len(self._input) == 1 else b"".join(self._input)
            self._input.clear()
            self._task = asyncio.get_running_loop().create_task(self._answer(content))

    def cancel(self) -> None:
        """Stop: the caller is gone, or no answer is possible."""
        self._call.cancel.set()
        if self._task is not None:
            self._task.cancel()
        self._stop_clock()

    def on_sent(self) -> None:
        """Note that all output has been sent."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _expire(self) -> None:
        """End a call at its deadline: with a status if no other output has begun, else with a reset."""
        self._deadline = None
        self.cancel()
        if self.output or self._has_begun:
            self._end(self, framing.CANCEL)
            return
        trailers = header_blocks.trailers("DEADLINE_EXCEEDED", "the call's deadline has passed")
        self._outbox.write(self._ending(trailers))
        self._end(self, None)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    async def _answer(self, content: bytes) -> None:
        """Answer, and always end the stream."""
        code: int | None = None if self.is_complete else framing.NO_ERROR
        try:
            await self._respond(content)
        except CallError as error:
            await self._send(b"", (), self._ending(header_blocks.trailers(error.code, str(error), error.details)))
        except asyncio.CancelledError:  # by the caller, the deadline, or the end of the process
            if not self.is_over and not self.output:
                trailers = header_blocks.trailers("UNAVAILABLE", "the plugin is shutting down")
                self._outbox.write(self._ending(trailers))
            raise
        except Exception:
            _LOGGER.exception("%s failed", self._head.path)
            code = framing.INTERNAL_ERROR
        finally:
            self._stop_clock()
            self._end(self, code)

    async def _respond(self, content: bytes) -> None:
        """Run the handler, and send its results.

        Raises: CallError.
        """
        path = self._head.path
        if not self._head.is_grpc:
            await self._refuse()
        elif (unary := self._dispatcher.unary.get(path)) is not None:
            reply = await unary(_message(content), self._call)
            head, self._has_begun = self._beginning(), True
            await self._send(head, (_prefix(reply), reply), self._ending(header_blocks.TRAILERS_OK))
        elif (stream := self._dispatcher.streams.get(path)) is not None:
            parts = stream(b"" if path == BIDIRECTIONAL else _message(content), self._call)
            try:
                async for part in parts:
                    await self._send(self._beginning(), (_prefix(part), part), b"")
            finally:
                await parts.aclose()  # type: ignore[attr-defined]  # a generator
            await self._send(b"", (), self._ending(header_blocks.TRAILERS_OK))
        else:
            raise CallError("Method not found!", code="UNIMPLEMENTED")

    async def _send(self, head: bytes, content: Sequence[Message], tail: bytes) -> None:
        """Send, and wait until all output is sent, as the window and the system allow."""
        self._has_begun = True  # the headers are in this output, or were sent before
        self._outbox.send(self, head, content, tail)
        if self.output:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained

    async def _refuse(self) -> None:
        """Answer a request that is not gRPC with an HTTP status, as gRPC requires."""
        head = framing.frame(framing.HEADERS, framing.END_HEADERS, self.stream, header_blocks.NOT_GRPC)
        end = framing.frame(framing.DATA, framing.END_STREAM, self.stream)
        await self._send(head, (header_blocks.NOT_GRPC_BODY,), end)

    def _beginning(self) -> bytes:
        """Return the headers of an answer, if they were not sent yet."""
        return b"" if self._has_begun else _headers(self.stream, header_blocks.HEADERS_OK, 0)

    def _ending(self, trailers: bytes) -> bytes:
        """Return the end of an answer: its trailers, with the headers if nothing was sent yet."""
        block = trailers if self._has_begun else header_blocks.HEADERS_OK + trailers
        return _headers(self.stream, block, framing.END_STREAM)


def _headers(stream: int, block: bytes, flags: int) -> bytes:
    """Split a block of headers into HEADERS and CONTINUATION frames."""
    first, rest = block[: framing.DEFAULT_FRAME], block[framing.DEFAULT_FRAME :]
    frames = framing.frame(framing.HEADERS, flags | (0 if rest else framing.END_HEADERS), stream, first)
    while rest:
        part, rest = rest[: framing.DEFAULT_FRAME], rest[framing.DEFAULT_FRAME :]
        frames += framing.frame(framing.CONTINUATION, 0 if rest else framing.END_HEADERS, stream, part)
    return frames


def _prefix(message: Message) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big")


def _message(content: bytes) -> bytes:
    """Return the only message of a call.

    Raises: CallError if it is compressed or incomplete.
    """
    if len(content) < _PREFIX:
        raise CallError(f"the message is incomplete: {len(content)} bytes", code="INTERNAL")
    if content[0]:
        raise CallError("compressed messages are not supported", code="UNIMPLEMENTED")
    if (length := int.from_bytes(content[1:_PREFIX], "big")) != len(content) - _PREFIX:
        text = f"expected exactly one message, got {len(content) - _PREFIX} bytes for a length of {length}"
        raise CallError(text, code="INTERNAL")
    return content[_PREFIX:]
