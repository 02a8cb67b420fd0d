"""The HTTP client: the data source's settings, reused connections, bounds, and clear errors."""

from __future__ import annotations

import base64
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
import requests
import upstreams
from upstreams import client, settings

from gfruntime import DownstreamError, HttpClient, HttpSettings, PluginContext, QueryError, UpstreamError
from gfruntime.request.incoming import Incoming, enter

if TYPE_CHECKING:
    from upstreams import Server

pytestmark = pytest.mark.usefixtures("without_proxies")


def test_relative_urls_are_joined_to_the_data_sources_url(server: Server) -> None:
    """Path and parameters are joined with any slashes; a repeated parameter stays repeated."""
    request = client(server).get("/a?x=1", params={"y": ["2", "3"]}).json()

    assert (request["method"], request["path"]) == ("GET", "/base/a?x=1&y=2&y=3")


def test_json_is_sent_and_read(server: Server) -> None:
    """A JSON body has its content type; the answer may be compressed."""
    request = client(server).post("rows", json={"a": [1]}).json()

    assert (request["body"], request["headers"]["content-type"]) == ('{"a": [1]}', "application/json")


def test_settings_become_headers(server: Server) -> None:
    """Basic authentication, also in its older form, and custom headers with a value up to the first gap are sent."""
    data = {"httpHeaderName1": "X-One", "httpHeaderName2": "X-Two", "httpHeaderName4": "X-Four"}
    secrets = {"httpHeaderValue1": "1", "httpHeaderValue4": "4", "basicAuthPassword": "pass"}
    http = client(server, data=data, secrets=secrets, basic_auth_enabled=True, basic_auth_user="ada")
    headers = http.get("x").json()["headers"]
    older = client(server, user="ada", secrets={"password": "old"}).get("x").json()["headers"]

    assert headers["authorization"] == "Basic " + base64.b64encode(b"ada:pass").decode()
    assert older["authorization"] == "Basic " + base64.b64encode(b"ada:old").decode()
    assert headers["x-one"] == "1"
    assert not {"x-two", "x-four"} & headers.keys()


def test_an_authors_authorization_replaces_basic(server: Server) -> None:
    """The author's token is not replaced; a custom header replaces the present one."""
    http = client(
        server,
        basic_auth_enabled=True,
        basic_auth_user="ada",
        data={"httpHeaderName1": "x-own"},
        secrets={"httpHeaderValue1": "custom"},
    )
    headers = http.get("x", headers={"authorization": "Bearer t", "X-Own": "given"}).json()["headers"]

    assert (headers["authorization"], headers["x-own"]) == ("Bearer t", "custom")


@pytest.mark.parametrize(("value", "seconds"), [("45", 45.0), (45, 45.0), ("soon", 30.0), (None, 30.0)])
def test_a_timeout_may_be_saved_as_text(value: object, seconds: float) -> None:
    """A timeout saved as text is read; other texts give the default."""
    assert HttpSettings.of(settings(data={"timeout": value})).timeout == seconds


@pytest.mark.slow
def test_connections_are_used_again(server: Server) -> None:
    """Sequential requests share a connection; concurrent ones have their own."""
    http = client(server)
    for _ in range(5):
        http.get("x")
    assert server.connections == 1
    threads = [threading.Thread(target=http.get, args=(f"{server.url}/slow",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert server.connections == 3


@pytest.mark.parametrize("path", ["close", "x"])
def test_connection_that_was_closed_is_replaced(server: Server, path: str) -> None:
    """If an upstream closes idle connections, no request fails."""
    http = client(server)
    http.get(path)
    server.hang_up()

    assert http.get("x").status == 200


@pytest.mark.parametrize("path", ["slow", "drip"])
def test_timeout_is_for_the_whole_request(server: Server, path: str) -> None:
    """If the first or the last byte is late, the request ends in time with a downstream error of status 504."""
    began = time.monotonic()
    with pytest.raises(DownstreamError, match=r"did not answer within 0.3 s") as failure:
        client(server).get(f"{server.url}/{path}", timeout=0.3)

    assert failure.value.status == 504
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
def test_an_upstream_failure_is_a_downstream_error(server: Server, path: str, because: str) -> None:
    """The error contains no address."""
    url = path if "://" in path else server.url + path
    with pytest.raises(DownstreamError, match=because) as failure:
        HttpClient(HttpSettings(url=url)).get(url, headers={"X-To": "/to/302"})

    assert failure.value.status == 502
    assert "127.0.0.1" not in str(failure.value)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, DownstreamError), (503, DownstreamError), (405, UpstreamError), (501, UpstreamError)]
)
def test_the_status_decides_the_error_source(server: Server, status: int, kind: type[Exception]) -> None:
    """Only `raise_for_status` raises; its error has the status and the right error source."""
    answer = client(server).request("GET", f"{server.url}/status/{status}")
    with pytest.raises(kind, match=f"/status/{status} answered {status}") as failure:
        answer.raise_for_status()

    assert type(failure.value) is kind


def test_a_body_that_is_not_json_is_a_downstream_error(server: Server) -> None:
    """An HTML page in place of JSON is the upstream's fault."""
    with pytest.raises(DownstreamError, match="not JSON"):
        client(server).get(f"{server.url}/big").json()


@pytest.mark.parametrize(
    ("code", "method", "body"), [(302, "GET", ""), (303, "GET", ""), (307, "POST", "b"), (308, "POST", "b")]
)
def test_redirects_are_followed(server: Server, code: int, method: str, body: str) -> None:
    """After 301 to 303 a POST becomes a GET, after 307 and 308 it stays."""
    request = client(server).post(f"{server.url}/to/{code}/there", body=b"b").json()

    assert (request["method"], request["path"], request["body"]) == (method, "/there", body)


def test_credentials_stay_with_their_upstream(server: Server) -> None:
    """A redirect to another origin gets neither authorization nor custom headers."""
    with upstreams.server() as other:
        http = client(
            server,
            basic_auth_enabled=True,
            basic_auth_user="ada",
            data={"httpHeaderName1": "X-Key"},
            secrets={"httpHeaderValue1": "k", "basicAuthPassword": "p"},
        )
        http.get(f"{server.url}/to/302", headers={"X-To": f"{other.url}/there"})

    assert {"authorization", "x-key"} <= server.requests[0]["headers"].keys()
    assert not {"authorization", "x-key"} & other.requests[0]["headers"].keys()


@pytest.mark.parametrize("path", ["big", "bomb"])
def test_answers_have_a_limit(server: Server, path: str) -> None:
    """More bytes than Grafana allows are an error; they are counted after decompression."""
    with pytest.raises(DownstreamError, match="more than the limit of 1000 bytes"):
        client(server, config={"GF_RESPONSE_LIMIT": "1000"}).get(f"{server.url}/{path}")
    assert client(server).get(f"{server.url}/{path}").status == 200


def call(**headers: str) -> Incoming:
    """Describe a call that is being answered."""
    context = PluginContext(plugin_id="acme-ds", plugin_version="1.2.3", user_agent="Grafana/12.0.0 (linux; amd64)")
    metadata = {"traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]}
    return Incoming(endpoint="queryData", context=context, headers=headers, metadata=metadata)


def test_requests_have_the_headers_of_their_call(server: Server) -> None:
    """User agent, trace and the alert flag are sent within a call only."""
    plain = client(server).get("x").json()["headers"]
    enter(call(FromAlert="true", Authorization="Bearer user", **{"http_X-Grafana-Id": "jwt"}))
    headers = client(server).get("x").json()["headers"]

    assert headers["user-agent"] == "Grafana/12.0.0 (linux; amd64) acme-ds/1.2.3"
    assert headers["fromalert"] == "true"
    assert headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert not {"authorization", "x-grafana-id"} & headers.keys()
    assert not {"fromalert", "traceparent"} & plain.keys()


def test_headers_are_forwarded_on_request_only(server: Server) -> None:
    """With `forward_headers` the user's identity is sent, unless the request already has such a header."""
    enter(
        call(
            Authorization="Bearer user", **{"http_X-Grafana-Id": "jwt", "http_Host": "evil", "http_Content-Length": "9"}
        )
    )
    headers = client(server, forward_headers=True).get("x", headers={"X-Grafana-Id": "own"}).json()["headers"]

    assert (headers["authorization"], headers["x-grafana-id"]) == ("Bearer user", "own")
    assert headers["host"].startswith("127.0.0.1")


def test_url_must_be_http() -> None:
    """Any other scheme is an error of the settings."""
    with pytest.raises(QueryError, match="needs a URL that begins with http"):
        HttpClient.of(settings(url="file:///etc")).get("passwd")


def test_settings_show_no_secret() -> None:
    """A repr of the settings contains no secret."""
    text = repr(HttpSettings(password="sesame", client_key="sesame", headers={"a": "sesame"}, socks_password="sesame"))  # noqa: S106

    assert "sesame" not in text


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
