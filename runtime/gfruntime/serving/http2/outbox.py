"""The output of one connection: sent at once if it fits, else call by call in turns, within the peer's windows.

Messages are not copied into one buffer: a message is split into frames that are views of it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gfruntime.serving.http2 import framing
from gfruntime.serving.http2.framing import ProtocolError, StreamError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence

    from gfruntime.serving.methods import Message

_TURN = 256 * 1024  # bytes that one call may send before the next call's turn
_HIGH, _LOW = 1 << 20, 1 << 18  # bytes that may wait for the system


class FrameSender:
    """The output of one call. `window` is the number of bytes that the peer accepts; `output` has frames to send."""

    __slots__ = ("output", "stream", "window")

    def __init__(self, stream: int) -> None:
        """Start without output."""
        self.stream = stream
        self.window = 0
        self.output: deque[tuple[bool, memoryview]] = deque()

    def on_sent(self) -> None:
        """Continue after all output was sent."""


class Outbox:
    """The waiting frames of a connection; `window` and each call's window are the bytes that the peer accepts."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        """Start with the windows of RFC 9113."""
        self.transport = transport
        self.frame_size = framing.DEFAULT_FRAME
        self._window = framing.DEFAULT_WINDOW
        self._initial_window = framing.DEFAULT_WINDOW
        self._turns: deque[FrameSender] = deque()
        self._senders: set[FrameSender] = set()
        self._is_paused = False
        self._is_closed = False
        transport.set_write_buffer_limits(_HIGH, _LOW)

    def write(self, frames: bytes) -> None:
        """Send frames without flow control (all except DATA)."""
        if not self._is_closed:
            self.transport.write(frames)

    def add(self, sender: FrameSender) -> None:
        """Give a new call its window."""
        sender.window = self._initial_window
        self._senders.add(sender)

    def forget(self, sender: FrameSender) -> None:
        """Stop sending the output of a call."""
        sender.output.clear()
        self._senders.discard(sender)

    def send(self, sender: FrameSender, head: bytes, content: Sequence[Message], tail: bytes) -> None:
        """Send a call's content between frames without flow control; at once if it fits and nothing waits."""
        size = sum(map(len, content))
        is_free = not self._turns and not sender.output and not self._is_paused
        if is_free and size <= self.frame_size and size <= self._window and size <= sender.window:
            self._window -= size
            sender.window -= size
            frame = framing.head(size, framing.DATA, 0, sender.stream) if size else b""
            self.write(b"".join((head, frame, *content, tail)))
            return
        pieces = ((False, head), *((True, piece) for piece in content), (False, tail))
        sender.output.extend((is_counted, memoryview(piece)) for is_counted, piece in pieces if piece)
        self._turns.append(sender)
        self._pump()

    def pause(self) -> None:
        """Pause the output, because the system's buffer is full."""
        self._is_paused = True

    def resume(self) -> None:
        """Resume the output."""
        self._is_paused = False
        self._pump()

    def close(self) -> None:
        """Stop sending."""
        self._is_closed = True
        self._turns.clear()

    def widen(self, increment: int) -> None:
        """Increase the window of the connection.

        Raises: ProtocolError if it exceeds the limit of RFC 9113.
        """
        self._window += increment
        if self._window > framing.LARGEST_WINDOW:
            raise ProtocolError(framing.FLOW_CONTROL_ERROR, "a window of more than 2 GiB")
        self._pump()

    def widen_stream(self, sender: FrameSender, increment: int) -> None:
        """Increase the window of one call.

        Raises: StreamError if it exceeds the limit of RFC 9113.
        """
        sender.window += increment
        if sender.window > framing.LARGEST_WINDOW:
            raise StreamError(framing.FLOW_CONTROL_ERROR)
        self._wake((sender,))

    def set_initial_window(self, value: int) -> None:
        """Change the windows of all calls by the difference, also below zero.

        Raises: ProtocolError if a window exceeds the limit of RFC 9113.
        """
        difference, self._initial_window = value - self._initial_window, value
        for sender in self._senders:
            sender.window += difference
            if sender.window > framing.LARGEST_WINDOW:
                raise ProtocolError(framing.FLOW_CONTROL_ERROR, "a window of more than 2 GiB")
        self._wake(self._senders)

    def _wake(self, senders: Iterable[FrameSender]) -> None:
        waiting = [each for each in senders if each.output and each.window > 0 and each not in self._turns]
        self._turns.extend(waiting)
        self._pump()

    def _pump(self) -> None:
        """Give each call its turn until a window is used up, or the system's buffer is full."""
        while self._turns and not self._is_paused and not self._is_closed:
            sender = self._turns.popleft()
            pieces = self._next_frames(sender)
            if pieces:
                self.transport.writelines(pieces)
            if not sender.output:
                sender.on_sent()
            elif self._window <= 0 and sender.output[0][0]:
                self._turns.appendleft(sender)
                return
            elif sender.window > 0 or not sender.output[0][0]:
                self._turns.append(sender)

    def _next_frames(self, sender: FrameSender) -> list[bytes | memoryview]:
        """Take the frames that a call may send in one turn."""
        pieces: list[bytes | memoryview] = []
        room = _TURN
        while sender.output and room > 0:
            is_counted, content = sender.output[0]
            if not is_counted:
                pieces.append(content)
                sender.output.popleft()
                continue
            size = min(len(content), self.frame_size, self._window, sender.window, room)
            if size <= 0:
                break
            pieces += (framing.head(size, framing.DATA, 0, sender.stream), content[:size])
            self._window -= size
            sender.window -= size
            room -= size
            if size == len(content):
                sender.output.popleft()
            else:
                sender.output[0] = (True, content[size:])
        return pieces
