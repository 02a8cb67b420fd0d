"""Traffic that Grafana requests, as HAR: ours equals the Go SDK's key by key, but without secrets that the SDK shows.

Comments name the removed differences: times, the SDK's name, headers that only one of the clients sends.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hostclient import Host
from messages import query, query_request, settings
from programs import executable

from gfruntime.logs.redaction import address
from gfruntime.testing.fakes import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Plugin
    from programs import Programs

pytestmark = pytest.mark.long

ASKS = {"X-Grafana-HAR-Capture": "true"}
SECRETS = {
    "basicAuthPassword": "basic-pass-Quebec",
    "httpHeaderValue1": "header-value-Whisky",
    "token": "tok/en-Zulu",
}
NEEDLES = [
    "pass-Quebec",
    "value-Whisky",
    "en-Zulu",
    "YWRhOmJhc2ljLXBhc3MtUXVlYmVj",
    "session-Sierra",
    "given-key-Tango",
]
KEYED = f"api_key={quote(SECRETS['token'], safe='')}&page=1"
FORM = f"user=ada&password={quote(SECRETS['token'], safe='')}"
OWN_HEADERS = {"date", "referer", "user-agent"}
"""Headers of a moment, of Go's redirects only, and of Go's transport, which adds its header after the capture."""

CASES: dict[str, dict[str, Any]] = {
    "json": {"path": f"/json?{KEYED}", "headers": ["X-Api-Key: given-key-Tango", "Cookie: sid=session-Sierra"]},
    "body": {
        "path": "/json",
        "method": "POST",
        "body": json.dumps({"token": SECRETS["token"], "rows": 3}),
        "headers": ["Content-Type: application/json"],
    },
    "form": {
        "path": "/json",
        "method": "POST",
        "body": FORM,
        "headers": ["Content-Type: application/x-www-form-urlencoded"],
    },
    "gzip": {"path": "/gzip"},
    "binary": {"path": "/binary"},
    "echo": {"path": "/echo"},
    "cookies": {"path": "/cookies"},
    "empty": {"path": "/empty"},
    "error": {"path": "/error"},
    "redirect": {"path": f"/redirect?{KEYED}"},
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """Run a system that returns the secrets of requests."""
    with Upstream() as running:
        for method in ("GET", "POST"):
            running.answer("/json", json={"rows": [1, 2.5, "é<&>"]}, method=method)
        packed = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
        running.answer("/gzip", body=gzip.compress(b"rows " * 100), headers=packed)
        running.answer("/binary", body=b"\xff\x00\xfe", headers={"Content-Type": "application/octet-stream"})
        running.answer(
            "/echo", body=f"your token is {SECRETS['token']}", headers={"X-Echo": SECRETS["httpHeaderValue1"]}
        )
        running.answer("/cookies", body="", headers={"Set-Cookie": "sid=session-Sierra; Path=/; HttpOnly"})
        running.answer("/empty", status=204)
        running.answer("/error", body='{"message": "no"}', status=503, headers={"Content-Type": "application/json"})
        running.answer("/redirect", status=302, headers={"Location": f"/json?{KEYED}"})
        yield running


@pytest.fixture(scope="module")
def go(programs: Programs, host_program: Path) -> Iterator[Plugin]:
    """Run the reference."""
    with Host(host_program) as host:
        yield host.start(executable(programs, "go"))


@pytest.fixture(scope="module", params=["probe", "probe-workers"])
def ours(request: pytest.FixtureRequest, programs: Programs, host_program: Path) -> Iterator[Plugin]:
    """Run the probe on the Python runtime."""
    with Host(host_program) as host:
        yield host.start(executable(programs, request.param))


def source(url: str) -> dict[str, Any]:
    """Describe a data source that has secrets."""
    options = {"httpHeaderName1": "X-Custom"}
    updated_ms = sum(url.encode())  # otherwise Go would keep the instance of another URL
    configured = settings(options, secrets=SECRETS, url=url, uid="P1", updated_ms=updated_ms)
    return configured | {"basicAuthEnabled": True, "basicAuthUser": "ada"}


def captured(plugin: Plugin, url: str, case: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Query with the header; return the frame of the traffic without its text, and the text."""
    fetch_query = query(**{"kind": "fetch", "method": "GET", **case})
    responses = plugin.query(fetch_query, settings=source(url), headers=ASKS)
    [frame] = responses["__har__P1"].pop("frames")
    text = frame["meta"]["custom"].pop("har")
    del frame["json"], responses["__har__P1"]["bytes"]
    return {"frame": frame, "response": responses["__har__P1"], "ref_ids": sorted(responses)}, text


def normalise(text: str, *, is_go: bool) -> dict[str, Any]:
    """Read a document, and remove the parts that may differ."""
    log = json.loads(text)["log"]
    assert log["creator"].pop("name") == ("grafana-plugin-sdk-go" if is_go else "gfruntime")
    for entry in log["entries"]:
        entry["startedDateTime"] = entry["startedDateTime"][-1]
        entry["time"], entry["timings"] = type(entry["time"]).__name__ in ("int", "float"), sorted(entry["timings"])
        for part in (entry["request"], entry["response"]):
            for name in ("headers", "cookies", "queryString"):
                if name in part:
                    part[name] = sorted((hidden(item) for item in part[name] or []), key=str)  # null without headers
            for item in part["headers"]:
                item["name"] = item["name"].lower()
            part["headers"] = [item for item in part["headers"] if item["name"] not in OWN_HEADERS]
        entry["request"]["httpVersion"] = entry["request"]["httpVersion"] or "HTTP/1.1"  # Go's redirects lack it
        entry["request"]["url"] = hidden(address(entry["request"]["url"]))
        entry["response"]["redirectURL"] = hidden(address(entry["response"]["redirectURL"]))
        for content in (entry["request"].get("postData", {}), entry["response"]["content"]):
            if content.get("encoding") != "base64":
                content["text"] = hidden(content.get("text", ""))
        entry["comment"] = entry.get("comment", "").partition(":")[0]
    return dict(log)


def hidden(value: Any) -> Any:
    """Mask the secrets in the SDK's document as our runtime does."""
    if isinstance(value, dict):
        return {key: hidden(item) for key, item in value.items()}
    for secret in SECRETS.values():
        for spelling in (quote(secret, safe=""), secret):
            value = value.replace(spelling, "***")
    return address(value) if "?" in value else value


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_our_har_document_equals_that_of_the_sdk(
    go: Plugin, ours: Plugin, upstream: Upstream, case: dict[str, Any]
) -> None:
    """Frame and document have the same keys and values except known differences; ours have no secret."""
    their_frame, theirs = captured(go, upstream.url, case)
    our_frame, text = captured(ours, upstream.url, case)

    assert our_frame == their_frame
    assert normalise(text, is_go=False) == normalise(theirs, is_go=True)
    assert [needle for needle in NEEDLES if needle in text] == []


def test_a_failed_request_is_recorded_as_by_the_sdk(go: Plugin, ours: Plugin) -> None:
    """If no server listens, the entry has no answer; the query has its error."""
    case = {"path": f"/json?{KEYED}"}
    their_frame, theirs = captured(go, "http://127.0.0.1:1", case)
    our_frame, text = captured(ours, "http://127.0.0.1:1", case)

    assert our_frame == their_frame
    assert normalise(text, is_go=False) == normalise(theirs, is_go=True)
    assert "transport error: " in text
    assert [needle for needle in NEEDLES if needle in text] == []


@pytest.mark.parametrize("headers", [{}, {"X-Grafana-HAR-Capture": "1"}, {"http_X-Grafana-HAR-Capture": "true"}])
def test_only_the_exact_header_enables_the_capture(
    go: Plugin, ours: Plugin, upstream: Upstream, headers: dict[str, str]
) -> None:
    """Only the exact header without `http_` enables the capture."""
    for plugin in (go, ours):
        responses = plugin.query(
            query(kind="fetch", method="GET", path="/json"), settings=source(upstream.url), headers=headers
        )
        assert list(responses) == ["A"]


def test_without_traffic_there_is_no_frame(go: Plugin, ours: Plugin) -> None:
    """Without traffic there is no frame, even if the request has the header."""
    for plugin in (go, ours):
        assert list(plugin.query(query(), headers=ASKS)) == ["A"]


@pytest.mark.timeout(300, func_only=True)  # on a busy machine the test takes more than a minute
@pytest.mark.parametrize("ours", ["probe"], indirect=True)
def test_a_body_over_the_bound_is_cut_as_by_the_sdk(go: Plugin, ours: Plugin, upstream: Upstream) -> None:
    """The body is cut at 64 MiB; its size is then unknown."""
    upstream.answer("/large", body=b"0123456789abcdef" * (4 << 20) + b"tail", headers={"Content-Type": "text/plain"})
    contents = []
    request = query_request(
        query(kind="fetch", method="GET", path="/large"), settings=source(upstream.url), headers=ASKS
    )
    for plugin in (go, ours):
        [frame] = plugin.ask("query", request=request, summary=True)["responses"]["__har__P1"]["frames"]
        [entry] = json.loads(frame["meta"]["custom"]["har"])["log"]["entries"]
        content = entry["response"]["content"]
        contents.append((entry["response"]["bodySize"], content["size"], len(content["text"]), content["text"][-16:]))

    assert contents[0] == contents[1] == (-1, 64 << 20, 64 << 20, "0123456789abcdef")
