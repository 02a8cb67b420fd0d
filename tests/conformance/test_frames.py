"""What Grafana's own decoder makes of the frames of a process; `test_sdk_frames` has every type and value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messages import START_MS, query

if TYPE_CHECKING:
    from hostclient import Plugin


def test_frame_json_is_the_sdks(running: Plugin) -> None:
    """Decoded and written again by the SDK: type and version say wide, no column is nullable, labels stay."""
    frame: dict[str, Any] = running.query(query(rows=2))["A"]["frames"][0]["json"]

    assert frame == {
        "schema": {
            "name": "series",
            "refId": "A",
            "meta": {"type": "timeseries-wide", "typeVersion": [0, 1]},
            "fields": [
                {"name": "time", "type": "time", "typeInfo": {"frame": "time.Time"}},
                {
                    "name": "value",
                    "type": "number",
                    "typeInfo": {"frame": "float64"},
                    "labels": {"host": "web-1"},
                    "config": {"unit": "percent"},
                },
            ],
        },
        "data": {"values": [[START_MS, START_MS + 60_000], [0, 0.5]]},
    }


def test_a_series_without_rows_keeps_its_columns(running: Plugin) -> None:
    """No rows is a frame with fields and no values, not an error."""
    frame = running.query(query(rows=0))["A"]["frames"][0]

    assert frame["rows"] == 0
    assert [field["type"] for field in frame["fields"]] == ["time.Time", "float64"]
