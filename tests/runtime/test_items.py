"""Lists of Python objects of any kind become columns of one type, or an error of one sentence."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import math
import uuid
import warnings
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pytest

from gfruntime import Field, Frame, FrameError

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

UTC = dt.UTC
DAY = dt.datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def without_unit() -> Any:
    """Return an array of durations without a unit, which numpy still allows with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.array([1], "m8")


class Colour(enum.Enum):
    """Columns get the value of a member."""

    RED = "red"
    ONE = 1
    PAIR = (1, 2)


@dataclass
class Point:
    """A record in a cell."""

    x: int


class Struct(msgspec.Struct):
    """A record of msgspec in a cell."""

    x: int


@pytest.mark.parametrize(
    ("values", "field_type", "expected"),
    [
        # numbers
        ([Decimal("NaN"), Decimal("1.5")], "float64", [math.nan, 1.5]),
        ([Decimal("Infinity"), Decimal("-Infinity"), Decimal("sNaN")], "float64", [math.inf, -math.inf, math.nan]),
        ([Decimal("1.1"), 2.5], "float64", [1.1, 2.5]),
        ([2.5, Decimal("1.1"), None], "float64", [2.5, 1.1, None]),
        ([Decimal("1e100"), 1], "float64", [1e100, 1.0]),
        ([Fraction(1, 2)], "float64", [0.5]),
        ([0.5, 2**60 + 1], "float64", [0.5, 2.0**60]),
        ([2**70], "float64", [2.0**70]),
        ([-1, 2**63], "float64", [-1.0, 2.0**63]),
        ([2**63], "uint64", [2**63]),
        ([np.uint64(2**64 - 1), 1], "uint64", [2**64 - 1, 1]),
        ([np.int8(1), 2**40], "int64", [1, 2**40]),
        ([np.float32(1.5), 2], "float64", [1.5, 2.0]),
        ([np.longdouble(1.5)], "float64", [1.5]),
        (np.array([1.5, 2.5], np.longdouble), "float64", [1.5, 2.5]),
        ([pa.scalar(1), 2], "int64", [1, 2]),
        ([np.bool_(True), None], "bool", [True, None]),  # noqa: FBT003  # a value
        # missing values
        ([pd.NaT, DAY], "time", [None, DAY]),
        ([pd.NaT], "time", [None]),
        ([np.datetime64("NaT", "ns"), np.datetime64("2026-01-01")], "time", [None, DAY]),
        ([np.timedelta64("NaT", "ns"), np.timedelta64(5, "s")], "float64", [None, 5.0]),
        ([pd.NA, 1], "int64", [None, 1]),
        ([pd.NA, "a"], "string", [None, "a"]),
        ([math.nan, "a"], "string", [None, "a"]),
        ([math.nan, DAY], "time", [None, DAY]),
        (["a", np.float64("nan")], "string", ["a", None]),
        ([1.0, np.ma.masked], "float64", [1.0, None]),
        (np.ma.masked_equal(np.array([21.5, 9.96921e36]), 9.96921e36), "float64", [21.5, None]),
        (np.ma.masked_equal(np.array([1, 2], np.int32), 2), "int32", [1, None]),
        (np.ma.masked_equal(np.array([1, 2], ">i2"), 2), "int16", [1, None]),
        (np.ma.array([True, False], mask=[0, 1]), "bool", [True, None]),
        (np.ma.array(["a", "b"], mask=[0, 1]), "string", ["a", None]),
        (np.ma.array(np.array(["2026-01-01", "2027-01-01"], "M8[D]"), mask=[0, 1]), "time", [DAY, None]),
        (np.ma.array([1.5, 2.5]), "float64", [1.5, 2.5]),
        (np.ma.array([1.5, 2.5, 3.5, 4.5], mask=[1, 0, 0, 0])[::2], "float64", [None, 3.5]),
        (np.ma.array([Decimal("1.5"), None], mask=[0, 1]), "float64", [1.5, None]),
        # times
        ([dt.date(2026, 1, 1), DAY.replace(hour=5)], "time", [DAY, DAY.replace(hour=5)]),
        ([DAY.replace(hour=5), dt.date(2026, 1, 1)], "time", [DAY.replace(hour=5), DAY]),
        ([DAY.replace(tzinfo=None), DAY.astimezone(BERLIN)], "time", [DAY, DAY]),
        ([np.datetime64("2026-01-01"), np.datetime64("2026-01-01T05")], "time", [DAY, DAY.replace(hour=5)]),
        ([DAY, np.datetime64("2026-01-01")], "time", [DAY, DAY]),
        ([pd.Timestamp("2026-01-01", tz="Europe/Berlin"), DAY], "time", [DAY - dt.timedelta(hours=1), DAY]),
        ([pd.Period("2026-01")], "time", [DAY]),
        ([pa.scalar(DAY)], "time", [DAY]),
        ([dt.timedelta(seconds=1), pd.Timedelta(5)], "float64", [1.0, 5e-9]),
        (np.array([1, 2], "m8[D]"), "float64", [86_400.0, 172_800.0]),
        ([dt.time(1, 2)], "string", ["01:02:00.000000"]),
        ([dt.time(1, 2, tzinfo=UTC)], "string", ["01:02:00.000000+00:00"]),
        # texts
        ([Colour.RED], "string", ["red"]),
        ([Colour.ONE, 2], "int64", [1, 2]),
        ([ipaddress.ip_address("10.0.0.1"), None], "string", ["10.0.0.1", None]),
        ([ipaddress.ip_network("fe80::/10")], "string", ["fe80::/10"]),
        ([ipaddress.ip_interface("10.0.0.1/8")], "string", ["10.0.0.1/8"]),
        ([uuid.UUID(int=1), "a"], "string", [str(uuid.UUID(int=1)), "a"]),
        ([PurePosixPath("/a/b")], "string", ["/a/b"]),
        ([BERLIN], "string", ["Europe/Berlin"]),
        ([pd.Interval(0, 1)], "string", ["(0, 1]"]),
        (pd.Series(pd.cut([1, 5, math.nan], [0, 3, 6])), "string", ["(0, 3]", "(3, 6]", None]),
        (pd.Series(["a", math.nan], dtype=object), "string", ["a", None]),
        # documents
        ([{"a": math.nan}, None], "json", [b'{"a":null}', None]),
        ([{1}], "json", [b"[1]"]),
        ([deque([1])], "json", [b"[1]"]),
        ([np.array([1, 2])], "json", [b"[1,2]"]),
        ([Point(1)], "json", [b'{"x":1}']),
        ([Struct(1)], "json", [b'{"x":1}']),
        ([Colour.PAIR], "json", [b"[1,2]"]),
        ([{"a": DAY, "b": Colour.ONE, "c": Decimal("1.5"), "d": np.float32(1.5)}], "json", None),
        ([{"a": 2**70}], "json", [b'{"a":1180591620717411303424}']),
    ],
)
def test_objects_become_columns(values: Any, field_type: str, expected: list[Any] | None) -> None:
    """The objects are numbers, missing values of every kind, times, texts and documents, of any library."""
    field = Field("x", values)

    assert field.type == field_type
    if expected is not None:
        assert str(field.to_list()) == str(expected)  # NaN equals NaN in text


def test_pandas_times_keep_their_nanoseconds() -> None:
    """A list of timestamps has the same values as a column of pandas."""
    field = Field("x", [pd.Timestamp(1_767_225_600_000_000_001), pd.NaT])

    assert field.values.cast(pa.int64()).to_pylist() == [1_767_225_600_000_000_001, None]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, "n/a"], "numbers and texts in one column: row 0 is 1, row 1 is 'n/a'; use None for a missing value"),
        (["n/a", None, 1], "texts and numbers in one column: row 0 is 'n/a', row 2 is 1"),
        ([True, 2], "booleans and numbers in one column"),
        ([1.5, True], "numbers and booleans in one column"),
        ([DAY, 5], "times and numbers in one column"),
        ([DAY, "2026"], "times and texts in one column"),
        ([1.5, dt.timedelta(1)], "numbers and durations in one column"),
        (["a", b"b"], "texts and bytes in one column"),
        ([{"a": 1}, 2], "documents and numbers in one column"),
        ([1, {"a": 1}], "numbers and documents in one column"),
        (np.array([1, "a", None], object), "numbers and texts in one column"),
        (pd.Series([1, "a"], dtype=object), "numbers and texts in one column"),
        ([1j], "row 0: Grafana has no type for complex numbers: use .real, .imag or abs()"),
        (pd.Series([1j]), "no type for complex numbers"),
        (np.array([1], "m8[M]"), "durations of type timedelta64[M] have no length in seconds"),
        (without_unit(), "have no length in seconds"),
        (np.array([(1, 2)], [("a", int), ("b", int)]), "a structured array: Frame.from_numpy reads it"),
        (np.array([1j]), "no type for complex numbers"),
        ([object], "row 0: Grafana has no type for a type"),
        ([None, Decimal("1e400")], "row 1: Decimal('1E+400') is larger than any number"),
        ([10**400], "is larger than any number that Grafana holds"),
        ([DAY.replace(year=2400)], "outside the years 1677 to 2262"),
        ([np.datetime64("2400-01-01")], "outside the years 1677 to 2262"),
        ([np.datetime64("1600-01-01T00", "h")], "outside the years 1677 to 2262"),
        ([pd.Timestamp("2400-01-01")], "outside the years 1677 to 2262"),
        ([{(1, 2): 3}], "the key (1, 2) can't be written as JSON"),
        ({"a": 1}, "expected a list of values, got dict"),
    ],
)
def test_an_invalid_column_is_an_error_with_a_remedy(values: Any, words: str) -> None:
    """The error names the column, the rows that differ, and a remedy, without a message of Arrow."""
    with pytest.raises(FrameError) as failure:
        Field("x", values)

    assert str(failure.value).startswith("column 'x': ")
    assert words in str(failure.value)


def test_a_declared_type_reads_mixed_columns() -> None:
    """Texts and numbers in one column become the declared type."""
    assert Field("x", [1, "n/a", True, None, 1.5], "string").to_list() == ["1", "n/a", "true", None, "1.5"]
    assert Field("x", ["1.5", 2, None], "float64").to_list() == [1.5, 2.0, None]
    assert Field("x", [Colour.RED, 1], "string").to_list() == ["red", "1"]
    assert Field("x", ["2026-01-01", None], "time").to_list() == [DAY, None]
    with pytest.raises(FrameError, match="column 'x': row 1 is 'n/a', which can't be read as float64"):
        Field("x", [1, "n/a"], "float64")


def test_all_conversions_read_values_equally() -> None:
    """Records, cursors' rows and pandas give the same values as a list."""
    frame = Frame.from_records([{"a": Decimal("NaN"), "t": pd.NaT}, {"a": 2.5, "t": pd.Timestamp(DAY)}])

    assert (frame["a"].type, frame["t"].to_list()) == ("float64", [None, DAY])


def test_labels_without_a_value_are_empty() -> None:
    """NaN, NaT and NA are missing labels; an enum's member is its value."""
    field = Field("v", [1], labels={"a": math.nan, "b": pd.NaT, "c": pd.NA, "d": Colour.RED, "e": np.bool_(True)})  # noqa: FBT003

    assert field.labels == {"a": "", "b": "", "c": "", "d": "red", "e": "true"}


def test_an_empty_column_named_like_a_time_is_a_time() -> None:
    """A column without values has no type; its name says that it is a time."""
    assert [field.type for field in Frame.of(time=[], value=[], region=[]).fields] == ["time", "float64", "float64"]
    assert Field("Time", [None]).type == "time"
