"""Conversions of time series; `tests/conformance/test_sdk_series.py` compares them with the Go SDK's."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gfruntime import Field, Frame
from gfruntime.errors import FrameError
from gfruntime.frames import series
from gfruntime.frames.cells import Fill

T = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(4)]
LONG = Frame(
    fields=[
        Field("time", [T[0], T[0], T[1], T[3]]),
        Field("host", ["b", "a", "a", "b"], nullable=False),
        Field("v", [1, 2, 3, 4], nullable=False),
    ]
)


def columns(frame: Frame) -> dict[str, Any]:
    """List the values by name and labels."""
    return {f"{field.name} {dict(field.labels or {})}": field.to_list() for field in frame.fields[1:]}


@pytest.mark.shows("frames 47", "frames 50")
@pytest.mark.parametrize(
    ("fill", "a", "b"),
    [
        (Fill(), [2, 3, None], [1, None, 4]),
        (Fill("previous"), [2, 3, 3], [1, 1, 4]),
        (Fill("value", 7), [2, 3, 7], [1, 7, 4]),
        (None, [2, 3, 0], [1, 0, 4]),
    ],
)
def test_missing_cells_are_filled_as_the_mode_says(fill: Fill | None, a: list[Any], b: list[Any]) -> None:
    """Missing cells are null, the value before, or a constant; zero only in the SDK's own mode."""
    frame = series.long_to_wide(LONG, fill=fill)

    assert columns(frame) == {"v {'host': 'a'}": a, "v {'host': 'b'}": b}
    assert frame["time"].to_list() == [T[0], T[1], T[3]]
    assert frame.meta == {"type": "timeseries-wide", "typeVersion": [0, 1]}


@pytest.mark.shows("frames 47")
def test_missing_is_null_by_default() -> None:
    """Missing values are null in all conversions, and never 0, unless the author asks for a fill."""
    wide = Frame(
        fields=[
            Field("time", T[:1]),
            Field("v", [1], nullable=False, labels={"h": "a"}),
            Field("w", [2], nullable=False, labels={"h": "b"}),
        ]
    )
    hours = series.resample(LONG, T[2], T[3], dt.timedelta(hours=1))

    assert columns(series.long_to_wide(LONG))["v {'host': 'a'}"] == [2, 3, None]
    assert columns(series.wide_to_long(wide)) == {"v {}": [1, None], "w {}": [None, 2], "h {}": ["a", "b"]}
    assert columns(hours) == {"host {}": ["a", "b"], "v {}": [None, 4]}


def test_a_fill_value_must_fit_the_column() -> None:
    """If the column's type can't hold the constant, the error names the column."""
    frame = Frame.of(time=[T[0], T[1]], host=["a", "b"], v=[1, 2])
    small = Frame(fields=[*frame.fields[:2], Field("v", [1, 2], "int8")])
    with pytest.raises(FrameError, match="column 'v': the fill value is not of type int8"):
        series.long_to_wide(small, fill=Fill("value", 1000))


def test_wide_frames_can_be_bounded() -> None:
    """A limit on cells stops a conversion that would fill the memory."""
    assert len(series.long_to_wide(LONG, limit=9)) == 3
    with pytest.raises(FrameError, match="the result is too large"):
        series.long_to_wide(LONG, limit=8)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ([None, T[1]], "input has null time values"),
        ([T[0], None], "two columns that become labels have one name"),
        ([T[1], T[0]], "two columns that become labels have one name"),
    ],
)
def test_the_first_of_several_errors_is_reported(times: list[dt.datetime | None], says: str) -> None:
    """The order is the SDK's: first the first row's time, then the labels, then the other times."""
    factors = [Field("host", ["a", "b"]), Field("host", ["a", "b"])]
    frame = Frame(fields=[Field("time", times, "time"), *factors, Field("v", [1, 2])])
    with pytest.raises(FrameError, match=says):
        series.long_to_wide(frame)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Mode": 0}, Fill("previous")),
        ({"Mode": 1, "Value": 3}, Fill("null", 3)),
        ({"mode": 2, "value": 1.5}, Fill("value", 1.5)),
    ],
)
def test_fill_modes_are_read_from_queries(value: dict[str, Any], expected: Fill) -> None:
    """SQL queries have the modes 0 for previous, 1 for null, 2 for a value."""
    assert Fill.from_json(value) == expected


def test_unknown_fill_modes_are_refused() -> None:
    """Any other mode raises."""
    with pytest.raises(FrameError, match="not 3"):
        Fill.from_json({"Mode": 3})


def test_resampling_keeps_labels_and_drops_configs() -> None:
    """The grid includes its end; types and labels stay, configs go, as in the SDK."""
    wide = Frame(fields=[Field("time", [T[0], T[2]]), Field("v", [1.5, 2.5], labels={"a": "b"}, config={"unit": "s"})])
    frame = series.resample(wide, T[0], T[2], dt.timedelta(hours=1), fill=Fill("previous"))

    assert columns(frame) == {"v {'a': 'b'}": [1.5, 1.5, 2.5]}
    assert frame["v"].config is None
    assert series.resample(wide, T[0], T[2], dt.timedelta()) is wide
