"""Writes of this library to a TCP connection do not wait for acknowledgements."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime.serving.dispatcher import Dispatcher
from gfruntime.serving.handshake import ListenAddress
from gfruntime.serving.http2.connection import Connection
from gfruntime.serving.http2.listener import Listener
from gfruntime.serving.workers import channel
from gfruntime.serving.workers.channel import Channel, Offer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gfruntime.serving.methods import Application

NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.fixture
def transports(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.BaseTransport]:
    """Collect the transports of the plugin's connections."""
    own_transports: list[asyncio.BaseTransport] = []
    for kind in (Connection, Channel):
        original: Any = kind.connection_made

        def note(self: object, transport: asyncio.BaseTransport, original: Any = original) -> None:
            original(self, transport)
            own_transports.append(transport)

        monkeypatch.setattr(kind, "connection_made", note)
    return own_transports


async def _by_http2() -> None:
    application: asyncio.Future[Application] = asyncio.get_running_loop().create_future()
    listener = Listener(Dispatcher(application, on_shutdown=None))
    address = await listener.start(ListenAddress(network="tcp", value="127.0.0.1:0"))
    _, port = address.value.split(":")
    _, writer = await asyncio.open_connection("127.0.0.1", int(port))
    await asyncio.sleep(0.1)
    writer.close()
    await listener.stop()


async def _by_channel() -> None:
    offer = Offer()
    ours, theirs = Channel(lambda _: None, lambda: None), Channel(lambda _: None, lambda: None)
    theirs.attach(await asyncio.to_thread(channel.connect, offer.value))
    ours.attach(await asyncio.to_thread(offer.accept, lambda: True))
    await asyncio.sleep(0.1)
    ours.close()
    theirs.close()


@pytest.mark.parametrize(("connect", "count"), [(_by_http2, 1), (_by_channel, 2)])
def test_small_writes_go_out_at_once(
    connect: Callable[[], Awaitable[None]],
    count: int,
    transports: list[asyncio.BaseTransport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both ends of a worker's channel, which is TCP on Windows, send at once, too."""
    monkeypatch.setattr(sys, "platform", "win32")
    delays: list[int] = []

    async def scenario() -> None:
        await connect()
        delays.extend(bool(each.get_extra_info("socket").getsockopt(*NO_DELAY)) for each in transports)

    asyncio.run(scenario())

    assert delays == [True] * count
