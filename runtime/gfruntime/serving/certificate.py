"""A self-signed certificate for one run of the process, made with nothing but the standard library.

Python can use certificates but not make them, and mutual TLS, which a host may ask for, needs one. The key signs once,
here, and is then OpenSSL's to use; it lives as long as the process. So plain arithmetic on the curve is enough: there
is no second signature whose timing could tell anything.
Source: hashicorp/go-plugin v1.8.0, mtls.go (generateCert); RFC 5280; SEC 1; FIPS 186-4, D.1.2.3 (P-256).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_BYTES = 32
_YEARS = 10

_Point = tuple[int, int]

_INTEGER, _BITS, _OCTETS, _OID, _UTF8, _SEQUENCE, _SET = 0x02, 0x03, 0x04, 0x06, 0x0C, 0x30, 0x31
_TRUE = b"\x01\x01\xff"
_FIRST_BYTE_OF_TWO = 40  # an object identifier's first byte holds its first two numbers
_LAST_SHORT_YEAR = 2049  # later dates need the long form


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate (DER) and its private key (PEM), which never shows in a repr."""

    der: bytes
    key_pem: str

    def __repr__(self) -> str:
        """Hide the key."""
        return f"Certificate(der={len(self.der)} bytes)"

    @property
    def pem(self) -> str:
        """Spell the certificate as PEM."""
        return _pem("CERTIFICATE", self.der)

    @property
    def text(self) -> str:
        """Spell the certificate as the handshake line does: base64 without padding."""
        return base64.b64encode(self.der).decode().rstrip("=")


def self_signed(host: str = "localhost") -> Certificate:
    """Make a certificate for a host name that is its own authority, for servers and clients."""
    key = secrets.randbelow(_N - 1) + 1
    public = _bits(b"\x04" + b"".join(number.to_bytes(_BYTES, "big") for number in _times(key, _G)))
    now = dt.datetime.now(dt.timezone.utc)  # noqa: UP017  # the same on Python 3.10
    body = _sequence(
        _tagged(0, _integer(2)),  # X.509 version 3
        _integer(secrets.randbits(127) | 1),
        _ECDSA_SHA256,
        _name(host),
        _sequence(_time(now - dt.timedelta(seconds=30)), _time(now + dt.timedelta(days=365 * _YEARS))),
        _name(host),
        _sequence(_sequence(_oid("1.2.840.10045.2.1"), _CURVE), public),
        _tagged(3, _sequence(*_extensions(host))),
    )
    der = _sequence(body, _ECDSA_SHA256, _bits(_sign(key, body)))
    private = _sequence(_integer(1), _der(_OCTETS, key.to_bytes(_BYTES, "big")), _tagged(0, _CURVE), _tagged(1, public))
    return Certificate(der=der, key_pem=_pem("EC PRIVATE KEY", private))


def _extensions(host: str) -> list[bytes]:
    usages = b"\x03\x02\x02\xac"  # digitalSignature, keyEncipherment, keyAgreement, keyCertSign
    purposes = _sequence(_oid("1.3.6.1.5.5.7.3.1"), _oid("1.3.6.1.5.5.7.3.2"))  # serverAuth, clientAuth
    return [
        _sequence(_oid("2.5.29.19"), _TRUE, _der(_OCTETS, _sequence(_TRUE))),  # basicConstraints: CA
        _sequence(_oid("2.5.29.15"), _TRUE, _der(_OCTETS, usages)),
        _sequence(_oid("2.5.29.37"), _der(_OCTETS, purposes)),
        _sequence(_oid("2.5.29.17"), _der(_OCTETS, _sequence(_der(0x82, host.encode())))),  # subjectAltName: DNS
    ]


def _sign(key: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = secrets.randbelow(_N - 1) + 1
        r = _times(nonce, _G)[0] % _N
        s = pow(nonce, -1, _N) * (digest + r * key) % _N
        if r and s:
            return _sequence(_integer(r), _integer(s))


def _times(factor: int, point: _Point) -> _Point:
    """Multiply a point of the curve by doubling and adding; the factor is between 1 and the curve's order."""
    result: _Point | None = None
    while factor:
        if factor & 1:
            result = point if result is None else _add(result, point)
        point = _add(point, point)
        factor >>= 1
    assert result is not None  # noqa: S101  # the factor is not zero
    return result


def _add(a: _Point, b: _Point) -> _Point:
    rise, run = (3 * a[0] * a[0] - 3, 2 * a[1]) if a == b else (b[1] - a[1], b[0] - a[0])
    slope = rise * pow(run, -1, _P)
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:  # noqa: PLR2004  # the short form of a length
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _sequence(*items: bytes) -> bytes:
    return _der(_SEQUENCE, b"".join(items))


def _tagged(number: int, content: bytes) -> bytes:
    return _der(0xA0 | number, content)


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _der(_BITS, b"\x00" + content)


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray((first * _FIRST_BYTE_OF_TWO + second,))
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return _der(_OID, bytes(content))


def _name(host: str) -> bytes:
    parts = (("2.5.4.10", "Grafana plugin"), ("2.5.4.3", host))  # organization, common name
    return _sequence(*(_der(_SET, _sequence(_oid(oid), _der(_UTF8, text.encode()))) for oid, text in parts))


def _time(moment: dt.datetime) -> bytes:
    is_short = moment.year <= _LAST_SHORT_YEAR
    text = moment.strftime("%y%m%d%H%M%SZ" if is_short else "%Y%m%d%H%M%SZ")
    return _der(0x17 if is_short else 0x18, text.encode())


def _pem(label: str, der: bytes) -> str:
    encoded = base64.b64encode(der).decode()
    lines = "\n".join(encoded[start : start + 64] for start in range(0, len(encoded), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


_CURVE = _oid("1.2.840.10045.3.1.7")
_ECDSA_SHA256 = _sequence(_oid("1.2.840.10045.4.3.2"))
