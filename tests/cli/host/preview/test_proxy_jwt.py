"""Routes with `jwtTokenAuth`: the proxy signs an assertion, and asks for the token with it."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from small_preview import Small, small_preview
from small_upstream import TOKEN, run_upstream

from gfplug.host.preview.web_messages import WebRequest, WebResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from small_upstream import Upstream

FORM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(*FORM).decode()
ROUTE = {
    "path": "sales",
    "jwtTokenAuth": {
        "scopes": ["read", "list"],
        "params": {
            "token_uri": "{{ .JsonData.base }}/oauth",
            "client_email": "robot@example.com",
            "private_key": "{{ .SecureJsonData.privateKey }}",
        },
    },
}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Run an upstream."""
    with run_upstream() as server:
        yield server


def preview(folder: Path, upstream: Upstream, key: str, **options: str) -> Small:
    """Make a preview whose data source has a private key."""
    small = small_preview(folder, routes=[ROUTE])
    url = f"http://127.0.0.1:{upstream.server_address[1]}"
    small.source.update({"url": url, "jsonData": {"base": url, **options}, "secureJsonData": {"privateKey": key}})
    return small


def ask(small: Small) -> WebResponse:
    """Ask the route."""
    return small.application(WebRequest(method="GET", path="api/datasources/proxy/uid/sales/sales"))


def decode(part: str) -> Any:
    """Decode a part of a token."""
    return json.loads(base64.urlsafe_b64decode(part + "=="))


@pytest.mark.parametrize("key", [PEM, PEM.replace("\n", "\\n")], ids=["pem", "as-in-json"])
def test_the_assertion_is_the_service_accounts(tmp_path: Path, upstream: Upstream, key: str) -> None:
    """Signed with its key, for an hour, for the address of the token; one token is enough for two requests."""
    small = preview(tmp_path, upstream, key)
    for _ in range(2):
        assert ask(small).status == 200

    oauth, *sales = upstream.requests
    assert [each["headers"]["Authorization"] for each in sales] == [f"Bearer {TOKEN}"] * 2
    form = parse_qs(oauth["body"].decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    head, claims, signature = form["assertion"][0].split(".")
    assert decode(head) == {"alg": "RS256", "typ": "JWT"}
    content = decode(claims)
    assert content.pop("exp") - content["iat"] == 3600
    assert time.time() - 60 < content.pop("iat") < time.time()
    base = f"http://127.0.0.1:{upstream.server_address[1]}"
    assert content == {"iss": "robot@example.com", "scope": "read list", "aud": f"{base}/oauth"}
    signed = base64.urlsafe_b64decode(signature + "==")
    KEY.public_key().verify(signed, f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert small.source.masked(f"asked with {TOKEN}") == "asked with ***"


@pytest.mark.parametrize("key", ["", "n0 key", ec.generate_private_key(ec.SECP256R1()).private_bytes(*FORM).decode()])
def test_a_key_that_cannot_sign_is_a_sentence(tmp_path: Path, upstream: Upstream, key: str) -> None:
    """Without the key in it; nobody is asked."""
    response = ask(preview(tmp_path, upstream, key))

    assert (response.status, upstream.requests) == (500, [])
    assert b"private_key" in bytes(response.body)  # type: ignore[arg-type]
    assert b"n0 key" not in bytes(response.body)  # type: ignore[arg-type]


def test_the_token_of_a_machine_of_google_is_not_imitated(tmp_path: Path, upstream: Upstream) -> None:
    """It would come from the machine's own metadata server."""
    response = ask(preview(tmp_path, upstream, PEM, authenticationType="gce"))

    assert (response.status, upstream.requests) == (500, [])
    assert b"'gce'" in bytes(response.body)  # type: ignore[arg-type]
