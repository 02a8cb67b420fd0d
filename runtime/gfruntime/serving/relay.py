"""TLS in front of grpcio, which refuses the P-521 key of go-plugin's client certificate.

Python's `ssl` (OpenSSL) decrypts, and forwards the bytes to gRPC through a socket that only this user can reach.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from gfruntime.serving import handshake

if TYPE_CHECKING:
    from gfruntime.serving.handshake import ListenAddress

_CHUNK = 256 * 1024


class Relay:
    """Listens for the host. gRPC listens at `inner`, which is removed with the address from `start`."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Choose the inner address.

        Raises: ListenError if other users could read the decrypted bytes.
        """
        self._context = context
        self._server: asyncio.Server | None = None
        try:
            self.inner = handshake.private_socket()
        except OSError as error:
            raise handshake.ListenError(f'mutual TLS with transport="grpcio" needs a unix socket: {error}') from None

    async def start(self, outer: ListenAddress) -> ListenAddress:
        """Listen; the returned address has the actual port."""
        address = replace(outer, folders=(*outer.folders, *self.inner.folders))
        if sys.platform != "win32" and outer.network == "unix":
            mask = os.umask(0o077)
            try:
                self._server = await asyncio.start_unix_server(self._connect, outer.value, ssl=self._context)
            finally:
                os.umask(mask)
            return address
        host, _, port = outer.value.rpartition(":")
        self._server = await asyncio.start_server(self._connect, host, int(port), ssl=self._context)
        return replace(address, value=f"{host}:{self._server.sockets[0].getsockname()[1]}")

    def close(self) -> None:
        """Stop accepting connections."""
        if self._server is not None:
            self._server.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if sys.platform == "win32":  # for mypy: on Windows `__init__` raises
            return
        try:
            inner_reader, inner_writer = await asyncio.open_unix_connection(self.inner.value)
        except OSError:  # for example too many open files: the host may try again
            writer.close()
            raise
        await asyncio.gather(_carry(reader, inner_writer), _carry(inner_reader, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forward bytes in one direction until either side is gone."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass  # the other direction ends with the same connection
    finally:
        writer.close()
