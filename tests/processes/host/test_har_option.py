"""`gfplug call query --har`: the traffic of a plugin in a file, or the reason why the file is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from host_fake import QUERY, a_frame

from gfplug.cli import main
from gfruntime import Frame
from gfruntime.frames import arrow

if TYPE_CHECKING:
    from pathlib import Path

    from host_fake import Fake

ANSWER = {"status": 200, "frames": [a_frame()]}


def entry(kind: str = "") -> dict[str, Any]:
    """Describe an exchange, or a statement if it has a kind."""
    return {"request": {"method": "GET"}, **({"_query": {"kind": kind}} if kind else {})}


def traffic(har: object, **custom: str) -> dict[str, Any]:
    """Describe the answer with traffic."""
    frame = Frame(name="__har__gfplug", meta={"custom": {"har": har, **custom}})
    return {"status": 200, "frames": [b"".join(arrow.encode(frame, ref_id="__har__gfplug"))]}


def document(*entries: dict[str, Any]) -> str:
    """Write a HAR document."""
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


@pytest.mark.parametrize(
    ("entries", "counts"),
    [
        ([entry()], "1 HTTP exchange in"),
        ([entry(), entry()], "2 HTTP exchanges in"),
        ([entry("sql.macros"), entry("sql.query")], "0 HTTP exchanges and 1 database query in"),
        ([entry("sql.query"), entry("sql.query"), entry()], "1 HTTP exchange and 2 database queries in"),
    ],
)
def test_traffic_is_written(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], entries: list[dict[str, Any]], counts: str
) -> None:
    """Only the file has it; a header requests it from the plugin."""
    path = tmp_path / "new" / "x.har"
    answers = {"A": ANSWER, "__har__gfplug": traffic(document(*entries))}
    dist = fake.dist(answers=fake.says(QUERY, {"responses": answers}))

    assert main(["call", "query", dist, "--har", str(path), "--header", "X-A: b", "--json"]) == 0
    assert json.loads(path.read_text(encoding="utf-8"))["log"]["entries"] == entries
    captured = capsys.readouterr()
    assert list(json.loads(captured.out)["results"]) == ["A"]
    assert f"Captured {counts} {path}" in captured.err
    assert dict(fake.request(QUERY).headers) == {"X-Grafana-HAR-Capture": "true", "http_X-A": "b"}


def test_without_the_option_no_traffic_is_requested(fake: Fake) -> None:
    """The header makes work for the plugin."""
    dist = fake.dist(answers=fake.says(QUERY, {"responses": {"A": ANSWER}}))

    assert main(["call", "query", dist]) == 0
    assert not fake.request(QUERY).headers


def test_traffic_of_a_failed_query_is_written(fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The traffic may show the reason; a plugin on the Go SDK tells the failure of the whole call in the frame."""
    answers = {"__har__gfplug": traffic(document(entry()), queryError="no such host")}
    dist = fake.dist(answers=fake.says(QUERY, {"responses": answers}))

    assert main(["call", "query", dist, "--har", str(tmp_path / "x.har")]) == 6
    assert "QueryData failed: no such host" in capsys.readouterr().err
    assert (tmp_path / "x.har").is_file()


LINE = {"@level": "info", "@timestamp": "2026-01-01T00:00:00.000000Z", "@message": "HAR capture: the call used nothing"}


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        ("", "nothing was captured: the plugin returned no traffic"),
        (json.dumps(LINE) + "\n", "nothing was captured: the call used nothing"),
    ],
)
def test_the_error_says_why_there_is_no_traffic(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], stderr: str, sentence: str
) -> None:
    """The plugin gives the reason, or does not know the header; the answer is always shown."""
    dist = fake.dist(answers=fake.says(QUERY, {"responses": {"A": ANSWER}}), stderr=stderr)

    assert main(["call", "query", dist, "--har", str(tmp_path / "x.har")]) == 6
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert "cpu" in captured.out
    assert not (tmp_path / "x.har").exists()


@pytest.mark.parametrize(
    "har", ["", "no JSON", "[]", '{"log": {"entries": 5}}', '{"log": {"entries": [{"_query": 5}]}}', 5]
)
def test_a_file_that_is_not_a_har_document_is_refused(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], har: object
) -> None:
    """Nothing is written."""
    dist = fake.dist(answers=fake.says(QUERY, {"responses": {"A": ANSWER, "__har__gfplug": traffic(har)}}))

    assert main(["call", "query", dist, "--har", str(tmp_path / "x.har")]) == 6
    assert "the frame __har__gfplug is not a HAR document: " in capsys.readouterr().err
    assert not (tmp_path / "x.har").exists()


def test_a_path_that_cannot_be_written_starts_no_plugin(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The path is that of a folder."""
    dist = fake.dist(answers=fake.says(QUERY, {"responses": {"A": ANSWER}}))

    assert main(["call", "query", dist, "--har", str(tmp_path)]) == 2
    assert "this file cannot be written" in capsys.readouterr().err
    assert not (fake.folder / "record").exists()
