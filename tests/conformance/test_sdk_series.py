"""Conversions of time series compared with the Go SDK's, on random frames: the same results, the same errors."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from framesamples import texts
from hostclient import Host, HostError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sdkframes import decode_with_sdk, encode_frame, expected, normalise

from gfruntime import Field, Frame
from gfruntime.errors import FrameError
from gfruntime.frames import series
from gfruntime.frames.cells import Fill

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
START_NS = 1_767_225_600_000_000_000
MODES = {"previous": 0, "null": 1, "value": 2}

few_words = st.sampled_from(["", "a", "b", "<", "Z", "é"])
names = st.sampled_from(["v", "w", "a", "<b>", "c", "d", "é"])
mostly = st.sampled_from([1] * 15 + [0])
sizes = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 5, 6])
fills = st.none() | st.builds(Fill, mode=st.sampled_from(sorted(MODES)), value=st.sampled_from([0.0, 1.0, 7.0]))
grids = st.tuples(st.integers(-3, 3), st.integers(-3, 9), st.sampled_from([0, 1, 1, 2, 2, 3]))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "float64": st.floats(allow_nan=False),
    "int64": st.integers(-5, 5),
    "uint8": st.integers(0, 5),
    "float32": st.sampled_from([0.5, 2.0]),
}


def column(draw: st.DrawFn, kind: str, rows: int, **more: Any) -> Field:
    """Draw a column of a kind, nullable or not."""
    nullable = bool(more.pop("nullable", None) or draw(st.booleans()))
    value = {"string": few_words, "bool": st.booleans(), **VALUES}[kind]
    values = draw(st.lists(value | st.none() if nullable else value, min_size=rows, max_size=rows))
    return Field(draw(names), values, kind, nullable=nullable, **more)  # type: ignore[arg-type]  # one of the types


def index(draw: st.DrawFn, rows: int, *, odd: bool) -> Field:
    """Draw times, mostly ascending and with duplicates; some may descend or be null."""
    steps = draw(st.lists(st.integers(-1 if odd else 0, 2), min_size=rows, max_size=rows))
    ticks: list[int | None] = [START_NS + sum(steps[: at + 1]) * 1_000_000_000 for at in range(rows)]
    if odd and rows and draw(st.booleans()):
        ticks[draw(st.integers(0, rows - 1))] = None
    return Field("t", pa.array(ticks, pa.timestamp("ns")), nullable=True if None in ticks else draw(st.booleans()))


@st.composite
def long_frames(draw: st.DrawFn) -> Frame:
    """Draw a frame that is long, or almost long."""
    rows, least = draw(sizes), draw(mostly)
    strings, numbers = st.sampled_from(["string", "string", "bool"]), st.sampled_from(sorted(VALUES))
    factors = [column(draw, kind, rows) for kind in draw(st.lists(strings, min_size=least, max_size=2))]
    values = [column(draw, kind, rows) for kind in draw(st.lists(numbers, min_size=least, max_size=2))]
    meta = draw(st.sampled_from([None, {"custom": {"a": 1}, "type": "timeseries-long"}]))
    fields = draw(st.permutations([index(draw, rows, odd=not draw(mostly)), *factors, *values]))
    return Frame(fields=fields, name=draw(texts), meta=meta)


@st.composite
def wide_frames(draw: st.DrawFn) -> Frame:
    """Draw a frame that is wide, or almost wide."""
    rows = draw(sizes)
    kinds = st.just("float64") if draw(mostly) else st.sampled_from(["float64", "int64"])
    labels = st.none() | st.dictionaries(st.sampled_from(["x", "y"]), few_words)
    columns = draw(st.lists(kinds, min_size=draw(mostly), max_size=4))
    nullable = draw(st.booleans())
    values = [column(draw, kind, rows, labels=draw(labels), nullable=nullable) for kind in columns]
    extra = [] if draw(mostly) else [column(draw, "string", rows)]
    return Frame(fields=[index(draw, rows, odd=not draw(mostly)), *values, *extra], name=draw(texts))


def compare(sdk: Host, frame: Frame, ours: Callable[[], Frame], **conversion: Any) -> None:
    """Compare our conversion with the SDK's: the same frame, or the same error."""
    try:
        theirs: Any = sdk.ask("convert", **encode_frame(frame), **conversion)
    except HostError as error:
        message = error.message.partition(" in lables")[0]
        with pytest.raises(FrameError) as caught:
            ours()
        assert str(caught.value) == message or message.startswith("duplicate key")
    else:
        assert expected(ours()) == normalise(theirs["frame"])


def fill_json(fill: Fill | None) -> dict[str, Any] | None:
    """Write fill settings as a SQL query has them."""
    return None if fill is None else {"Mode": MODES[fill.mode], "Value": fill.value}


@pytest.mark.shows("frames 42")
@EXAMPLES
@given(frame=long_frames() | wide_frames())
def test_shapes_equal_those_of_the_sdk(sdk: Host, frame: Frame) -> None:
    """A frame without a type has the same shape (wide, long, none) as in the SDK."""
    assert series.shape(frame) == decode_with_sdk(sdk, frame)["series"]


@pytest.mark.shows("frames 50")
@EXAMPLES
@given(frame=long_frames(), fill=fills)
def test_long_to_wide_gives_the_frame_of_the_sdk(sdk: Host, frame: Frame, fill: Fill | None) -> None:
    """Long to wide gives the SDK's frame with and without fill modes: zeros, order, labels, types, meta, errors."""
    compare(sdk, frame, lambda: series.long_to_wide(frame, fill=fill), to="wide", fill=fill_json(fill))


@pytest.mark.shows("frames 51")
@EXAMPLES
@given(frame=wide_frames())
def test_wide_to_long_gives_the_frame_of_the_sdk(sdk: Host, frame: Frame) -> None:
    """Wide to long gives the SDK's frame when missing cells may be zeros: rows, order, label columns, errors."""
    compare(sdk, frame, lambda: series.wide_to_long(frame, fill=None), to="long")


@pytest.mark.shows("frames 52")
@EXAMPLES
@given(frame=wide_frames() | long_frames(), fill=fills, grid=grids)
def test_resample_gives_the_frame_of_the_sdk(
    sdk: Host, frame: Frame, fill: Fill | None, grid: tuple[int, int, int]
) -> None:
    """Resampling gives the SDK's frame: the end, errors, and for each point the last row of (t - interval, t].

    The columns are nullable: for others the SDK crashes if a point has no data.
    """
    fields = [Field(field.name, field.values, field.type, nullable=True, labels=field.labels) for field in frame.fields]
    frame, (start, end, step) = Frame(fields=fields, name=frame.name), grid
    compare(
        sdk,
        frame,
        lambda: series.resample(
            frame,
            START + dt.timedelta(seconds=start),
            START + dt.timedelta(seconds=end),
            dt.timedelta(seconds=step),
            fill=fill,
        ),
        to="resampled",
        fill=fill_json(fill or Fill()),
        from_ns=START_NS + start * 1_000_000_000,
        until_ns=START_NS + end * 1_000_000_000,
        interval_ns=step * 1_000_000_000,
    )
