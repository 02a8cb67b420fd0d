"""What goes out on one connection: at once where it fits, else in turns, as far as the peer's windows reach.

A call's message is never copied into one piece with others: it is cut into frames that are views of it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gfruntime.serving.http2 import framing
from gfruntime.serving.http2.framing import ProtocolError, StreamError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence

    from gfruntime.serving.http2.exchange import Exchange

_TURN = 256 * 1024  # bytes that one call may send before the next one's turn
_HIGH, _LOW = 1 << 20, 1 << 18  # bytes that may wait for the system to take them


class Outbox:
    """The frames that wait; `window` and each exchange's own are the bytes that the peer takes."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        """Begin with the windows that RFC 9113 gives."""
        self.transport = transport
        self.frame_size = framing.DEFAULT_FRAME
        self._window = framing.DEFAULT_WINDOW
        self._initial_window = framing.DEFAULT_WINDOW
        self._turns: deque[Exchange] = deque()
        self._exchanges: set[Exchange] = set()
        self._is_paused = False
        self._is_closed = False
        transport.set_write_buffer_limits(_HIGH, _LOW)

    def write(self, frames: bytes) -> None:
        """Send frames that no window counts."""
        if not self._is_closed:
            self.transport.write(frames)

    def add(self, exchange: Exchange) -> None:
        """Give a new call its window."""
        exchange.window = self._initial_window
        self._exchanges.add(exchange)

    def forget(self, exchange: Exchange) -> None:
        """Send nothing more of a call."""
        exchange.output.clear()
        self._exchanges.discard(exchange)

    def send(self, exchange: Exchange, head: bytes, content: Sequence[bytes], tail: bytes) -> None:
        """Send a call's content between frames that no window counts; at once if it fits and nothing waits."""
        size = sum(map(len, content))
        is_free = not self._turns and not exchange.output and not self._is_paused
        if is_free and size <= self.frame_size and size <= self._window and size <= exchange.window:
            self._window -= size
            exchange.window -= size
            frame = framing.head(size, framing.DATA, 0, exchange.stream) if size else b""
            self.write(b"".join((head, frame, *content, tail)))
            return
        pieces = ((False, head), *((True, piece) for piece in content), (False, tail))
        exchange.output.extend((is_counted, memoryview(piece)) for is_counted, piece in pieces if piece)
        self._turns.append(exchange)
        self._pump()

    def pause(self) -> None:
        """Let what goes out wait: the system has enough."""
        self._is_paused = True

    def resume(self) -> None:
        """Go on."""
        self._is_paused = False
        self._pump()

    def close(self) -> None:
        """Send nothing more."""
        self._is_closed = True
        self._turns.clear()

    def widen(self, increment: int) -> None:
        """Let the peer take more on the whole connection.

        Raises: ProtocolError if that is more than RFC 9113 allows.
        """
        self._window += increment
        if self._window > framing.LARGEST_WINDOW:
            raise ProtocolError(framing.FLOW_CONTROL_ERROR, "a window of more than 2 GiB")
        self._pump()

    def widen_stream(self, exchange: Exchange, increment: int) -> None:
        """Let the peer take more of one call.

        Raises: StreamError if that is more than RFC 9113 allows.
        """
        exchange.window += increment
        if exchange.window > framing.LARGEST_WINDOW:
            raise StreamError(framing.FLOW_CONTROL_ERROR)
        self._wake((exchange,))

    def set_initial_window(self, value: int) -> None:
        """Change the windows of all calls by the difference, also below zero.

        Raises: ProtocolError if one becomes more than RFC 9113 allows.
        """
        difference, self._initial_window = value - self._initial_window, value
        for exchange in self._exchanges:
            exchange.window += difference
            if exchange.window > framing.LARGEST_WINDOW:
                raise ProtocolError(framing.FLOW_CONTROL_ERROR, "a window of more than 2 GiB")
        self._wake(self._exchanges)

    def _wake(self, exchanges: Iterable[Exchange]) -> None:
        waiting = [each for each in exchanges if each.output and each.window > 0 and each not in self._turns]
        self._turns.extend(waiting)
        self._pump()

    def _pump(self) -> None:
        """Give each call its turn until a window is used up, or the system has enough."""
        while self._turns and not self._is_paused and not self._is_closed:
            exchange = self._turns.popleft()
            pieces = self._cut(exchange)
            if pieces:
                self.transport.writelines(pieces)
            if not exchange.output:
                exchange.sent()
            elif self._window <= 0 and exchange.output[0][0]:
                self._turns.appendleft(exchange)
                return
            elif exchange.window > 0 or not exchange.output[0][0]:
                self._turns.append(exchange)

    def _cut(self, exchange: Exchange) -> list[bytes | memoryview]:
        """Take from a call what it may send in one turn."""
        pieces: list[bytes | memoryview] = []
        room = _TURN
        while exchange.output and room > 0:
            is_counted, content = exchange.output[0]
            if not is_counted:
                pieces.append(content)
                exchange.output.popleft()
                continue
            size = min(len(content), self.frame_size, self._window, exchange.window, room)
            if size <= 0:
                break
            pieces += (framing.head(size, framing.DATA, 0, exchange.stream), content[:size])
            self._window -= size
            exchange.window -= size
            room -= size
            if size == len(content):
                exchange.output.popleft()
            else:
                exchange.output[0] = (True, content[size:])
        return pieces
