"""The fast conversion of lists to Arrow: the lists that it accepts, and its result, equal to the general one's."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfruntime import Field
from gfruntime.errors import FrameError
from gfruntime.frames import columns, lists

floats = st.lists(st.floats(), min_size=1)
integers = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1)
moments = st.datetimes(dt.datetime(1678, 1, 1), dt.datetime(2262, 1, 1))  # noqa: DTZ001  # naive is one of the cases
times = st.lists(moments, min_size=1) | st.lists(moments.map(lambda each: each.replace(tzinfo=dt.UTC)), min_size=1)


@settings(deadline=None)
@given(items=floats | integers | times)
def test_the_fast_conversion_equals_arrows(items: list[Any]) -> None:
    """Type and values equal those that Arrow infers; times become nanoseconds in UTC."""
    column = lists.column(items)
    naive = [item.replace(tzinfo=None) if isinstance(item, dt.datetime) else item for item in items]
    arrow_array = pa.array(naive)
    expected = arrow_array.cast(pa.timestamp("ns")) if pa.types.is_timestamp(arrow_array.type) else arrow_array

    assert column is not None
    assert column[1].type == expected.type
    assert Field("v", column[1], column[0]) == Field("v", expected, column[0])


@pytest.mark.parametrize(
    "items",
    [
        [],
        [1, 1.5],
        [1.5, None],
        [True, False],
        ["a"],
        [Decimal(1)],
        [2**64],
        [dt.datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))],
        [dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1)],  # noqa: DTZ001  # a naive one among others
        [dt.datetime(1600, 1, 1, tzinfo=dt.UTC)],
        [dt.date(2026, 1, 1)],
        [1.5] * 1000,
    ],
)
def test_other_lists_are_converted_value_by_value(items: list[Any]) -> None:
    """The general conversion reads mixed lists, nulls, other types, integers beyond 64 bits, and long lists."""
    assert lists.column(items) is None


def test_an_explicit_type_is_applied() -> None:
    """A list of whole numbers becomes floats if they are requested, and is refused as times."""
    assert columns.column([1, 2], "float64", name="v")[1].type == pa.float64()
    with pytest.raises(FrameError, match="column 'v'"):
        columns.column([1, 2], "time", name="v")


@pytest.mark.parametrize(
    "others",
    [
        [dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 2)],  # noqa: DTZ001  # naive is one of the cases
        [dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 3, tzinfo=dt.UTC)],
        [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)],
        [dt.datetime(2026, 1, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)],
    ],
    ids=["without a zone", "another day", "fewer", "another zone"],
)
def test_similar_columns_of_times_are_not_confused(others: list[dt.datetime]) -> None:
    """Times similar to those of the last column are read again, and so is a list that its author changed."""
    items = [dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)]
    first = Field("t", items)
    items.append(dt.datetime(2026, 1, 9, tzinfo=dt.UTC))
    aware = [other if other.tzinfo else other.replace(tzinfo=dt.UTC) for other in others]

    assert Field("t", others).to_list() == aware
    assert Field("t", items).to_list() == items
    assert first.to_list() == items[:2]


def test_equal_times_are_read_once() -> None:
    """The series of one answer share their times, which are read only for the first series."""
    series = [[dt.datetime(2026, 1, 1, minute, tzinfo=dt.UTC) for minute in range(9)] for _ in range(2)]

    assert Field("t", series[0]).values is Field("t", series[1]).values
