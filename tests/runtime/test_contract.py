"""Which data plane type a response gets if its author sets none."""

from __future__ import annotations

import datetime as dt

import pytest

from gfruntime import Field, Frame
from gfruntime.frames.contract import set_types

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
SERIES = Frame.of(time=[NOON], v=[1.0])


@pytest.mark.shows("frames 39")
@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([SERIES], "timeseries-wide"),
        ([Frame.of(time=[NOON], up=[True])], "timeseries-wide"),
        ([Frame.of(time=[NOON, NOON], host=["a", "b"], v=[1, 2])], "timeseries-long"),
        ([SERIES, SERIES.labelled({"host": "b"})], "timeseries-multi"),
        ([SERIES, SERIES], None),
        ([Frame.of(time=[NOON, NOON], v=[1, 2])], None),
        ([SERIES, Frame.of(time=[NOON], a=[1], b=[2])], None),
        ([Frame.of(time=[NOON, None], v=[1, 2])], None),
        ([Frame.of(time=[NOON])], None),
        ([Frame.of(time=[NOON], line=["x"])], None),
        ([Frame.of(host=["a", "b"], v=[1, 2])], "numeric-long"),
        ([Frame.of(v=[1])], "numeric-wide"),
        ([Frame.of(v=[])], "numeric-wide"),
        ([Frame.of(v=[1, 2])], None),
        ([Frame.of(host=["a"])], None),
        ([Frame.of(up=[True])], None),
        ([Frame()], None),
        ([], None),
        ([Frame.of(v=[1]), Frame.of(v=[2])], None),
        ([Frame.of(v=[1]), Frame.of(v=[2], labels={"host": "b"})], "numeric-multi"),
        ([Frame.of(v=[1, 2]), Frame.of(v=[2], labels={"host": "b"})], None),
    ],
)
def test_shape_decides_the_type(frames: list[Frame], expected: str | None) -> None:
    """Each shape of the module's table gets its type and version 0.1; other shapes get no type."""
    result = set_types(frames)

    metas = [frame.meta for frame in result]
    assert metas == [None if expected is None else {"type": expected, "typeVersion": [0, 1]}] * len(frames)


def test_a_type_of_the_author_stays() -> None:
    """If the author set a type, all frames of the response stay unchanged."""
    table = Frame(fields=SERIES.fields, meta={"type": "table"})

    assert set_types([table, SERIES]) == [table, SERIES]


def test_other_metadata_stays() -> None:
    """The type is added to the author's metadata."""
    frame = Frame(fields=[Field("v", [1])], meta={"executedQueryString": "select 1"})

    assert set_types([frame])[0].meta == {
        "executedQueryString": "select 1",
        "type": "numeric-wide",
        "typeVersion": [0, 1],
    }
