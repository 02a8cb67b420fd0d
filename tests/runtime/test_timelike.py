"""Texts and numbers that look like times: notices in panels, and the effect on alert rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gfruntime import Field, Frame, epoch
from gfruntime.calls import rulecheck
from gfruntime.frames import alerting, contract, timelike

T = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(3)]
TEXTS = [time.isoformat() for time in T]
SECONDS = [int(time.timestamp()) for time in T]


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("when", TEXTS, "'when' holds texts, not times: write Frame.from_records(rows, time='when'), or Field('when',"),
        ("day", ["2026-01-01", None], "Field('day', values, 'time')"),
        ("x", ["2026-01-01 12:00:00.5"], "'x' holds texts"),
        ("x", ["20260101T120000Z"], "'x' holds texts"),
        ("x", ["Thu, 01 Jan 2026 12:00:00 GMT"], "'x' holds texts"),
        (
            "time",
            SECONDS,
            "'time' holds numbers, not times: write Frame.from_records(rows, time='time', unit='s'), or epoch",
        ),
        ("Timestamp", [1000 * value for value in SECONDS], "epoch(values, 'ms')"),
        ("_time", [float(value) for value in SECONDS], "epoch(values, 's')"),
        ("@timestamp", [10**9 * value for value in SECONDS], "epoch(values, 'ns')"),
        ("ts", [str(value) for value in SECONDS], "'ts' holds numbers"),
    ],
)
def test_columns_that_look_like_times_are_found(name: str, values: list[Any], words: str) -> None:
    """The sentence says what the column contains, and what to write."""
    problem = timelike.find(name, values)

    assert problem is not None
    assert words in problem.sentence


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("time", []),
        ("time", [None]),
        ("host", ["a", "2026-01-01"]),
        ("version", ["2026.1.1"]),
        ("id", ["12345678-1234-1234-1234-123456789012"]),
        ("bytes", SECONDS),
        ("response_time", SECONDS),
        ("time", [0.5, 12]),
        ("time", [True, False]),
        ("time", [SECONDS[0], 5]),
    ],
)
def test_other_columns_are_not_taken_for_times(name: str, values: list[Any]) -> None:
    """Numbers need a name with a time word, and a value between the years 1979 and 5138."""
    assert timelike.find(name, values) is None


def notices(frame: Frame) -> list[str]:
    """List the texts of a frame's notices as the panel gets them."""
    [typed] = contract.set_types([frame])
    items: Any = (typed.meta or {}).get("notices", [])
    return [notice["text"] for notice in items]


def test_an_unrecognised_time_column_gives_a_notice() -> None:
    """A frame with numbers and no time gets a notice; one with a time, a type, or texts alone gets none."""
    assert len(notices(Frame.of(time=TEXTS, v=[1, 2, 3]))) == 1
    assert len(notices(Frame.of(time=SECONDS, v=[1, 2, 3]))) == 1
    assert notices(Frame.of(time=T, created=TEXTS, v=[1, 2, 3])) == []
    assert notices(Frame.of(created=TEXTS, name_of=["a", "b", "c"])) == []
    assert notices(Frame.of(time=SECONDS)) == []
    assert notices(Frame.of(time=TEXTS, v=[1, 2, 3]).with_meta(type="table")) == []
    assert notices(Frame(fields=[Field("time", epoch(SECONDS, "s")), Field("v", [1, 2, 3])])) == []
    assert notices(Frame(fields=[Field("time", TEXTS, "time"), Field("v", [1, 2, 3])])) == []


@pytest.mark.parametrize(
    "frames",
    [
        [Frame.of(time=[], value=[])],
        [Frame.of(time=[], value=[], region=[])],
        [Frame.of(value=[], host=[])],
        [Frame.of(time=[], value=[]), Frame.of(time=[], value=[], labels={"a": "b"})],
        [Frame(fields=[Field("time", [], "time"), Field("v", [], "float64")])],
        [Frame(fields=[Field("time", [], "time"), Field("v", [], "float64")], meta={"type": "timeseries-wide"})],
        [Frame()],
        [],
    ],
)
def test_frames_without_rows_are_no_data_for_a_rule(frames: list[Frame]) -> None:
    """Otherwise a rule would read NaN, which may fire."""
    answer = rulecheck.check(contract.set_types(frames), ref_id="A")

    assert alerting.classify([rulecheck.sketch(frame) for frame in answer]).kind == "no data"


def test_only_frames_with_rows_are_checked() -> None:
    """A series without points does not hide the others."""
    frames = [Frame.of(time=T, v=[1, 2, 3], labels={"h": "a"}), Frame.of(time=[], v=[], labels={"h": "b"})]
    [frame] = rulecheck.check(contract.set_types(frames), ref_id="A")

    assert frame["v"].labels == {"h": "a"}
