"""The certificate we make, and the relay that uses it."""

from __future__ import annotations

import asyncio
import base64
import ssl
from typing import TYPE_CHECKING

import pytest

from gfruntime.serving import certificate, tls
from gfruntime.serving.handshake import Address, private_socket

if TYPE_CHECKING:
    from pathlib import Path


def context(own: certificate.Certificate | None, trusted: str, folder: Path) -> ssl.SSLContext:
    """Make a client's TLS settings."""
    made = ssl.create_default_context(cadata=trusted)
    made.set_alpn_protocols(["h2"])
    if own is not None:
        file = folder / "client.pem"
        file.write_text(own.key_pem + own.pem, encoding="ascii")
        made.load_cert_chain(file)
    return made


def pem(text: str) -> str:
    """Turn the handshake line's certificate into PEM."""
    return ssl.DER_cert_to_PEM_cert(base64.b64decode(text + "=" * (-len(text) % 4)))


async def greet(relay: tls.Relay, address: Address, client: ssl.SSLContext) -> bytes:
    """Send a word through the relay to a server that shouts it back."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    async with await asyncio.start_unix_server(shout, relay.inner.value):
        reader, writer = await asyncio.open_unix_connection(address.value, ssl=client, server_hostname="localhost")
        writer.write(b"hello\n")
        answer = await reader.read()
        writer.close()
        await asyncio.sleep(0.1)  # both ends of the relay see the end
        return answer


def test_client_with_the_certificate_gets_through(tmp_path: Path) -> None:
    """The certificate in the line is the one served, and the client whose certificate was given reaches gRPC."""
    client = certificate.self_signed()

    async def main() -> bytes:
        outer = private_socket()
        relay = tls.Relay(outer, client.pem)
        try:
            address = await relay.start()
            assert len(relay.certificate) > 50
            assert "=" not in relay.certificate
            return await greet(relay, address, context(client, pem(relay.certificate), tmp_path))
        finally:
            outer.remove()
            relay.close()

    assert asyncio.run(main()) == b"HELLO\n"


@pytest.mark.parametrize("has_other", [True, False])
def test_other_clients_are_refused(tmp_path: Path, has_other: bool) -> None:  # noqa: FBT001  # a parameter
    """Without a certificate, or with another, no byte arrives."""
    client, other = certificate.self_signed(), certificate.self_signed()

    async def main() -> bytes:
        outer = private_socket()
        relay = tls.Relay(outer, client.pem)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        try:
            address = await relay.start()
            trusted = context(other if has_other else None, pem(relay.certificate), tmp_path)
            try:
                return await greet(relay, address, trusted)
            except (OSError, ssl.SSLError):
                return b""
        finally:
            outer.remove()
            relay.close()

    assert asyncio.run(main()) == b""


def test_loopback_addresses_are_relayed_too() -> None:
    """Where the outer address is a port, the relay names the true one."""

    async def main() -> Address:
        relay = tls.Relay(Address(network="tcp", value="127.0.0.1:0"), certificate.self_signed().pem)
        try:
            return await relay.start()
        finally:
            relay.close()

    address = asyncio.run(main())
    assert address.value.startswith("127.0.0.1:")
    assert not address.value.endswith(":0")


def test_key_never_shows() -> None:
    """The private key is in no repr."""
    own = certificate.self_signed()

    assert "KEY" not in repr(own)
