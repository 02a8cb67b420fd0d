"""An HTTP/2 client from the `h2` library, joined to a server connection of the runtime without a socket."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

from gfruntime.serving.dispatcher import Dispatcher
from gfruntime.serving.http2.connection import Connection
from gfruntime.serving.methods import Application

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from gfruntime.serving.methods import Stream, Unary

QUERY, CHUNKED, HEALTH = (
    "/pluginv2.Data/QueryData",
    "/pluginv2.Data/QueryChunkedData",
    "/pluginv2.Diagnostics/CheckHealth",
)
RUN = "/pluginv2.Stream/RunStream"


class Wire(asyncio.WriteTransport):
    """The transport that the server writes to."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.output = bytearray()
        self.largest = 0
        self.is_closed = False

    def write(self, data: Any) -> None:
        """Store the data."""
        assert not self.is_closed
        self.output += data
        self.largest = max(self.largest, len(data))

    def writelines(self, pieces: Iterable[Any]) -> None:
        """Store the pieces."""
        for piece in pieces:
            self.write(piece)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Ignore the limits."""

    def close(self) -> None:
        """Note that the connection is closed."""
        self.is_closed = True


@dataclass
class Reply:
    """The data received for one stream."""

    headers: dict[str, str] = field(default_factory=dict)
    data: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    reset: int | None = None
    is_over: bool = False

    @property
    def messages(self) -> list[bytes]:
        """The gRPC messages in the data."""
        messages, rest = [], self.data
        while rest:
            assert rest[0] == 0
            size = int.from_bytes(rest[1:5], "big")
            messages.append(rest[5 : 5 + size])
            assert len(messages[-1]) == size
            rest = rest[5 + size :]
        return messages

    @property
    def status(self) -> str:
        """The status, from the trailers or from headers that end the call."""
        return self.trailers.get("grpc-status") or self.headers.get("grpc-status", "")


class Peer:
    """A client and its server, in one task; `settle` lets both send all that they have."""

    def __init__(
        self, *, unary: Mapping[str, Unary] | None = None, streams: Mapping[str, Stream] | None = None
    ) -> None:
        """Serve these handlers."""
        application: asyncio.Future[Application] = asyncio.get_running_loop().create_future()
        application.set_result(Application(unary=unary or {}, streams=streams or {}))
        self.shutdowns = 0
        self.dispatcher = Dispatcher(application, on_shutdown=self._shutdown)
        self.connections: set[Connection] = set()
        self.server = Connection(self.dispatcher, self.connections)
        self.wire = Wire()
        self.client = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.replies: dict[int, Reply] = defaultdict(Reply)
        self.events: list[Event] = []
        self.terminated: int | None = None
        self.acknowledges = True

    async def _shutdown(self) -> None:
        self.shutdowns += 1

    async def connect(self, **settings: int) -> None:
        """Exchange prefaces and settings."""
        self.server.connection_made(self.wire)
        self.client.initiate_connection()
        if settings:
            self.client.update_settings({int(name.removeprefix("s")): value for name, value in settings.items()})
        await self.settle()

    async def settle(self, rounds: int = 6) -> None:
        """Pass bytes both ways, and let the tasks run, until neither side has more to send."""
        for _ in range(rounds):
            self.carry()
            for _ in range(4):
                await asyncio.sleep(0)

    def carry(self) -> None:
        """Pass bytes both ways once."""
        if outgoing := self.client.data_to_send():
            self.server.data_received(outgoing)
        incoming, self.wire.output = bytes(self.wire.output), bytearray()
        if incoming and self.terminated is None:
            for event in self.client.receive_data(incoming):
                self._note(event)

    def call(
        self, path: str, message: bytes | None = b"", *, metadata: Iterable[tuple[str, str]] = (), ends: bool = True
    ) -> int:
        """Start a call; without a message the body stays open."""
        stream = self.client.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "unused"),
            ("content-type", "application/grpc"),
            ("user-agent", "grpc-go/1.75.0"),
            ("te", "trailers"),
            *metadata,
        ]
        self.client.send_headers(stream, headers)
        if message is not None:
            self.send(stream, frame_message(message), ends=ends)
        return stream

    def send(self, stream: int, body: bytes, *, ends: bool) -> None:
        """Send a part of a body, in frames."""
        for start in range(0, len(body) or 1, 16_384):
            is_last = start + 16_384 >= len(body)
            self.client.send_data(stream, body[start : start + 16_384], end_stream=ends and is_last)

    def _note(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, ConnectionTerminated):
            self.terminated = int(event.error_code or 0)
            return
        if isinstance(event, (ResponseReceived, InformationalResponseReceived)):
            self.replies[event.stream_id].headers = dict(event.headers)  # type: ignore[arg-type]
        elif isinstance(event, DataReceived):
            self.replies[event.stream_id].data += event.data
            if self.acknowledges and event.flow_controlled_length:
                self.client.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, TrailersReceived):
            self.replies[event.stream_id].trailers = dict(event.headers)  # type: ignore[arg-type]
        elif isinstance(event, StreamReset):
            self.replies[event.stream_id].reset = int(event.error_code)
            self.replies[event.stream_id].is_over = True
        elif isinstance(event, StreamEnded):
            self.replies[event.stream_id].is_over = True


def frame_message(message: bytes) -> bytes:
    """Return a message as gRPC frames it."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario on its own loop, for a few seconds at most."""

    async def run_bounded() -> None:
        await asyncio.wait_for(scenario(), 20)

    asyncio.run(run_bounded())
