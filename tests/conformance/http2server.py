"""Serves one method by the runtime's HTTP/2 transport on a loopback port; prints the port."""

from __future__ import annotations

import asyncio
import sys

from gfruntime.serving.dispatcher import Dispatcher
from gfruntime.serving.handshake import ListenAddress
from gfruntime.serving.http2.listener import Listener
from gfruntime.serving.methods import Application, Call


async def serve() -> None:
    """Serve until standard input ends."""

    async def answer(message: bytes, _call: Call) -> bytes:
        return message

    loop = asyncio.get_running_loop()
    application: asyncio.Future[Application] = loop.create_future()
    application.set_result(Application(unary={"/pluginv2.Data/QueryData": answer}))
    listener = Listener(Dispatcher(application, on_shutdown=None))
    address = await listener.start(ListenAddress(network="tcp", value="127.0.0.1:0"))
    sys.stdout.write(f"{address.value.rpartition(':')[2]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    await listener.stop()


if __name__ == "__main__":
    asyncio.run(serve())
