"""Bytes that are almost HTTP/2, in any pieces: a connection answers, refuses or ends, and never breaks."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import hpack
from hypothesis import given
from hypothesis import strategies as st
from mutations import changed_bytes

from gfruntime.serving.dispatcher import Dispatcher
from gfruntime.serving.http2 import framing
from gfruntime.serving.http2.connection import Connection
from gfruntime.serving.methods import Application, Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

QUERY, CHUNKED = "/pluginv2.Data/QueryData", "/pluginv2.Data/QueryChunkedData"
MOST_WRITTEN = 8 << 20  # bytes: no small input may cause a large output


class Wire(asyncio.WriteTransport):
    """Counts the bytes that the server writes."""

    def __init__(self) -> None:
        """Start with no bytes."""
        super().__init__()
        self.size = 0
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Count the bytes."""
        assert not self.is_closed
        self.size += len(data)

    def writelines(self, pieces: Iterable[bytes | bytearray | memoryview]) -> None:
        """Count the bytes of all pieces."""
        for piece in pieces:
            self.write(piece)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Ignore the limits."""

    def close(self) -> None:
        """Note that the connection is closed."""
        self.is_closed = True


class ErrorRecorder(logging.Handler):
    """Keeps the messages that are logged as errors."""

    def __init__(self) -> None:
        """Start without messages."""
        super().__init__(logging.ERROR)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Store the message."""
        self.errors.append(record.getMessage())


def conversation() -> bytes:
    """Return the bytes of a client: settings, three calls of which one is cancelled, windows, a ping, the end."""
    encoder = hpack.Encoder()
    parts = [framing.PREFACE, framing.settings(initial_window_size=70_000), framing.window_update(0, 1 << 20)]
    for stream, path in ((1, QUERY), (3, CHUNKED), (5, QUERY)):
        block = encoder.encode([
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"), ("grpc-timeout", "5S"), ("x-own", f"{stream}"),
        ])  # fmt: skip
        first, rest = block[:9], block[9:]
        parts.append(framing.frame(framing.HEADERS, 0, stream, first))
        parts.append(framing.frame(framing.CONTINUATION, framing.END_HEADERS, stream, rest))
        message = b"\0\0\0\0\x05hello"
        parts.append(framing.frame(framing.DATA, framing.END_STREAM, stream, message))
        parts.append(framing.window_update(stream, 10_000))
    parts += [framing.reset(5, 8), framing.frame(framing.PING, 0, 0, b"12345678"), framing.go_away(5, 0)]
    return b"".join(parts)


async def query(message: bytes, _call: Call) -> bytes:
    """Answer with the message, repeated."""
    await asyncio.sleep(0)
    return message * 1000


async def chunked(message: bytes, _call: Call) -> AsyncIterator[bytes]:
    """Return the message in parts."""
    for _ in range(5):
        await asyncio.sleep(0)
        yield message * 1000


async def talk(content: bytes, size: int) -> tuple[Wire, Connection]:
    """Send bytes in pieces of a size, then leave."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    failures: list[object] = []
    application = loop.create_future()
    application.set_result(Application(unary={QUERY: query}, streams={CHUNKED: chunked}))
    connection = Connection(Dispatcher(application, on_shutdown=None), set())
    wire = Wire()
    connection.connection_made(wire)
    for start in range(0, len(content), size):
        connection.data_received(content[start : start + size])
        await asyncio.sleep(0)
        if wire.is_closed:
            break
    for _ in range(20):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert failures == []
    return wire, connection


@given(changed_bytes(conversation()), st.sampled_from([1, 7, 100, 1 << 16]))
def test_bytes_that_are_nearly_http2_do_no_harm(content: bytes, size: int) -> None:
    """No error of the runtime is logged, little is written, and no call is left when the peer has left."""
    recorder = ErrorRecorder()
    logging.getLogger("gfruntime").addHandler(recorder)
    try:
        wire, connection = asyncio.run(talk(content, size))
    finally:
        logging.getLogger("gfruntime").removeHandler(recorder)

    assert recorder.errors == []
    assert wire.size < MOST_WRITTEN
    assert connection.exchanges == {}


@given(st.binary(max_size=2000), st.sampled_from([1, 50, 5000]))
def test_any_bytes_behind_the_preface_do_no_harm(content: bytes, size: int) -> None:
    """Frames may be of any kind and length, on any stream."""
    wire, connection = asyncio.run(talk(framing.PREFACE + framing.settings() + content, size))

    assert wire.size < MOST_WRITTEN
    assert connection.exchanges == {}


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 255), st.integers(0, 7), st.binary(max_size=40)), max_size=12)
)
def test_frames_in_any_order_do_no_harm(frames: list[tuple[int, int, int, bytes]]) -> None:
    """The frames are valid, but in an order that no client sends."""
    content = b"".join(framing.frame(kind, flags, stream, payload) for kind, flags, stream, payload in frames)
    wire, connection = asyncio.run(talk(conversation()[: -17 * 2] + content, 1 << 16))

    assert wire.size < MOST_WRITTEN
    assert connection.exchanges == {}
