"""HTTP/2 as bytes: in any pieces, with any errors, and within windows; tests/conformance runs h2spec."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest
from hpack import Decoder, Encoder
from http2peer import CHUNKED, QUERY, Peer, Wire, frame_message, run
from hypothesis import given, settings
from hypothesis import strategies as st

from gfruntime.serving.dispatcher import Dispatcher
from gfruntime.serving.http2 import framing
from gfruntime.serving.http2.connection import Connection
from gfruntime.serving.http2.header_blocks import literal
from gfruntime.serving.methods import Application, Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEADERS = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", QUERY),
    (":authority", "unused"),
    ("content-type", "application/grpc"),
]
GREETING = framing.PREFACE + framing.settings()


def request(stream: int, message: bytes, encoder: Encoder) -> bytes:
    """Return a call as bytes, its headers and its body cut in pieces."""
    block, body = encoder.encode(HEADERS), frame_message(message)
    return (
        framing.frame(framing.HEADERS, 0, stream, block[:3])
        + framing.frame(framing.CONTINUATION, framing.END_HEADERS, stream, block[3:])
        + framing.frame(framing.DATA, 0, stream, body[:4])
        + framing.frame(framing.DATA, framing.END_STREAM | framing.PADDED, stream, b"\2" + body[4:] + b"\0\0")
    )


async def exchange(pieces: list[bytes]) -> tuple[bytes, bool]:
    """Feed pieces to a new connection; return what it writes, and whether it closes."""

    async def echo(message: bytes, _call: Call) -> bytes:
        return message

    application: asyncio.Future[Application] = asyncio.get_running_loop().create_future()
    application.set_result(Application(unary={QUERY: echo}))
    connection, wire = Connection(Dispatcher(application, on_shutdown=None), set()), Wire()
    connection.connection_made(wire)
    for piece in pieces:
        if wire.is_closed:
            break
        connection.data_received(piece)
    for _ in range(20):
        await asyncio.sleep(0)
    output, is_closed = bytes(wire.output), wire.is_closed
    connection.connection_lost(None)
    await asyncio.sleep(0)
    return output, is_closed


def frames_of(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Cut bytes into frames: type, flags, stream, content."""
    result = []
    while data:
        size = int.from_bytes(data[:3], "big")
        result.append((data[3], data[4], int.from_bytes(data[5:9], "big"), data[9 : 9 + size]))
        data = data[9 + size :]
    return result


@settings(deadline=None)
@given(st.lists(st.integers(1, 400), max_size=12))
def test_bytes_may_come_in_any_pieces(cuts: list[int]) -> None:
    """The answer does not depend on the pieces."""
    encoder = Encoder()
    data = GREETING + b"".join(request(stream, b"message %d" % stream, encoder) for stream in (1, 3, 5))
    places = sorted({0, *(position % len(data) for position in cuts), len(data)})
    pieces = [data[start:end] for start, end in itertools.pairwise(places)]
    assert asyncio.run(exchange(pieces)) == asyncio.run(exchange([data]))
    kinds = [kind for kind, _, stream, _ in frames_of(asyncio.run(exchange([data]))[0]) if stream]
    assert kinds == [framing.HEADERS, framing.DATA, framing.HEADERS] * 3


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 255), st.integers(0, 5), st.binary(max_size=40))))
def test_invalid_frames_end_only_their_connection(frames: list[tuple[int, int, int, bytes]]) -> None:
    """The server writes only whole frames, and sends GOAWAY before it closes a connection."""
    data = GREETING + b"".join(framing.frame(kind, flags, stream, content) for kind, flags, stream, content in frames)
    output, is_closed = asyncio.run(exchange([data]))
    answers = frames_of(output)
    assert answers[0][0] == framing.SETTINGS
    assert (answers[-1][0] == framing.GOAWAY) == is_closed


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_other_protocols_are_refused(data: bytes) -> None:
    """Bytes that do not begin like HTTP/2 get GOAWAY and are not read."""
    if framing.PREFACE.startswith(data[: len(framing.PREFACE)]):
        return
    output, is_closed = asyncio.run(exchange([data]))
    assert is_closed
    assert frames_of(output)[-1][3][4:] == framing.PROTOCOL_ERROR.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (framing.frame(framing.DATA, 0, 1, b"x"), framing.PROTOCOL_ERROR),
        (framing.frame(framing.HEADERS, framing.END_HEADERS, 2), framing.PROTOCOL_ERROR),
        (framing.frame(framing.HEADERS, framing.END_HEADERS, 1, b"\xff\xff\xff\xff\xff"), framing.COMPRESSION_ERROR),
        (framing.frame(framing.PING, 0, 0, b"1234567"), framing.FRAME_SIZE_ERROR),
        (framing.frame(framing.PING, 0, 1, b"12345678"), framing.PROTOCOL_ERROR),
        (framing.frame(framing.SETTINGS, 0, 0, b"12345"), framing.FRAME_SIZE_ERROR),
        (framing.frame(framing.SETTINGS, framing.ACK, 0, b"123456"), framing.FRAME_SIZE_ERROR),
        (framing.settings(initial_window_size=2**31), framing.FLOW_CONTROL_ERROR),
        (framing.settings(max_frame_size=2**24), framing.PROTOCOL_ERROR),
        (framing.settings(enable_push=2), framing.PROTOCOL_ERROR),
        (framing.window_update(0, 0), framing.PROTOCOL_ERROR),
        (framing.window_update(0, 2**31 - 1), framing.FLOW_CONTROL_ERROR),
        (framing.frame(framing.PUSH_PROMISE, 0, 1, b"1234"), framing.PROTOCOL_ERROR),
        (framing.frame(framing.CONTINUATION, 0, 1), framing.PROTOCOL_ERROR),
        (framing.reset(1, 0), framing.PROTOCOL_ERROR),
        (framing.head(2**14 + 1, framing.DATA, 0, 1), framing.FRAME_SIZE_ERROR),
    ],
)
def test_a_protocol_error_closes_the_connection(frames: bytes, code: int) -> None:
    """GOAWAY has the code of RFC 9113."""
    output, is_closed = asyncio.run(exchange([GREETING + frames]))
    assert is_closed
    assert frames_of(output)[-1][::3] == (framing.GOAWAY, (0).to_bytes(4, "big") + code.to_bytes(4, "big"))


def test_headers_have_a_bound() -> None:
    """The bound is 16 MiB in one block, as of Go's servers; an endless block ends the connection early."""
    block = bytes(16_000)
    rest = framing.frame(framing.CONTINUATION, 0, 1, block)
    pieces = [GREETING, framing.frame(framing.HEADERS, 0, 1, block), *[rest] * 1100]
    output, is_closed = asyncio.run(exchange(pieces))
    assert is_closed
    assert frames_of(output)[-1][3][4:] == framing.ENHANCE_YOUR_CALM.to_bytes(4, "big")


def test_frames_are_not_larger_than_the_peers_limit() -> None:
    """The limit is 16,384 bytes until the peer's settings raise it; a message is never copied into one piece."""

    async def scenario(frame_size: int) -> None:
        async def answer(_message: bytes, _call: Call) -> bytes:
            return bytes(3_000_000)

        peer = Peer(unary={QUERY: answer})
        await peer.connect(s4=2**31 - 1, s5=frame_size)
        peer.client.increment_flow_control_window(2**30)
        await peer.settle()
        stream = peer.call(QUERY)
        await peer.settle(40)
        assert len(peer.replies[stream].messages[0]) == 3_000_000
        assert frame_size / 2 < peer.wire.largest <= frame_size + 9

    for frame_size in (16_384, 100_000):
        run(lambda size=frame_size: scenario(size))  # type: ignore[misc]  # of a lambda


def test_windows_may_shrink_below_zero() -> None:
    """After the peer lowers its window, nothing is sent until it has taken the excess."""

    async def scenario() -> None:
        async def parts(_message: bytes, _call: Call) -> AsyncIterator[bytes]:
            for _ in range(4):
                yield bytes(995)

        peer = Peer(streams={CHUNKED: parts})
        peer.acknowledges = False
        await peer.connect(s4=1_500)
        stream = peer.call(CHUNKED)
        await peer.settle()
        assert len(peer.replies[stream].data) == 1_500
        peer.client.update_settings({4: 100})
        await peer.settle()
        peer.client.increment_flow_control_window(1_400, stream)
        await peer.settle()
        assert len(peer.replies[stream].data) == 1_500
        peer.client.increment_flow_control_window(600, stream)
        await peer.settle()
        assert len(peer.replies[stream].data) == 2_100

    run(scenario)


@pytest.mark.slow
def test_a_large_message_widens_the_window_as_it_comes() -> None:
    """The caller never waits for long, and the message arrives whole."""

    async def scenario() -> None:
        async def answer(message: bytes, _call: Call) -> bytes:
            return len(message).to_bytes(8, "big")

        peer = Peer(unary={QUERY: answer})
        await peer.connect()
        stream, rest = peer.call(QUERY, None), frame_message(bytes(18_000_000))
        while rest:
            size = min(16_384, len(rest), peer.client.local_flow_control_window(stream))
            assert size
            peer.client.send_data(stream, rest[:size], end_stream=size == len(rest))
            rest = rest[size:]
            peer.carry()
        await peer.settle()
        assert int.from_bytes(peer.replies[stream].messages[0], "big") == 18_000_000

    run(scenario)


@pytest.mark.parametrize("length", [0, 1, 126, 127, 128, 254, 255, 300, 16_383, 16_511, 70_000])
def test_literals_of_any_length_can_be_decoded(length: int) -> None:
    """The library's decoder reads literals of any length."""
    value = "v" * length
    headers = Decoder(max_header_list_size=1 << 20).decode(literal("grpc-message", value), raw=True)
    assert [tuple(header) for header in headers] == [(b"grpc-message", value.encode())]
