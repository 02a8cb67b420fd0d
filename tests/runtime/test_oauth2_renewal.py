"""Access tokens of OAuth2 are renewed: under load, in time, once for all callers, after a refusal and a failure."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from loginserver import settings_of

from gfruntime import (
    AsyncHttpClient,
    DownstreamError,
    HttpClient,
    OAuth2,
)
from gfruntime.http import tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from loginserver import Login


pytestmark = pytest.mark.usefixtures("without_proxies")

PAUSE_S = 0.1  # a caller's pause; without it, 80 callers leave no time for the server in the same process


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
    """Send requests from many tasks again and again; the first error is raised."""

    async def run() -> None:
        while not is_over.is_set():
            (await client.get("x")).raise_for_status()
            await asyncio.sleep(PAUSE_S)

    await asyncio.gather(*(run() for _ in range(tasks)))


def load(client: HttpClient, other: AsyncHttpClient, until: Callable[[], object]) -> None:
    """Send requests from 16 threads and 64 tasks until a function returns; then close both clients."""
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
    """Wait until a condition is true, at most a minute."""
    end = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("grant", ["client_credentials", "jwt_bearer"])
def test_tokens_that_expire_under_load_are_renewed_once(
    login: Login, grant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 threads and 64 tasks of one instance share a token; each lives 2 s, and no call fails."""
    times: list[float] = []
    fetch = OAuth2._fetch

    def fetch_and_note(self: OAuth2) -> tokens.Token:
        times.append(time.monotonic())
        return fetch(self)

    monkeypatch.setattr(OAuth2, "_fetch", fetch_and_note)
    login.lifetime, login.leeway = 2, 5  # a request may be on its way for long on a busy machine
    login.delay = 0.05
    own = settings_of(login, grant)
    client, other = HttpClient.of(own), AsyncHttpClient.of(own)
    load(client, other, lambda: wait_until(lambda: len(set(login.accepted_tokens)) >= 4))
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    *earlier_tokens, last = [each.value for each in login.issued]

    assert len(times) == login.token_requests == len(login.issued) >= 4
    assert set(earlier_tokens) <= set(login.accepted_tokens) <= {*earlier_tokens, last}
    assert login.refusals == 0
    assert statistics.median(gaps) < 2  # each was renewed before it expired
    assert min(gaps) > 2 - 2 / 4 * (1 + 1 / 4) - 0.05, gaps  # the margin is a quarter, and the jitter a quarter of it


@pytest.mark.slow
def test_tokens_that_are_revoked_under_load_are_renewed_once(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server names no lifetime: each 401 is repeated once, with the token that one of the callers renewed."""
    monkeypatch.setattr(tokens, "_NEW_SECONDS", 0.0)
    login.lifetime = 3600.5
    own = settings_of(login)
    client, other = HttpClient.of(own), AsyncHttpClient.of(own)
    revocations = 4

    def is_everybodys(number: int) -> bool:
        return len(login.issued) > number and login.accepted_tokens.count(login.issued[number].value) > 3 * 80

    def revoke() -> None:
        for number in range(revocations):
            wait_until(partial(is_everybodys, number))
            login.revoke()
        wait_until(lambda: len(login.issued) > revocations)

    load(client, other, revoke)

    assert login.token_requests == len(login.issued) == 1 + revocations
    assert login.refusals >= revocations


def test_a_request_with_a_body_is_repeated_whole(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """A POST that was refused has changed nothing yet."""
    monkeypatch.setattr(tokens, "_NEW_SECONDS", 0.0)
    client = HttpClient.of(settings_of(login))
    client.get("x")
    login.revoke()

    assert client.post("x", json={"a": 1}).raise_for_status().json() == {"body": '{"a": 1}'}
    assert login.refusals == 1


def test_an_upstream_that_refuses_each_token_causes_no_more_token_requests(login: Login) -> None:
    """The upstream refuses a new token, too, so the 401 is the answer."""
    login.is_closed = True
    client = HttpClient.of(settings_of(login))

    assert [client.get("x").status for _ in range(3)] == [401] * 3
    assert (login.token_requests, login.refusals) == (1, 3)


def test_a_refused_request_is_repeated_no_more_than_once(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to the second request is returned."""
    monkeypatch.setattr(tokens, "_NEW_SECONDS", 0.0)
    client = HttpClient.of(settings_of(login))
    client.get("x")
    login.is_closed = True

    assert client.get("x").status == 401
    assert (login.token_requests, login.refusals) == (2, 2)


@pytest.mark.shows("errors: no OAuth2 token")
def test_a_failed_renewal_is_one_error_for_all_and_is_repeated_later(login: Login) -> None:
    """Sixteen callers wait for one renewal; a caller right after it gets the same error; later it is tried again."""
    login.failure, login.delay = (503, '{"error": "temporarily_unavailable"}'), 0.2
    own = settings_of(login)
    client = HttpClient.of(own)
    sentence = "the OAuth2 token endpoint answered 503 temporarily_unavailable"

    def ask() -> None:
        with pytest.raises(DownstreamError, match=sentence):
            client.get("x")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: ask(), range(16)))
    ask()
    assert login.token_requests == 1
    login.failure = None
    cache = OAuth2.of(own)._tokens
    assert cache._paused_until - time.monotonic() < tokens._PAUSE
    cache._paused_until = 0

    assert client.get("x").status == 200
    assert login.token_requests == 2


@pytest.mark.slow
def test_a_callers_deadline_ends_only_its_own_waiting(login: Login) -> None:
    """The renewal continues for the other callers, and is not repeated."""
    login.delay = 1.0
    client = HttpClient.of(settings_of(login))
    began = time.monotonic()
    with pytest.raises(DownstreamError, match="no access token arrived in time") as problem:
        client.get("x", deadline=0.2)

    assert time.monotonic() - began < 0.9
    assert problem.value.status == 504
    assert client.get("x").status == 200
    assert login.token_requests == 1


def test_a_cancelled_task_does_not_end_the_renewal(login: Login) -> None:
    """The first caller gives up; the second gets the token."""
    login.delay = 0.6
    client = AsyncHttpClient.of(settings_of(login))

    async def ask() -> int:
        first = asyncio.create_task(client.get("x"))
        await asyncio.sleep(0.2)
        second = asyncio.create_task(client.get("x"))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return (await second).status

    assert asyncio.run(ask()) == 200
    assert login.token_requests == 1


def test_nobody_waits_for_a_token_that_is_renewed_in_time() -> None:
    """In the last quarter of its life the old token is sent until a new one arrives, also after a failed renewal."""
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
    assert [cache.current() for _ in range(3)] == ["two"] * 3  # the renewal failed, and the next try waits a little
    cache._paused_until = 0
    wait_until(lambda: cache.current() == "three")


def test_clients_of_one_instance_share_a_token(login: Login) -> None:
    """Clients of another instance have their own, even with the same settings."""
    one, two = settings_of(login), settings_of(login)
    clients = [HttpClient.of(one), HttpClient.of(one, auth=OAuth2.of(one)), HttpClient.of(two)]
    for client in clients:
        client.get("x").raise_for_status()

    assert OAuth2.of(one) is not OAuth2.of(two)
    assert (login.token_requests, len(set(login.accepted_tokens))) == (2, 2)
