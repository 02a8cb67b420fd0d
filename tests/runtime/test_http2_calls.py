"""gRPC calls over HTTP/2, made by a client of the `h2` library."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import TYPE_CHECKING

import pytest
from http2peer import CHUNKED, HEALTH, QUERY, RUN, Peer, frame_message, run

from gfruntime.serving.methods import Call, CallError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def test_a_call_is_answered_with_headers_a_message_and_trailers() -> None:
    """As in grpc-go, the answer has status 200, content type, one message and grpc-status."""

    async def scenario() -> None:
        async def answer(message: bytes, _call: Call) -> bytes:
            return message[::-1]

        peer = Peer(unary={QUERY: answer})
        await peer.connect()
        streams = [peer.call(QUERY, b"abc"), peer.call(QUERY, b""), peer.call(QUERY, b"x" * 100_000)]
        await peer.settle(20)
        replies = [peer.replies[stream] for stream in streams]
        assert [reply.messages for reply in replies] == [[b"cba"], [b""], [b"x" * 100_000]]
        assert all(reply.headers == {":status": "200", "content-type": "application/grpc"} for reply in replies)
        assert all(reply.trailers == {"grpc-status": "0"} and reply.is_over for reply in replies)
        assert peer.server.exchanges == {}

    run(scenario)


@pytest.mark.slow
def test_metadata_and_deadline_reach_the_handler() -> None:
    """Repeated keys keep their order, `-bin` values are decoded, gRPC's keys are not metadata."""

    async def scenario() -> None:
        calls: list[Call] = []

        async def answer(_message: bytes, call: Call) -> bytes:
            calls.append(call)
            return b""

        peer = Peer(unary={QUERY: answer})
        await peer.connect()
        raw = bytes(range(256))
        peer.call(
            QUERY,
            metadata=[
                ("x-grafana-user", "ada"),
                ("accept", "a"),
                ("accept", "b"),
                ("x-raw-bin", base64.b64encode(raw).decode().rstrip("=")),
                ("grpc-timeout", "1500m"),
                ("grpc-accept-encoding", "gzip"),
                ("cookie", "c" * 70_000),
            ],
        )
        before = time.monotonic()
        await peer.settle()
        (call,) = calls
        assert dict(call.metadata) == {
            "user-agent": ["grpc-go/1.75.0"],
            "x-grafana-user": ["ada"],
            "accept": ["a", "b"],
            "x-raw-bin": [raw.decode("latin-1")],
            "cookie": ["c" * 70_000],
        }
        assert call.deadline is not None
        assert 0 < call.deadline - before < 1.6

    run(scenario)


def test_errors_become_statuses() -> None:
    """Statuses have the error's text, with any characters, and google.rpc.Status in a trailer."""

    async def scenario() -> None:
        async def fail(_message: bytes, _call: Call) -> bytes:
            raise CallError("100 % of käse\n", code="RESOURCE_EXHAUSTED", details=b"\x08\x0d\xff")

        async def break_(_message: bytes, _call: Call) -> bytes:
            raise ValueError("a secret")

        peer = Peer(unary={QUERY: fail, HEALTH: break_})
        await peer.connect()
        call_error, other_error = peer.call(QUERY), peer.call(HEALTH)
        missing, unknown = peer.call(RUN), peer.call("/no.Such/Method")
        await peer.settle()
        assert peer.replies[call_error].headers == {
            ":status": "200",
            "content-type": "application/grpc",
            "grpc-status": "8",
            "grpc-message": "100 %25 of k%C3%A4se%0A",
            "grpc-status-details-bin": base64.b64encode(b"\x08\x0d\xff").decode().rstrip("="),
        }
        assert peer.replies[other_error].headers["grpc-message"] == "the plugin failed: ValueError"
        assert [peer.replies[stream].status for stream in (other_error, missing, unknown)] == ["2", "12", "12"]
        assert all(peer.replies[stream].is_over for stream in (call_error, other_error, missing, unknown))

    run(scenario)


def test_parts_come_in_order_and_an_error_ends_them() -> None:
    """The parts before an error arrive, and its status is in the trailers."""

    async def scenario() -> None:
        async def parts(message: bytes, _call: Call) -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"%d" % number
            if message:
                raise CallError("no more", code="ABORTED")

        peer = Peer(streams={CHUNKED: parts})
        await peer.connect()
        whole, partial = peer.call(CHUNKED), peer.call(CHUNKED, b"x")
        await peer.settle()
        assert peer.replies[whole].messages == peer.replies[partial].messages == [b"0", b"1", b"2"]
        assert (peer.replies[whole].status, peer.replies[partial].status) == ("0", "10")

    run(scenario)


def test_a_stream_waits_for_its_reader() -> None:
    """While the reader does not read, the handler produces no more than the window holds."""

    async def scenario() -> None:
        count = 0

        async def parts(_message: bytes, _call: Call) -> AsyncIterator[bytes]:
            nonlocal count
            for _ in range(50):
                count += 1
                yield bytes(10_000)

        peer = Peer(streams={CHUNKED: parts})
        peer.acknowledges = False
        await peer.connect()
        stream = peer.call(CHUNKED)
        await peer.settle(20)
        assert 5 <= count <= 8  # 65,535 bytes
        assert len(peer.replies[stream].data) == 65_535
        peer.acknowledges = True
        peer.client.acknowledge_received_data(65_535, stream)
        await peer.settle(60)
        assert len(peer.replies[stream].messages) == count == 50

    run(scenario)


def test_a_small_answer_overtakes_a_large_one() -> None:
    """A small answer does not wait for an answer that waits for its window."""

    async def scenario() -> None:
        async def answer(message: bytes, _call: Call) -> bytes:
            return bytes(int(message))

        peer = Peer(unary={QUERY: answer})
        peer.acknowledges = False
        await peer.connect(s4=10_000)  # bytes of a stream's window
        large, small = peer.call(QUERY, b"1000000"), peer.call(QUERY, b"100")
        await peer.settle()
        assert peer.replies[small].is_over
        assert not peer.replies[large].is_over
        assert len(peer.replies[large].data) == 10_000

    run(scenario)


def test_a_call_reset_by_its_caller_is_cancelled() -> None:
    """Its handler is cancelled, and nothing more is sent; the same happens if the connection is lost."""

    async def scenario() -> None:
        ends: list[str] = []

        async def answer(message: bytes, call: Call) -> bytes:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                ends.append(f"{message.decode()} {call.cancel.is_set()}")
                raise
            return b""

        peer = Peer(unary={QUERY: answer})
        await peer.connect()
        first, second = peer.call(QUERY, b"first"), peer.call(QUERY, b"second")
        await peer.settle()
        peer.client.reset_stream(first, 8)
        await peer.settle()
        assert ends == ["first True"]
        assert not peer.replies[first].headers
        assert peer.connections == {peer.server}
        peer.server.connection_lost(None)
        await asyncio.sleep(0.01)
        assert ends == ["first True", "second True"]
        assert peer.connections == set()
        assert not peer.replies[second].headers

    run(scenario)


def test_a_deadline_ends_a_call() -> None:
    """The handler is cancelled, and the caller gets the status."""

    async def scenario() -> None:
        calls: list[Call] = []

        async def answer(_message: bytes, call: Call) -> bytes:
            try:
                await asyncio.sleep(30)
            finally:
                calls.append(call)
            return b""

        peer = Peer(unary={QUERY: answer})
        await peer.connect()
        stream = peer.call(QUERY, metadata=[("grpc-timeout", "20m")])
        await peer.settle()
        await asyncio.sleep(0.1)
        await peer.settle()
        assert peer.replies[stream].status == "4"
        assert peer.replies[stream].is_over
        assert [call.cancel.is_set() for call in calls] == [True]

    run(scenario)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "13"),
        (b"\0\0\0", "13"),
        (frame_message(b"abc")[:-1], "13"),
        (frame_message(b"abc") + frame_message(b"def"), "13"),
        (b"\1" + frame_message(b"abc")[1:], "12"),
    ],
)
def test_a_body_that_is_not_one_uncompressed_message_is_refused(body: bytes, status: str) -> None:
    """The body has no message, a part of one, two messages, or a compressed one."""

    async def scenario() -> None:
        async def answer(_message: bytes, _call: Call) -> bytes:
            raise AssertionError

        peer = Peer(unary={QUERY: answer})
        await peer.connect()
        stream = peer.call(QUERY, None)
        peer.send(stream, body, ends=True)
        await peer.settle()
        assert (peer.replies[stream].status, peer.replies[stream].is_over) == (status, True)

    run(scenario)


def test_a_request_that_is_not_grpc_gets_an_http_status() -> None:
    """The status is 415 with a text, as of gRPC's servers."""

    async def scenario() -> None:
        peer = Peer()
        await peer.connect()
        stream = peer.client.get_next_available_stream_id()
        headers = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "unused")]
        peer.client.send_headers(stream, headers, end_stream=True)
        await peer.settle()
        assert peer.replies[stream].headers[":status"] == "415"
        assert peer.replies[stream].data == b"This server speaks gRPC.\n"
        assert peer.replies[stream].is_over

    run(scenario)


def test_the_services_of_go_plugin_answer() -> None:
    """The services are health, two streams that stay open until the end, and Shutdown, which is awaited."""

    async def scenario() -> None:
        peer = Peer()
        await peer.connect()
        health = peer.call("/grpc.health.v1.Health/Check", b"\x0a\x06plugin")
        other = peer.call("/grpc.health.v1.Health/Check", b"\x0a\x05other")
        stdio = peer.call("/plugin.GRPCStdio/StreamStdio")
        broker = peer.call("/plugin.GRPCBroker/StartStream", None)
        await peer.settle()
        assert peer.replies[health].messages == [b"\x08\x01"]
        assert peer.replies[other].status == "5"
        assert not peer.replies[stdio].is_over
        assert not peer.replies[broker].is_over
        shutdown = peer.call("/plugin.GRPCController/Shutdown")
        await peer.settle()
        assert (peer.replies[shutdown].status, peer.shutdowns) == ("0", 1)
        await peer.dispatcher.drain(0.1)
        await peer.settle()
        assert [peer.replies[stream].status for stream in (stdio, broker)] == ["0", "0"]
        late = peer.call(QUERY)
        await peer.settle()
        assert peer.replies[late].status == "14"

    run(scenario)


def test_shutdown_ends_endless_streams() -> None:
    """The reader gets a status, and the handler is cancelled."""

    async def scenario() -> None:
        async def endless(_message: bytes, _call: Call) -> AsyncIterator[bytes]:
            yield b"1"
            await asyncio.sleep(30)

        peer = Peer(streams={RUN: endless})
        await peer.connect()
        stream = peer.call(RUN)
        await peer.settle()
        await peer.dispatcher.drain(0.1)
        await peer.settle()
        assert peer.replies[stream].messages == [b"1"]
        assert (peer.replies[stream].status, peer.replies[stream].is_over) == ("14", True)

    run(scenario)
