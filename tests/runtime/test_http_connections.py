"""How the HTTP client reaches an upstream: proxies, TLS, Grafana's secure socks proxy."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import upstreams
from upstreams import client, settings

from gfruntime import DownstreamError, HttpClient, HttpSettings
from gfruntime.http.addresses import Origin
from gfruntime.http.proxies import proxy_for
from gfruntime.request.config import SocksProxy
from gfruntime.serving.tls import self_signed

if TYPE_CHECKING:
    from pathlib import Path

    from upstreams import Server

pytestmark = pytest.mark.usefixtures("outside_of_calls")


def test_proxies_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY gets whole URLs and its password; NO_PROXY and this machine itself are spared."""
    monkeypatch.setenv("http_proxy", server.url.replace("//", "//ada:pw@"))
    asked = HttpClient.of(settings(url="http://far.example:81")).get("x").json()
    monkeypatch.setenv("no_proxy", "far.example")
    with pytest.raises(DownstreamError):
        HttpClient.of(settings(url="http://far.example:81")).get("x", timeout=3)

    assert asked["path"] == "http://far.example:81/x"
    assert asked["headers"]["host"] == "far.example:81"
    assert asked["headers"]["proxy-authorization"] == "Basic " + base64.b64encode(b"ada:pw").decode()
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
    """A name stands for what is below it too, with a port for that port only; a network for what it holds."""
    for name, value in ((f"{scheme}_proxy", "proxy:3128"), ("no_proxy", words)):
        monkeypatch.setenv(name.upper() if in_capitals else name, value)
    proxy = proxy_for(Origin(scheme, host, 81))

    assert (proxy is None) is is_spared
    assert proxy is None or (proxy.host, proxy.port) == ("proxy", 3128)


def tls_settings(pem: str, **data: Any) -> dict[str, Any]:
    """Describe TLS as Grafana's editor saves it."""
    return {"data": {"tlsAuthWithCACert": True, "serverName": "localhost", **data}, "secrets": {"tlsCACert": pem}}


def test_own_authority_and_server_name_are_used(tmp_path: Path) -> None:
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
    described = tls_settings(pem, tlsAuth=True)
    described["secrets"] |= {"tlsClientCert": own.pem, "tlsClientKey": own.key_pem}
    with upstreams.server(context) as secure:
        assert client(secure, **described).get("x").status == 200
        with pytest.raises(DownstreamError):
            client(secure, **tls_settings(pem)).get("x")


def test_certificates_need_their_switch() -> None:
    """Without tlsAuth or tlsAuthWithCACert the secrets and the server name are not read."""
    found = HttpSettings.of(settings(data={"serverName": "s"}, secrets={"tlsCACert": "pem"}))

    assert (found.ca_certificate, found.server_name) == ("", "")


def test_grafana_may_demand_tls_13() -> None:
    """The feature toggle raises the lowest version."""
    config = {"GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "pluginsForceTls13"}

    assert HttpSettings.of(settings(config=config)).ssl_context().minimum_version is ssl.TLSVersion.TLSv1_3
    assert HttpSettings.of(settings()).ssl_context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_systems_authorities_are_trusted() -> None:
    """Without a CA of its own the data source is checked against somebody's."""
    assert HttpSettings().ssl_context().cert_store_stats()["x509_ca"] > 0


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
    made = HttpClient(HttpSettings(url="http://inside.example", socks=socks, socks_user="u", socks_password="p"))  # noqa: S106
    answer = made.get("x")
    made.close()
    proxy.close()

    assert answer.json()["headers"]["host"] == "inside.example"
    assert proxy.asked == [("inside.example", b"u", b"p")]


def test_refusing_socks_proxy_is_a_downstream_error(server: Server) -> None:
    """Its reason is told."""
    proxy = upstreams.SocksProxy(server.server_port, None, refuses=4)
    socks = SocksProxy(address=proxy.address, allow_insecure=True)
    with pytest.raises(DownstreamError, match="host unreachable"):
        HttpClient(HttpSettings(url="http://inside.example", socks=socks)).get("x")
    proxy.close()
