"""Mutual TLS, for a host that asks for it by PLUGIN_CLIENT_CERT (go-plugin's AutoMTLS; Grafana doesn't today).

Needs the package `cryptography`, which makes this process' certificate: Python's `ssl` can only use one.
go-plugin's client certificate has a P-521 key, which the TLS library inside grpcio refuses. So OpenSSL, by
Python's `ssl`, ends the TLS here, and a relay carries the bytes to gRPC on a socket that only this user can reach.
Source: hashicorp/go-plugin v1.8.0, mtls.go (generateCert), server.go (Serve) and client.go (AutoMTLS).
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import os
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gfruntime.serving import handshake

if TYPE_CHECKING:
    from gfruntime.serving.handshake import Address

_CHUNK = 256 * 1024
_LIFETIME = dt.timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and its private key, both in PEM; the key never shows in a repr."""

    pem: str
    key_pem: str = field(repr=False)

    @property
    def line(self) -> str:
        """The certificate as the handshake line has it: DER in base64 without padding."""
        return base64.b64encode(ssl.PEM_cert_to_DER_cert(self.pem)).decode().rstrip("=")


def self_signed(host: str = "localhost") -> Certificate:
    """Make a certificate for a host name that is its own authority, for servers and clients."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.timezone.utc)  # noqa: UP017  # the same on Python 3.10
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(seconds=30))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Certificate(
        pem=certificate.public_bytes(serialization.Encoding.PEM).decode(), key_pem=key.private_bytes(*form).decode()
    )


class Relay:
    """Listens where the host connects, and speaks TLS with the one client whose certificate was given."""

    def __init__(self, outer: Address, client_pem: str) -> None:
        """Make this process' certificate.

        Raises: OSError where plain bytes could not be kept from other users.
        """
        self._outer = outer
        self._server: asyncio.Server | None = None
        self.inner = handshake.private_socket()
        own = self_signed()
        self.certificate = own.line
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

    def _load(self, own: Certificate) -> None:
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
        try:
            inner_reader, inner_writer = await asyncio.open_unix_connection(self.inner.value)
        except OSError:  # too many open files, say: the host may try again
            writer.close()
            raise
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
