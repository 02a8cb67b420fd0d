"""Mutual TLS, for a host that requests it with PLUGIN_CLIENT_CERT (go-plugin's AutoMTLS; Grafana doesn't today).

Needs the package `cryptography` to create this process's certificate: Python's `ssl` can use certificates, but not
create them.
Source: hashicorp/go-plugin v1.8.0, mtls.go (generateCert), server.go (Serve) and client.go (AutoMTLS).
"""

from __future__ import annotations

import base64
import datetime as dt
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = dt.timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and its private key, both in PEM; the key never shows in a repr."""

    pem: str
    key_pem: str = field(repr=False)

    @property
    def line(self) -> str:
        """The certificate in the handshake line's form: DER in base64 without padding."""
        return base64.b64encode(ssl.PEM_cert_to_DER_cert(self.pem)).decode().rstrip("=")


def self_signed(host: str = "localhost") -> Certificate:
    """Create a certificate for a host name that is its own CA, for servers and clients."""
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


def server_context(own: Certificate, client_pem: str) -> ssl.SSLContext:
    """Make the TLS context of an HTTP/2 server whose only client has this certificate.

    Raises: OSError if the certificate can't be passed to OpenSSL, which reads only files.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    context.load_verify_locations(cadata=client_pem)
    with tempfile.TemporaryDirectory(prefix="plugin") as folder:  # only this user can enter it
        file = Path(folder) / "certificate"
        file.touch(mode=0o600)
        file.write_text(own.key_pem + own.pem, encoding="ascii")
        context.load_cert_chain(file)
    return context
