"""The runtime's helpers for a project's tests: fakes, fixtures, and calls without Grafana."""

from __future__ import annotations

import datetime as dt
import json
import socket
import struct
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest
from calls import Plain

from gfruntime import Frame, HttpClient, HttpSettings, Query, Request, Response, Settings, StreamRequest, route
from gfruntime.testing import START, ask, call, packets, query, settings
from gfruntime.testing.fakes import Replay, Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


class Source(Plain):
    """Has resources and channels."""

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
    """Routes are tried first, then the method for all paths; bodies can be read whole."""
    source = Source(Settings(options={}))

    assert json.loads(call(source, Request(path="tables/x")).read()) == {"name": "x"}
    assert call(source, Request(path="other")).read() == b"ab"
    assert call(source, Request(path="tables/x", method="PUT")).read() == b"ab"


def test_packets_are_read_as_subscribers_get_them() -> None:
    """The packets come from both kinds of generators, and are the first few of an endless one."""
    endless = packets(Source(Settings(options={})), StreamRequest(path="p"), count=2)

    assert [packet["data"] for packet in endless] == [{"values": [[1]]}] * 2
    assert packets(Async(Settings(options={})), StreamRequest(path="p")) == [0, 1, 2]


def test_the_upstream_returns_configured_answers() -> None:
    """Answers are set by path and method; requests are recorded; other requests get 404."""
    with Upstream() as upstream:
        upstream.answer("/rows", json=[1], method="POST", status=201)
        http = HttpClient(HttpSettings(url=upstream.url))
        answer = http.post("/rows?a=1&a=2", json={"b": 1})
        missing = http.get("/nowhere")

    assert (answer.status, answer.json()) == (201, [1])
    assert missing.status == 404
    request = upstream.requests[0]
    assert (request.method, request.path, request.query) == ("POST", "/rows", {"a": ["1", "2"]})
    assert request.json() == {"b": 1}
    assert request.headers["content-type"] == "application/json"


def test_an_upstreams_answer_can_be_delayed() -> None:
    """A late answer helps to test timeouts."""
    with Upstream() as upstream:
        upstream.answer("/slow", delay=0.3)
        began = time.monotonic()
        with urllib.request.urlopen(f"{upstream.url}/slow", timeout=5):  # noqa: S310  # our own server
            assert time.monotonic() - began >= 0.3


def test_recording_is_replayed_without_the_system(tmp_path: Path) -> None:
    """The answers of the real system are repeated in order, as texts or bytes; credentials are not in the file."""
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
    with Replay("http://127.0.0.1:9", path, hide=["key"]) as replay:
        http = HttpClient(HttpSettings(url=replay.url))
        texts = [http.get("/n?key=other&a=1").text for _ in range(3)]
        raw = http.post("/bytes", body=b"in").body
        missing = http.get("/never")

    assert texts == ["one", "two", "two"]
    assert raw == b"\xff\x00"
    assert (missing.status, replay.missed) == (501, ["GET /never"])
    assert "sesame" not in path.read_text(encoding="utf-8")


class Point(Plain):
    """Answers at once."""

    def query(self, query: Query[int]) -> Frame:  # type: ignore[override]  # another model
        return Frame.of(time=[query.time_range.start], v=[query.model])


class AsyncPoint(Point):
    """Answers from a loop."""

    async def query(self, query: Query[int]) -> list[Frame]:  # type: ignore[override]  # async
        return [super().query(query)]


@pytest.mark.parametrize("kind", [Point, AsyncPoint])
def test_ask_gives_what_grafana_would_decode(kind: type[Point]) -> None:
    """Frames are encoded and decoded again, with ref id and type."""
    (frame,) = ask(kind(settings({})), query(7))

    assert (frame.ref_id, frame["time"].to_list(), frame["v"].to_list()) == ("A", [START], [7])
    assert frame.meta == {"type": "timeseries-wide", "typeVersion": [0, 1]}


def test_query_has_a_range_of_an_hour() -> None:
    """By default a query covers one hour."""
    assert query(1).time_range.duration == dt.timedelta(hours=1)


def test_a_client_that_hangs_up_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    """A test of a timeout prints nothing."""
    with Upstream() as upstream:
        upstream.answer("/slow", body=b"x" * 10_000_000, delay=0.2)
        with socket.create_connection(("127.0.0.1", int(upstream.url.rpartition(":")[2]))) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.5)

    assert capfd.readouterr().err == ""
