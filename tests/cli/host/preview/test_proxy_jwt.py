"""Routes with `jwtTokenAuth`: the proxy signs an assertion, and requests the token with it."""

from __future__ import annotations

import base64
import json
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from small_preview import Small, small_preview
from small_upstream import TOKEN, run_upstream

from gfplug.host.preview.signed_assertion import GRANT_TYPE
from gfplug.host.preview.web_messages import WebRequest, WebResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from small_upstream import Upstream

FORM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(*FORM).decode()
ROUTE: dict[str, Any] = {
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
PLAIN = {"url": "{{ .JsonData.base }}/oauth", "params": {"grant_type": "client_credentials"}}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Run an upstream."""
    with run_upstream() as server:
        yield server


def preview(
    folder: Path, upstream: Upstream, key: str = PEM, *, route: dict[str, Any] = ROUTE, **options: object
) -> Small:
    """Make a preview whose data source has a private key."""
    small = small_preview(folder, routes=[route])
    url = f"http://127.0.0.1:{upstream.server_address[1]}"
    small.source.update({"url": url, "jsonData": {"base": url} | options, "secureJsonData": {"privateKey": key}})
    return small


def ask(small: Small) -> WebResponse:
    """Send a request to the route."""
    return small.application(WebRequest(method="GET", path="api/datasources/proxy/uid/sales/sales"))


def decode(part: str) -> Any:
    """Decode a part of a token."""
    return json.loads(base64.urlsafe_b64decode(part + "=="))


@pytest.mark.parametrize("key", [PEM, PEM.replace("\n", "\\n")], ids=["pem", "as-in-json"])
def test_the_jwt_assertion_is_signed_with_the_key_of_the_service_account(
    tmp_path: Path, upstream: Upstream, key: str
) -> None:
    """It is signed with the account's key, for one hour, for the token's address; two requests share one token."""
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
    assert small.source.mask(f"asked with {TOKEN}") == "asked with ***"


def key_of_an_unknown_curve() -> str:
    """Make a key whose curve has an unknown number."""
    form = (serialization.Encoding.DER, *FORM[1:])
    content = ec.generate_private_key(ec.SECP256R1()).private_bytes(*form)
    curve = bytes.fromhex("2a8648ce3d0301")
    content = content.replace(curve + b"\x07", curve + b"\x7f")
    return f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(content).decode()}-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "n0 key",
        ec.generate_private_key(ec.SECP256R1()).private_bytes(*FORM).decode(),
        key_of_an_unknown_curve(),
    ],
    ids=["empty", "no-pem", "not-rsa", "unknown-curve"],
)
def test_a_key_that_cannot_sign_is_an_error_without_the_key(tmp_path: Path, upstream: Upstream, key: str) -> None:
    """The error does not contain the key; no request is sent."""
    response = ask(preview(tmp_path, upstream, key))

    assert (response.status, upstream.requests) == (500, [])
    assert b"private_key" in bytes(response.body)  # type: ignore[arg-type]
    assert b"n0 key" not in bytes(response.body)  # type: ignore[arg-type]


def test_gce_authentication_is_an_error(tmp_path: Path, upstream: Upstream) -> None:
    """The real token comes from the machine's metadata server."""
    response = ask(preview(tmp_path, upstream, PEM, authenticationType="gce"))

    assert (response.status, upstream.requests) == (500, [])
    assert b"'gce'" in bytes(response.body)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "route", "grant"),
    [
        ({}, {"tokenAuth": PLAIN}, "client_credentials"),
        ({"authenticationType": ""}, {"tokenAuth": PLAIN}, "client_credentials"),
        ({"authenticationType": True}, {"tokenAuth": PLAIN}, "client_credentials"),
        ({"authenticationType": "jwt"}, {"tokenAuth": PLAIN}, GRANT_TYPE),
        ({}, {"tokenAuth": PLAIN, "authType": "jwt"}, GRANT_TYPE),
        ({"authenticationType": "jwt"}, {"tokenAuth": PLAIN, "authType": "gce"}, GRANT_TYPE),
        ({"authenticationType": "jwt"}, {}, GRANT_TYPE),
        ({}, {"tokenAuth": PLAIN, "authType": "gce"}, ""),
        ({"authenticationType": "gce"}, {"tokenAuth": PLAIN, "authType": "jwt"}, ""),
        ({"authenticationType": "jwt"}, {"tokenAuth": PLAIN, "jwtTokenAuth": None}, ""),
    ],
)
def test_the_authentication_option_overrides_the_route(
    tmp_path: Path, upstream: Upstream, options: dict[str, Any], route: dict[str, Any], grant: str
) -> None:
    """This is as in Grafana; a route with both uses `tokenAuth` unless the option is `jwt`."""
    response = ask(preview(tmp_path, upstream, route={**ROUTE, **route}, **options))

    assert response.status == (200 if grant else 500)
    grants = [parse_qs(each["body"].decode())["grant_type"] for each in upstream.requests if each["method"] == "POST"]
    assert grants == ([[grant]] if grant else [])
    assert len(upstream.requests) == (2 if grant else 0)
    assert grant or b"the route 'sales' gets no token: " in bytes(response.body)  # type: ignore[arg-type]


def test_a_route_without_authentication_needs_no_token(tmp_path: Path, upstream: Upstream) -> None:
    """The data source's `authenticationType` has no effect then."""
    response = ask(preview(tmp_path, upstream, route={"path": "sales"}, authenticationType="jwt"))

    assert response.status == 200
    assert ["Authorization" in each["headers"] for each in upstream.requests] == [False]


@pytest.mark.parametrize(
    ("route", "key"),
    [({}, "jwtTokenAuth.params.token_uri"), ({"tokenAuth": PLAIN}, "tokenAuth.url")],
    ids=["signed", "plain"],
)
@pytest.mark.parametrize(
    ("base", "problem"),
    [
        (None, "its {key} '{{{{ .JsonData.base }}}}/oauth' needs jsonData.base, which is not set"),
        ("http://[", "its {key} '{{{{ .JsonData.base }}}}/oauth' is not an http:// or https:// address"),
        ("http://127.0.0.1:99999", "its {key} '{{{{ .JsonData.base }}}}/oauth' is not an http:// or https:// address"),
        ("http://127.0.0.1:1", "127.0.0.1:1 did not answer: "),
    ],
    ids=["missing", "no-address", "no-port", "unreachable"],
)
def test_the_error_for_an_unusable_token_address_names_the_route(  # noqa: PLR0917 - two tables of cases
    tmp_path: Path, upstream: Upstream, base: str | None, problem: str, route: dict[str, Any], key: str
) -> None:
    """The error names the route and the option, not the data source's address."""
    response = ask(preview(tmp_path, upstream, route={**ROUTE, **route}, base=base))

    assert (response.status, upstream.requests) == (500, [])
    text = json.loads(response.body)["preview"]  # type: ignore[arg-type]
    assert text["message"].startswith(f"the route 'sales' gets no token: {problem.format(key=key)}")
    assert "plugin.json" in text["hint"]


def test_without_cryptography_the_command_that_installs_it_is_shown(
    tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It installs into the Python that runs gfplug, since the first pip on the PATH may belong to another Python."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    response = ask(preview(tmp_path, upstream))

    assert (response.status, upstream.requests) == (500, [])
    assert json.loads(response.body)["preview"]["hint"] == f"{sys.executable} -m pip install cryptography"  # type: ignore[arg-type]
