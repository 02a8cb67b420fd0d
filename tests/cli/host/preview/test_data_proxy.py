"""The data proxy: the server adds what the routes say; its secrets go to the upstream, and to nobody else."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import SECRET, Small, small_preview
from small_upstream import TOKEN, Upstream, run_upstream

from gfplug.errors import ToolError
from gfplug.host.preview.data_proxy import fill
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
def proxied(tmp_path: Path, upstream: Upstream) -> Small:
    """Make a preview whose data source is that upstream."""
    small = small_preview(tmp_path, routes=ROUTES)
    url = f"http://127.0.0.1:{upstream.server_address[1]}/api"
    small.source.update({"url": url, "jsonData": {"base": f"{url}/base"}})
    return small


def ask(small: Small, path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> WebResponse:
    """Ask the proxy."""
    request = WebRequest(method=method, path=PROXY + path.partition("?")[0], query=path.partition("?")[2], body=body)
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    return small.application(request)


def test_a_route_adds_its_header(proxied: Small, upstream: Upstream) -> None:
    """The path stays where the route has no address of its own; what is the preview's stays here."""
    response = ask(proxied, "sales?from=1&to=2", X_One="1", Cookie="c=d", Referer="http://x/t0ken/", Origin="http://x")

    assert (response.status, response.body) == (200, b'{"rows": []}')
    (asked,) = upstream.asked
    assert asked["path"] == "/api/sales?from=1&to=2"
    assert asked["headers"]["Authorization"] == f"Bearer {SECRET}"
    assert asked["headers"]["X-One"] == "1"
    assert not {"Cookie", "Referer", "Origin"} & set(asked["headers"])
    assert set(response.headers) == {"Cache-Control", "Content-Security-Policy", "X-Rows"}
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'; ")


def test_a_route_with_an_address_replaces_the_path_it_has(proxied: Small, upstream: Upstream) -> None:
    """And adds its parameters to those of the request."""
    ask(proxied, "other/rows?limit=3&key=mine")

    assert upstream.asked[0]["path"] == f"/api/base/v2/rows?limit=3&key={SECRET}"


def test_without_a_route_the_data_sources_address_is_asked(proxied: Small, upstream: Upstream) -> None:
    """By any method, with the body, and without the secrets of routes."""
    response = ask(proxied, "rows", method="POST", body=b"{}", Content_Type="application/json")

    assert response.status == 200
    (asked,) = upstream.asked
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/api/rows", b"{}")
    assert SECRET not in str(asked)


def test_basic_authentication_and_custom_headers_are_the_data_sources(proxied: Small, upstream: Upstream) -> None:
    """As Grafana's HTTP settings say."""
    proxied.source.update(
        {
            "basicAuth": True,
            "basicAuthUser": "user",
            "jsonData": {"httpHeaderName1": "X-Tenant"},
            "secureJsonData": {"basicAuthPassword": "pass", "httpHeaderValue1": "t1"},
        }
    )
    ask(proxied, "rows")

    headers = upstream.asked[0]["headers"]
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"user:pass").decode()
    assert headers["X-Tenant"] == "t1"


def test_a_redirect_goes_to_the_browser(proxied: Small, upstream: Upstream) -> None:
    """The server follows none: it would send secrets elsewhere."""
    assert ask(proxied, "redirect").status == 302
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(("path", "status"), [("refuse", 400), ("none", 404)])
def test_an_error_of_the_upstream_is_the_answer(proxied: Small, upstream: Upstream, path: str, status: int) -> None:
    """But for 401, which Grafana makes 400."""
    assert ask(proxied, path).status == status
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("path", ["../admin", "x/../../admin", "%2e%2e/admin", "..%2fadmin", "..%5cadmin"])
def test_no_path_leads_out_of_the_address(proxied: Small, upstream: Upstream, path: str) -> None:
    """However it is written."""
    assert ask(proxied, path).status == 400
    assert upstream.asked == []


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://x/", "//x", "x", "http://", "http://user:pass@x/"])
def test_only_http_is_asked(proxied: Small, url: str) -> None:
    """Whatever the config page holds."""
    proxied.source.update({"url": url})
    response = ask(proxied, "rows")

    assert response.status == 400
    assert b"root:" not in bytes(response.body)  # type: ignore[arg-type]


def test_a_route_asks_for_its_token_and_keeps_it(proxied: Small, upstream: Upstream) -> None:
    """Once for all requests until it expires; again for another secret; nobody reads it in a log."""
    for _ in range(2):
        assert ask(proxied, "token/rows").status == 200

    oauth, first, second = upstream.asked
    assert (oauth["method"], oauth["path"]) == ("POST", "/api/base/oauth?tenant=1")
    assert oauth["body"] == f"grant_type=client_credentials&client_secret={SECRET}".encode()
    assert oauth["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert [each["headers"]["Authorization"] for each in (first, second)] == [f"Bearer {TOKEN}"] * 2
    assert proxied.source.masked(f"asked with {TOKEN}") == "asked with ***"
    proxied.source.update({"secureJsonData": {"token": "an0ther"}})
    ask(proxied, "token/rows")
    assert b"an0ther" in upstream.asked[-2]["body"]


def test_a_token_that_has_expired_is_asked_for_again(proxied: Small, upstream: Upstream) -> None:
    """Without a time it is good for one request, as in Grafana."""
    for upstream.token in ({"access_token": TOKEN}, {"access_token": TOKEN, "expires_on": 1}):
        upstream.asked.clear()
        ask(proxied, "token/rows")
        ask(proxied, "token/rows")
        assert ["oauth" in each["path"] for each in upstream.asked] == [True, False, True, False]


@pytest.mark.parametrize("answer", [{}, {"access_token": 1}, {"access_token": TOKEN, "expires_in": "soon"}, []])
def test_an_address_that_gives_no_token_is_a_sentence(proxied: Small, upstream: Upstream, answer: Any) -> None:
    """And the upstream is not asked without one."""
    upstream.token = answer
    response = ask(proxied, "token/rows")

    assert response.status == 500
    assert b"127.0.0.1 returned no access token" in bytes(response.body)  # type: ignore[arg-type]
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("secret", ["abcd-efgh\n", "abcd-\u2026efgh", "abcd\r\nX: efgh", "abcd\0efgh"])
def test_a_secret_that_no_header_may_hold_is_an_error_without_its_value(
    proxied: Small, upstream: Upstream, secret: str
) -> None:
    """Pasted with its line break, it would be in the error of Python's client."""
    proxied.source.update({"secureJsonData": {"token": secret}})
    response = ask(proxied, "sales")

    assert response.status == 400
    assert b"the header 'Authorization' cannot be sent" in bytes(response.body)  # type: ignore[arg-type]
    assert b"efgh" not in bytes(response.body)  # type: ignore[arg-type]
    assert upstream.asked == []


def test_an_upstream_that_sends_a_byte_now_and_then_is_left() -> None:
    """The time is for all of the answer."""

    class Drip:
        def read1(self, _: int) -> bytes:
            time.sleep(0.01)
            return b"x"

    start = time.monotonic()
    with pytest.raises(TimeoutError):
        read_body(Drip(), start + 0.05)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("path", ["azure/x", "odd"])
def test_an_unsupported_route_is_an_error(proxied: Small, upstream: Upstream, path: str) -> None:
    """The upstream gets no request without the unsupported part."""
    response = ask(proxied, path)

    assert response.status == 500
    assert b"preview's proxy" in bytes(response.body)  # type: ignore[arg-type]
    assert upstream.asked == []


def test_an_upstream_that_is_not_there_is_a_sentence_without_secrets(proxied: Small) -> None:
    """The address may hold one."""
    proxied.source.update({"url": "http://127.0.0.1:1/", "secureJsonData": {"token": "127.0.0.1:1"}})
    response = ask(proxied, "sales")

    assert response.status == 500
    assert b"did not answer" in bytes(response.body)  # type: ignore[arg-type]
    assert b"127.0.0.1:1" not in bytes(response.body)  # type: ignore[arg-type]


def test_templates_are_filled_as_go_does() -> None:
    """Nested options, numbers, booleans; what is not there is said so; anything else is refused."""
    values = {"URL": "http://x", "JsonData": {"a": {"b": 1}, "c": True}, "SecureJsonData": {"t": "s"}}

    assert fill("{{.URL}}/{{ .JsonData.a.b }}/{{ .JsonData.c }}/{{ .SecureJsonData.t }}", values) == "http://x/1/true/s"
    assert fill("{{ .JsonData.none }}", values) == "<no value>"
    with pytest.raises(ToolError, match="does not evaluate"):
        fill("{{ if .URL }}x{{ end }}", values)
