"""The Stream service: subscribing, publishing, and packets from generators of both kinds."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from calls import Plain, Services
from children import context
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped,unused-ignore]  # no types
from pluginv2 import backend_pb2 as pb
from processes import eventually

from gfruntime import DataOnly, DownstreamError, Frame, StreamRequest, StreamResponse
from gfruntime.serving.methods import Call, CallError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

closure = threading.Event()


class Sync(Plain):
    """Streams from threads."""

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        match request.path:
            case "frame":
                return StreamResponse.ok(Frame.of(v=[1.5]))
            case "json":
                return StreamResponse.ok({"asked": request.json(), "user": request.http_headers.get("X-Grafana-Id")})
            case "secret":
                return StreamResponse.denied()
            case "broken":
                raise DownstreamError("the broker is away")
            case "odd":
                return True  # type: ignore[return-value]  # the mistake to test
        return StreamResponse.not_found()

    def publish_stream(self, request: StreamRequest) -> StreamResponse:
        return StreamResponse.ok(request.json())

    def run_stream(self, request: StreamRequest) -> Iterator[object]:
        if request.path == "text":
            return "text"  # type: ignore[return-value]  # an iterator of letters, each a JSON text
        return self.packets(request)

    def packets(self, request: StreamRequest) -> Iterator[object]:
        match request.path:
            case "three":
                yield {"n": float("nan")}
                yield b'{"raw": [1]}'
                yield DataOnly(frame=Frame.of(v=[1.5, None]))
                return
            case "bad":
                yield b"{nan"
        try:
            for number in range(1_000_000):
                yield number
                if request.path == "slow":
                    request.cancel.wait(60)
        finally:
            closure.set()


class Async(Sync):
    """Streams from the loop."""

    async def subscribe_stream(self, request: StreamRequest) -> StreamResponse:  # type: ignore[override]  # async
        return super().subscribe_stream(request)

    async def run_stream(self, request: StreamRequest) -> AsyncIterator[object]:  # type: ignore[override]
        try:
            async with asyncio.timeout(30):  # the timeout spans the yields, which only works within one task
                for packet in self.packets(request):
                    yield packet
                    await asyncio.sleep(60 if request.path == "slow" else 0)
        finally:
            closure.set()


class RunOnly(Plain):
    """Has channels, but no method that decides about subscriptions."""

    def run_stream(self, request: StreamRequest) -> Iterator[object]:
        yield request.path


@pytest.fixture(params=[Sync, Async])
def services(request: pytest.FixtureRequest) -> Services:
    """Return the services of each kind."""
    closure.clear()
    return Services(request.param)


def subscribe(services: Services, path: str, **parts: Any) -> pb.SubscribeStreamResponse:
    """Subscribe to a channel."""
    request = pb.SubscribeStreamRequest(pluginContext=context(), path=path, **parts)
    return services.unary("Stream/SubscribeStream", request, pb.SubscribeStreamResponse)


def packets(services: Services, path: str, *, count: int = 0) -> list[bytes]:
    """Read a channel's packets."""
    request = pb.RunStreamRequest(pluginContext=context(), path=path)
    return [packet.data for packet in services.stream("Stream/RunStream", request, pb.StreamPacket, count=count)]


@pytest.mark.shows("protocol 68")
@pytest.mark.parametrize(("path", "status"), [("json", 0), ("nowhere", 1), ("secret", 2)])
def test_the_answers_to_a_subscription_have_grafanas_numbers(services: Services, path: str, status: int) -> None:
    """OK, not found and permission denied have the numbers 0, 1 and 2 (item 68)."""
    assert subscribe(services, path).status == status


@pytest.mark.shows("frames 32")
def test_a_subscriber_gets_the_first_data(services: Services) -> None:
    """A frame arrives as frame JSON, anything else as JSON; a refusal has no data (item 68)."""
    answer = subscribe(services, "json", data=b'{"table": "a"}', headers={"http_x-grafana-id": "jwt"})

    assert json.loads(answer.data) == {"asked": {"table": "a"}, "user": "jwt"}
    assert json.loads(subscribe(services, "frame").data)["data"] == {"values": [[1.5]]}
    assert subscribe(services, "secret").data == b""


@pytest.mark.shows("protocol 57")
@pytest.mark.parametrize(("path", "text"), [("broken", "the broker is away"), ("odd", "expected a StreamResponse")])
def test_failed_subscribing_is_a_failed_call(services: Services, path: str, text: str) -> None:
    """An exception ends the call with its message."""
    with pytest.raises(CallError, match=text):
        subscribe(services, path)


@pytest.mark.shows("protocol 60")
def test_downstream_failures_have_their_source_in_the_details(services: Services) -> None:
    """A failed call that is marked downstream has google.rpc.ErrorInfo with the error source (item 60)."""
    with pytest.raises(CallError) as failure:
        subscribe(services, "broken")
    status = status_pb2.Status.FromString(failure.value.details)
    info = error_details_pb2.ErrorInfo()

    assert (failure.value.code, status.code, status.message) == ("UNKNOWN", 2, "the broker is away")
    assert status.details[0].Unpack(info)
    assert dict(info.metadata) == {"errorSource": "downstream"}


def test_unmarked_failures_have_no_details(services: Services) -> None:
    """An error in the author's code has no details, so Grafana attributes it to the plugin."""
    with pytest.raises(CallError) as failure:
        subscribe(services, "odd")

    assert failure.value.details == b""


def test_publishing_returns_the_data_to_broadcast(services: Services) -> None:
    """Subscribers get the return value of the handler."""
    request = pb.PublishStreamRequest(pluginContext=context(), path="p", data=b'{"a":[1]}')
    answer = services.unary("Stream/PublishStream", request, pb.PublishStreamResponse)

    assert (answer.status, json.loads(answer.data)) == (0, {"a": [1]})


@pytest.mark.shows("protocol 69", "frames 32")
def test_packets_are_json(services: Services) -> None:
    """Values, checked bytes and a frame's data alone are JSON; NaN is null, never a bare token (item 69)."""
    assert [json.loads(packet, parse_constant=pytest.fail) for packet in packets(services, "three")] == [
        {"n": None},
        {"raw": [1]},
        {"data": {"values": [[1.5, None]]}},
    ]


@pytest.mark.shows("protocol 69")
def test_packets_that_are_not_json_end_the_stream(services: Services) -> None:
    """Grafana drops a stream with a malformed packet, so the call ends with the error (item 69)."""
    with pytest.raises(CallError, match="a packet of bytes must be JSON"):
        packets(services, "bad")


def test_reader_that_leaves_closes_the_generator(services: Services) -> None:
    """When the reader has left, `finally` in the author's generator runs at once (item 70)."""
    assert len(packets(services, "endless", count=40)) == 40
    assert closure.wait(1)


@pytest.mark.shows("protocol 70")
def test_cancel_reaches_a_waiting_generator(services: Services) -> None:
    """A generator that waits for its next packet wakes up by `request.cancel` or by cancellation (item 70)."""
    began = time.monotonic()

    assert packets(services, "slow", count=1) == [b"0"]
    assert closure.wait(1)
    assert time.monotonic() - began < 2


def test_a_stream_runs_ahead_of_its_reader_by_a_bounded_number_of_packets() -> None:
    """A generator produces at most 16 unread packets."""
    numbers = []

    class Eager(RunOnly):
        def run_stream(self, request: StreamRequest) -> Iterator[object]:
            for number in range(1000):
                numbers.append(number)
                yield number

    services = Services(Eager)
    handler = services.application.streams["/pluginv2.Stream/RunStream"]

    async def read_one() -> None:
        stream: Any = handler(pb.RunStreamRequest(pluginContext=context()).SerializeToString(), Call())
        await anext(stream)
        await asyncio.sleep(0.3)
        await stream.aclose()

    asyncio.run(read_one())

    assert len(numbers) <= 16 + 3


@pytest.mark.shows("protocol 71")
def test_fifty_streams_leave_no_threads() -> None:
    """Each sync stream has its own thread, which ends with it (item 71)."""
    services = Services(Sync)
    handler = services.application.streams["/pluginv2.Stream/RunStream"]
    before = threading.active_count()

    async def main() -> int:
        request = pb.RunStreamRequest(pluginContext=context(), path="slow").SerializeToString()
        streams: list[Any] = [handler(request, Call()) for _ in range(50)]
        await asyncio.gather(*(anext(stream) for stream in streams))
        running = threading.active_count()
        await asyncio.gather(*(stream.aclose() for stream in streams))
        return running

    assert asyncio.run(main()) >= before + 50
    eventually(lambda: threading.active_count() < before + 10, within_s=2)


def test_channels_without_rules_are_open_to_readers_only() -> None:
    """With run_stream alone every user may subscribe, and nobody may publish."""
    services = Services(RunOnly)
    answer = services.unary(
        "Stream/PublishStream", pb.PublishStreamRequest(pluginContext=context()), pb.PublishStreamResponse
    )

    assert subscribe(services, "x").status == 0
    assert answer.status == 2
    assert packets(services, "x") == [b'"x"']
