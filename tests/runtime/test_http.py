"""The HTTP client: configured as the data source is, kind to its upstream, clear about failures."""

from __future__ import annotations

import base64
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import upstreams

from gfruntime import DownstreamError, HttpClient, HttpSettings, PluginContext, QueryError, Settings, UpstreamError
from gfruntime.http.connection import Origin, _proxy_for
from gfruntime.request.config import GrafanaConfig, SocksProxy
from gfruntime.request.incoming import Incoming, enter
from gfruntime.serving.tls import self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from upstreams import Server


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    """Run an upstream."""
    with upstreams.server() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_call() -> None:
    enter(None)  # type: ignore[arg-type]  # as outside of any call


def settings(**parts: Any) -> Settings[dict[str, Any]]:
    """Describe a data source."""
    data, secrets = parts.pop("data", {}), parts.pop("secrets", {})
    config = GrafanaConfig(parts.pop("config", {}))
    return Settings(options={}, json_data=data, secrets=secrets, config=config, uid="u", name="n", **parts)


def client(server: Server, **parts: Any) -> HttpClient:
    """Make a client for a server."""
    forward = parts.pop("forward_headers", False)
    return HttpClient.of(settings(url=server.url + "/base", **parts), forward_headers=forward)


def test_relative_urls_go_below_the_data_sources(server: Server) -> None:
    """Path and parameters are put together, whatever the slashes; a repeated parameter stays so."""
    asked = client(server).get("/a?x=1", params={"y": ["2", "3"]}).json()

    assert (asked["method"], asked["path"]) == ("GET", "/base/a?x=1&y=2&y=3")


def test_json_is_sent_and_read(server: Server) -> None:
    """A body of JSON says so; what comes back may be compressed."""
    asked = client(server).post("rows", json={"a": [1]}).json()

    assert (asked["body"], asked["headers"]["content-type"]) == ('{"a": [1]}', "application/json")


def test_settings_become_headers(server: Server) -> None:
    """Basic authentication, in its older form too, and custom headers up to the first gap, if they have a value."""
    data = {"httpHeaderName1": "X-One", "httpHeaderName2": "X-Two", "httpHeaderName4": "X-Four"}
    secrets = {"httpHeaderValue1": "1", "httpHeaderValue4": "4", "basicAuthPassword": "pass"}
    made = client(server, data=data, secrets=secrets, basic_auth_enabled=True, basic_auth_user="ada")
    headers = made.get("x").json()["headers"]
    older = client(server, user="ada", secrets={"password": "old"}).get("x").json()["headers"]

    assert headers["authorization"] == "Basic " + base64.b64encode(b"ada:pass").decode()
    assert older["authorization"] == "Basic " + base64.b64encode(b"ada:old").decode()
    assert headers["x-one"] == "1"
    assert not {"x-two", "x-four"} & headers.keys()


def test_given_authorization_wins_over_basic(server: Server) -> None:
    """A token of the author's is not replaced; a custom header replaces whatever there is."""
    made = client(
        server,
        basic_auth_enabled=True,
        basic_auth_user="ada",
        data={"httpHeaderName1": "x-own"},
        secrets={"httpHeaderValue1": "custom"},
    )
    headers = made.get("x", headers={"authorization": "Bearer t", "X-Own": "given"}).json()["headers"]

    assert (headers["authorization"], headers["x-own"]) == ("Bearer t", "custom")


@pytest.mark.parametrize(("value", "seconds"), [("45", 45.0), (45, 45.0), ("soon", 30.0), (None, 30.0)])
def test_numbers_may_be_texts(value: object, seconds: float) -> None:
    """A timeout saved as text counts; nonsense is the default."""
    assert HttpSettings.of(settings(data={"timeout": value})).timeout == seconds


def test_connections_are_used_again(server: Server) -> None:
    """Requests one after another share a connection; side by side each has its own."""
    made = client(server)
    for _ in range(5):
        made.get("x")
    assert server.connections == 1
    threads = [threading.Thread(target=made.get, args=(f"{server.url}/slow",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert server.connections == 3


@pytest.mark.parametrize("path", ["close", "x"])
def test_connection_that_was_closed_is_replaced(server: Server, path: str) -> None:
    """An upstream that ends idle connections costs no request."""
    made = client(server)
    made.get(path)
    for connection in made._idle.values():
        for idle in connection:
            idle.sock.shutdown(2)

    assert made.get("x").status == 200


@pytest.mark.parametrize("path", ["slow", "drip"])
def test_timeout_is_for_the_whole_request(server: Server, path: str) -> None:
    """Whether the first byte or the last one is late, it ends in time, as a downstream error with status 504."""
    began = time.monotonic()
    with pytest.raises(DownstreamError, match=r"did not answer within 0.3 s") as caught:
        client(server).get(f"{server.url}/{path}", timeout=0.3)

    assert caught.value.status == 504
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("path", "because"),
    [
        ("http://127.0.0.1:9/x", "/x could not be asked"),
        ("/cut", "/cut could not be asked"),
        ("/to/302", "redirects more than 10 times"),
    ],
    ids=["nobody is there", "a body that ends too early", "a loop"],
)
def test_what_the_upstream_does_wrong_is_a_downstream_error(server: Server, path: str, because: str) -> None:
    """Neither the plugin nor Grafana is to blame, and no address is told."""
    with pytest.raises(DownstreamError, match=because) as caught:
        client(server).get(path if "://" in path else server.url + path, headers={"X-To": "/to/302"})

    assert caught.value.status == 502
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, DownstreamError), (503, DownstreamError), (405, UpstreamError), (501, UpstreamError)]
)
def test_statuses_say_who_is_to_blame(server: Server, status: int, kind: type[Exception]) -> None:
    """Nothing is raised until asked for; then the error has the status and the right source."""
    answer = client(server).request("GET", f"{server.url}/status/{status}")
    with pytest.raises(kind, match=f"/status/{status} answered {status}") as caught:
        answer.raise_for_status()

    assert type(caught.value) is kind


def test_other_texts_are_no_json(server: Server) -> None:
    """An HTML page in place of JSON is the upstream's fault."""
    with pytest.raises(DownstreamError, match="not JSON"):
        client(server).get(f"{server.url}/big").json()


@pytest.mark.parametrize(
    ("code", "method", "body"), [(302, "GET", ""), (303, "GET", ""), (307, "POST", "b"), (308, "POST", "b")]
)
def test_redirects_are_followed(server: Server, code: int, method: str, body: str) -> None:
    """After 301 to 303 a POST becomes a GET, after 307 and 308 it stays."""
    asked = client(server).post(f"{server.url}/to/{code}/there", body=b"b").json()

    assert (asked["method"], asked["path"], asked["body"]) == (method, "/there", body)


def test_credentials_stay_with_their_upstream(server: Server) -> None:
    """A redirect to another origin gets neither authorization nor custom headers."""
    with upstreams.server() as other:
        made = client(
            server,
            basic_auth_enabled=True,
            basic_auth_user="ada",
            data={"httpHeaderName1": "X-Key"},
            secrets={"httpHeaderValue1": "k", "basicAuthPassword": "p"},
        )
        made.get(f"{server.url}/to/302", headers={"X-To": f"{other.url}/there"})

    assert {"authorization", "x-key"} <= server.seen[0]["headers"].keys()
    assert not {"authorization", "x-key"} & other.seen[0]["headers"].keys()


@pytest.mark.parametrize("path", ["big", "bomb"])
def test_answers_have_a_limit(server: Server, path: str) -> None:
    """More bytes than Grafana allows is an error, counted after decompression."""
    with pytest.raises(DownstreamError, match="more than the limit of 1000 bytes"):
        client(server, config={"GF_RESPONSE_LIMIT": "1000"}).get(f"{server.url}/{path}")
    assert client(server).get(f"{server.url}/{path}").status == 200


def call(**headers: str) -> Incoming:
    """Describe a call that is being answered."""
    context = PluginContext(plugin_id="acme-ds", plugin_version="1.2.3", user_agent="Grafana/12.0.0 (linux; amd64)")
    metadata = {"traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]}
    return Incoming(endpoint="queryData", context=context, headers=headers, metadata=metadata)


def test_requests_say_who_asks(server: Server) -> None:
    """User agent, trace and the alert flag go along with a call; nothing of it outside of one."""
    plain = client(server).get("x").json()["headers"]
    enter(call(FromAlert="true", Authorization="Bearer user", **{"http_X-Grafana-Id": "jwt"}))
    headers = client(server).get("x").json()["headers"]

    assert headers["user-agent"] == "Grafana/12.0.0 (linux; amd64) acme-ds/1.2.3"
    assert headers["fromalert"] == "true"
    assert headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert not {"authorization", "x-grafana-id"} & headers.keys()
    assert not {"fromalert", "traceparent"} & plain.keys()


def test_headers_are_forwarded_on_request_alone(server: Server) -> None:
    """With `forward_headers` the user's identity goes along, unless the request has that header already."""
    enter(
        call(
            Authorization="Bearer user", **{"http_X-Grafana-Id": "jwt", "http_Host": "evil", "http_Content-Length": "9"}
        )
    )
    headers = client(server, forward_headers=True).get("x", headers={"X-Grafana-Id": "own"}).json()["headers"]

    assert (headers["authorization"], headers["x-grafana-id"]) == ("Bearer user", "own")
    assert headers["host"].startswith("127.0.0.1")


def test_url_must_be_http() -> None:
    """Anything else is told as the settings' mistake."""
    with pytest.raises(QueryError, match="needs a URL that begins with http"):
        HttpClient.of(settings(url="file:///etc")).get("passwd")


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
    proxy = _proxy_for(Origin(scheme, host, 81))

    assert (proxy is None) is is_spared
    assert proxy is None or (proxy.hostname, proxy.port) == ("proxy", 3128)


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


def test_settings_show_no_secret() -> None:
    """A repr of the settings is safe."""
    shown = repr(HttpSettings(password="sesame", client_key="sesame", headers={"a": "sesame"}, socks_password="sesame"))  # noqa: S106

    assert "sesame" not in shown


def test_other_clients_take_the_same_settings(server: Server) -> None:
    """Httpx and requests are configured with a few words."""
    http = HttpSettings.of(
        settings(
            basic_auth_enabled=True,
            basic_auth_user="ada",
            data={"httpHeaderName1": "X-One"},
            secrets={"httpHeaderValue1": "1", "basicAuthPassword": "p"},
        )
    )
    with httpx.Client(verify=http.ssl_context(), headers=http.headers, auth=http.auth, timeout=http.timeout) as one:
        first = one.get(server.url).json()["headers"]
    with requests.Session() as other:
        other.headers.update(http.headers)
        other.auth = http.auth
        second = other.get(server.url, timeout=http.timeout).json()["headers"]

    assert first["authorization"] == second["authorization"] == http.authorization
    assert first["x-one"] == second["x-one"] == "1"
