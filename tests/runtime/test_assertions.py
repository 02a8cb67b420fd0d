"""Signed assertions, verified by another library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from gfruntime import QueryError
from gfruntime.http.assertions import sign

if TYPE_CHECKING:
    from collections.abc import Callable


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """Write a private key as Grafana keeps it."""
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none).decode()


@pytest.mark.parametrize(
    ("make", "kind", "algorithm"),
    [
        (lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048), RSAKey, "RS256"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), ECKey, "ES256"),
        (lambda: ec.generate_private_key(ec.SECP384R1()), ECKey, "ES384"),
    ],
)
def test_the_kind_of_key_decides_the_algorithm(
    make: Callable[[], rsa.RSAPrivateKey], kind: type[RSAKey], algorithm: str
) -> None:
    """Another library reads the claims, and refuses the signature of another key."""
    pem = pem_of(make())
    token = sign({"iss": "a", "exp": 7}, pem, key_id="k")
    read = jwt.decode(token, kind.import_key(pem), algorithms=[algorithm])

    assert (read.header, read.claims) == ({"alg": algorithm, "typ": "JWT", "kid": "k"}, {"iss": "a", "exp": 7})
    with pytest.raises(Exception, match="bad_signature"):
        jwt.decode(token, kind.import_key(pem_of(make())), algorithms=[algorithm])


def test_a_key_from_googles_json_is_read() -> None:
    """The line breaks of the key are escaped if it is copied with the rest of the JSON."""
    pem = pem_of(ec.generate_private_key(ec.SECP256R1()))

    assert sign({}, pem.replace("\n", "\\n")).count(".") == 2


@pytest.mark.parametrize("make", [ed25519.Ed25519PrivateKey.generate, lambda: ec.generate_private_key(ec.SECP521R1())])
def test_other_kinds_of_keys_are_refused(make: Callable[[], ed25519.Ed25519PrivateKey]) -> None:
    """The error names the kinds that can be used."""
    with pytest.raises(QueryError, match="use RSA, P-256 or P-384"):
        sign({}, pem_of(make()))
