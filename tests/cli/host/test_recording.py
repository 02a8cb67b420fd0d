"""Comparing two recordings, and the valid packets of a stream."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gfplug.errors import ProjectError, ToolError, UsageError
from gfplug.host.convert import Query
from gfplug.host.drawing import pictures
from gfplug.host.drawing.plot import Series
from gfplug.host.live import Live
from gfplug.host.recording import Recording, differences

QUERY = {
    "refId": "A",
    "from": "2026-01-01T00:00:00+00:00",
    "to": "2026-01-01T01:00:00+00:00",
    "intervalMs": 1000,
    "maxDataPoints": 100,
    "model": {},
}


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The loaded recording equals the saved one."""
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    query = Query(
        start=moment, end=moment + timedelta(hours=1), interval=timedelta(seconds=30), max_data_points=7,
        ref_id="B", model={"table": "ü"},
    )  # fmt: skip
    recording = Recording(queries=[query], results={"B": {"status": 200}})
    recording.write(tmp_path / "a.json")

    assert Recording.read(tmp_path / "a.json") == recording


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        "NaN",
        '{"queries": [{}], "results": {}}',
        '{"gfplug": 1, "queries": [{}], "results": {}}',
        '{"gfplug": 1, "queries": [], "results": []}',
        '{"gfplug": 2, "queries": [], "results": {}}',
        '{"gfplug": 1, "queries": 3, "results": {}}',
        *(
            json.dumps({"gfplug": 1, "queries": [QUERY | {key: value}], "results": {}})
            for key, value in [
                ("model", []),
                ("refId", 1),
                ("from", 1),
                ("from", "x"),
                ("from", "2026-01-01"),
                ("intervalMs", "1"),
                ("intervalMs", 10**30),
                ("maxDataPoints", True),
            ]
        ),
    ],
)
def test_a_file_that_is_not_a_recording_is_refused(tmp_path: Path, text: str) -> None:
    """Any other content is a usage error."""
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UsageError, match="is not a recording"):
        Recording.read(tmp_path / "a.json")


def test_a_recording_with_half_a_surrogate_pair_is_read(tmp_path: Path) -> None:
    """JSON allows it, and UTF-8 does not."""
    Recording(queries=[], results={"A": {"error": "\ud800"}}).write(tmp_path / "a.json")

    assert Recording.read(tmp_path / "a.json").results == {"A": {"error": "\ud800"}}


@pytest.mark.skipif(os.name != "posix", reason="FIFOs of POSIX")
def test_a_recording_that_is_a_fifo_is_refused(tmp_path: Path) -> None:
    """Reading a FIFO would block."""
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(ProjectError, match="not a regular file"):
        Recording.read(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"A": 1.0}, {"A": 1.0 + 1e-12}, []),
        ({"A": 1.0}, {"A": 1.1}, ["A: 1.0 became 1.1"]),
        ({"A": [1, 2]}, {"A": [1]}, ["A: 2 items became 1"]),
        ({"A": {"x": None}}, {"A": {"x": True}}, ["A.x: null became true"]),
        ({"A": 1}, {"B": 1}, ["A: 1 became null", "B: null became 1"]),
        ({"A": True}, {"A": 1}, []),
    ],
)
def test_differences_are_named_by_their_place(old: dict[str, Any], new: dict[str, Any], expected: list[str]) -> None:
    """Floats that differ only in the last digit are equal."""
    assert differences(old, new) == expected


@pytest.mark.parametrize("packet", [b"x", b"[]", b'{"data": {"values": [[1]]}}'])
def test_a_packet_that_is_not_a_frame_is_refused(packet: bytes) -> None:
    """Rows need an earlier schema."""
    with pytest.raises(ToolError, match="sent a packet"):
        Live().add(packet)


def test_rows_must_fit_the_schema() -> None:
    """There are as many columns as fields."""
    live = Live()
    live.add(b'{"schema": {"fields": [{"name": "a"}]}}')
    with pytest.raises(ToolError, match="2 columns for a schema of 1"):
        live.add(b'{"data": {"values": [[1], [2]]}}')


def test_a_gap_interrupts_the_line_of_a_picture() -> None:
    """A missing value is not zero, and the line does not cross it."""
    picture = pictures.svg([Series(name="a<b", points=[(0, 1.0), (1, 2.0), (2, None), (3, 3.0)])])
    (line,) = [row for row in picture.splitlines() if 'fill="none"' in row]

    assert line.count("M") == 2
    assert "a&lt;b" in picture


def test_drawing_without_a_time_series_is_an_error(tmp_path: Path) -> None:
    """An empty picture would look like a result."""
    with pytest.raises(UsageError, match="no time series"):
        pictures.write([], tmp_path / "a.svg")
    assert not (tmp_path / "a.svg").exists()
