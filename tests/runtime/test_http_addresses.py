"""The addresses that the HTTP client requests, and the headers that each host gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import upstreams
from upstreams import client

from gfruntime import DownstreamError, HttpClient, HttpSettings, PluginContext, QueryError
from gfruntime.http.addresses import Addresses, UrlAddress
from gfruntime.request.incoming import Incoming, enter

if TYPE_CHECKING:
    from pathlib import Path

    from upstreams import Server

pytestmark = pytest.mark.usefixtures("without_proxies")

TENANT = "http://host:81/tenant-a"
PRIVATE = {
    "authorization": "Bearer user",
    "cookie": "session=sesame",
    "x-grafana-id": "jwt",
    "x-id-token": "id-token",
    "x-grafana-user": "ada",
    "x-forwarded-user": "ada",
    "baggage": "user=ada",
}
"""Headers that Grafana forwards; its SDK adds the prefix `http_` to all names but the old three."""


def resolve(url: str, *, base: str = TENANT, allowed_hosts: tuple[str, ...] = ()) -> UrlAddress:
    """Resolve an address as the client of a data source does."""
    return Addresses(base, allowed_hosts).resolve(url, None)


def enter_call() -> None:
    """Enter a call that has all headers which Grafana may forward."""
    context = PluginContext(plugin_id="acme-ds", plugin_version="1.2.3", user_agent="Grafana/12.0.0 (linux; amd64)")
    old = {"Authorization": "Bearer user", "Cookie": "session=sesame", "X-ID-Token": "id-token", "FromAlert": "true"}
    others = {f"http_{name}": value for name, value in PRIVATE.items() if name not in ("authorization", "cookie")}
    trace = {"traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"], "baggage": ["user=ada"]}
    enter(Incoming(endpoint="queryData", context=context, headers=old | others, metadata=trace))


def forwarding(server: Server, **options: Any) -> HttpClient:
    """Make a client that forwards headers, and has credentials and custom headers."""
    return client(
        server,
        basic_auth_enabled=True,
        basic_auth_user="ada",
        data={"httpHeaderName1": "X-Key", "httpHeaderName2": "User-Agent", "httpHeaderName3": "Accept"},
        secrets={
            "httpHeaderValue1": "k",
            "httpHeaderValue2": "agent-key",
            "httpHeaderValue3": "v",
            "basicAuthPassword": "p",
        },
        forward_headers=True,
        **options,
    )


def private_headers(other: Server) -> dict[str, str]:
    """Return the headers that a server received, without the harmless ones."""
    harmless = {"host", "accept-encoding", "content-type", "content-length", "user-agent"}
    (request,) = other.requests
    return {k: value for k, value in request["headers"].items() if k not in harmless or "agent-key" in value}


@pytest.mark.shows("errors: a redirect to another host")
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_sends_no_private_header_to_another_host(server: Server, code: int) -> None:
    """The other host gets no forwarded header, credential, custom header, trace or alert flag."""
    enter_call()
    with upstreams.server() as other:
        forwarding(server).get(
            f"{server.url}/to/{code}", headers={"X-To": f"{other.url}/there", "X-Token": "t", "Api-Key": "a"}
        )

        assert PRIVATE.keys() - server.requests[0]["headers"].keys() == set()
        assert private_headers(other) == {}


def test_an_encrypted_upstream_sends_nothing_private_to_an_unencrypted_one(tmp_path: Path) -> None:
    """The same host without TLS is another origin."""
    enter_call()
    context, pem = upstreams.tls(tmp_path)
    tls = {"data": {"tlsAuthWithCACert": True, "serverName": "localhost"}, "secrets": {"tlsCACert": pem}}
    with upstreams.server(context) as secure, upstreams.server() as plain:
        client(secure, forward_headers=True, **tls).get(f"{secure.url}/to/302", headers={"X-To": f"{plain.url}/x"})

        assert private_headers(plain) == {}


def test_a_redirect_back_regains_no_credentials(server: Server) -> None:
    """Another host must not choose a request that the data source's host gets with credentials."""
    enter_call()
    with upstreams.server() as other:
        forwarding(server).get(f"{server.url}/to/302", headers={"X-To": f"{other.url}/to/302?to={server.url}/admin"})

    assert server.requests[-1]["path"] == "/admin"
    assert not {"authorization", "x-key", "cookie", "x-grafana-id"} & server.requests[-1]["headers"].keys()


@pytest.mark.shows("errors: a redirect to another host")
@pytest.mark.parametrize("code", [307, 308])
def test_a_body_is_not_redirected_to_another_host(server: Server, code: int) -> None:
    """A body may hold a password, too."""
    with upstreams.server() as other:
        with pytest.raises(DownstreamError, match="redirects the request's body to another host"):
            client(server).post(f"{server.url}/to/{code}", body=b"secret=x", headers={"X-To": f"{other.url}/there"})

        assert other.requests == []


def test_whole_addresses_of_the_same_origin_are_accepted(server: Server) -> None:
    """Upstreams send such addresses for further pages; the host may be in any case, with the usual port or without."""
    assert client(server).get(f"{server.url}/base/rows?page=2").json()["path"] == "/base/rows?page=2"
    assert client(server).get(f"{server.url}/other").json()["path"] == "/other"
    assert resolve("HTTP://HOST:80/x", base="http://host").url == "http://host/x"
    assert resolve("http://bücher.example/x", base="http://xn--bcher-kva.example").path == "/x"


@pytest.mark.shows("errors: an address of another host")
@pytest.mark.parametrize(
    "url",
    [
        "http://other/steal",
        "https://host:81/x",
        "http://host/x",
        "http://host:82/x",
        "http://host:81@other/x",
        "http://host:81.other/x",
        "http://user:pw@other:81/x",
        "HTTP://other/steal",
        "http://host\\@other/x",
        "http://host:81\\.other/x",
        "http://[::1]/x",
        "http://2130706433/x",
        "http:///x",
        "http://host:99999/x",
        "http://host:-1/x",
        "http://host:port/x",
        "http://[::1/x",
        "http://ho st:81/x",
        "http://host%2eother:81/x",
        "http://" + "a" * 64 + "/x",
        "http://" + "a." * 127 + "a/x",
        "http://a..b/x",
        "http://.a/x",
        "http://[fe80::1%25eth0]/x",
    ],
)
def test_other_hosts_are_refused(url: str) -> None:
    """An address can't send the data source's credentials to another host, or reach hosts near the plugin."""
    with pytest.raises(QueryError):
        resolve(url)


@pytest.mark.parametrize(
    "url", ["//other/steal", "/http://other/steal", "http:other", "http:/other", " http://other/x"]
)
def test_a_relative_address_stays_below_the_data_sources_url(url: str) -> None:
    """A relative address never changes the host."""
    address = resolve(url)

    assert address.url.startswith("http://host:81/tenant-a/")


@pytest.mark.shows("errors: an address of another host")
def test_a_refused_host_is_named_with_the_option_that_allows_it() -> None:
    """The error has the option that the author must set."""
    with pytest.raises(QueryError, match=r"HttpClient\.of\(settings, allowed_hosts=\['https://other:444'\]\)"):
        resolve("https://other:444/x")


@pytest.mark.parametrize(
    ("allowed_hosts", "url", "is_allowed"),
    [
        ("other", "http://other/x", True),
        ("other", "https://OTHER/x", True),
        ("other", "http://other:8080/x", False),
        ("other:8080", "http://other:8080/x", True),
        ("https://other", "https://other/x", True),
        ("https://other/", "http://other/x", False),
        ("other", "http://an.other/x", False),
        ("::1", "http://[::1]/x", True),
        ("[::1]:81", "http://[::1]:81/x", True),
    ],
)
def test_an_author_may_allow_hosts(allowed_hosts: str, url: str, *, is_allowed: bool) -> None:
    """A name without a port allows the usual ports, and no subdomain."""
    if is_allowed:
        assert resolve(url, allowed_hosts=(allowed_hosts,)).is_foreign
    else:
        with pytest.raises(QueryError):
            resolve(url, allowed_hosts=(allowed_hosts,))


@pytest.mark.shows("errors: an address of another host")
def test_an_allowed_host_gets_no_credentials(server: Server) -> None:
    """A host to which it redirects gets none, either."""
    enter_call()
    with upstreams.server() as other:
        http = forwarding(server, allowed_hosts=[other.url])
        http.get(f"{other.url}/x", headers={"Authorization": "Bearer own", "X-Key": "k"})

        assert private_headers(other) == {}


def test_without_a_url_an_author_may_request_any_address(server: Server) -> None:
    """Without a data source's URL the client can't compare hosts."""
    assert HttpClient(HttpSettings()).get(f"{server.url}/x").json()["path"] == "/x"
