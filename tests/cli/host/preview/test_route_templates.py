"""Errors about plugin.json's routes name the route, the key to write, and the option that is not set."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import SECRET, small_preview
from small_upstream import run_upstream

from gfplug.errors import ToolError
from gfplug.host.preview.route_templates import fill
from gfplug.host.preview.web_messages import WebRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from small_upstream import Upstream

BASE = "{{ .JsonData.base }}/v2"
NOT_HTTP = "is not an http:// or https:// address"
NO_URL = "the data source has no http:// or https:// URL"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Run an upstream."""
    with run_upstream() as server:
        yield server


def ask(folder: Path, route: dict[str, Any], *, url: str, **options: object) -> tuple[int, dict[str, str]]:
    """Call a data source with one route, and return the status, and the message and the hint of the error."""
    small = small_preview(folder, routes=[route])
    small.source.update({"url": url, "jsonData": options})
    response = small.application(WebRequest(method="GET", path="api/datasources/proxy/uid/sales/rows"))
    answer = json.loads(response.body)  # type: ignore[arg-type]
    error = answer.get("preview", answer)
    return response.status, {"message": error.get("message", ""), "hint": error.get("hint", "")}


@pytest.mark.parametrize(
    ("url", "options", "problem", "remedy"),
    [
        ("  ", {}, "it has no url", "in plugin.json, write url, such as"),
        (BASE, {}, f"its url '{BASE}' needs jsonData.base, which is not set", "enter jsonData.base on the config page"),
        ("https://x/{{.SecureJsonData.key}}", {}, "needs secureJsonData.key, which is not set", "secureJsonData.key"),
        (BASE, {"base": "example.com"}, f"its url '{BASE}' {NOT_HTTP}", "enter jsonData.base on the config page"),
        (BASE, {"base": ""}, f"its url '{BASE}' {NOT_HTTP}", "enter jsonData.base on the config page"),
        ("example.com/v2", {}, f"its url 'example.com/v2' {NOT_HTTP}", "in plugin.json, write a url that begins"),
        ("{{ .SecureJsonData.token }}", {}, NOT_HTTP, "enter secureJsonData.token on the config page"),
        ("{{ printf .URL }}", {}, "does not evaluate {{ printf .URL }}", "plugin.json"),
    ],
    ids=[
        "empty",
        "not-set",
        "no-secret",
        "no-scheme",
        "empty-option",
        "no-scheme-itself",
        "a-secret",
        "another-template",
    ],
)
def test_the_error_for_an_unusable_route_address_names_the_route(  # noqa: PLR0917 - a table of cases
    tmp_path: Path, upstream: Upstream, url: str, options: dict[str, Any], problem: str, remedy: str
) -> None:
    """The data source's address has no effect; secrets are not shown, and no request is sent."""
    own = f"http://127.0.0.1:{upstream.server_address[1]}"
    token = {"url": f"{own}/oauth", "params": {}}
    status, error = ask(tmp_path, {"path": "rows", "url": url, "tokenAuth": token}, url=own, **options)

    assert (status, upstream.requests) == (500, [])
    assert error["message"].startswith("the route 'rows' cannot be used: ")
    assert problem in error["message"]
    assert remedy in error["hint"]
    assert SECRET not in str(error)


@pytest.mark.parametrize("route", [{}, {"url": ""}, {"url": None}], ids=["missing", "empty", "null"])
def test_the_error_for_a_route_without_an_address_names_both_remedies(tmp_path: Path, route: dict[str, Any]) -> None:
    """If the data source has no address either, both remedies are named."""
    status, error = ask(tmp_path, {"path": "rows", **route}, url="")

    assert status == 400
    assert error["message"] == f"the route 'rows' has no url of its own, and {NO_URL}"
    assert error["hint"] == "in plugin.json, write the route's url, or enter the URL on the config page"


def test_the_error_for_a_data_source_without_an_address_names_no_route(tmp_path: Path) -> None:
    """The error names no route."""
    status, error = ask(tmp_path, {"path": "other"}, url="")

    assert (status, error["message"]) == (400, NO_URL)


@pytest.mark.parametrize("token", [{}, {"url": ""}, {"url": None}, {"params": []}])
@pytest.mark.parametrize(
    ("auth", "key"), [("tokenAuth", "tokenAuth.url"), ("jwtTokenAuth", "jwtTokenAuth.params.token_uri")]
)
def test_the_error_for_a_token_without_an_address_names_the_missing_key(
    tmp_path: Path, upstream: Upstream, auth: str, key: str, token: dict[str, Any]
) -> None:
    """The error does not name the data source's address; the upstream gets no request without a token."""
    own = f"http://127.0.0.1:{upstream.server_address[1]}"
    status, error = ask(tmp_path, {"path": "rows", auth: token}, url=own)

    assert (status, upstream.requests) == (500, [])
    assert error["message"] == f"the route 'rows' gets no token: it has no {key}"
    assert error["hint"].startswith(f"in plugin.json, write {key}, such as ")


def test_a_route_without_a_path_is_for_all_paths(tmp_path: Path, upstream: Upstream) -> None:
    """`null` does not become a path that begins with "None"."""
    own = f"http://127.0.0.1:{upstream.server_address[1]}"
    ask(tmp_path, {"path": None, "url": f"{own}/v2"}, url="")

    assert [each["path"] for each in upstream.requests] == ["/v2/rows"]


def test_templates_are_filled_as_in_go() -> None:
    """They use nested options, numbers and booleans; missing ones get Go's text, and other syntax is refused."""
    values = {"URL": "http://x", "JsonData": {"a": {"b": 1}, "c": True}, "SecureJsonData": {"t": "s"}}

    assert fill("{{.URL}}/{{ .JsonData.a.b }}/{{ .JsonData.c }}/{{ .SecureJsonData.t }}", values) == "http://x/1/true/s"
    assert fill("{{ .JsonData.none }}", values) == "<no value>"
    with pytest.raises(ToolError, match="does not evaluate"):
        fill("{{ if .URL }}x{{ end }}", values)


@pytest.mark.parametrize("text", ["{{" * 100_000, "{{ " * 70_000 + "}}", "{" * 200_000])
def test_a_long_route_is_searched_in_little_time(text: str) -> None:
    """The search is linear: 16,000 templates without an end took 6 s."""
    began = time.process_time()
    with suppress(ToolError):
        fill(text, {})

    assert time.process_time() - began < 1
