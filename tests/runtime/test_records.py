"""Rows of an API's answer become tables and labelled series."""

from __future__ import annotations

import datetime as dt
import enum
import sqlite3
import time
from collections import namedtuple
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest

from gfruntime import Frame, FrameError
from gfruntime.frames import contract

if TYPE_CHECKING:
    from collections.abc import Iterator

T = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(3)]
TEXTS = [time.isoformat() for time in T]
ROWS = [
    {"ts": TEXTS[0], "host": "a", "cpu": 1.5, "memory": 10},
    {"ts": TEXTS[0], "host": "b", "cpu": 2.5, "memory": None},
    {"ts": TEXTS[1], "host": "a", "cpu": "3.5"},
]


def columns_of(frame: Frame) -> list[tuple[str, str, Any, list[Any]]]:
    """List a frame's columns."""
    return [(field.name, field.type, field.labels, field.to_list()) for field in frame.fields]


def test_rows_become_one_series_for_each_value_and_set_of_labels() -> None:
    """A row without a key is no point of that series, but a null is; numbers in texts become numbers."""
    frames = Frame.from_records(ROWS, time="ts", value=["cpu", "memory"], labels=["host"])

    assert [columns_of(frame) for frame in frames] == [
        [("ts", "time", None, T[:2]), ("cpu", "float64", {"host": "a"}, [1.5, 3.5])],
        [("ts", "time", None, T[:1]), ("memory", "int64", {"host": "a"}, [10])],
        [("ts", "time", None, T[:1]), ("cpu", "float64", {"host": "b"}, [2.5])],
        [("ts", "time", None, T[:1]), ("memory", "int64", {"host": "b"}, [None])],
    ]
    assert {frame.meta["type"] for frame in contract.set_types(frames) if frame.meta} == {"timeseries-multi"}


def test_without_labels_rows_become_one_frame() -> None:
    """The time is the first column; the value columns are the named ones, or all others."""
    frame = Frame.from_records(ROWS, time="ts", value="cpu", name="n", labels={"job": "x"})

    assert columns_of(frame) == [
        ("ts", "time", None, [T[0], T[0], T[1]]),
        ("cpu", "float64", {"job": "x"}, [1.5, 2.5, 3.5]),
    ]
    assert frame.name == "n"
    assert [field.name for field in Frame.from_records([{"v": 1, "ts": TEXTS[0]}], time="ts").fields] == ["ts", "v"]
    with pytest.raises(FrameError, match="column 'cpu': numbers and texts"):
        Frame.from_records(ROWS, time="ts")


def test_labels_without_a_time_make_numbers() -> None:
    """Each set of labels may have one row."""
    frames = Frame.from_records([{"h": "a", "v": 1}, {"h": "b", "v": 2}], labels="h")

    assert [columns_of(frame) for frame in frames] == [
        [("v", "int64", {"h": "a"}, [1])],
        [("v", "int64", {"h": "b"}, [2])],
    ]
    with pytest.raises(
        FrameError, match=r"2 rows without a time have the labels \{'h': 'a'\}: pass time=, or aggregate"
    ):
        Frame.from_records([{"h": "a", "v": 1}, {"h": "a", "v": 2}], labels="h")


@dataclass
class Inner:
    """A record inside another."""

    cpu: float


@dataclass
class Row:
    """A record as a dataclass."""

    ts: dt.datetime
    m: Inner


class Struct(msgspec.Struct):
    """A record of msgspec."""

    ts: str
    m: dict[str, float]


class NamedRow(NamedTuple):
    """A record with places and names."""

    ts: dt.date
    m: Inner


class Slotted(enum.Enum):
    """An object with slots, which is not a record."""

    A = 1


Loose = namedtuple("Loose", ["ts", "m"])  # noqa: PYI024  # the untyped kind


def by_generator() -> Iterator[dict[str, Any]]:
    """Yield rows one after the other."""
    yield {"ts": T[0], "m": {"cpu": 1.5}}


@pytest.mark.parametrize(
    "records",
    [
        [{"ts": TEXTS[0], "m": {"cpu": 1.5}}],
        [MappingProxyType({"ts": T[0], "m": MappingProxyType({"cpu": Decimal("1.5")})})],
        [{"ts": TEXTS[0], "m.cpu": 1.5, "m": {"cpu": 9}}],
        [Row(T[0], Inner(1.5))],
        [Struct(TEXTS[0], {"cpu": 1.5})],
        [NamedRow(T[0].date(), Inner(1.5))],
        [Loose(TEXTS[0], {"cpu": "1.5"})],
        ({"ts": T[0], "m": {"cpu": 1.5}},),
        by_generator(),
        {1: {"ts": T[0], "m": {"cpu": 1.5}}}.values(),
    ],
)
def test_rows_may_be_any_objects_with_named_values(records: Any) -> None:  # many kinds
    """Rows are dictionaries, dataclasses, named tuples or msgspec's structs; keys with dots reach nested objects."""
    [frame] = Frame.from_records(records, time="ts", value="m.cpu", labels=[])

    assert columns_of(frame) == [("ts", "time", None, T[:1]), ("m.cpu", "float64", {}, [1.5])]


def test_rows_of_sqlite_are_records() -> None:
    """sqlite3's rows are not mappings, but have names."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    rows = connection.execute(f"SELECT {int(T[0].timestamp())} AS ts, 2.5 AS v, 'x' AS host").fetchall()
    connection.close()
    [frame] = Frame.from_records(rows, time="ts", unit="s", labels="host")

    assert columns_of(frame) == [("ts", "time", None, T[:1]), ("v", "float64", {"host": "x"}, [2.5])]


@pytest.mark.parametrize(("library", "make"), [("pydantic", "create_model"), ("attrs", "make_class")])
def test_objects_of_other_libraries_are_rows(library: str, make: str) -> None:
    """Models of pydantic and classes of attrs are rows."""
    module = pytest.importorskip(library)
    kind = (
        getattr(module, make)("R", ts=(str, ...), v=(int, ...))
        if library == "pydantic"
        else module.make_class("R", ["ts", "v"])
    )

    assert columns_of(Frame.from_records([kind(ts=TEXTS[0], v=1)], time="ts"))[1] == ("v", "int64", None, [1])


def test_dotted_keys_reach_into_lists_by_number_only() -> None:
    """A key is data, perhaps from a dashboard: it never reaches an object's attributes."""
    rows = [{"ts": TEXTS[0], "points": [{"v": 1}, {"v": 2}], "host": "a"}]

    assert columns_of(Frame.from_records(rows, time="ts", value="points.1.v"))[1] == ("points.1.v", "int64", None, [2])
    for path in ("host.upper", "ts.__class__", "points.__len__", "points.2.v", "points.-1.v"):
        with pytest.raises(FrameError, match="no row has"):
            Frame.from_records(rows, time="ts", value=path)


def test_labels_that_are_missing_or_null_are_left_out() -> None:
    """A series without a label is not one with the label "None"."""
    rows = [{"t": T[0], "v": 1, "h": "a", "n": 5}, {"t": T[0], "v": 2, "h": None}, {"t": T[0], "v": 3, "n": True}]

    frames = Frame.from_records(rows, time="t", value="v", labels=["h", "n"])
    assert [frame["v"].labels for frame in frames] == [{"h": "a", "n": "5"}, {}, {"n": "true"}]


@pytest.mark.parametrize(
    ("records", "options", "words"),
    [
        (ROWS, {"time": "tz"}, "no row has 'tz'; the first has 'ts', 'host', 'cpu', 'memory'"),
        (ROWS, {"time": "ts", "value": ["x", "y"]}, "no row has 'x' or 'y'; the first has"),
        (ROWS, {"time": "ts", "value": "cpu", "labels": ["hots"]}, "no row has 'hots'"),
        ([{"ts": 1_767_225_600, "v": 1}], {"time": "ts"}, "row 0 is the number 1767225600: pass its unit; unit='s'"),
        ([{"ts": None, "v": 1}], {"time": "ts"}, "column 'ts': row 0 has no time: remove such rows"),
        ([{"ts": TEXTS[0], "v": 1}, {"v": 2}], {"time": "ts"}, "column 'ts': row 1 has no time"),
        ([{"ts": "soon", "v": 1}], {"time": "ts"}, "column 'ts': row 0 is not a time: 'soon'"),
        ([{"ts": T[0], "v": "1.5"}, {"ts": T[1], "v": "n/a"}], {"time": "ts", "value": "v"}, "row 1 is 'n/a'"),
        ([{"ts": T[0], "v": 1}, {"ts": T[1], "v": "n/a"}], {"time": "ts", "value": "v"}, "numbers and texts"),
        ([{"ts": T[0], "h": "a"}], {"time": "ts", "labels": "h"}, "no key has a number: pass value="),
        ({"rows": ROWS}, {"time": "ts"}, "expected a list of rows, got dict: pass the list of rows, such as the list"),
        ("[]", {}, "expected a list of rows, got str"),
        (None, {}, "expected a list of rows, got NoneType"),
        ([1], {}, "record 0 is of the type int, whose values have no names"),
        ([{}, (1, 2)], {}, "record 1 is of the type tuple, whose values have no names"),
        (
            [{"ts": T[0], "v": 1, "h": {"name": "a"}}],
            {"time": "ts", "value": "v", "labels": "h"},
            "label 'h': row 0 holds a dict: use a dotted key",
        ),
        ([Slotted.A], {}, "record 0 is of the type"),
    ],
)
def test_records_that_do_not_fit_are_an_error_of_one_sentence(
    records: Any, options: dict[str, Any], words: str
) -> None:
    """The error names the column, the row and the value, or the available keys."""
    with pytest.raises(FrameError) as failure:
        Frame.from_records(records, **options)

    assert words in str(failure.value)


def test_a_value_that_no_row_has_is_a_column_of_nulls() -> None:
    """An API may leave out a key without a value; the rows have another of the named keys, so no error is raised."""
    frame = Frame.from_records([{"t": T[0], "a": 1}], time="t", value=["a", "b"])

    assert frame["b"].to_list() == [None]


def test_common_irregularities_of_records_are_accepted() -> None:
    """An empty text among numbers is missing, a column may be named twice, a key may be None."""
    rows = [{"t": T[0], "v": ""}, {"t": T[1], "v": "1.5"}]

    assert Frame.from_records(rows, time="t", value="v")["v"].to_list() == [None, 1.5]
    assert len(Frame.from_records(rows, time="t", value=["v", "v"], labels=[])) == 1
    assert [field.name for field in Frame.from_records([{None: 1, 5: 2}]).fields] == ["None", "5"]


def test_no_rows_are_no_data() -> None:
    """The result is no frame, or one without fields; given types make empty columns."""
    assert Frame.from_records([], time="t", labels=["h"]) == []
    assert Frame.from_records([], time="t").fields == ()
    assert [field.type for field in Frame.from_records([], types={"t": "time", "v": "int64"}).fields] == [
        "time",
        "int64",
    ]


@pytest.mark.parametrize(
    "text", ["1" * 200_000 + "x", " " * 200_000 + "x", "1" + " " * 200_000 + "x", "1e" + "1" * 200_000]
)
def test_a_long_text_is_recognised_as_text_or_number_in_little_time(text: str) -> None:
    """The search for a number is linear: 16,000 digits and a letter took 11 s."""
    began = time.process_time()
    frame = Frame.from_records([{"v": text}, {"v": text}])

    assert len(frame) == 2
    assert time.process_time() - began < 1
