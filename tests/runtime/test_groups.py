"""Tables are split into series by their keys: the result equals that of a loop over the rows, at a lower cost."""

from __future__ import annotations

import gc
import math
import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfruntime import Field, Frame
from gfruntime.frames import arrow
from gfruntime.frames.labels import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.none() | st.sampled_from(["", "a", "b", "ä"]),
    "float64": st.none() | st.sampled_from([0.0, -0.0, 1.5, math.nan, math.inf]),
    "float32": st.none() | st.sampled_from([0.0, -0.0, 1.5, math.nan]),
    "int64": st.none() | st.integers(-2, 2),
    "uint8": st.integers(0, 3),
    "bool": st.none() | st.booleans(),
    "json": st.none() | st.sampled_from([b"1", b"[2]"]),
    "enum": st.none() | st.integers(0, 2),
    "time": st.none() | st.sampled_from([0, 1, 1000, 10**18]),  # the second is the first when cut to microseconds
}


def _row_by_row(frame: Frame, names: Sequence[str]) -> list[Frame]:
    """Group by the definition: each row goes to the series of its texts, in the order of their first rows."""
    keys = [[as_text(value) for value in frame[name].to_list()] for name in names]
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, texts in enumerate(zip(*keys, strict=True)):
        rows.setdefault(texts, []).append(row)
    values = [field for field in frame.fields if field.name not in names and field.type != "time"]
    return [
        Frame(fields=[frame["t"].take(pa.array(at)), field.take(pa.array(at)).with_labels(dict(zip(names, texts)))])  # noqa: B905  # as many
        for texts, at in rows.items()
        for field in values
    ]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Frame, list[str]]:
    """Draw a table of one to three keys, a time and two values."""
    kinds = draw(st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3))
    rows = draw(st.integers(1, 12))
    keys = [
        Field(f"k{at}", draw(st.lists(KEYS[kind], min_size=rows, max_size=rows)), kind)  # type: ignore[arg-type]  # one of the types
        if kind != "time"
        else Field(f"k{at}", pa.array(draw(st.lists(KEYS[kind], min_size=rows, max_size=rows)), pa.timestamp("ns")))
        for at, kind in enumerate(kinds)
    ]
    others = [
        Field("t", pa.array(range(rows), pa.timestamp("ns"))),
        Field("v", draw(st.lists(st.none() | st.floats(), min_size=rows, max_size=rows)), "float64", labels={"x": "y"}),
        Field("b", draw(st.lists(st.none() | st.booleans(), min_size=rows, max_size=rows)), "bool"),
    ]
    return Frame(fields=[*others, *keys]), [key.name for key in keys]


@settings(deadline=None)
@given(table=tables())
def test_groups_equal_those_of_a_loop_over_the_rows(table: tuple[Frame, list[str]]) -> None:
    """Series and their labels, the order of series and the order of their rows are equal for keys of every type."""
    frame, names = table

    assert frame.group_by(*names) == _row_by_row(frame, names)


def test_rows_of_a_group_keep_their_order() -> None:
    """The sort of interleaved groups is stable."""
    hosts = [f"h{row % 7}" for row in range(1000)]
    frames = Frame.of(t=pa.array(range(1000), pa.timestamp("ns")), host=hosts, v=list(range(1000))).group_by("host")

    assert [frame["v"].labels for frame in frames] == [{"host": f"h{at}"} for at in range(7)]
    assert [frame["v"].to_list() for frame in frames] == [list(range(at, 1000, 7)) for at in range(7)]


def test_missing_keys_are_one_group() -> None:
    """Null, NaN and the empty text are the same label, so they form one series."""
    texts = Frame.of(t=pa.array(range(3), pa.timestamp("ns")), host=["", None, "a"], v=[1, 2, 3])
    numbers = Frame.of(t=pa.array(range(3), pa.timestamp("ns")), n=[math.nan, None, 1.5], v=[1, 2, 3])

    assert [frame["v"].to_list() for frame in texts.group_by("host")] == [[1, 2], [3]]
    assert [frame["v"].to_list() for frame in numbers.group_by("n")] == [[1, 2], [3]]


def test_dictionary_columns_are_grouped_by_their_texts() -> None:
    """A column of categories groups by their texts, with any numbers; one group is the whole table."""
    hosts = pa.DictionaryArray.from_arrays([1, 0, 1], ["a", "b"])
    frame = Frame.of(t=pa.array(range(3), pa.timestamp("ns")), host=hosts, v=[1, 2, 3])
    [one] = Frame.of(t=pa.array(range(2), pa.timestamp("ns")), host=["a", "a"], v=[1, 2]).group_by("host", "host")

    assert [(each["v"].labels, each["v"].to_list()) for each in frame.group_by("host")] == [
        ({"host": "b"}, [1, 3]),
        ({"host": "a"}, [2]),
    ]
    assert (one["v"].labels, one["v"].to_list()) == ({"host": "a"}, [1, 2])


def test_name_and_metadata_go_to_every_series() -> None:
    """Each series has the table's name and metadata."""
    frame = Frame(name="cpu", meta={"path": "a"}, fields=[Field("host", ["a", "b"]), Field("v", [1, 2])])

    assert [(each.name, each.meta) for each in frame.group_by("host")] == [("cpu", {"path": "a"})] * 2


def test_a_series_is_encoded_like_its_copy() -> None:
    """All series share one memory, but the file of each has only its own rows: values, nulls and bits."""
    hosts = [f"h{row % 37}" for row in range(3000)]
    values = [None if row % 5 == 0 else row / 2 for row in range(3000)]
    flags = [None if row % 7 == 0 else row % 3 == 0 for row in range(3000)]
    times = pa.array(range(3000), pa.timestamp("ns"))

    for frame in Frame.of(t=times, host=hosts, v=values, b=flags).group_by("host"):
        copy = frame.take(pa.array(range(len(frame))))
        assert b"".join(arrow.encode(frame)) == b"".join(arrow.encode(copy))


@pytest.mark.parametrize("is_sorted", [True, False])
def test_the_cost_grows_linearly_with_the_groups(is_sorted: bool) -> None:  # noqa: FBT001  # a parameter
    """Ten times as many groups need ten times as many calls, not a hundred times."""
    _count_calls(2, is_sorted=is_sorted)  # the first call imports modules
    few, many = _count_calls(200, is_sorted=is_sorted), _count_calls(2000, is_sorted=is_sorted)

    assert many < 10.5 * few


def _count_calls(groups: int, *, is_sorted: bool) -> int:
    """Count all calls of Python and C functions."""
    hosts = [f"h{row // 3 if is_sorted else row % groups}" for row in range(groups * 3)]
    frame = Frame.of(t=pa.array(range(groups * 3), pa.timestamp("ns")), host=hosts, v=list(range(groups * 3)))
    count = 0

    def see(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    gc.disable()  # a collection would add calls of finalizers
    sys.setprofile(see)
    try:
        frame.group_by("host")
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def test_negative_zero_is_a_separate_label() -> None:
    """0.0 and -0.0 are one number and two texts."""
    frame = Frame.of(t=pa.array(range(3), pa.timestamp("ns")), n=[0.0, -0.0, 0.0], v=[1, 2, 3])

    assert [(each["v"].labels, each["v"].to_list()) for each in frame.group_by("n")] == [
        ({"n": "0.0"}, [1, 3]),
        ({"n": "-0.0"}, [2]),
    ]
