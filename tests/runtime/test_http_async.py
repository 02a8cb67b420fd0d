"""The HTTP client of `async def` handlers: the same rules, and other clients with the same settings."""

from __future__ import annotations

import asyncio
import builtins
import gzip
import time
from typing import TYPE_CHECKING, Any

import pytest
import upstreams
from upstreams import Proxy, Script, settings

from gfruntime import (
    AsyncHttpClient,
    DownstreamError,
    HttpClient,
    HttpSettings,
    QueryError,
    httpx_async_client,
    httpx_client,
    requests_session,
)
from gfruntime.request.config import SocksProxy
from gfruntime.request.incoming import Incoming, enter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from upstreams import Server

pytestmark = pytest.mark.usefixtures("without_proxies")

HTTP: dict[str, Any] = {
    "basic_auth_enabled": True,
    "basic_auth_user": "ada",
    "data": {"httpHeaderName1": "X-Key"},
    "secrets": {"httpHeaderValue1": "k", "basicAuthPassword": "p"},
}


def test_the_async_client_sends_the_same_requests(server: Server) -> None:
    """Requests have method, body, settings, and the headers of the current call."""
    enter(Incoming(endpoint="queryData", headers={"http_X-Grafana-Id": "jwt"}))

    async def ask() -> list[Any]:
        client = AsyncHttpClient.of(settings(url=f"{server.url}/base", **HTTP), forward_headers=True)
        answers = [await client.get("x", params={"a": "b"}), await client.post("y", json=[1])]
        await client.close()
        return [answer.raise_for_status().json() for answer in answers]

    first, second = asyncio.run(ask())

    assert (first["method"], first["path"], first["headers"]["x-grafana-id"]) == ("GET", "/base/x?a=b", "jwt")
    assert (second["method"], second["body"], second["headers"]["x-key"]) == ("POST", "[1]", "k")


@pytest.mark.parametrize(
    ("url", "options", "kind", "sentence"),
    [
        ("../x", {}, QueryError, "leaves the data source's path /base"),
        ("http://other/x", {}, QueryError, "is not the data source's host"),
        ("http://ORIGIN/slow", {"timeout": 0.2}, DownstreamError, r"did not answer within 0\.2 s"),
        ("http://ORIGIN/bomb", {"max_bytes": 1000}, DownstreamError, "more than the limit of 1000 bytes"),
        ("http://ORIGIN/cut", {}, DownstreamError, "could not be asked"),
    ],
)
def test_the_async_client_has_the_same_rules(
    server: Server, url: str, options: dict[str, Any], kind: type[Exception], sentence: str
) -> None:
    """Addresses, deadlines, bounds and errors equal those of `HttpClient`."""

    async def ask() -> None:
        client = AsyncHttpClient(HttpClient.of(settings(url=f"{server.url}/base")))
        await client.get(url.replace("http://ORIGIN", server.url), **options)

    with pytest.raises(kind, match=sentence):
        asyncio.run(ask())


@pytest.mark.slow
def test_requests_run_concurrently(server: Server) -> None:
    """Requests do not block the event loop."""

    async def ask() -> None:
        client = AsyncHttpClient.of(settings(url=server.url))
        await asyncio.gather(*(client.get("slow") for _ in range(20)))

    began = time.monotonic()
    asyncio.run(ask())

    assert time.monotonic() - began < 10


@pytest.mark.parametrize("timeout", [30, 0])
def test_a_cancelled_request_ends_at_once(timeout: float) -> None:
    """Its connection is closed, not only its result ignored."""
    with Script(b"", b"H", pause=0.05, repeats=1000) as upstream:

        async def ask() -> None:
            client = AsyncHttpClient.of(settings(url=upstream.url))
            await asyncio.wait_for(client.get("x", timeout=timeout), 0.3)

        with pytest.raises(TimeoutError):
            asyncio.run(ask())
        deadline = time.monotonic() + 0.5
        while not upstream.hangups and time.monotonic() < deadline:
            time.sleep(0.01)

        assert upstream.hangups == 1


@pytest.mark.parametrize("make", [httpx_client, requests_session])
def test_other_clients_have_the_settings(server: Server, make: Callable[..., Any]) -> None:
    """The clients send basic authentication and custom headers, and another host gets neither."""
    with upstreams.server() as other, make(settings(url=server.url, **HTTP)) as client:
        own = client.get(f"{server.url}/x").json()["headers"]
        foreign = client.get(f"{other.url}/x").json()["headers"]
        client.get(f"{server.url}/to/302", headers={"X-To": f"{other.url}/there"}, **_following(client))

    assert (own["x-key"], own["authorization"][:6]) == ("k", "Basic ")
    assert not {"x-key", "authorization"} & foreign.keys()
    assert other.requests[-1]["path"] == "/there"
    assert not {"x-key", "authorization"} & other.requests[-1]["headers"].keys()


def _following(client: Any) -> dict[str, bool]:
    return {"follow_redirects": True} if type(client).__module__.startswith("httpx") else {}


def test_the_async_client_of_httpx_uses_the_settings(server: Server) -> None:
    """A relative URL goes below the data source's; httpx's options can be used."""

    async def ask() -> tuple[Any, Any]:
        with upstreams.server() as other:
            async with httpx_async_client(settings(url=server.url, **HTTP), follow_redirects=True) as client:
                own = (await client.get("x")).json()
                return own, (await client.get("to/302", headers={"X-To": f"{other.url}/there"})).json()

    own, foreign = asyncio.run(ask())

    assert (own["path"], own["headers"]["x-key"]) == ("/x", "k")
    assert not {"x-key", "authorization"} & foreign["headers"].keys()


@pytest.mark.parametrize("make", [httpx_client, requests_session])
def test_other_clients_use_the_configured_tls(make: Callable[..., Any], tmp_path: Path) -> None:
    """With the CA and the server name the request works; without them the certificate is refused."""
    context, pem = upstreams.tls(tmp_path)
    tls = {"data": {"tlsAuthWithCACert": True, "serverName": "localhost"}, "secrets": {"tlsCACert": pem}}
    with upstreams.server(context) as secure:
        with make(settings(url=secure.url, **tls)) as client:
            assert client.get(f"{secure.url}/x").status_code == 200
        with make(settings(url=secure.url)) as client, pytest.raises(Exception, match=r"(?i)certificate.verify.failed"):
            client.get(f"{secure.url}/x")


@pytest.mark.parametrize("make", [httpx_client, requests_session])
def test_other_clients_use_the_proxy_of_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch, make: Callable[..., Any]
) -> None:
    """Other clients use the proxy as HttpClient does, NO_PROXY included."""
    with Proxy(server.server_port) as proxy:
        monkeypatch.setenv("http_proxy", f"http://ada:pw@127.0.0.1:{proxy.port}")
        with make(settings(url="http://far.example")) as client:
            assert client.get("http://far.example/x").text == "yes"
        with make(settings(url=server.url)) as client:
            assert client.get(f"{server.url}/x").json()["path"] == "/x"

    assert proxy.heads[0].startswith("GET http://far.example/x HTTP/1.1\r\n")
    assert "\r\nProxy-Authorization: Basic YWRhOnB3\r\n" in proxy.heads[0]


@pytest.mark.slow
@pytest.mark.parametrize("make", [httpx_client, requests_session])
def test_other_clients_use_the_configured_timeout(server: Server, make: Callable[..., Any]) -> None:
    """A request may have its own."""
    with make(HttpSettings(url=server.url, timeout=0.2)) as client:
        with pytest.raises(Exception, match=r"(?i)timed out"):
            client.get(f"{server.url}/slow")
        assert client.get(f"{server.url}/slow", timeout=20).status_code == 200


GZIP_BODY = gzip.compress(bytes(50_000))


def _read_httpx(http: HttpSettings, url: str) -> bytes:
    with httpx_client(http) as client:
        return client.get(url).content


def _stream_httpx(http: HttpSettings, url: str) -> bytes:
    with httpx_client(http) as client, client.stream("GET", url) as response:
        return b"".join(response.iter_raw())


def _read_async_httpx(http: HttpSettings, url: str) -> bytes:
    async def ask() -> bytes:
        async with httpx_async_client(http) as client:
            return (await client.get(url)).content

    return asyncio.run(ask())


def _stream_async_httpx(http: HttpSettings, url: str) -> bytes:
    async def ask() -> bytes:
        async with httpx_async_client(http) as client, client.stream("GET", url) as response:
            return b"".join([part async for part in response.aiter_raw()])

    return asyncio.run(ask())


def _read_requests(http: HttpSettings, url: str) -> bytes:
    with requests_session(http) as session:
        return bytes(session.get(url).content)


def _stream_requests(http: HttpSettings, url: str) -> bytes:
    with requests_session(http) as session, session.get(url, stream=True) as response:
        return b"".join(iter(lambda: response.raw.read(100), b""))


READERS = [_read_httpx, _stream_httpx, _read_async_httpx, _stream_async_httpx, _read_requests, _stream_requests]


@pytest.mark.parametrize("read", READERS)
def test_other_clients_have_grafanas_limit_on_answers(
    server: Server, read: Callable[[HttpSettings, str], bytes]
) -> None:
    """The limit is for whole and partial reads; an answer of exactly the limit is read."""
    too_little = HttpSettings(url=server.url, response_limit=4999)
    sentence = r"^/big answered more than the limit of 4999 bytes, set by Grafana: its setting response_limit$"
    with pytest.raises(DownstreamError, match=sentence):
        read(too_little, f"{server.url}/big?token=hush")

    for limit in (5000, 0):
        assert len(read(HttpSettings(url=server.url, response_limit=limit), f"{server.url}/big")) == 5000


@pytest.mark.parametrize("read", [_read_httpx, _read_async_httpx, _read_requests])
def test_the_limit_of_answers_counts_decompressed_bytes(read: Callable[[HttpSettings, str], bytes]) -> None:
    """A few compressed bytes may become many."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(GZIP_BODY)
    with (
        Script(head + GZIP_BODY) as upstream,
        pytest.raises(DownstreamError, match="more than the limit of 49999 bytes"),
    ):
        read(HttpSettings(url=upstream.url, response_limit=49_999), f"{upstream.url}/x")
    with Script(head + GZIP_BODY) as upstream:
        assert read(HttpSettings(url=upstream.url, response_limit=50_000), f"{upstream.url}/x") == bytes(50_000)


def test_requests_uses_the_secure_socks_proxy(server: Server) -> None:
    """For httpx, which can't use the proxy, an error is raised."""
    proxy = upstreams.SocksProxy(server.server_port, None)
    http = HttpSettings(url="http://inside.example", socks=SocksProxy(address=proxy.address, allow_insecure=True))
    with requests_session(http) as session:
        assert session.get("http://inside.example/x").json()["headers"]["host"] == "inside.example"
    proxy.close()
    with pytest.raises(QueryError, match="httpx can't use Grafana's secure socks proxy"):
        httpx_client(http)


@pytest.mark.parametrize(
    ("make", "package"),
    [(httpx_client, "httpx"), (httpx_async_client, "httpx"), (requests_session, "requests")],
)
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, make: Callable[..., Any], package: str) -> None:
    """The error says what to install."""
    load = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(name)
        return load(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=f"add '{package}' to the dependencies in pyproject.toml"):
        make(HttpSettings())
