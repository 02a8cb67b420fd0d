"""The server: listens at one address, and creates a `Connection` for each peer."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import TYPE_CHECKING

from gfruntime.serving.http2.connection import Connection

if TYPE_CHECKING:
    from ssl import SSLContext

    from gfruntime.serving.dispatcher import Dispatcher
    from gfruntime.serving.handshake import ListenAddress

_CLOSE_SECONDS = 0.1  # seconds for the remaining output


class Listener:
    """A gRPC server that listens at one address."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        """Store the dispatcher."""
        self._dispatcher = dispatcher
        self._server: asyncio.Server | None = None
        self._socket: socket.socket
        self._connections: set[Connection] = set()

    async def start(self, address: ListenAddress, context: SSLContext | None = None) -> ListenAddress:
        """Listen and serve; with a context, over TLS only; the returned address has the actual port.

        Raises: OSError if the address can't be used; ListenError if all allowed ports are in use.
        """
        mask = os.umask(0o077)  # no other user may reach the socket, not even between bind and chmod
        try:
            bound = address.listen(self._bind)
        finally:
            os.umask(mask)
        loop = asyncio.get_running_loop()
        create = loop.create_unix_server if address.network == "unix" else loop.create_server
        self._server = await create(self._connection, sock=self._socket, ssl=context)
        return bound

    def _bind(self, target: str) -> int:
        """Bind a socket for an `Address.target`, and return the port; 0 for a unix socket."""
        if sys.platform != "win32" and target.startswith("unix:"):
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.bind(target.removeprefix("unix:"))
            return 0
        host, _, port = target.rpartition(":")
        self._socket = socket.create_server((host.strip("[]"), int(port)), family=_family(host))
        return int(self._socket.getsockname()[1])

    async def stop(self) -> None:
        """Close the connections; calls in flight are lost."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.refuse()
        if any(connection.exchanges for connection in self._connections):
            await asyncio.sleep(_CLOSE_SECONDS)
        for connection in list(self._connections):
            connection.close()

    def _connection(self) -> Connection:
        return Connection(self._dispatcher, self._connections)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
