"""The shapes of the data plane contract: types, sorting and refusals."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from gfruntime import Field, Frame
from gfruntime.errors import FrameError
from gfruntime.frames import contract
from gfruntime.frames.shapes import FrameType, apply_type

T = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(4)]
WIDE = Frame(
    fields=[Field("time", T[:2]), Field("v", [1, 2], labels={"h": "a"}), Field("v", [3, 4], labels={"h": "b"})]
)
LONG = Frame.of(time=[T[0], T[0], T[1]], host=["a", "b", "a"], v=[1, 2, 3])
MULTI = [Frame.of(time=T[:2], v=[1, 2], labels={"h": "a"}), Frame.of(time=[T[3]], v=[1], labels={"h": "b"})]
NUMBERS = [Frame.of(v=[1], labels={"h": "a"}), Frame.of(v=[2.5], labels={"h": "b"})]


EXAMPLES: dict[FrameType, list[Frame]] = {
    "timeseries-wide": [WIDE],
    "timeseries-multi": MULTI,
    "timeseries-long": [LONG],
    "numeric-wide": [Frame.of(a=[1], b=[2])],
    "numeric-multi": NUMBERS,
    "numeric-long": [Frame.of(host=["a", "b"], v=[1, 2], w=[3, 4])],
}


def apply_wide(frame: Frame) -> Frame:
    """Apply the most common type to one frame."""
    return apply_type("timeseries-wide", [frame])[0]


@pytest.mark.shows("frames 38")
@pytest.mark.parametrize("frame_type", EXAMPLES)
def test_each_shape_gets_its_type(frame_type: FrameType) -> None:
    """Each of the six types has a shape; the type and version 0.1 are put on every frame."""
    frames = EXAMPLES[frame_type]

    metas = [frame.meta for frame in apply_type(frame_type, frames)]
    assert metas == [{"type": frame_type, "typeVersion": [0, 1]}] * len(frames)


@pytest.mark.shows("frames 45")
@pytest.mark.parametrize("frame_type", EXAMPLES)
def test_no_data_is_a_type_without_fields(frame_type: FrameType) -> None:
    """No data is a frame with type and version, but without fields."""
    no_data = Frame(meta={"type": frame_type, "typeVersion": [0, 1]})

    assert apply_type(frame_type, [Frame()]) == [no_data]


@pytest.mark.shows("frames 45")
@pytest.mark.parametrize("frame_type", ["timeseries-multi", "numeric-multi"])
def test_an_empty_list_of_series_is_no_data(frame_type: FrameType) -> None:
    """An empty list of series is the no-data frame."""
    assert apply_type(frame_type, []) == apply_type(frame_type, [Frame()])


@pytest.mark.shows("frames 37")
def test_time_becomes_non_nullable() -> None:
    """A nullable time field without nulls becomes non-nullable, as readers expect."""
    frame = Frame(fields=[Field("time", T[:1], nullable=True), Field("v", [1])])

    assert not apply_wide(frame)["time"].nullable


@pytest.mark.shows("frames 37", "frames 40")
def test_series_are_sorted_by_time() -> None:
    """Unsorted times are sorted, and rows of one time keep their order; Grafana does not check the order."""
    unsorted = Frame.of(time=[T[1], T[0], T[1]], host=["b", "a", "c"], v=[1, 2, 3])
    [frame] = apply_type("timeseries-long", [unsorted])

    assert frame["time"].to_list() == [T[0], T[1], T[1]]
    assert frame["host"].to_list() == ["a", "b", "c"]
    assert frame["v"].to_list() == [2, 1, 3]


@pytest.mark.shows("frames 37", "frames 38", "frames 39", "frames 41")
@pytest.mark.parametrize(
    ("frame_type", "frames", "because"),
    [
        ("timeseries-wide", [Frame.of(v=[1])], "no column of times"),
        ("timeseries-wide", [Frame.of(time=[T[0], None], v=[1, 2])], "column 'time' has 1 nulls"),
        ("timeseries-wide", [Frame.of(time=T[:1], s=["a"])], "no column of numbers"),
        ("timeseries-wide", [Frame.of(time=[T[0], T[0]], v=[1, 2])], "a time more than once"),
        ("timeseries-wide", [WIDE, WIDE], "has one frame, not 2"),
        (
            "timeseries-wide",
            [Frame(fields=[Field("time", T[:1], labels={"h": "a"}), Field("v", [1])])],
            "is the time and can't have labels",
        ),
        ("timeseries-wide", [Frame(fields=[Field("time", T[:1]), Field("v", [1]), Field("v", [2])])], "two series"),
        ("timeseries-multi", [Frame.of(time=T[:1], a=[1], b=[2])], "one value column, this one has 2"),
        ("timeseries-multi", [Frame.of(time=[T[0], T[0]], v=[1, 2])], "a time more than once"),
        ("timeseries-multi", [MULTI[0], MULTI[0]], "two series are named 'v' with the labels {h=a}"),
        ("timeseries-multi", [MULTI[0], Frame()], "without fields among others"),
        (
            "timeseries-long",
            [Frame.of(time=T[:1], h=["a"], v=[1], labels={"x": "y"})],
            "has labels, which a long frame",
        ),
        ("numeric-wide", [Frame.of(v=[1, 2])], "2 rows, but at most one"),
        ("numeric-wide", [Frame.of(b=[True])], "column 'b' is boolean"),
        ("numeric-wide", [Frame(fields=[Field("v", [1]), Field("v", [2])])], "two series are named 'v'"),
        ("numeric-multi", [Frame.of(v=[1, 2])], "2 rows"),
        ("numeric-multi", [NUMBERS[0], NUMBERS[0]], "two series"),
        ("numeric-multi", [Frame.of(s=["a"])], "one value column, this one has 0"),
        ("numeric-long", [Frame.of(h=["a"])], "no column of numbers"),
        ("numeric-long", [Frame.of(h=["a", "a"], v=[1, 2])], "a row of {'h': 'a'} occurs 2 times"),
        ("numeric-long", [Frame.of(v=[1, 2])], "a row of {} occurs 2 times"),
        ("numeric-long", [Frame(fields=[Field("v", [1]), Field("v", [2])])], "2 columns named 'v'"),
    ],
)
def test_shapes_that_the_contract_forbids_are_refused(frame_type: FrameType, frames: list[Frame], because: str) -> None:
    """Null or labelled times, duplicate names and labels, duplicate times, and lost columns each have an error."""
    with pytest.raises(FrameError, match=re.escape(because)):
        apply_type(frame_type, frames)


@pytest.mark.shows("frames 37")
def test_frames_with_the_authors_type_are_checked() -> None:
    """A frame with the author's type gets version 0.1, is sorted, and is refused if it breaks the contract."""
    wide = Frame(fields=[Field("time", [T[1], T[0]]), Field("v", [1, 2])], meta={"type": "timeseries-wide"})
    invalid = Frame(fields=[Field("v", [1])], meta={"type": "timeseries-wide", "typeVersion": [0, 1]})
    [typed] = contract.set_types([wide])

    assert typed.meta == {"type": "timeseries-wide", "typeVersion": [0, 1]}
    assert typed["time"].to_list() == T[:2]
    with pytest.raises(FrameError, match="no column of times"):
        contract.set_types([invalid])


@pytest.mark.parametrize("meta", [{"type": "timeseries-wide", "typeVersion": [0, 0]}, {"type": "log-lines"}])
def test_frames_of_other_types_and_versions_stay_unchanged(meta: dict[str, object]) -> None:
    """Frames of a type without contract, or of version 0.0, stay unchanged."""
    frames = [Frame(fields=[Field("v", [1, 2])], meta=meta)]

    assert contract.set_types(frames) == frames


@pytest.mark.shows("frames 40")
def test_detected_series_are_sorted() -> None:
    """Series to which the runtime gives a type are sorted, too."""
    [frame] = contract.set_types([Frame.of(time=[T[1], T[0]], v=[1, 2])])

    assert frame["v"].to_list() == [2, 1]


@pytest.mark.shows("frames 41")
def test_long_series_are_sorted_as_short_ones() -> None:
    """Series long enough for Arrow's comparison are sorted, and their duplicates refused, in the same way."""
    times = [T[0] + dt.timedelta(seconds=second) for second in range(500)]
    frame = apply_wide(Frame.of(time=[*times[1:], times[0]], v=list(range(500))))

    assert frame["time"].to_list() == times
    assert apply_wide(frame).fields == frame.fields
    with pytest.raises(FrameError, match="a time more than once"):
        apply_wide(Frame.of(time=[*times, times[7]], v=list(range(501))))


@pytest.mark.parametrize("rows", [3, 300, 5000])
def test_one_of_many_series_is_sorted(rows: int) -> None:
    """Many series are checked together; an unsorted one is sorted, and the others stay unchanged."""
    times = [T[0] + dt.timedelta(seconds=second) for second in range(rows)]
    orders = [times, [*times[1:], times[0]], times, times[:1], [], times]
    frames = [
        Frame.of(time=Field("", each, "time").values, v=[0.5] * len(each), labels={"n": str(at)})
        for at, each in enumerate(orders)
    ]
    typed = apply_type("timeseries-multi", frames)

    assert [frame["time"].to_list() for frame in typed] == [sorted(each) for each in orders]


def test_a_time_twice_in_one_of_many_series_is_refused() -> None:
    """A time at the end of a series and the start of the next is no duplicate; a repeated time within a series is."""
    frames = [Frame.of(time=T[:2], v=[1, 2], labels={"n": "a"}), Frame.of(time=T[1:2], v=[1], labels={"n": "b"})]
    twin = Frame.of(time=[T[1], T[1]], v=[1, 2], labels={"n": "c"})

    assert len(apply_type("timeseries-multi", frames)) == len(frames)
    with pytest.raises(FrameError, match="column 'time' has a time more than once"):
        apply_type("timeseries-multi", [*frames, twin])


def test_labels_with_commas_do_not_collide() -> None:
    """A label that contains a comma differs from two labels."""
    one, other = {"a": "1, b=2"}, {"a": "1", "b": "2"}
    frames = [Frame.of(time=T[:1], v=[1], labels=labels) for labels in (one, other)]

    assert [frame["v"].labels for frame in apply_type("timeseries-multi", frames)] == [one, other]
