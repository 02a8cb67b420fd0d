"""Times as other systems write them."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from gfruntime import FrameError, epoch
from gfruntime.frames import times

NOON = 1_767_268_800 * 10**9  # 2026-01-01T12:00:00Z
HOUR = 3600 * 10**9


def ticks(values: list[Any], unit: Any = None) -> list[int | None]:  # invalid units, too
    """Read times as nanoseconds."""
    read: list[int | None] = times.read(values, unit).cast(pa.int64()).to_pylist()
    return read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01t12:00:00z", NOON),
        ("2026-01-01 12:00:00", NOON),
        ("2026-01-01T12:00", NOON),
        ("2026-01-01", NOON - 12 * HOUR),
        ("20260101", NOON - 12 * HOUR),
        ("20260101T120000Z", NOON),
        ("2026-01-01T14:00:00+02:00", NOON),
        ("2026-01-01T14:00:00+0200", NOON),
        ("2026-01-01T14:00:00 +02", NOON),
        ("2026-01-01T06:30:00-05:30", NOON),
        ("2026-01-01 12:00:00 +0000 UTC", NOON),
        ("2026-01-01T12:00:00.123456789Z", NOON + 123_456_789),
        ("2026-01-01T12:00:00.1234567899Z", NOON + 123_456_789),
        ("2026-01-01T12:00:00,5", NOON + 5 * 10**8),
        ("1969-12-31T23:59:59.5Z", -5 * 10**8),
        ("Thu, 01 Jan 2026 12:00:00 GMT", NOON),
        ("1 Jan 2026 07:00:00 -0500", NOON),
        ("1 Jan 2026 07:00 EST", NOON),
        ("  2026-01-01T12:00:00Z ", NOON),
        ("", None),
    ],
)
def test_texts_in_common_formats_are_read_as_times(text: str, expected: int | None) -> None:
    """The texts are ISO 8601 with and without a zone, and RFC 2822; alone, and beside another form."""
    assert ticks([text]) == [expected]
    assert ticks([text, "Thu, 01 Jan 2026 12:00:00 GMT"]) == [expected, NOON]


def test_datetimes_dates_and_missing_values_are_read_as_times() -> None:
    """Datetimes, dates and missing values may be in one column with texts."""
    zone = dt.timezone(dt.timedelta(hours=2))
    values = [dt.datetime(2026, 1, 1, 14, tzinfo=zone), dt.date(2026, 1, 1), None, "2026-01-01T12:00Z", float("nan")]

    assert ticks(values) == [NOON, NOON - 12 * HOUR, None, NOON, None]


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1_767_268_800, "s", NOON),
        (1_767_268_800.25, "s", NOON + 25 * 10**7),
        (1_767_268_800.123456, "s", NOON + 123_456_000),
        ("1767268800", "s", NOON),
        ("1767268800.5", "s", NOON + 5 * 10**8),
        (Decimal("1767268800.000000001"), "s", NOON + 1),
        (1_767_268_800_000, "ms", NOON),
        (1_767_268_800_000_000, "us", NOON),
        (NOON + 1, "ns", NOON + 1),
        (-1, "s", -(10**9)),
        (1_767_268_800, "guess", NOON),
        (1_767_268_800_000, "guess", NOON),
        (1_767_268_800_000_000, "guess", NOON),
        (NOON, "guess", NOON),
        (0, "guess", 0),
    ],
)
def test_counts_need_a_unit(value: Any, unit: str, expected: int) -> None:
    """A number is a time only with its unit, and exact."""
    assert ticks([value], unit) == [expected]
    if not (isinstance(value, str) and "T" in value):
        with pytest.raises(FrameError, match=r"row 0 is the number .*: pass its unit; unit="):
            ticks([value])


def test_a_unit_is_guessed_for_the_whole_column() -> None:
    """The largest count decides, so that a column that begins at zero also has one unit."""
    assert ticks([0, 1_767_268_800_000], "guess") == [0, NOON]


@pytest.mark.parametrize(
    "value",
    ["yesterday", "2026-13-01", "2026-01-32", "2026-01-01T25:00", "12:00", "2026", "2026-W01-1", True, 1j, object(), {},
     b"2026-01-01", float("inf"), "2026-01-01T12:00:60Z", "2026-01-01T12:00Zx", "9" * 400],
)  # fmt: skip
def test_an_invalid_time_is_an_error_with_its_row(value: Any) -> None:
    """Nothing is guessed: the error names the row, the value, and the valid forms."""
    with pytest.raises(FrameError, match=r"row 1 (is not a time:|is the number)"):
        ticks(["2026-01-01", value])


@pytest.mark.parametrize("start", ["2026-01-01T12:00:00", "20260101T1200", "Thu, 01 Jan 2026 12:00", "1", ""])
@pytest.mark.parametrize("part", [" ", "0", "Z", "UTC ", "+"])
def test_a_long_text_is_refused_as_a_time_in_little_time(start: str, part: str) -> None:
    """The search is linear: a time and 20,000 spaces took 0.8 s, and four times that for twice as many spaces."""
    began = time.process_time()
    with pytest.raises(FrameError):
        ticks([start + part * 200_000 + "!"])

    assert time.process_time() - began < 1


@pytest.mark.parametrize(("value", "unit"), [("9999-01-01", None), ("0001-01-01", None), (10**30, "s"), (1e300, "ns")])
def test_times_beyond_nanoseconds_are_refused(value: Any, unit: Any) -> None:
    """The times are valid, but Grafana can't represent them."""
    with pytest.raises(FrameError, match="outside the years 1677 to 2262"):
        ticks([value], unit)


def test_numbers_of_two_units_are_not_guessed() -> None:
    """In a column with seconds and milliseconds, one of both would be a time of 1970."""
    with pytest.raises(FrameError, match="the numbers 1767268800 and 1767268800000 can't be times of one unit"):
        ticks([1_767_268_800, 1_767_268_800_000], "guess")


@pytest.mark.parametrize(
    ("values", "unit", "words"),
    [
        ([1.5], "s", "whole numbers of s: row 0 is 1.5, which can't be read as a whole number"),
        (["x"], "s", "row 0 is 'x'"),
        ([True], "s", "not booleans"),
        ([1], "sec", "unit 'sec' is not one of s, ms, us, ns"),
    ],
)
def test_invalid_counts_are_refused_with_the_reason(values: Any, unit: str, words: str) -> None:
    """`epoch` accepts whole numbers of a known unit."""
    with pytest.raises(FrameError) as failure:
        epoch(values, unit)

    assert words in str(failure.value)


def test_the_error_for_an_unknown_unit_lists_the_known_units() -> None:
    """An unknown unit is not read as seconds."""
    with pytest.raises(FrameError, match="unit 'sec' must be s, ms, us, ns or guess"):
        ticks([1], "sec")
