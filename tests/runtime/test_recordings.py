"""HAR files in place of an upstream: replayed answers, matching of requests, and refused files."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime import DownstreamError, HttpClient, HttpSettings
from gfruntime.frames.data import Frame
from gfruntime.logs import capture, masking
from gfruntime.logs.traffic import Traffic
from gfruntime.testing.fakes import Replay, Upstream

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("without_proxies")

TARGET = "https://api.example/v1"
SECRET = "sierra-99"  # noqa: S105  # made up


def entry(url: str, body: str = "", *, method: str = "GET", request_body: str = "", **response: Any) -> dict[str, Any]:
    """Describe an exchange."""
    content = {"size": len(body), "mimeType": "text/plain", "text": body, **response.pop("content", {})}
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "headers": [],
        "queryString": [],
        "bodySize": len(request_body),
    }
    if request_body:
        request["postData"] = {"mimeType": "text/plain", "text": request_body}
    answer = {"status": 200, "headers": [], "content": content, "bodySize": len(body), **response}
    return {"request": request, "response": answer}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a HAR file."""

    def write(*entries: dict[str, Any]) -> Path:
        path = tmp_path / "x.har"
        path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8")
        return path

    return write


def test_a_captured_file_is_repeated(tmp_path: Path) -> None:
    """The file has texts and bytes, redirects, statuses, headers, failures, and masked secrets."""
    masking.remember([SECRET])
    traffic = Traffic()
    token = capture.traffic.set(traffic)
    with Upstream() as real:
        real.answer("/v1/rows", json=[1.5], headers={"X-Next": "2"})
        real.answer("/v1/bytes", body=b"\xff\x00", method="POST")
        real.answer("/v1/old", status=302, headers={"Location": f"{real.url}/v1/rows?page=3"})
        real.answer("/v1/no", body="no", status=503)
        target = f"{real.url}/v1"
        before = ask_all(HttpClient(HttpSettings(url=target, headers={"Authorization": SECRET})))
    with pytest.raises(DownstreamError):
        HttpClient(HttpSettings(url=target)).get("/gone")
    Frame.from_cursor(Cursor())
    path = tmp_path / "x.har"
    path.write_text(traffic.document(), encoding="utf-8")
    capture.traffic.reset(token)
    masking._secrets.__init__()  # type: ignore[misc]  # another process
    with Replay(target, path) as replay:
        http = HttpClient(HttpSettings(url=replay.url))
        after = ask_all(http)
        with pytest.raises(DownstreamError):
            http.get("/gone")

    assert after == before
    assert SECRET not in path.read_text(encoding="utf-8")
    assert replay.missed == []


def ask_all(http: HttpClient) -> list[object]:
    """Request every address of the upstream."""
    rows = http.get("/rows", params={"page": "1", "token": SECRET})
    answer = http.post("/bytes", body=f"the token is {SECRET}, yes".encode())
    return [rows.json(), rows.headers["X-Next"], answer.body, http.get("/old").json(), http.get("/no").status]


class Cursor:
    """One row."""

    description = (("v", None),)

    def fetchall(self) -> list[tuple[int]]:
        return [(1,)]


def test_answers_are_replayed_in_order(write: Any) -> None:
    """The last answer is repeated; if the target has no path, the whole path is matched."""
    path = write(entry(f"{TARGET}/n", "one"), entry(f"{TARGET}/n", "two"))
    with Replay("https://api.example", path) as replay:
        http = HttpClient(HttpSettings(url=replay.url))
        texts = [http.get("/v1/n").text for _ in range(3)]
        missing = http.get("/n")

    assert texts == ["one", "two", "two"]
    assert (missing.status, replay.missed) == (501, ["GET /n"])


def test_requests_are_matched_by_their_bodies(write: Any) -> None:
    """A body in base64 is decoded, and masked secrets match any text."""
    content = {"text": base64.b64encode(b"\xff").decode(), "encoding": "base64"}
    path = write(
        entry(f"{TARGET}/n", method="POST", request_body="a.c", content=content),
        entry(f"{TARGET}/n", "hidden", method="POST", request_body='{"token":"***","n":1}'),
    )
    with Replay(TARGET, path) as replay:
        http = HttpClient(HttpSettings(url=replay.url))
        bodies = [http.post("/n", body=body).body for body in (b"a.c", b'{"token":"any\nthing","n":1}')]
        missing = [http.post("/n", body=body).status for body in (b"abc", b'{"token":"x","n":2}')]

    assert bodies == [b"\xff", b"hidden"]
    assert missing == [501, 501]


def test_parameters_that_are_hidden_match_any(write: Any) -> None:
    """The capture redacts some parameters, and the test lists others."""
    path = write(entry(f"{TARGET}/n?key=REDACTED&own=real&page=1", "one"))
    with Replay(TARGET, path, hide=["own"]) as replay:
        http = HttpClient(HttpSettings(url=replay.url))
        statuses = [http.get(f"/n?key=k&own=o&page={page}").status for page in (1, 2)]

    assert statuses == [200, 501]


@pytest.mark.parametrize("response", [{"bodySize": -1}, {"content": {"text": ""}}])
def test_an_incomplete_recorded_response_is_not_replayed(write: Any, response: dict[str, Any]) -> None:
    """Half of the rows would look complete."""
    with Replay(TARGET, write(entry(f"{TARGET}/n", "half", **response))) as replay:
        answer = HttpClient(HttpSettings(url=replay.url)).get("/n")

    assert (answer.status, "only a part of" in answer.text) == (501, True)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"log": {"entries": [{}]}}', '{"log": {"entries": 5}}'])
def test_a_file_that_is_not_har_is_refused(tmp_path: Path, text: str) -> None:
    """The error names the file."""
    path = tmp_path / "x.har"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"x\.har is not a HAR file"):
        Replay(TARGET, path)


def test_a_har_file_is_not_recorded(tmp_path: Path) -> None:
    """`Replay` writes its own form."""
    with pytest.raises(ValueError, match="gfplug call query --har"):
        Replay(TARGET, tmp_path / "x.har", record=True)
