"""The data proxy: the server adds the headers and parameters of the routes; secrets are sent only to the upstream."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import SECRET, Small, small_preview
from small_upstream import TOKEN, Upstream, run_upstream

from gfplug.host.preview.upstream import read_body
from gfplug.host.preview.web_messages import WebRequest, WebResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROXY = "api/datasources/proxy/uid/sales/"
BEARER = {"name": "Authorization", "content": "Bearer {{ .SecureJsonData.token }}"}
KEY = {"name": "key", "content": "{{.SecureJsonData.token}}"}
ROUTES: list[dict[str, Any]] = [
    {"path": "sales", "method": "GET", "headers": [BEARER]},
    {"path": "other/", "url": "{{ .JsonData.base }}/v2", "urlParams": [KEY]},
    {"path": "azure", "authType": "azure", "tokenAuth": {"url": "x"}},
    {
        "path": "token",
        "tokenAuth": {
            "url": "{{ .JsonData.base }}/oauth?tenant=1",
            "params": {"grant_type": "client_credentials", "client_secret": "{{ .SecureJsonData.token }}"},
        },
    },
    {"path": "odd", "headers": [{"name": "X", "content": "{{ printf .URL }}"}]},
]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Run an upstream."""
    with run_upstream() as server:
        yield server


@pytest.fixture
def proxy(tmp_path: Path, upstream: Upstream) -> Small:
    """Make a preview whose data source is that upstream."""
    small = small_preview(tmp_path, routes=ROUTES)
    url = f"http://127.0.0.1:{upstream.server_address[1]}/api"
    small.source.update({"url": url, "jsonData": {"base": f"{url}/base"}})
    return small


def ask(small: Small, path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> WebResponse:
    """Send a request to the proxy."""
    request = WebRequest(method=method, path=PROXY + path.partition("?")[0], query=path.partition("?")[2], body=body)
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    return small.application(request)


def test_a_route_adds_its_header(proxy: Small, upstream: Upstream) -> None:
    """A route without an address keeps the path; headers of the preview are not forwarded."""
    response = ask(proxy, "sales?from=1&to=2", X_One="1", Cookie="c=d", Referer="http://x/t0ken/", Origin="http://x")

    assert (response.status, response.body) == (200, b'{"rows": []}')
    (request,) = upstream.requests
    assert request["path"] == "/api/sales?from=1&to=2"
    assert request["headers"]["Authorization"] == f"Bearer {SECRET}"
    assert request["headers"]["X-One"] == "1"
    assert not {"Cookie", "Referer", "Origin"} & set(request["headers"])
    assert set(response.headers) == {"Cache-Control", "Content-Security-Policy", "X-Rows"}
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'; ")


def test_the_address_of_a_route_replaces_its_part_of_the_path(proxy: Small, upstream: Upstream) -> None:
    """The route's parameters are added to those of the request."""
    ask(proxy, "other/rows?limit=3&key=mine")

    assert upstream.requests[0]["path"] == f"/api/base/v2/rows?limit=3&key={SECRET}"


def test_without_a_route_the_data_sources_address_is_requested(proxy: Small, upstream: Upstream) -> None:
    """Any method works, with the body; the routes' secrets are not sent."""
    response = ask(proxy, "rows", method="POST", body=b"{}", Content_Type="application/json")

    assert response.status == 200
    (request,) = upstream.requests
    assert (request["method"], request["path"], request["body"]) == ("POST", "/api/rows", b"{}")
    assert SECRET not in str(request)


def test_basic_authentication_and_custom_headers_are_sent(proxy: Small, upstream: Upstream) -> None:
    """They come from Grafana's HTTP settings of the data source."""
    proxy.source.update(
        {
            "basicAuth": True,
            "basicAuthUser": "user",
            "jsonData": {"httpHeaderName1": "X-Tenant"},
            "secureJsonData": {"basicAuthPassword": "pass", "httpHeaderValue1": "t1"},
        }
    )
    ask(proxy, "rows")

    headers = upstream.requests[0]["headers"]
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"user:pass").decode()
    assert headers["X-Tenant"] == "t1"


def test_a_redirect_goes_to_the_browser(proxy: Small, upstream: Upstream) -> None:
    """The server does not follow redirects, since it would send secrets to another host."""
    assert ask(proxy, "redirect").status == 302
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(("path", "status"), [("refuse", 400), ("none", 404)])
def test_an_error_of_the_upstream_is_forwarded(proxy: Small, upstream: Upstream, path: str, status: int) -> None:
    """A 401 becomes 400, as in Grafana."""
    assert ask(proxy, path).status == status
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("path", ["../admin", "x/../../admin", "%2e%2e/admin", "..%2fadmin", "..%5cadmin"])
def test_paths_outside_the_address_are_refused(proxy: Small, upstream: Upstream, path: str) -> None:
    """Several encodings of the path are tried."""
    assert ask(proxy, path).status == 400
    assert upstream.requests == []


@pytest.mark.parametrize(
    "url",
    ["", "file:///etc/passwd", "ftp://x/", "//x", "x", "http://", "http://user:pass@x/", "http://[", "http://x:99999"],
)
def test_only_http_addresses_are_requested(proxy: Small, url: str) -> None:
    """The config page may contain any address."""
    proxy.source.update({"url": url})
    response = ask(proxy, "rows")

    assert response.status == 400
    assert b"root:" not in bytes(response.body)  # type: ignore[arg-type]


def test_a_route_requests_and_caches_its_token(proxy: Small, upstream: Upstream) -> None:
    """All requests share it until it expires or the secret changes; the log does not show it."""
    for _ in range(2):
        assert ask(proxy, "token/rows").status == 200

    oauth, first, second = upstream.requests
    assert (oauth["method"], oauth["path"]) == ("POST", "/api/base/oauth?tenant=1")
    assert oauth["body"] == f"grant_type=client_credentials&client_secret={SECRET}".encode()
    assert oauth["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert [each["headers"]["Authorization"] for each in (first, second)] == [f"Bearer {TOKEN}"] * 2
    assert proxy.source.mask(f"asked with {TOKEN}") == "asked with ***"
    proxy.source.update({"secureJsonData": {"token": "an0ther"}})
    ask(proxy, "token/rows")
    assert b"an0ther" in upstream.requests[-2]["body"]


def test_an_expired_token_is_requested_again(proxy: Small, upstream: Upstream) -> None:
    """A token without an expiry time is used for one request, as in Grafana."""
    for upstream.token in ({"access_token": TOKEN}, {"access_token": TOKEN, "expires_on": 1}):
        upstream.requests.clear()
        ask(proxy, "token/rows")
        ask(proxy, "token/rows")
        assert ["oauth" in each["path"] for each in upstream.requests] == [True, False, True, False]


@pytest.mark.parametrize("answer", [{}, {"access_token": 1}, {"access_token": TOKEN, "expires_in": "soon"}, []])
def test_a_failing_token_request_is_an_error(proxy: Small, upstream: Upstream, answer: Any) -> None:
    """The upstream gets no request without a token."""
    upstream.token = answer
    response = ask(proxy, "token/rows")

    assert response.status == 500
    assert b"127.0.0.1 returned no access token" in bytes(response.body)  # type: ignore[arg-type]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("secret", ["abcd-efgh\n", "abcd-\u2026efgh", "abcd\r\nX: efgh", "abcd\0efgh"])
def test_a_secret_that_is_not_a_valid_header_is_refused_without_its_value(
    proxy: Small, upstream: Upstream, secret: str
) -> None:
    """A pasted secret may end with a line break, and Python's HTTP client would show it in its error."""
    proxy.source.update({"secureJsonData": {"token": secret}})
    response = ask(proxy, "sales")

    assert response.status == 400
    assert b"the header 'Authorization' cannot be sent" in bytes(response.body)  # type: ignore[arg-type]
    assert b"efgh" not in bytes(response.body)  # type: ignore[arg-type]
    assert upstream.requests == []


def test_a_slow_upstream_is_stopped_at_the_deadline() -> None:
    """The timeout is for the whole response, not for each byte."""

    class Drip:
        def read1(self, _: int) -> bytes:
            time.sleep(0.01)
            return b"x"

    start = time.monotonic()
    with pytest.raises(TimeoutError):
        read_body(Drip(), start + 0.05)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("path", ["azure/x", "odd"])
def test_an_unsupported_route_is_an_error(proxy: Small, upstream: Upstream, path: str) -> None:
    """The upstream gets no request without the unsupported part."""
    response = ask(proxy, path)

    assert response.status == 500
    assert b"preview's proxy" in bytes(response.body)  # type: ignore[arg-type]
    assert upstream.requests == []


def test_an_unreachable_upstream_is_an_error_without_secrets(proxy: Small) -> None:
    """The address may contain a secret."""
    proxy.source.update({"url": "http://127.0.0.1:1/", "secureJsonData": {"token": "127.0.0.1:1"}})
    response = ask(proxy, "sales")

    assert response.status == 500
    assert b"*** did not answer" in bytes(response.body)  # type: ignore[arg-type]
    assert b"127.0.0.1:1" not in bytes(response.body)  # type: ignore[arg-type]
