"""One HTTP/2 connection: checks received frames and passes them to their exchange; output waits for its windows.

A frame that breaks the protocol ends the connection or its stream, with the error code of RFC 9113.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from hpack import Decoder
from hpack.exceptions import HPACKError

from gfruntime.serving.http2 import framing, header_blocks
from gfruntime.serving.http2.exchange import Exchange
from gfruntime.serving.http2.frame_reader import FrameReader
from gfruntime.serving.http2.framing import ProtocolError, StreamError
from gfruntime.serving.http2.outbox import Outbox
from gfruntime.serving.tcp import send_at_once

if TYPE_CHECKING:
    from collections.abc import Callable, MutableSet

    from gfruntime.serving.dispatcher import Dispatcher

_LOGGER = logging.getLogger("gfruntime.http2")
_HEADER_BYTES = 16 << 20  # the limit of Go's servers and clients
_WINDOW = 8 << 20  # bytes that a peer may send on a stream before an acknowledgement
_REMEMBERED = 1000  # ended streams that are remembered: frames on them may still arrive
_CONTENT_ON_STREAM = {framing.DATA, framing.HEADERS, framing.PRIORITY, framing.RST_STREAM, framing.CONTINUATION}


class Connection(asyncio.Protocol):
    """Reads one peer's frames. `exchanges` are the calls in flight, by stream."""

    def __init__(self, dispatcher: Dispatcher, connections: MutableSet[Connection]) -> None:
        """Wait for the preface; the connection is in `connections` as long as it is open."""
        self._dispatcher = dispatcher
        self._connections = connections
        self._frames = FrameReader(self._read_frame)
        self._decoder = Decoder(max_header_list_size=_HEADER_BYTES)
        self._last = 0
        self._ended: dict[int, bool] = {}  # True if this side ended it: the peer may not know yet
        self._block: tuple[int, int, bytearray] | None = None  # the stream and flags of unfinished HEADERS
        self._is_refusing = False
        self._unacknowledged = 0
        self.exchanges: dict[int, Exchange] = {}
        self.outbox: Outbox
        self._readers: dict[int, Callable[[int, int, bytes], None]] = {
            framing.DATA: self._read_data,
            framing.HEADERS: self._read_headers,
            framing.PRIORITY: self._read_priority,
            framing.RST_STREAM: self._read_reset,
            framing.SETTINGS: self._read_settings,
            framing.PUSH_PROMISE: self._read_push,
            framing.PING: self._read_ping,
            framing.GOAWAY: self._read_go_away,
            framing.WINDOW_UPDATE: self._read_window,
            framing.CONTINUATION: self._read_continuation,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the settings of this side."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  # a stream's
        send_at_once(transport)
        self.outbox = Outbox(transport)
        self._connections.add(self)
        settings = framing.settings(
            initial_window_size=_WINDOW, max_header_list_size=_HEADER_BYTES, header_table_size=4096
        )
        window = framing.window_update(0, framing.LARGEST_WINDOW - framing.DEFAULT_WINDOW)
        transport.write(settings + window)

    def connection_lost(self, error: Exception | None) -> None:
        """Cancel the calls, because their caller is gone."""
        if self not in self._connections:  # asyncio also calls this for a peer that TLS refuses
            return
        for exchange in self.exchanges.values():
            exchange.cancel()
        self.exchanges.clear()
        self.outbox.close()
        self._connections.discard(self)
        if error is not None:
            _LOGGER.debug("A connection was lost: %s", error)

    def pause_writing(self) -> None:
        """Pause the output."""
        self.outbox.pause()

    def resume_writing(self) -> None:
        """Resume the output."""
        self.outbox.resume()

    def data_received(self, data: bytes) -> None:
        """Read all complete frames."""
        try:
            self._frames.feed(data)
        except ProtocolError as failure:
            self._fail(failure)
        except Exception:  # a bug here must not leave a peer without an answer
            _LOGGER.exception("A connection failed")
            self._fail(ProtocolError(framing.PROTOCOL_ERROR, "internal"))

    def refuse(self) -> None:
        """Stop accepting calls, and tell the peer."""
        self._is_refusing = True
        self.outbox.write(framing.go_away(self._last, framing.NO_ERROR))

    def close(self) -> None:
        """Close the connection once the present output is written."""
        self.outbox.close()
        self.outbox.transport.close()

    def end(self, exchange: Exchange, code: int | None = None) -> None:
        """Forget an ended call; with a code, tell the peer that it ended early."""
        if self.exchanges.pop(exchange.stream, None) is None:
            return
        exchange.is_over = True
        self.outbox.forget(exchange)
        if code is not None:
            self.outbox.write(framing.reset(exchange.stream, code))
        self._remember(exchange.stream, by_us=code is not None or not exchange.is_complete)

    def _remember(self, stream: int, *, by_us: bool) -> None:
        self._ended[stream] = by_us
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def _fail(self, failure: ProtocolError) -> None:
        _LOGGER.warning("The peer violated HTTP/2: %s", failure)
        self._frames.stop()
        self.outbox.write(framing.go_away(self._last, failure.code))
        self.close()

    def _read_frame(self, kind: int, flags: int, stream: int, content: bytes) -> None:
        if self._block is not None and (kind != framing.CONTINUATION or stream != self._block[0]):
            raise ProtocolError(framing.PROTOCOL_ERROR, "a frame between HEADERS and its CONTINUATION")
        read = self._readers.get(kind)
        if read is None:
            return  # an extension: unknown frames are ignored
        if (stream == 0) != (kind not in _CONTENT_ON_STREAM) and kind != framing.WINDOW_UPDATE:
            raise ProtocolError(framing.PROTOCOL_ERROR, f"a frame of type {kind} on stream {stream}")
        try:
            read(stream, flags, content)
        except StreamError as failure:
            self._fail_stream(stream, failure.code)

    def _fail_stream(self, stream: int, code: int) -> None:
        exchange = self.exchanges.get(stream)
        if exchange is not None:
            exchange.cancel()
            self.end(exchange, code)
        else:
            self.outbox.write(framing.reset(stream, code))
            self._remember(stream, by_us=True)

    def _find(self, stream: int) -> Exchange | None:
        """Return the call of a stream; None if it has ended, and its frames are ignored.

        Raises: ProtocolError if the stream was never opened; StreamError if the peer has ended it.
        """
        exchange = self.exchanges.get(stream)
        if exchange is None and stream > self._last:
            raise ProtocolError(framing.PROTOCOL_ERROR, f"a frame on stream {stream}, which is idle")
        return exchange

    def _read_data(self, stream: int, flags: int, content: bytes) -> None:
        size = len(content)
        self._unacknowledged += size
        if self._unacknowledged >= _WINDOW:
            self.outbox.write(framing.window_update(0, self._unacknowledged))
            self._unacknowledged = 0
        content = framing.unpad(content, flags)
        exchange = self._find(stream)
        if exchange is None:
            if not self._ended.get(stream, False):
                raise ProtocolError(framing.STREAM_CLOSED, f"DATA on stream {stream}, which has ended")
            return
        if exchange.is_complete:
            raise StreamError(framing.STREAM_CLOSED)
        is_last = bool(flags & framing.END_STREAM)
        exchange.receive(content)
        if not is_last and (increment := exchange.take(size, _WINDOW)):
            self.outbox.write(framing.window_update(stream, increment))
        if is_last:
            exchange.complete()

    def _read_headers(self, stream: int, flags: int, content: bytes) -> None:
        if stream % 2 == 0:
            raise ProtocolError(framing.PROTOCOL_ERROR, f"HEADERS on stream {stream}: clients open odd streams only")
        content = framing.unpad(content, flags)
        if flags & framing.HAS_PRIORITY:
            if len(content) < 5:  # noqa: PLR2004  # a stream and a weight
                raise ProtocolError(framing.FRAME_SIZE_ERROR, "HEADERS too short for its priority")
            is_own = int.from_bytes(content[:4], "big") & framing.LARGEST_WINDOW == stream
            content = content[5:]
        else:
            is_own = False
        if stream <= self._last and stream not in self.exchanges:
            code = framing.STREAM_CLOSED if stream in self._ended else framing.PROTOCOL_ERROR
            if not self._ended.get(stream, False):
                raise ProtocolError(code, f"HEADERS on stream {stream}, which has ended")
        if flags & framing.END_HEADERS:
            self._finish_headers(stream, flags, content)
        else:
            self._block = (stream, flags, bytearray(content))
        if is_own:
            raise StreamError(framing.PROTOCOL_ERROR)

    def _read_continuation(self, stream: int, flags: int, content: bytes) -> None:
        if self._block is None:
            raise ProtocolError(framing.PROTOCOL_ERROR, "CONTINUATION without HEADERS")
        _, first, block = self._block
        block += content
        if len(block) > _HEADER_BYTES:
            raise ProtocolError(framing.ENHANCE_YOUR_CALM, "headers without end")
        if flags & framing.END_HEADERS:
            self._block = None
            self._finish_headers(stream, first, bytes(block))

    def _finish_headers(self, stream: int, flags: int, block: bytes) -> None:
        try:
            headers = self._decoder.decode(block, raw=True)
        except (HPACKError, ValueError, IndexError) as error:
            raise ProtocolError(framing.COMPRESSION_ERROR, f"headers that HPACK can't decode: {error}") from error
        exchange = self.exchanges.get(stream)
        if exchange is not None:
            self._finish_trailers(exchange, flags, headers)  # type: ignore[arg-type]  # bytes, as asked for
            return
        if stream <= self._last:
            return  # this side has ended it; the block was read to update the HPACK tables
        self._last = stream
        head = header_blocks.read_request(headers)
        if self._is_refusing:
            raise StreamError(framing.REFUSED_STREAM)
        exchange = Exchange(stream, head, self._dispatcher, self.outbox, self.end)
        self.exchanges[stream] = exchange
        self.outbox.add(exchange)
        exchange.begin()
        if flags & framing.END_STREAM:
            exchange.complete()

    def _finish_trailers(self, exchange: Exchange, flags: int, headers: list[tuple[bytes, bytes]]) -> None:
        if exchange.is_complete:
            raise StreamError(framing.STREAM_CLOSED)
        if not flags & framing.END_STREAM or any(name.startswith(b":") for name, _ in headers):
            raise StreamError(framing.PROTOCOL_ERROR)
        exchange.complete()

    def _read_priority(self, stream: int, _flags: int, content: bytes) -> None:
        if len(content) != 5:  # noqa: PLR2004  # as above
            raise StreamError(framing.FRAME_SIZE_ERROR)
        if int.from_bytes(content[:4], "big") & framing.LARGEST_WINDOW == stream:
            raise StreamError(framing.PROTOCOL_ERROR)

    def _read_reset(self, stream: int, _flags: int, content: bytes) -> None:
        framing.read_uint31(content)
        exchange = self._find(stream)
        if exchange is not None:
            exchange.cancel()
            self.end(exchange)
            self._ended[stream] = False

    def _read_settings(self, _stream: int, flags: int, content: bytes) -> None:
        if flags & framing.ACK:
            if content:
                raise ProtocolError(framing.FRAME_SIZE_ERROR, "an acknowledgement with content")
            return
        for name, value in framing.read_settings(content):
            if name == framing.ENABLE_PUSH and value > 1:
                raise ProtocolError(framing.PROTOCOL_ERROR, f"ENABLE_PUSH {value}")
            if name == framing.INITIAL_WINDOW_SIZE:
                if value > framing.LARGEST_WINDOW:
                    raise ProtocolError(framing.FLOW_CONTROL_ERROR, f"INITIAL_WINDOW_SIZE {value}")
                self.outbox.set_initial_window(value)
            if name == framing.MAX_FRAME_SIZE:
                if not framing.DEFAULT_FRAME <= value <= framing.LARGEST_FRAME:
                    raise ProtocolError(framing.PROTOCOL_ERROR, f"MAX_FRAME_SIZE {value}")
                self.outbox.frame_size = value
        self.outbox.write(framing.frame(framing.SETTINGS, framing.ACK, 0))

    def _read_push(self, _stream: int, _flags: int, _content: bytes) -> None:
        raise ProtocolError(framing.PROTOCOL_ERROR, "a client that pushes")

    def _read_ping(self, _stream: int, flags: int, content: bytes) -> None:
        if len(content) != 8:  # noqa: PLR2004  # as RFC 9113 has it
            raise ProtocolError(framing.FRAME_SIZE_ERROR, f"PING of {len(content)} bytes")
        if not flags & framing.ACK:
            self.outbox.write(framing.frame(framing.PING, framing.ACK, 0, content))

    def _read_go_away(self, _stream: int, _flags: int, _content: bytes) -> None:
        """Do nothing: the peer opens no more streams, and closes the connection itself."""

    def _read_window(self, stream: int, _flags: int, content: bytes) -> None:
        increment = framing.read_uint31(content)
        if stream == 0:
            if not increment:
                raise ProtocolError(framing.PROTOCOL_ERROR, "WINDOW_UPDATE of 0")
            self.outbox.widen(increment)
            return
        exchange = self._find(stream)
        if exchange is None:
            return
        if not increment:
            raise StreamError(framing.PROTOCOL_ERROR)
        self.outbox.widen_stream(exchange, increment)
