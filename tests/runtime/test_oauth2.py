"""OAuth2 for data sources, tested with Authlib's server: grants, settings, answers, secrets."""

from __future__ import annotations

import asyncio
import builtins
import re
from typing import Any

import loginserver
import pytest
import upstreams
from loginserver import PASSWORD, PRIVATE_KEY, REFRESH, SECRET, Login, settings_of
from upstreams import settings

from gfruntime import (
    AsyncHttpClient,
    DownstreamError,
    HttpClient,
    HttpSettings,
    OAuth2,
    OAuth2Settings,
    PluginError,
    QueryError,
)
from gfruntime.http import oauth2, tokens
from gfruntime.logs import masking
from gfruntime.request.incoming import Incoming, enter

pytestmark = pytest.mark.usefixtures("without_proxies")

GRANTS = ["client_credentials", "client_credentials_jwt", "jwt_bearer", "password", "refresh_token"]


@pytest.mark.parametrize("grant", GRANTS)
def test_every_grant_gets_a_token(login: Login, grant: str) -> None:
    """The config page's values suffice, and the token is used again."""
    client = HttpClient.of(settings_of(login, grant))
    answers = [client.get("x").raise_for_status().status for _ in range(3)]

    assert (answers, login.token_requests, login.refusals) == ([200] * 3, 1, 0)
    assert login.issued[0].scope == ("read" if grant == "refresh_token" else "read write")


def test_the_secret_may_go_in_the_body(login: Login) -> None:
    """Some servers require it."""
    HttpClient.of(settings_of(login, oauth2SecretInBody=True)).get("x").raise_for_status()

    assert login.token_requests == 1


def test_a_newer_refresh_token_is_used(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server accepts each refresh token once; a revoked access token is renewed, and no request fails."""
    monkeypatch.setattr(tokens, "_NEW_SECONDS", 0.0)
    client = HttpClient.of(settings_of(login, "refresh_token"))
    for _ in range(3):
        client.get("x").raise_for_status()
        login.revoke()

    assert (login.token_requests, len(login.issued), login.refusals) == (3, 3, 2)
    assert REFRESH not in login.refresh_tokens


@pytest.mark.parametrize("grant", GRANTS)
def test_no_error_or_log_has_a_secret(login: Login, grant: str, caplog: pytest.LogCaptureFixture) -> None:
    """The server repeats the whole request in its error; logs, errors and reprs are searched."""
    login.failure = (400, '{"error": "invalid_grant", "error_description": {request}}')
    own = settings_of(login, grant)
    client = HttpClient.of(own)
    with pytest.raises(DownstreamError, match="invalid_grant") as failure:
        client.get("x")
    text = f"{failure.value} {failure.value!r} {caplog.text} {OAuth2.of(own)!r} {OAuth2Settings.of(own)!r} {own!r}"

    for secret in (SECRET, PASSWORD, REFRESH, PRIVATE_KEY, *PRIVATE_KEY.splitlines()[1:3]):
        assert secret not in text
    assert not re.search(r"eyJ[A-Za-z0-9_-]+\.", text)  # a JWT
    assert not re.search(r"Basic [A-Za-z0-9+/]{8}", text)


def test_tokens_are_hidden_in_logs(login: Login) -> None:
    """Tokens are masked as soon as they arrive."""
    HttpClient.of(settings_of(login)).get("x")

    assert masking.hide(f"a {login.issued[0].value} b") == "a *** b"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("<html>", "answered something that is not JSON"),
        ("[1]", "answered without a bearer token"),
        ('{"access_token": 7}', "answered without a bearer token"),
        ('{"access_token": "t", "token_type": "mac"}', "answered without a bearer token"),
    ],
)
def test_a_response_without_a_token_is_an_error(login: Login, body: str, sentence: str) -> None:
    """Status 200 alone is not enough."""
    login.failure = (200, body)
    with pytest.raises(DownstreamError, match=sentence):
        HttpClient.of(settings_of(login)).get("x")


@pytest.mark.parametrize(("value", "seconds"), [("3599", 3599.0), (60, 60.0), (None, None), ("soon", None), (-1, None)])
def test_token_lifetimes_may_be_numbers_or_texts(value: object, seconds: float | None) -> None:
    """Lifetimes are numbers or texts; other values are ignored."""
    assert oauth2._seconds(value) == seconds


@pytest.mark.shows("errors: no OAuth2 token")
@pytest.mark.parametrize(
    ("grant", "missing", "sentence"),
    [
        ("client_credentials", "oauth2ClientSecret", "no client secret"),
        ("jwt_bearer", "oauth2PrivateKey", "no private key"),
        ("client_credentials_jwt", "oauth2ClientId", "no client ID"),
        ("password", "oauth2User", "no user"),
        ("refresh_token", "oauth2RefreshToken", "no refresh token"),
        ("password", "oauth2TokenUrl", "token URL must begin with http"),
    ],
)
def test_a_missing_oauth2_setting_is_named(login: Login, grant: str, missing: str, sentence: str) -> None:
    """The error tells the administrator, and no request is sent."""
    data, secrets = loginserver.values(login, grant)
    data.pop(missing, None)
    secrets.pop(missing, None)
    with pytest.raises(QueryError, match=sentence):
        HttpClient.of(settings(url=f"{login.url}/api", data=data, secrets=secrets)).get("x")
    assert login.token_requests == 0


def test_an_unknown_grant_is_refused(login: Login) -> None:
    """A provisioned file may have any value."""
    data, _ = loginserver.values(login, "password")
    with pytest.raises(QueryError, match=r"oauth2Grant is 'implicit'; it must be one of client_credentials"):
        HttpClient.of(settings(data=data | {"oauth2Grant": "implicit"}))


def test_an_unreadable_key_is_an_error_without_its_text(login: Login) -> None:
    """The error says what the key must be."""
    data, _ = loginserver.values(login, "jwt_bearer")
    key = "-----BEGIN PRIVATE KEY-----\nc2VzYW1lCg==\n-----END PRIVATE KEY-----"
    with pytest.raises(QueryError, match="must be PEM and without a password") as failure:
        HttpClient.of(settings(url=login.url, data=data, secrets={"oauth2PrivateKey": key})).get("x")
    assert "c2VzYW1l" not in str(failure.value)


def test_a_missing_cryptography_is_named(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install; grants without a signature don't need it."""
    load = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("cryptography"):
            raise ModuleNotFoundError("No module named 'cryptography'", name="cryptography")
        return load(name, *arguments, **options)

    client = HttpClient.of(settings_of(login, "client_credentials"))
    signing = HttpClient.of(settings_of(login, "jwt_bearer"))
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", without)
        patch.setattr(login, "issued", [])
        with pytest.raises(PluginError, match=r"add `cryptography` to the dependencies in pyproject\.toml"):
            signing.get("x")
    assert client.get("x").status == 200


def test_the_forwarded_user_token_replaces_the_oauth2_token(login: Login) -> None:
    """If Grafana forwards a token, no other is fetched; alert rules have no user, and get the data source's token."""
    client = HttpClient.of(settings_of(login), forward_headers=True)
    enter(Incoming(endpoint="queryData", headers={"Authorization": "Bearer of-ada", "X-Id-Token": "id"}))

    assert client.get("x").status == 401  # this server does not know the token, and it is not renewed
    assert login.token_requests == 0
    enter(Incoming(endpoint="queryData", headers={"FromAlert": "true"}))
    assert client.get("x").status == 200


def test_the_token_endpoint_gets_no_credentials_of_the_data_source(login: Login) -> None:
    """Basic authentication and custom headers are sent to the upstream only."""
    with upstreams.server() as other:
        data, secrets = loginserver.values(login, "client_credentials", oauth2TokenUrl=f"{other.url}/token")
        data |= {"httpHeaderName1": "X-Own"}
        secrets |= {"httpHeaderValue1": "custom"}
        with pytest.raises(DownstreamError, match="without a bearer token"):
            HttpClient.of(settings(url=login.url, data=data, secrets=secrets)).get("x")
        headers = other.requests[0]["headers"]

    assert "x-own" not in headers
    assert headers["authorization"].startswith("Basic ")


def test_a_token_endpoint_elsewhere_may_have_a_public_certificate(tmp_path: Any) -> None:
    """The configured CA is for the data source; for a token endpoint on another host the system's are trusted, too."""
    _, pem = upstreams.tls(tmp_path)
    http = HttpSettings(url="https://api.example", ca_certificate=pem, server_name="inside")
    own = oauth2._for_tokens(http, "https://api.example/token")
    other = oauth2._for_tokens(http, "https://login.example/token")

    assert (own.server_name, other.server_name) == ("inside", "")
    assert own.ssl_context().cert_store_stats()["x509"] == 1
    assert other.ssl_context().cert_store_stats()["x509"] > 1


@pytest.mark.parametrize("grant", [None, "", "none"])
def test_without_a_grant_no_token_is_requested(login: Login, grant: str | None) -> None:
    """The config page and provisioned files may leave it empty."""
    assert HttpClient.of(settings_of(login, oauth2Grant=grant)).get("x").status == 401
    assert login.token_requests == 0


@pytest.mark.parametrize("kind", [HttpClient, AsyncHttpClient])
def test_tokens_are_requested_through_the_secure_socks_proxy(login: Login, kind: Any) -> None:
    """Both clients use the proxy, as the token endpoint may be in the private network."""
    proxy = upstreams.SocksProxy(int(login.url.rpartition(":")[2]), None)
    data, secrets = loginserver.values(login, "client_credentials", oauth2TokenUrl="http://login.inside.example/token")
    prefix = "GF_SECURE_SOCKS_DATASOURCE_PROXY_"
    config = {"SERVER_ENABLED": "true", "PROXY_ADDRESS": proxy.address, "ALLOW_INSECURE": "true"}
    own = settings(
        url="http://api.inside.example/api",
        data=data | {"enableSecureSocksProxy": True},
        secrets=secrets,
        config={f"{prefix}{name}": value for name, value in config.items()},
    )
    client = kind.of(own)
    answer = client.get("x") if kind is HttpClient else asyncio.run(client.get("x"))
    proxy.close()

    assert answer.status == 200
    assert {name for name, _, _ in proxy.targets} == {"login.inside.example", "api.inside.example"}
