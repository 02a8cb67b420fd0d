"""The signed assertion with which Grafana's proxy requests the token of a route with `jwtTokenAuth` (RFC 7523).

Signing needs the package `cryptography`, which is not a dependency of gfplug.
Source: golang.org/x/oauth2 v0.30.0, jwt/jwt.go and jws/jws.go.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from gfplug.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CLOCK_SECONDS = 10  # the other machine's clock may be late
_SECONDS = 3600


def sign_assertion(*, email: str, key: str, address: str, scopes: Sequence[str]) -> str:
    """Return the assertion of a service account, which is valid for an hour. Shape: `key` is an RSA key as PEM.

    Raises: ToolError if the key can't be read, or if the package `cryptography` is missing.
    """
    issued_at = int(time.time()) - _CLOCK_SECONDS
    claims = {
        "iss": email,
        "scope": " ".join(scopes),
        "aud": address,
        "exp": issued_at + _SECONDS,
        "iat": issued_at,
    }
    text = f"{_encode(_json({'alg': 'RS256', 'typ': 'JWT'}))}.{_encode(_json(claims))}"
    return f"{text}.{_encode(_sign(text.encode(), key))}"


def _sign(content: bytes, key: str) -> bytes:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - optional
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - optional
        from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        raise ToolError(
            "a route with jwtTokenAuth needs the package cryptography",
            hint=f"{sys.executable} -m pip install cryptography",
        ) from error
    pem = key.replace("\\n", "\n").strip()  # as in the JSON of Google's service accounts
    try:
        private: Any = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ToolError(
            "the private_key of the route's jwtTokenAuth cannot be read: it must be RSA, PEM, and have no password",
            hint="enter the key on the config page again",
        )
    signature: bytes = private.sign(content, padding.PKCS1v15(), hashes.SHA256())
    return signature


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
