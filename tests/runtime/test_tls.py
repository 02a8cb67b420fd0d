"""Mutual TLS, which a host asks for by PLUGIN_CLIENT_CERT: the certificate and the relay."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest

from gfruntime.serving.handshake import Address, private_socket
from gfruntime.serving.tls import Certificate, Relay, self_signed

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = self_signed()


def pem(text: str) -> str:
    """Turn the handshake line's certificate into PEM."""
    assert "=" not in text
    return ssl.DER_cert_to_PEM_cert(base64.b64decode(text + "=" * (-len(text) % 4)))


def trusting(server_pem: str, own: Certificate | None, folder: Path) -> ssl.SSLContext:
    """Make a client's TLS settings."""
    context = ssl.create_default_context(cadata=server_pem)
    context.set_alpn_protocols(["h2"])
    if own is not None:
        file = folder / "client.pem"
        file.write_text(own.key_pem + own.pem, encoding="ascii")
        context.load_cert_chain(file)
    return context


async def greet(own: Certificate | None, folder: Path) -> bytes:
    """Send a word, as a client with this certificate, through a relay to a server that shouts it back."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    outer = private_socket()
    relay = Relay(outer, CLIENT.pem)
    try:
        address = await relay.start()
        async with await asyncio.start_unix_server(shout, relay.inner.value):
            trust = trusting(pem(relay.certificate), own, folder)
            reader, writer = await asyncio.open_unix_connection(address.value, ssl=trust, server_hostname="localhost")
            writer.write(b"hello\n")
            answer = await reader.read()
            writer.close()
            await asyncio.sleep(0.1)  # both ends of the relay see the end
            return answer
    finally:
        outer.remove()
        relay.close()


def test_client_with_the_certificate_gets_through(tmp_path: Path) -> None:
    """The certificate in the line is the one served, and the client whose certificate was given reaches gRPC."""
    assert asyncio.run(greet(CLIENT, tmp_path)) == b"HELLO\n"


@pytest.mark.parametrize("other", [self_signed(), None], ids=["another certificate", "none"])
def test_other_clients_are_refused(tmp_path: Path, other: Certificate | None) -> None:
    """Without a certificate, or with another, no byte arrives."""
    answer = b""
    with contextlib.suppress(OSError):  # where the client hears of it before it reads; ssl.SSLError is one
        answer = asyncio.run(greet(other, tmp_path))

    assert answer == b""


def test_loopback_addresses_are_relayed_too() -> None:
    """Where the outer address is a port, the relay names the true one."""

    async def main() -> Address:
        relay = Relay(Address(network="tcp", value="127.0.0.1:0"), CLIENT.pem)
        try:
            return await relay.start()
        finally:
            relay.close()

    address = asyncio.run(main())
    assert address.value.startswith("127.0.0.1:")
    assert not address.value.endswith(":0")


def test_key_never_shows() -> None:
    """The private key is in no repr."""
    assert "KEY" not in repr(CLIENT)
