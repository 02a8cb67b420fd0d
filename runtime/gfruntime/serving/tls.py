"""Mutual TLS, for a host that asks for it by PLUGIN_CLIENT_CERT (go-plugin's AutoMTLS; Grafana doesn't today).

go-plugin's client certificate has a P-521 key, which the TLS library inside grpcio refuses. So OpenSSL, by
Python's `ssl`, ends the TLS here, and a relay carries the bytes to gRPC on a socket that only this user can reach.
Source: hashicorp/go-plugin v1.8.0, server.go (Serve) and client.go (AutoMTLS).
"""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gfruntime.serving import certificate, handshake

if TYPE_CHECKING:
    from gfruntime.serving.handshake import Address

_CHUNK = 256 * 1024


class Relay:
    """Listens where the host connects, and speaks TLS with the one client whose certificate was given."""

    def __init__(self, outer: Address, client_pem: str) -> None:
        """Make this process' certificate.

        Raises: OSError where plain bytes could not be kept from other users.
        """
        self._outer = outer
        self._server: asyncio.Server | None = None
        self.inner = handshake.private_socket()
        own = certificate.self_signed()
        self.certificate = own.text
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.set_alpn_protocols(["h2"])
        self._context.load_verify_locations(cadata=client_pem)
        self._load(own)

    async def start(self) -> Address:
        """Listen; the address returned names the true port."""
        if self._outer.network == "unix":
            mask = os.umask(0o077)
            try:
                self._server = await asyncio.start_unix_server(self._connect, self._outer.value, ssl=self._context)
            finally:
                os.umask(mask)
            return self._outer
        host, _, port = self._outer.value.rpartition(":")
        self._server = await asyncio.start_server(self._connect, host, int(port), ssl=self._context)
        return replace(self._outer, value=f"{host}:{self._server.sockets[0].getsockname()[1]}")

    def close(self) -> None:
        """Accept no more connections, and remove the inner socket."""
        if self._server is not None:
            self._server.close()
        self.inner.remove()

    def _load(self, own: certificate.Certificate) -> None:
        """Hand the certificate to OpenSSL, which reads files only."""
        assert self.inner.folder is not None  # noqa: S101  # a private socket has one
        file = Path(self.inner.folder) / "certificate"
        file.touch(mode=0o600)
        try:
            file.write_text(own.key_pem + own.pem, encoding="ascii")
            self._context.load_cert_chain(file)
        finally:
            file.unlink()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(self.inner.value)
        await asyncio.gather(_carry(reader, inner_writer), _carry(inner_reader, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until either side is gone."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass  # the other direction ends with the same connection
    finally:
        writer.close()
