"""The smallest plugin on grpcio: it reads nothing and answers nothing. gfplug can't save the time that it takes."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

if "grafana_plugin_type" not in os.environ:  # a start without Grafana, which every plugin refuses
    sys.exit(1)

import grpc
import grpc.aio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def serve() -> None:
    """Answer QueryData until the host ends the plugin."""
    over = asyncio.Event()

    async def empty(_request: bytes, _context: object) -> bytes:
        return b""

    async def shutdown(_request: bytes, _context: object) -> bytes:
        over.set()
        return b""

    server = grpc.aio.server()
    for service, method, handler in (
        ("pluginv2.Data", "QueryData", empty),
        ("plugin.GRPCController", "Shutdown", shutdown),
    ):
        server.add_generic_rpc_handlers((_handlers(service, method, handler),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"1|2|tcp|127.0.0.1:{port}|grpc\n")
    sys.stdout.flush()
    await over.wait()
    await server.stop(0.1)


def _handlers(
    service: str, method: str, handler: Callable[[bytes, object], Awaitable[bytes]]
) -> grpc.GenericRpcHandler:
    answer: Any = handler  # grpcio's types do not allow coroutines here
    return grpc.method_handlers_generic_handler(service, {method: grpc.unary_unary_rpc_method_handler(answer)})


if __name__ == "__main__":
    asyncio.run(serve())
