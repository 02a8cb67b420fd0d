"""What the runtime gives to a project's own tests: fakes, fixtures, and calls without Grafana."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from places import SOURCE

from gfruntime import Frame, HttpClient, HttpSettings, Query, Request, Response, Settings, StreamRequest, route
from gfruntime.testing import call, packets
from gfruntime.testing.fakes import Replay, Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


class Source:
    """Has resources and channels."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Keep nothing."""

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        return Frame.of(v=[1])

    @route("GET", "/tables/{name}")
    async def table(self, request: Request, name: str) -> dict[str, str]:
        return {"name": name}

    def call_resource(self, request: Request) -> Response:
        return Response(body=(part for part in (b"a", b"b")))

    def run_stream(self, request: StreamRequest) -> Iterator[object]:
        while True:
            yield Frame.of(v=[1])


class Async(Source):
    """Streams from a loop."""

    async def run_stream(self, request: StreamRequest) -> AsyncIterator[object]:  # type: ignore[override]
        for number in range(3):
            yield number


def test_resources_are_called_as_grafana_does() -> None:
    """Routes first, then the method for all; bodies can be read whole."""
    source = Source(Settings(options={}))

    assert json.loads(call(source, Request(path="tables/x")).read()) == {"name": "x"}
    assert call(source, Request(path="other")).read() == b"ab"
    assert call(source, Request(path="tables/x", method="PUT")).read() == b"ab"


def test_packets_are_read_as_subscribers_get_them() -> None:
    """Both kinds of generators; the first few of an endless one."""
    endless = packets(Source(Settings(options={})), StreamRequest(path="p"), count=2)

    assert [packet["data"] for packet in endless] == [{"values": [[1]]}] * 2
    assert packets(Async(Settings(options={})), StreamRequest(path="p")) == [0, 1, 2]


def test_upstream_answers_as_it_is_told() -> None:
    """Paths and methods have answers; what was asked can be looked at; the rest is 404."""
    with Upstream() as upstream:
        upstream.answer("/rows", json=[1], method="POST", status=201)
        http = HttpClient(HttpSettings(url=upstream.url))
        answer = http.post("/rows?a=1&a=2", json={"b": 1})
        missing = http.get("/nowhere")

    assert (answer.status, answer.json()) == (201, [1])
    assert missing.status == 404
    asked = upstream.requests[0]
    assert (asked.method, asked.path, asked.query, asked.json()) == ("POST", "/rows", {"a": ["1", "2"]}, {"b": 1})
    assert asked.headers["content-type"] == "application/json"


def test_upstream_may_take_its_time() -> None:
    """An answer can be late, for tests of timeouts."""
    with Upstream() as upstream:
        upstream.answer("/slow", delay=0.3)
        began = time.monotonic()
        with urllib.request.urlopen(f"{upstream.url}/slow", timeout=5):  # noqa: S310  # our own server
            assert time.monotonic() - began >= 0.3


def test_recording_is_replayed_without_the_system(tmp_path: Path) -> None:
    """What the real system said is repeated in order, texts and bytes; credentials are not in the file."""
    path = tmp_path / "recorded" / "x.json"
    with Upstream() as real:
        with Replay(real.url, path, record=True, hide=["key"]) as recording:
            http = HttpClient(HttpSettings(url=recording.url, headers={"Authorization": "Bearer sesame"}))
            for text in ("one", "two"):
                real.answer("/n", body=text, headers={"Set-Cookie": "sesame"})
                http.get("/n?key=sesame&a=1")
            real.answer("/bytes", body=b"\xff\x00", method="POST")
            http.post("/bytes", body=b"in")
        assert real.requests[0].headers["authorization"] == "Bearer sesame"
        assert real.requests[0].query["key"] == ["sesame"]
    with Replay("http://127.0.0.1:9", path, hide=["key"]) as replayed:
        http = HttpClient(HttpSettings(url=replayed.url))
        said = [http.get("/n?key=other&a=1").text for _ in range(3)]
        raw = http.post("/bytes", body=b"in").body
        missing = http.get("/never")

    assert said == ["one", "two", "two"]
    assert raw == b"\xff\x00"
    assert (missing.status, replayed.missed) == (501, ["GET /never"])
    assert "sesame" not in path.read_text(encoding="utf-8")


CONFTEST = 'pytest_plugins = ["gfruntime.testing.fixtures"]\n'
TESTS = """
import urllib.request
from gfruntime import Frame

def test_golden(golden):
    golden([Frame.of(v=[VALUE])])

def test_upstream(upstream):
    upstream.answer("/x", body="hello")
    assert urllib.request.urlopen(upstream.url + "/x").read() == b"hello"

def test_replay(replay):
    assert urllib.request.urlopen(replay("REAL").url + "/x").read() == b"real"
"""


@pytest.fixture
def suite(tmp_path: Path) -> Any:
    """Write a project's tests, and run them."""
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")

    def run(*options: str, value: int = 1, real: str = "http://127.0.0.1:9", **environment: str) -> tuple[int, str]:
        text = TESTS.replace("VALUE", str(value)).replace("REAL", real)
        (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
        env = {"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    return run


def test_fixtures_serve_a_projects_tests(suite: Any) -> None:
    """Files are written on request, then compared and repeated; a difference and an unrecorded request fail."""
    with Upstream() as real:
        real.answer("/x", body="real")
        assert suite("--update-golden", "--record", real=real.url)[0] == 0
    assert suite()[0] == 0
    failed, output = suite(value=2)

    assert failed == 1
    assert "1 failed, 2 passed" in output


def test_unrecorded_requests_fail_the_test(suite: Any) -> None:
    """The message names what was asked and what to do."""
    _, output = suite("-k", "replay")

    assert "not recorded: GET /x; run once with --record" in output


def test_fixtures_write_nothing_in_ci(suite: Any) -> None:
    """A golden file that updates itself is no test."""
    status, output = suite("--update-golden", CI="true")

    assert status == 4
    assert "not in CI" in output
