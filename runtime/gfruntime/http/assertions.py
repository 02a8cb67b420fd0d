"""JWT assertions, with which a client proves its identity without sending its key (RFC 7523, RFC 7515).

Signing needs the package `cryptography`, which a project must add to its dependencies.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from gfruntime.errors import PluginError, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def sign(claims: Mapping[str, object], key: str, *, key_id: str = "") -> str:
    """Write a signed JWT; the key's type selects RS256, ES256 or ES384. The key is PEM.

    Raises: QueryError if the key is invalid; PluginError without the package `cryptography`.
    """
    try:
        algorithm, signer = _signer(key)
    except ModuleNotFoundError as error:
        raise PluginError(
            f"this authentication method signs with a key, which needs the package cryptography ({error}): add "
            f"`cryptography` to the dependencies in pyproject.toml and build the plugin again"
        ) from error
    header = {"alg": algorithm, "typ": "JWT", **({"kid": key_id} if key_id else {})}
    text = f"{_encode(_json(header))}.{_encode(_json(claims))}"
    return f"{text}.{_encode(signer(text.encode()))}"


def _signer(key: str) -> tuple[str, Callable[[bytes], bytes]]:
    """Return the algorithm of a key, and the function that signs with it."""
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415  # only who signs needs it
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils  # noqa: PLC0415

    pem = key.replace("\\n", "\n").strip()  # as in the JSON of Google's service accounts
    try:
        private: Any = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise QueryError("the private key can't be read; it must be PEM and without a password") from None
    if isinstance(private, rsa.RSAPrivateKey):
        return "RS256", lambda data: private.sign(data, padding.PKCS1v15(), hashes.SHA256())
    curves: dict[str, tuple[str, hashes.HashAlgorithm, int]] = {
        "secp256r1": ("ES256", hashes.SHA256(), 32),
        "secp384r1": ("ES384", hashes.SHA384(), 48),
    }
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name not in curves:
        raise QueryError("the private key is of a kind that is not supported; use RSA, P-256 or P-384")
    name, digest, size = curves[private.curve.name]

    def sign_by_curve(data: bytes) -> bytes:
        numbers = utils.decode_dss_signature(private.sign(data, ec.ECDSA(digest)))
        return b"".join(number.to_bytes(size, "big") for number in numbers)

    return name, sign_by_curve


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
