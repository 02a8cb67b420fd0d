"""How the HTTP client reaches an upstream: proxies, TLS, Grafana's secure socks proxy."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import upstreams
from upstreams import Proxy, client, settings

from gfruntime import DownstreamError, HttpClient, HttpSettings
from gfruntime.http.addresses import Origin
from gfruntime.http.proxies import proxy_for
from gfruntime.request.config import SocksProxy
from gfruntime.serving.tls import self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from upstreams import Server

pytestmark = pytest.mark.usefixtures("without_proxies")


def test_proxies_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy of HTTP_PROXY gets whole URLs and its password; hosts of NO_PROXY and this machine need no proxy."""
    monkeypatch.setenv("http_proxy", server.url.replace("//", "//ada:pw@"))
    request = HttpClient.of(settings(url="http://far.example:81")).get("x").json()
    monkeypatch.setenv("no_proxy", "far.example")
    with pytest.raises(DownstreamError):
        HttpClient.of(settings(url="http://far.example:81")).get("x", timeout=3)

    assert request["path"] == "http://far.example:81/x"
    assert request["headers"]["host"] == "far.example:81"
    assert request["headers"]["proxy-authorization"] == "Basic " + base64.b64encode(b"ada:pw").decode()
    assert client(server).get("x").json()["path"] == "/base/x"


@pytest.mark.parametrize(
    ("host", "words", "is_spared"),
    [
        ("far.example", "*", True),
        ("far.example", "Far.Example", True),
        ("far.example", ".example", True),
        ("far.example", "*.example", True),
        ("far.example", "other.example, far.example:81", True),
        ("far.example", "far.example:82", False),
        ("far.example", "ar.example", False),
        ("far.example", "", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("fd00::1", "fd00::/8", True),
        ("fd00::1", "[fd00::1]", True),
    ],
)
@pytest.mark.parametrize(("scheme", "in_capitals"), [("http", True), ("https", False)])
def test_no_proxy_is_read_as_go_reads_it(
    monkeypatch: pytest.MonkeyPatch, host: str, words: str, *, is_spared: bool, scheme: str, in_capitals: bool
) -> None:
    """A name also covers its subdomains, a name with a port that port only, and a network its addresses."""
    for name, value in ((f"{scheme}_proxy", "proxy:3128"), ("no_proxy", words)):
        monkeypatch.setenv(name.upper() if in_capitals else name, value)
    proxy = proxy_for(Origin(scheme, host, 81))

    assert (proxy is None) is is_spared
    assert proxy is None or (proxy.host, proxy.port) == ("proxy", 3128)


@pytest.fixture
def secure_proxy(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Run a proxy over TLS that the system trusts and the environment names, with user and password."""
    (tmp_path / "proxy").mkdir()
    context, pem = upstreams.tls(tmp_path / "proxy")
    (tmp_path / "authorities.pem").write_text(pem, encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    with Proxy(server.server_port, context) as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"https://ada:sesame@localhost:{proxy.port}")
        yield proxy


CREDENTIALS = "Basic " + base64.b64encode(b"ada:sesame").decode()


def test_requests_to_a_tls_proxy_are_encrypted(secure_proxy: Proxy) -> None:
    """Requests to a plain upstream, and the proxy's credentials, are encrypted on their way to it."""
    http = HttpClient.of(settings(url="http://far.example:81", data={"tlsSkipVerify": True}))

    assert http.get("x").body == b"yes"
    (head,) = secure_proxy.heads
    assert head.startswith("GET http://far.example:81/x HTTP/1.1\r\n")
    assert f"\r\nProxy-Authorization: {CREDENTIALS}\r\n" in head


def test_tls_goes_through_a_proxy_over_tls(secure_proxy: Proxy, tmp_path: Path) -> None:
    """The upstream's encryption is inside the proxy's; the upstream never gets the proxy's credentials."""
    context, pem = upstreams.tls(tmp_path)
    with upstreams.server(context) as secure:
        secure_proxy._to = secure.server_port
        http = HttpClient.of(settings(url="https://far.example", **tls_settings(pem)))
        answers = [http.get(name).json() for name in ("x", "y")]

    (head,) = secure_proxy.heads
    assert head.startswith("CONNECT far.example:443 HTTP/1.")
    assert f"\r\nProxy-Authorization: {CREDENTIALS}\r\n" in head
    assert [answer["path"] for answer in answers] == ["/x", "/y"]
    assert not [answer for answer in answers if "proxy-authorization" in answer["headers"]]


@pytest.mark.shows("errors: an invalid proxy address")
def test_a_proxy_over_tls_is_verified(secure_proxy: Proxy, tmp_path: Path) -> None:
    """The proxy is verified before anything is sent, even if the data source does not verify its upstream."""
    (tmp_path / "other").mkdir()
    _, other = upstreams.tls(tmp_path / "other")
    (tmp_path / "authorities.pem").write_text(other, encoding="ascii")
    for url in ("http://far.example", "https://far.example"):
        with pytest.raises(DownstreamError, match=r"the proxy: .*certificate verify failed") as failure:
            HttpClient.of(settings(url=url, data={"tlsSkipVerify": True})).get("x")
        assert "sesame" not in str(failure.value)

    assert secure_proxy.heads == []


def test_a_tunnel_through_a_plain_proxy_hides_the_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The proxy gets its credentials once, the upstream none."""
    context, pem = upstreams.tls(tmp_path)
    with upstreams.server(context) as secure, Proxy(secure.server_port) as proxy:
        monkeypatch.setenv("https_proxy", f"ada:sesame@127.0.0.1:{proxy.port}")
        answer = HttpClient.of(settings(url="https://far.example:444", **tls_settings(pem))).get("x").json()

    assert CREDENTIALS in proxy.heads[0]
    assert (answer["path"], "proxy-authorization" in answer["headers"]) == ("/x", False)


@pytest.mark.parametrize("name", ["Proxy-Authorization", "proxy-authorization"])
def test_no_header_for_a_proxy_reaches_an_upstream(server: Server, name: str) -> None:
    """Custom headers and headers of a call are dropped."""
    http = client(server, data={"httpHeaderName1": name}, secrets={"httpHeaderValue1": "custom"})
    headers = http.get("x", headers={name: "own"}).json()["headers"]

    assert "proxy-authorization" not in headers


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [("ada@", "ada:"), (":pw@", ":pw"), ("ada:p%40%3A@", "ada:p@:"), ("%C3%A9:pw@", "é:pw")],
)
def test_a_proxys_credentials_have_many_forms(
    server: Server, monkeypatch: pytest.MonkeyPatch, credentials: str, expected: str
) -> None:
    """The credentials may be only a user, only a password, or encoded; the address may have blanks around it."""
    monkeypatch.setenv("http_proxy", f" {server.url.replace('//', f'//{credentials}')} ")
    headers = HttpClient.of(settings(url="http://far.example")).get("x").json()["headers"]

    assert headers["proxy-authorization"] == "Basic " + base64.b64encode(expected.encode()).decode()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS5"])
@pytest.mark.parametrize("credentials", ["", "u:p%40@"])
def test_a_socks_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch, scheme: str, credentials: str
) -> None:
    """The proxy resolves names, for all SOCKS schemes."""
    proxy = upstreams.SocksProxy(server.server_port, None)
    monkeypatch.setenv("http_proxy", f"{scheme}://{credentials}{proxy.address}")
    answer = HttpClient.of(settings(url="http://inside.example")).get("x").json()
    proxy.close()

    assert (answer["headers"]["host"], answer["path"]) == ("inside.example", "/x")
    assert proxy.targets == [("inside.example", b"u", b"p@") if credentials else ("inside.example", b"", b"")]


@pytest.mark.shows("errors: an invalid proxy address")
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("socks4://proxy:1", "HTTP_PROXY names a proxy of the kind socks4, which is not supported"),
        ("socks://proxy:1", "of the kind socks, which is not supported; use http, https or socks5"),
        ("ftp://proxy", "of the kind ftp"),
        ("http://ada:sesame@proxy:99999", "HTTP_PROXY is not a valid proxy address; write http://HOST:PORT"),
        ("http://ada:sesame@proxy:port", "is not a valid proxy address"),
        ("http://ada:sesame@", "is not a valid proxy address"),
        ("http://[::1", "is not a valid proxy address"),
        ("http://", "is not a valid proxy address"),
    ],
)
def test_an_invalid_proxy_address_is_named(monkeypatch: pytest.MonkeyPatch, value: str, sentence: str) -> None:
    """The sentence says which variable is wrong, and shows no password."""
    monkeypatch.setenv("http_proxy", value)
    with pytest.raises(DownstreamError, match=sentence) as failure:
        HttpClient.of(settings(url="http://far.example")).get("x")

    assert "sesame" not in str(failure.value)


@pytest.mark.parametrize(
    ("host", "words", "is_spared"),
    [
        ("far.example.", "far.example", True),
        ("far.example", "far.example.", True),
        ("an.far.example", ".far.example", True),
        ("10.1.2.3", "10.0.0.0/8:81", True),
        ("10.1.2.3", "10.1.2.3:81", True),
        ("10.1.2.3", "10.1.2.3:82", False),
        ("fd00::1", "[fd00::1]:81", True),
        ("fd00::1", "[fd00::1]:82", False),
        ("far.example", " , ,far.example ", True),
        ("far.example", "far.example/8", False),
        ("far.example", "*.", False),
        ("far.example", ".", False),
    ],
)
def test_no_proxy_accepts_more_forms(
    monkeypatch: pytest.MonkeyPatch, host: str, words: str, *, is_spared: bool
) -> None:
    """The forms are dots at the end, ports of addresses, blanks and nonsense."""
    monkeypatch.setenv("http_proxy", "proxy")
    monkeypatch.setenv("no_proxy", words)

    assert (proxy_for(Origin("http", host, 81)) is None) is is_spared


def tls_settings(pem: str, **data: Any) -> dict[str, Any]:
    """Describe TLS as Grafana's editor saves it."""
    return {"data": {"tlsAuthWithCACert": True, "serverName": "localhost", **data}, "secrets": {"tlsCACert": pem}}


def test_the_configured_ca_and_server_name_are_used(tmp_path: Path) -> None:
    """With the right CA and name the request works; without them it is a downstream error about the certificate."""
    context, pem = upstreams.tls(tmp_path)
    with upstreams.server(context) as secure:
        assert client(secure, **tls_settings(pem)).get("x").status == 200
        assert client(secure, data={"tlsSkipVerify": True}).get("x").status == 200
        with pytest.raises(DownstreamError, match="certificate verify failed"):
            client(secure).get("x")


def test_client_certificate_is_sent(tmp_path: Path) -> None:
    """An upstream that asks for a certificate gets it."""
    own = self_signed()
    context, pem = upstreams.tls(tmp_path, trusts=own.pem)
    options = tls_settings(pem, tlsAuth=True)
    options["secrets"] |= {"tlsClientCert": own.pem, "tlsClientKey": own.key_pem}
    with upstreams.server(context) as secure:
        assert client(secure, **options).get("x").status == 200
        with pytest.raises(DownstreamError):
            client(secure, **tls_settings(pem)).get("x")


def test_certificates_are_read_only_if_their_switch_is_on() -> None:
    """Without tlsAuth or tlsAuthWithCACert the secrets and the server name are not read."""
    http_settings = HttpSettings.of(settings(data={"serverName": "s"}, secrets={"tlsCACert": "pem"}))

    assert (http_settings.ca_certificate, http_settings.server_name) == ("", "")


def test_grafana_may_demand_tls_13() -> None:
    """The feature toggle raises the lowest version."""
    config = {"GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "pluginsForceTls13"}

    assert HttpSettings.of(settings(config=config)).ssl_context().minimum_version is ssl.TLSVersion.TLSv1_3
    assert HttpSettings.of(settings()).ssl_context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_systems_authorities_are_trusted() -> None:
    """Without a configured CA the upstream's certificate is verified with the system's authorities."""
    assert HttpSettings().ssl_context().cert_store_stats()["x509_ca"] > 0


@pytest.mark.parametrize("has_grpcio", [True, False])
def test_without_the_systems_authorities_those_of_grpcio_are_trusted(
    monkeypatch: pytest.MonkeyPatch, *, has_grpcio: bool
) -> None:
    """Images may have no certificates; a bundle without grpcio then trusts no authority, and TLS still works."""
    monkeypatch.setattr("ssl.SSLContext.load_default_certs", lambda *_: None)
    monkeypatch.setattr("gfruntime.http.settings._TRUSTED", ())
    if not has_grpcio:
        monkeypatch.setattr("gfruntime.http.settings.find_spec", lambda _: None)

    assert (HttpSettings().ssl_context().cert_store_stats()["x509_ca"] > 0) is has_grpcio


@pytest.mark.parametrize("is_secure", [True, False])
def test_secure_socks_proxy_is_used(server: Server, tmp_path: Path, *, is_secure: bool) -> None:
    """Names are resolved by the proxy, over TLS with a client certificate, after user and password."""
    own = self_signed()
    context, pem = upstreams.tls(tmp_path, trusts=own.pem)
    proxy = upstreams.SocksProxy(server.server_port, context if is_secure else None)
    socks = SocksProxy(
        address=proxy.address,
        server_name="localhost",
        client_cert=own.pem,
        client_key=own.key_pem,
        root_cas=(pem,),
        allow_insecure=not is_secure,
    )
    http = HttpClient(HttpSettings(url="http://inside.example", socks=socks, socks_user="u", socks_password="p"))  # noqa: S106
    answer = http.get("x")
    http.close()
    proxy.close()

    assert answer.json()["headers"]["host"] == "inside.example"
    assert proxy.targets == [("inside.example", b"u", b"p")]


def test_tls_goes_through_a_secure_socks_proxy(tmp_path: Path) -> None:
    """The upstream's encryption is inside the proxy's."""
    (tmp_path / "proxy").mkdir()
    own = self_signed()
    proxys, root = upstreams.tls(tmp_path / "proxy", trusts=own.pem)
    context, pem = upstreams.tls(tmp_path)
    with upstreams.server(context) as secure:
        proxy = upstreams.SocksProxy(secure.server_port, proxys)
        socks = SocksProxy(
            address=proxy.address,
            server_name="localhost",
            client_cert=own.pem,
            client_key=own.key_pem,
            root_cas=(root,),
        )
        http = HttpSettings(url="https://inside.example", ca_certificate=pem, server_name="localhost", socks=socks)
        assert HttpClient(http).get("x").json()["path"] == "/x"
        proxy.close()


def test_refusing_socks_proxy_is_a_downstream_error(server: Server) -> None:
    """The error has the proxy's reason."""
    proxy = upstreams.SocksProxy(server.server_port, None, refuses=4)
    socks = SocksProxy(address=proxy.address, allow_insecure=True)
    with pytest.raises(DownstreamError, match="host unreachable"):
        HttpClient(HttpSettings(url="http://inside.example", socks=socks)).get("x")
    proxy.close()
