"""What Grafana's own decoder makes of the frames: types, nullability, labels, config, meta, values to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from messages import START_MS, query

if TYPE_CHECKING:
    from hostclient import Plugin

AT = 1_772_323_199_123_456_789
"""2026-02-28T23:59:59.123456789Z in nanoseconds."""

TYPES = {
    "time": ("time.Time", [AT, AT + 1]),
    "maybe_time": ("*time.Time", [None, AT]),
    "float64": ("float64", ["NaN", 1.5]),
    "maybe_float64": ("*float64", [None, "-Inf"]),
    "float32": ("float32", [0.1, "+Inf"]),
    "int64": ("int64", [2**63 - 1, -1]),
    "maybe_int64": ("*int64", [-(2**63), None]),
    "uint64": ("uint64", [2**64 - 1, 0]),
    "int32": ("int32", [-(2**31), 2**31 - 1]),
    "int16": ("int16", [-(2**15), 2**15 - 1]),
    "int8": ("int8", [-(2**7), 2**7 - 1]),
    "uint8": ("uint8", [0, 2**8 - 1]),
    "bool": ("bool", [True, False]),
    "maybe_bool": ("*bool", [None, True]),
    "string": ("string", ["", "a|b\n"]),
    "maybe_string": ("*string", ["naïve ☃", None]),
    "json": ("json.RawMessage", [{"a": [1]}, "b"]),
}


@pytest.mark.parametrize("wanted", ["ARROW", "JSON"])
@pytest.mark.parametrize("name", TYPES)
def test_type_survives(running: Plugin, name: str, wanted: str) -> None:
    """Each type arrives as itself, nullable or not, its hardest values unharmed."""
    fields = {
        field["name"]: field for field in running.query(query(kind="types"), format=wanted)["A"]["frames"][0]["fields"]
    }
    found = fields[name]

    assert (found["type"], found["values"]) == TYPES[name]
    assert found["nullable"] == TYPES[name][0].startswith("*")


def test_time_series_has_the_shape_that_alerting_reads(running: Plugin) -> None:
    """Type and version say wide, the time is not nullable, labels and unit are on the value."""
    frame = running.query(query())["A"]["frames"][0]
    del frame["json"]

    assert frame == {
        "name": "series",
        "ref_id": "A",
        "meta": {"type": "timeseries-wide", "typeVersion": [0, 1]},
        "rows": 3,
        "fields": [
            {
                "name": "time",
                "type": "time.Time",
                "nullable": False,
                "labels": None,
                "config": None,
                "values": [START_MS * 1_000_000 + minute * 60_000_000_000 for minute in range(3)],
            },
            {
                "name": "value",
                "type": "float64",
                "nullable": False,
                "labels": {"host": "web-1"},
                "config": {"unit": "percent"},
                "values": [0, 0.5, 1],
            },
        ],
    }


def test_frame_json_is_the_sdks(running: Plugin) -> None:
    """Decoded and written again by the SDK, the frame reads as Grafana's browser side expects it."""
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
