"""The front process's end of a worker's channel: sends calls, and delivers each answer to its call."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING, Any

from gfruntime.serving.methods import CallError
from gfruntime.serving.workers import shared
from gfruntime.serving.workers.channel import Channel

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator, Callable

    from gfruntime.serving.methods import Call, Message

_LOSS = "the plugin's process has ended"


class Caller:
    """Calls one worker, from the control loop. `calls` is the number of calls in flight without endless streams."""

    def __init__(self, end: socket.socket, pid: int) -> None:
        """Store a socket. The owner sets `on_full`, and `on_lost`, which must call `fail`."""
        self.pid = pid
        self.calls = 0
        self.on_lost: Callable[[], None] = lambda: self.fail(_LOSS)
        self.on_full: Callable[[int], None] = lambda _megabytes: None
        self._end = end
        self._channel: Channel | None = None
        self._loss = ""
        self._idle = asyncio.Event()
        self._idle.set()
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._streams: dict[int, asyncio.Queue[Message | CallError | None]] = {}

    def attach(self) -> None:
        """Use the running loop from now on."""
        if self._channel is None:
            self._channel = Channel(self._receive, self._lose)
            self._channel.attach(self._end)
            if shared.can_fetch(self.pid):
                self._channel.send("share")

    async def ask(self, path: str, message: bytes, call: Call) -> Message:
        """Return the answer.

        Raises: CallError, from the worker, or because the worker has ended.
        """
        number = self._begin(path, message, call)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._enter(1)
        try:
            return await answer
        except asyncio.CancelledError:
            self._send("cancel", number)
            raise
        finally:
            self._enter(-1)
            del self._answers[number]

    async def stream(self, path: str, message: bytes, call: Call, *, is_endless: bool) -> AsyncGenerator[Message, None]:
        """Yield the parts of an answer; the worker produces them only as fast as the caller reads them.

        Raises: as `ask`.
        """
        number = self._begin(path, message, call)
        parts = self._streams[number] = asyncio.Queue()
        self._enter(int(not is_endless))
        is_over = False
        try:
            while True:
                part = await parts.get()
                is_over = part is None or isinstance(part, CallError)
                if part is None:
                    return
                if isinstance(part, CallError):
                    raise part
                yield part
                self._send("more", number)
        finally:
            self._enter(-int(not is_endless))
            del self._streams[number]
            if not is_over:
                self._send("cancel", number)

    def end(self) -> None:
        """Close the channel, so that the worker ends."""
        self._send("end")

    def fail(self, loss: str) -> None:
        """Fail all calls in flight, and all later calls, because the worker is gone."""
        self._loss = loss
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(CallError(loss, code="UNAVAILABLE"))
        for parts in self._streams.values():
            parts.put_nowait(CallError(loss, code="UNAVAILABLE"))

    async def wait_until_idle(self, seconds: float) -> None:
        """Wait for the end of the calls in flight, at most `seconds` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)

    def _enter(self, by: int) -> None:
        self.calls += by
        self._idle.clear() if self.calls else self._idle.set()

    def _begin(self, path: str, message: bytes, call: Call) -> int:
        if self._loss:
            raise CallError(self._loss, code="UNAVAILABLE")
        number = next(self._numbers)
        self._send("call", number, path, message, dict(call.metadata), call.deadline)
        return number

    def _send(self, *message: object) -> None:
        assert self._channel is not None  # noqa: S101  # attached before anyone may ask
        self._channel.send(*message)

    def _receive(self, message: tuple[Any, ...]) -> None:
        kind, first, *rest = message
        if kind == "full":
            self.on_full(first)
        elif kind == "over":
            self._settle(first, None)
        elif kind == "error":
            text, code, details = rest
            self._settle(first, CallError(text, code=code, details=details))
        else:
            self._settle(first, self._content(rest[0], has_reader=first in self._answers or first in self._streams))

    def _settle(self, number: int, content: Message | CallError | None) -> None:
        """Deliver an answer or a part, an error, or None after the last part, if a call waits for it."""
        if (parts := self._streams.get(number)) is not None:
            parts.put_nowait(content)
        answer = self._answers.get(number)
        if answer is None or answer.done():
            return
        if isinstance(content, CallError):
            answer.set_exception(content)
        elif content is not None:
            answer.set_result(content)

    def _content(self, message: bytes | tuple[int, int], *, has_reader: bool) -> Message | CallError:
        """Return a message of an answer, which may be in shared memory."""
        if isinstance(message, bytes):
            return message
        descriptor, size = message
        try:
            return shared.fetch(self.pid, descriptor, size) if has_reader else b""
        except OSError as error:
            return CallError(f"an answer of {size} bytes could not be fetched from its worker: {error}")
        finally:
            self._send("taken", descriptor)

    def _lose(self) -> None:
        self._loss = self._loss or _LOSS
        self.on_lost()
