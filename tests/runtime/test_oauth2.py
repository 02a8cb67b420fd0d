"""OAuth2 for data sources, judged by Authlib's server: grants, renewals under load, failures, secrets."""

from __future__ import annotations

import asyncio
import builtins
import itertools
import re
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import loginserver
import pytest
import upstreams
from loginserver import PASSWORD, PRIVATE_KEY, REFRESH, SECRET, Login
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gfruntime import Settings

pytestmark = pytest.mark.usefixtures("without_proxies")

GRANTS = ["client_credentials", "client_credentials_jwt", "jwt_bearer", "password", "refresh_token"]


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> Iterator[Login]:
    """Run the server, which otherwise takes no tokens over HTTP."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with loginserver.login() as running:
        yield running


def configured(login: Login, grant: str = "client_credentials", **more: Any) -> Settings[Any]:
    """Return the settings of a data source."""
    data, hidden = loginserver.values(login, grant, **more)
    return settings(url=f"{login.url}/api", data=data, secrets=hidden)


@pytest.mark.parametrize("grant", GRANTS)
def test_every_grant_brings_a_token(login: Login, grant: str) -> None:
    """The config page's values are enough, and the token is used again."""
    client = HttpClient.of(configured(login, grant))
    answers = [client.get("x").raise_for_status().status for _ in range(3)]

    assert (answers, login.asked, login.refused) == ([200] * 3, 1, 0)
    assert login.issued[0].scope == ("read" if grant == "refresh_token" else "read write")


def test_the_secret_may_go_in_the_body(login: Login) -> None:
    """As some servers want it."""
    HttpClient.of(configured(login, oauth2SecretInBody=True)).get("x").raise_for_status()

    assert login.asked == 1


def test_a_newer_refresh_token_is_used(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes each but once; a token that the server revokes is renewed, and no request fails."""
    monkeypatch.setattr(tokens, "_YOUNG", 0.0)
    client = HttpClient.of(configured(login, "refresh_token"))
    for _ in range(3):
        client.get("x").raise_for_status()
        login.revoke()

    assert (login.asked, len(login.issued), login.refused) == (3, 3, 2)
    assert REFRESH not in login.refresh_tokens


PAUSE_S = 0.1  # of a caller; without one, 80 of them leave no time for the server that runs beside them


def hammer(ask: Callable[[], object], is_over: threading.Event, *, threads: int) -> None:
    """Call a function from many threads again and again; the first error is raised."""

    def run() -> None:
        while not is_over.is_set():
            ask()
            time.sleep(PAUSE_S)

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(run) for _ in range(threads)]:
            future.result()


async def hammer_async(client: AsyncHttpClient, is_over: threading.Event, *, tasks: int) -> None:
    """Ask from many tasks again and again; the first error is raised."""

    async def run() -> None:
        while not is_over.is_set():
            (await client.get("x")).raise_for_status()
            await asyncio.sleep(PAUSE_S)

    await asyncio.gather(*(run() for _ in range(tasks)))


def load(client: HttpClient, other: AsyncHttpClient, until: Callable[[], object]) -> None:
    """Ask from 16 threads and 64 tasks until a function returns; then close both clients."""
    is_over = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(hammer, lambda: client.get("x").raise_for_status(), is_over, threads=16),
            pool.submit(lambda: asyncio.run(hammer_async(other, is_over, tasks=64))),
        ]
        try:
            until()
        finally:
            is_over.set()
        for job in jobs:
            job.result()
    client.close()
    asyncio.run(other.close())


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for something, at most a minute."""
    end = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("grant", ["client_credentials", "jwt_bearer"])
def test_tokens_that_expire_under_load_are_renewed_once(
    login: Login, grant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 threads and 64 tasks of one instance share a token; each lives 2 s, and no call fails."""
    times: list[float] = []
    fetch = OAuth2._fetch

    def noted(self: OAuth2) -> tokens.Token:
        times.append(time.monotonic())
        return fetch(self)

    monkeypatch.setattr(OAuth2, "_fetch", noted)
    login.lifetime, login.leeway = 2, 5  # a request may be on its way for long on a busy machine
    login.delay = 0.05
    own = configured(login, grant)
    client, other = HttpClient.of(own), AsyncHttpClient.of(own)
    load(client, other, lambda: wait_until(lambda: len(set(login.served)) >= 4))
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    *used, last = [each.value for each in login.issued]

    assert len(times) == login.asked == len(login.issued) >= 4
    assert set(used) <= set(login.served) <= {*used, last}
    assert login.refused == 0
    assert statistics.median(gaps) < 2  # each was renewed before it expired
    assert min(gaps) > 2 - 2 / 4 * (1 + 1 / 4) - 0.05, gaps  # the margin is a quarter, and the jitter a quarter of it


def test_tokens_that_are_revoked_under_load_are_renewed_once(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that tells no lifetime: each 401 is repeated once, with the token that one of the callers renewed."""
    monkeypatch.setattr(tokens, "_YOUNG", 0.0)
    login.lifetime = 3600.5
    own = configured(login)
    client, other = HttpClient.of(own), AsyncHttpClient.of(own)
    revocations = 4

    def is_everybodys(number: int) -> bool:
        return len(login.issued) > number and login.served.count(login.issued[number].value) > 3 * 80

    def revoke() -> None:
        for number in range(revocations):
            wait_until(partial(is_everybodys, number))
            login.revoke()
        wait_until(lambda: len(login.issued) > revocations)

    load(client, other, revoke)

    assert login.asked == len(login.issued) == 1 + revocations
    assert login.refused >= revocations


def test_a_request_with_a_body_is_repeated_whole(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """A POST that was refused has changed nothing yet."""
    monkeypatch.setattr(tokens, "_YOUNG", 0.0)
    client = HttpClient.of(configured(login))
    client.get("x")
    login.revoke()

    assert client.post("x", json={"a": 1}).raise_for_status().json() == {"body": '{"a": 1}'}
    assert login.refused == 1


def test_an_upstream_that_always_refuses_costs_no_more_tokens(login: Login) -> None:
    """A token that has just come is not the reason: its 401 is the answer."""
    login.is_closed = True
    client = HttpClient.of(configured(login))

    assert [client.get("x").status for _ in range(3)] == [401] * 3
    assert (login.asked, login.refused) == (1, 3)


def test_a_refused_request_is_repeated_no_more_than_once(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to the second is the answer."""
    monkeypatch.setattr(tokens, "_YOUNG", 0.0)
    client = HttpClient.of(configured(login))
    client.get("x")
    login.is_closed = True

    assert client.get("x").status == 401
    assert (login.asked, login.refused) == (2, 2)


@pytest.mark.shows("errors: no OAuth2 token")
def test_a_failed_renewal_is_one_error_for_all_and_soon_forgotten(login: Login) -> None:
    """Sixteen wait for one request; who asks right after it gets the same error; later it is tried again."""
    login.failure, login.delay = (503, '{"error": "temporarily_unavailable"}'), 0.5
    client = HttpClient.of(configured(login))
    sentence = "the OAuth2 token endpoint answered 503 temporarily_unavailable"

    def ask() -> None:
        with pytest.raises(DownstreamError, match=sentence):
            client.get("x")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: ask(), range(16)))
    ask()
    assert login.asked == 1
    login.failure = None
    time.sleep(tokens._PAUSE)

    assert client.get("x").status == 200
    assert login.asked == 2


def test_a_callers_deadline_ends_only_its_own_waiting(login: Login) -> None:
    """The renewal goes on for the others, and is not asked for twice."""
    login.delay = 1.0
    client = HttpClient.of(configured(login))
    began = time.monotonic()
    with pytest.raises(DownstreamError, match="no access token arrived in time") as caught:
        client.get("x", deadline=0.2)

    assert time.monotonic() - began < 0.9
    assert caught.value.status == 504
    assert client.get("x").status == 200
    assert login.asked == 1


def test_a_cancelled_task_does_not_end_the_renewal(login: Login) -> None:
    """The first who asks gives up; the second gets the token."""
    login.delay = 0.6
    client = AsyncHttpClient.of(configured(login))

    async def ask() -> int:
        first = asyncio.create_task(client.get("x"))
        await asyncio.sleep(0.2)
        second = asyncio.create_task(client.get("x"))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return (await second).status

    assert asyncio.run(ask()) == 200
    assert login.asked == 1


def test_nobody_waits_for_a_token_that_is_renewed_in_time() -> None:
    """In its last quarter the old one is sent until there is a new one, and when there is none yet."""
    is_wanted, results = threading.Event(), iter(["one", "two", None, "three"])

    def fetch() -> tokens.Token:
        value = next(results)
        if value != "one":
            is_wanted.wait(10)
        if value is None:
            raise DownstreamError("not now")
        return tokens.Token(value=value, lifetime=1000)

    cache = tokens.Tokens(fetch)
    assert cache.current() == "one"
    cache._renew_at = 0
    assert [cache.current() for _ in range(3)] == ["one"] * 3
    is_wanted.set()
    wait_until(lambda: cache.current() == "two")
    cache._renew_at = 0
    assert cache.current() == "two"
    wait_until(lambda: cache._failure is not None)
    assert [cache.current() for _ in range(3)] == ["two"] * 3  # it failed, and the next try waits a little
    cache._paused_until = 0
    wait_until(lambda: cache.current() == "three")


def test_clients_of_one_instance_share_a_token(login: Login) -> None:
    """Those of another have their own, even with the same settings."""
    one, two = configured(login), configured(login)
    clients = [HttpClient.of(one), HttpClient.of(one, auth=OAuth2.of(one)), HttpClient.of(two)]
    for client in clients:
        client.get("x").raise_for_status()

    assert OAuth2.of(one) is not OAuth2.of(two)
    assert (login.asked, len(set(login.served))) == (2, 2)


@pytest.mark.parametrize("grant", GRANTS)
def test_no_secret_is_told(login: Login, grant: str, caplog: pytest.LogCaptureFixture) -> None:
    """A server that repeats the whole request in its error; logs, errors and reprs."""
    login.failure = (400, '{"error": "invalid_grant", "error_description": {request}}')
    own = configured(login, grant)
    client = HttpClient.of(own)
    with pytest.raises(DownstreamError, match="invalid_grant") as caught:
        client.get("x")
    shown = f"{caught.value} {caught.value!r} {caplog.text} {OAuth2.of(own)!r} {OAuth2Settings.of(own)!r} {own!r}"

    for secret in (SECRET, PASSWORD, REFRESH, PRIVATE_KEY, *PRIVATE_KEY.splitlines()[1:3]):
        assert secret not in shown
    assert not re.search(r"eyJ[A-Za-z0-9_-]+\.", shown)  # a JWT
    assert not re.search(r"Basic [A-Za-z0-9+/]{8}", shown)


def test_tokens_are_hidden_in_logs(login: Login) -> None:
    """As soon as they are there."""
    HttpClient.of(configured(login)).get("x")

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
def test_answers_without_a_token_are_told(login: Login, body: str, sentence: str) -> None:
    """Status 200 alone is no token."""
    login.failure = (200, body)
    with pytest.raises(DownstreamError, match=sentence):
        HttpClient.of(configured(login)).get("x")


@pytest.mark.parametrize(("told", "seconds"), [("3599", 3599.0), (60, 60.0), (None, None), ("soon", None), (-1, None)])
def test_lifetimes_are_read_as_servers_write_them(told: object, seconds: float | None) -> None:
    """As a number or a text; what is neither is no lifetime."""
    assert oauth2._seconds(told) == seconds


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
def test_what_the_settings_lack_is_named(login: Login, grant: str, missing: str, sentence: str) -> None:
    """A sentence for whoever configures the data source, and nothing is sent."""
    data, hidden = loginserver.values(login, grant)
    data.pop(missing, None)
    hidden.pop(missing, None)
    with pytest.raises(QueryError, match=sentence):
        HttpClient.of(settings(url=f"{login.url}/api", data=data, secrets=hidden)).get("x")
    assert login.asked == 0


def test_a_grant_that_is_none_is_refused(login: Login) -> None:
    """A provisioned file may say anything."""
    data, _ = loginserver.values(login, "password")
    with pytest.raises(QueryError, match=r"oauth2Grant is 'implicit'; it must be one of client_credentials"):
        HttpClient.of(settings(data=data | {"oauth2Grant": "implicit"}))


def test_a_key_that_cannot_be_read_is_told_without_showing_it(login: Login) -> None:
    """By what it must be."""
    data, _ = loginserver.values(login, "jwt_bearer")
    key = "-----BEGIN PRIVATE KEY-----\nc2VzYW1lCg==\n-----END PRIVATE KEY-----"
    with pytest.raises(QueryError, match="must be PEM and without a password") as caught:
        HttpClient.of(settings(url=login.url, data=data, secrets={"oauth2PrivateKey": key})).get("x")
    assert "c2VzYW1l" not in str(caught.value)


def test_a_missing_cryptography_is_named(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it; grants that sign nothing do without."""
    load = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("cryptography"):
            raise ModuleNotFoundError("No module named 'cryptography'", name="cryptography")
        return load(name, *arguments, **options)

    client = HttpClient.of(configured(login, "client_credentials"))
    signing = HttpClient.of(configured(login, "jwt_bearer"))
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", without)
        patch.setattr(login, "issued", [])
        with pytest.raises(PluginError, match=r"add `cryptography` to the dependencies in pyproject\.toml"):
            signing.get("x")
    assert client.get("x").status == 200


def test_the_token_of_the_user_wins(login: Login) -> None:
    """Where Grafana forwards one no other is asked for; alert rules have no user, and get the data source's."""
    client = HttpClient.of(configured(login), forward_headers=True)
    enter(Incoming(endpoint="queryData", headers={"Authorization": "Bearer of-ada", "X-Id-Token": "id"}))

    assert client.get("x").status == 401  # which this server does not know, and which is not renewed
    assert login.asked == 0
    enter(Incoming(endpoint="queryData", headers={"FromAlert": "true"}))
    assert client.get("x").status == 200


def test_the_token_endpoint_gets_nothing_of_the_data_sources(login: Login) -> None:
    """Neither basic authentication nor custom headers: they are for the upstream."""
    with upstreams.server() as other:
        data, hidden = loginserver.values(login, "client_credentials", oauth2TokenUrl=f"{other.url}/token")
        data |= {"httpHeaderName1": "X-Own"}
        hidden |= {"httpHeaderValue1": "custom"}
        with pytest.raises(DownstreamError, match="without a bearer token"):
            HttpClient.of(settings(url=login.url, data=data, secrets=hidden)).get("x")
        headers = other.seen[0]["headers"]

    assert "x-own" not in headers
    assert headers["authorization"].startswith("Basic ")


def test_a_token_endpoint_elsewhere_may_have_a_public_certificate(tmp_path: Any) -> None:
    """An own authority is for the data source; the token endpoint of another host is trusted by the system's too."""
    _, pem = upstreams.tls(tmp_path)
    http = HttpSettings(url="https://api.example", ca_certificate=pem, server_name="inside")
    own = oauth2._for_tokens(http, "https://api.example/token")
    other = oauth2._for_tokens(http, "https://login.example/token")

    assert (own.server_name, other.server_name) == ("inside", "")
    assert own.ssl_context().cert_store_stats()["x509"] == 1
    assert other.ssl_context().cert_store_stats()["x509"] > 1


@pytest.mark.parametrize("grant", [None, "", "none"])
def test_without_a_grant_no_token_is_asked_for(login: Login, grant: str | None) -> None:
    """As the config page leaves it, and as provisioned files may."""
    assert HttpClient.of(configured(login, oauth2Grant=grant)).get("x").status == 401
    assert login.asked == 0


@pytest.mark.parametrize("kind", [HttpClient, AsyncHttpClient])
def test_tokens_come_by_the_secure_socks_proxy(login: Login, kind: Any) -> None:
    """As the data source's own requests do, for both clients: the token endpoint may be in the private network."""
    proxy = upstreams.SocksProxy(int(login.url.rpartition(":")[2]), None)
    data, hidden = loginserver.values(login, "client_credentials", oauth2TokenUrl="http://login.inside.example/token")
    prefix = "GF_SECURE_SOCKS_DATASOURCE_PROXY_"
    config = {"SERVER_ENABLED": "true", "PROXY_ADDRESS": proxy.address, "ALLOW_INSECURE": "true"}
    own = settings(
        url="http://api.inside.example/api",
        data=data | {"enableSecureSocksProxy": True},
        secrets=hidden,
        config={f"{prefix}{name}": value for name, value in config.items()},
    )
    client = kind.of(own)
    answer = client.get("x") if kind is HttpClient else asyncio.run(client.get("x"))
    proxy.close()

    assert answer.status == 200
    assert {name for name, _, _ in proxy.asked} == {"login.inside.example", "api.inside.example"}
