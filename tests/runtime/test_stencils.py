"""Files written through a stencil equal Arrow's files, byte for byte."""

from __future__ import annotations

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from framesamples import CONFIGS, METAS, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from gfruntime import Field, Frame
from gfruntime.frames import arrow, stencils

NUMBERS = {
    "time": st.integers(-(2**63), 2**63 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "float64": st.floats(),
}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stencils, "_stencils", {})
    monkeypatch.setattr(stencils, "_once", set())


def _by_arrow(frame: Frame, ref_id: str = "A") -> bytes:
    """Encode a frame as the first of its shape."""
    stencils._once.clear()  # the cache under test
    stencils._stencils.clear()
    return b"".join(arrow.encode(frame, ref_id=ref_id))


def _thrice(frame: Frame, ref_id: str = "A") -> bytes:
    """Encode a frame as the third of its shape."""
    return [b"".join(arrow.encode(frame, ref_id=ref_id)) for _ in range(3)][-1]


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Draw a frame of columns without nulls, the last column with labels; each column is part of a longer array."""
    rows = draw(st.integers(1, 4))
    kinds = draw(st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=4))
    fields = []
    for kind in kinds:
        items = draw(st.lists(NUMBERS[kind], min_size=rows + 2, max_size=rows + 2))
        array = pa.array(items, pa.timestamp("ns") if kind == "time" else kind).slice(1, rows)
        config, nullable = draw(st.sampled_from(CONFIGS)), draw(st.booleans())
        fields.append(Field(draw(texts), array, nullable=nullable, config=config))
    fields[-1] = fields[-1].with_labels(draw(st.dictionaries(texts, texts, max_size=3)))
    return Frame(fields=fields, name=draw(texts), meta=draw(st.sampled_from(METAS)))


@settings(deadline=None)
@given(frame=frames())
def test_a_stencil_gives_what_arrow_writes(frame: Frame) -> None:
    """The bytes are the same for any names, types, labels, configs and values."""
    expected = _by_arrow(frame)

    assert _thrice(frame) == expected
    assert len(stencils._stencils) == 1  # None if it would give other bytes


def test_series_of_one_shape_have_their_own_labels_and_values() -> None:
    """The second and later series are written through the stencil of the first, with their labels and values."""
    times = pa.array([1, 2, 3, 4], pa.timestamp("ns"))
    series = [Frame.of("cpu", t=times, v=[at * 1.5] * 4, labels={"host": f"web-{at}"}) for at in range(9)]
    files = [b"".join(arrow.encode(frame, ref_id="A")) for frame in series]

    assert [stencil is None for stencil in stencils._stencils.values()] == [False]
    assert [arrow.decode(file) for file in files] == [
        Frame(fields=frame.fields, name="cpu", ref_id="A") for frame in series
    ]
    assert files == [_by_arrow(frame) for frame in series]


@pytest.mark.parametrize(
    "fields",
    [
        [Field("v", [1.5, None], labels={"a": "b"})],
        [Field("v", [True, False], labels={"a": "b"})],
        [Field("v", ["a", "b"]), Field("w", [1, 2], labels={"a": "b"})],
        [Field("v", [1, 2], labels={"a": "b"}), Field("w", [1, 2], labels={"a": "c"})],
        [Field("v", [1, 2], "int8", labels={"a": "b"})],
        [Field("v", [1, 2])],
        [Field("v", [], "float64", labels={"a": "b"})],
        [Field("v", pa.array(range(10_000)), labels={"a": "b"})],
        [],
    ],
    ids=["nulls", "bits", "texts", "two with labels", "one byte", "no labels", "no rows", "long", "no columns"],
)
def test_other_frames_are_written_by_arrow(fields: list[Field]) -> None:
    """Frames that differ in more than labels and values of eight bytes have no stencil."""
    _thrice(Frame(fields=fields))

    assert (stencils._stencils, stencils._once) == ({}, set())


def test_the_ref_id_and_the_name_are_part_of_the_shape() -> None:
    """Frames that differ in anything but labels and values don't share a file."""
    frame = Frame.of("a", v=[1], labels={"a": "b"})
    other = Frame.of("b", v=[1], labels={"a": "b"})

    assert arrow.decode(_thrice(frame, "A")).ref_id == "A"
    assert arrow.decode(_thrice(frame, "B")).ref_id == "B"
    assert arrow.decode(_thrice(other, "B")).name == "b"


def test_a_writer_with_other_results_gets_no_stencil() -> None:
    """If a file depends on its labels or values in another way, every frame is written by Arrow."""
    shape: stencils.Shape = ("", "A", None, 1, 2, (("v", "int64", True, None, True),))
    sums = [stencils._find(shape, lambda _, labels, values: labels + values + labels + values) for _ in range(2)]

    assert sums == [None, None]


def test_the_number_of_stencils_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """If no shape repeats, no stencil is kept, and the number of kept ones is bounded."""
    monkeypatch.setattr(stencils, "_MAX_SHAPES", 3)
    for rows in range(1, 9):
        arrow.encode(Frame.of(v=[1] * rows, labels={"a": "b"}))
    assert (len(stencils._stencils), len(stencils._once)) == (0, 2)

    for rows in range(1, 9):
        _thrice(Frame.of(v=[1] * rows, labels={"a": "b"}))
    assert len(stencils._stencils) <= 3
