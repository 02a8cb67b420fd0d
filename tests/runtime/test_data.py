"""Frames and fields, and the conversion of each kind of input."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest

from gfruntime import Field, Frame
from gfruntime.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Callable

UTC = dt.UTC
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=UTC)
CEST = dt.timezone(dt.timedelta(hours=2))


@pytest.mark.shows("frames 6", "frames 8")
@pytest.mark.parametrize(
    ("values", "field_type", "expected"),
    [
        ([1, 2], "int64", [1, 2]),
        ([1.5, None], "float64", [1.5, None]),
        ([1, 2.5], "float64", [1.0, 2.5]),
        ([2**64 - 1], "uint64", [2**64 - 1]),
        ([True, None], "bool", [True, None]),
        (["a", ""], "string", ["a", ""]),
        ([None, None], "float64", [None, None]),
        ([], "float64", []),
        ((1, 2), "int64", [1, 2]),
        (range(2), "int64", [0, 1]),
        ([NOON], "time", [NOON]),
        ([NOON.astimezone(CEST)], "time", [NOON]),
        ([NOON.replace(tzinfo=None)], "time", [NOON]),
        ([NOON.replace(tzinfo=None), NOON.astimezone(CEST), None], "time", [NOON, NOON, None]),
        ([dt.date(2026, 1, 1)], "time", [dt.datetime(2026, 1, 1, tzinfo=UTC)]),
        ([Decimal("1.50")], "float64", [1.5]),
        ([dt.timedelta(seconds=90)], "float64", [90.0]),
        ([dt.time(1, 2, 3)], "string", ["01:02:03.000000"]),
        ([{"a": [1, None]}, None], "json", [b'{"a":[1,null]}', None]),
        ([[1, 2], []], "json", [b"[1,2]", b"[]"]),
        (pa.array(["a"], pa.large_string()), "string", ["a"]),
        (pa.array(["a"], pa.string_view()), "string", ["a"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), "string", ["a", None, "a"]),
        (pa.array([1.5], pa.float16()), "float32", [1.5]),
        (pa.array([1], pa.timestamp("s", tz="Europe/Berlin")), "time", [dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]),
        (pa.array([86_400_000], pa.date64()), "time", [dt.datetime(1970, 1, 2, tzinfo=UTC)]),
        (pa.array([Decimal("2.25")], pa.decimal256(40, 2)), "float64", [2.25]),
        (pa.array([{"a": 1}]), "json", [b'{"a":1}']),
        (pa.chunked_array([[1], [2]]), "int64", [1, 2]),
        (pa.array([1, 1], pa.int16()), "int16", [1, 1]),
    ],
)
def test_values_become_a_type_that_grafana_reads(values: object, field_type: str, expected: list[Any]) -> None:
    """Each kind of input becomes the type that the module's table gives it."""
    field = Field("x", values)

    assert field.type == field_type
    assert field.to_list() == expected


@pytest.mark.shows("frames 7", "frames 8")
@pytest.mark.parametrize(
    ("values", "field_type", "because"),
    [
        ([1, "a"], None, "numbers and texts in one column: row 0 is 1, row 1 is 'a'"),
        ([1, True], None, "numbers and booleans in one column"),
        (42, None, "expected a list of values, got int"),
        ("text", None, "expected a list of values, got str"),
        ([b"raw"], None, "Grafana has no type for bytes"),
        (pa.array([b"x"], pa.large_binary()), None, "Grafana has no type for bytes"),
        ([dt.datetime(2400, 1, 1, tzinfo=UTC)], None, "outside the years 1677 to 2262"),
        ([dt.datetime(1600, 1, 1, tzinfo=UTC)], "time", "outside the years 1677 to 2262"),
        ([1.5], "int64", "can't be read as int64"),
        ([300], "uint8", "can't be read as uint8"),
        ([1, 2], "time", "times must be datetimes"),
        ([b"{"], "json", "can't be read as json"),
        ([1], "number", "unknown type 'number'"),
        (pa.array([(1, 2, 3)], pa.month_day_nano_interval()), None, "Grafana has no type for"),
    ],
)
def test_the_error_for_values_without_a_type_names_the_column(values: object, field_type: Any, because: str) -> None:
    """Values that can't be sent are refused when the frame is created, and the message names the column."""
    with pytest.raises(FrameError, match="column 'x'") as failure:
        Field("x", values, field_type)

    assert because in str(failure.value)


def test_time_is_nullable_only_with_nulls() -> None:
    """A time column without nulls is not nullable, as alert rules require; other columns are nullable."""
    assert not Field("t", [NOON]).nullable
    assert Field("t", [NOON, None]).nullable
    assert Field("v", [1.0]).nullable
    assert not Field("v", [1.0], nullable=False).nullable


@pytest.mark.shows("frames 9")
def test_nan_and_null_are_kept_apart() -> None:
    """NaN is a value, null is absence."""
    values = Field("v", [math.nan, None, 1.0]).to_list()

    assert math.isnan(values[0])
    assert values[1:] == [None, 1.0]


def test_json_strings_are_values_and_bytes_are_documents() -> None:
    """With type json, Python text is a JSON string, while bytes are taken as a document."""
    field = Field("x", ["a", b'{"b":1}', 3], "json")

    assert field.to_list() == [b'"a"', b'{"b":1}', b"3"]


@pytest.mark.shows("frames 16")
def test_labels_are_text_and_sorted() -> None:
    """Labels are text to text: other values are written as text, and the keys are sorted."""
    labels = Field("v", [1], labels={"b": 2, "a": True, "c": None, 3: 1.5}).labels  # type: ignore[dict-item]  # on purpose

    assert labels is not None
    assert list(labels.items()) == [("3", "1.5"), ("a", "true"), ("b", "2"), ("c", "")]


def test_columns_may_have_the_names_of_parameters() -> None:
    """A column `name` or `labels`, as rows often have, does not set the frame's name or labels."""
    frame = Frame.of(name=["a", "b"], labels=["x", None], value=[1, 2])

    assert [(field.name, field.to_list()) for field in frame.fields] == [
        ("labels", ["x", None]),
        ("name", ["a", "b"]),
        ("value", [1, 2]),
    ]
    assert frame.name == ""


def test_labels_go_to_value_columns() -> None:
    """Labels are text, sorted, and belong to numbers and booleans only."""
    frame = Frame.of(time=[NOON], name_of=["a"], value=[1], labels={"shard": 3, "host": "web"})

    assert [field.labels for field in frame.fields] == [None, None, {"host": "web", "shard": "3"}]


@pytest.mark.shows("frames 12", "frames 15")
def test_duplicate_names_and_order_are_kept() -> None:
    """Fields keep their order, and several may have one name."""
    frame = Frame(fields=[Field("v", [1]), Field("a", [2]), Field("v", [3])])

    assert [(field.name, field.to_list()) for field in frame.fields] == [("v", [1]), ("a", [2]), ("v", [3])]


def test_fields_compare_by_value() -> None:
    """Fields with equal values are equal, NaN included; another label, type or value makes them different."""
    field = Field("v", [1.0, math.nan, None])

    assert field == Field("v", [1.0, math.nan, None])
    assert field != Field("v", [1.0, math.nan, None], labels={})
    assert field != Field("v", [1.0, 2.0, None])
    assert Field("v", [1]) != Field("v", [1.0])


def test_numpy_arrays_share_their_memory() -> None:
    """A numpy array of numbers becomes a column without a copy."""
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(3, dtype="float64")
    field = Field("v", array)
    array[0] = 7

    assert field.to_list() == [7.0, 1.0, 2.0]


@pytest.mark.shows("frames 6")
@pytest.mark.parametrize(
    ("items", "dtype", "field_type", "expected"),
    [
        *((["2026-01-01", "NaT"], f"datetime64[{unit}]", "time", [dt.datetime(2026, 1, 1, tzinfo=UTC), None])
          for unit in ("D", "h", "m", "s", "ms", "us", "ns")),
        *(([1, 0], dtype, dtype, [1, 0]) for dtype in ("int8", "uint32", "bool")),
        (["a", "bc"], "U3", "string", ["a", "bc"]),
        ([1.5, 0], ">f8", "float64", [1.5, 0]),
    ],
)  # fmt: skip
def test_numpy_types_become_grafanas_types(items: list[Any], dtype: str, field_type: str, expected: list[Any]) -> None:
    """Each numpy type becomes the same type of Grafana's; datetime64 of any unit becomes time, NaT becomes null."""
    numpy = pytest.importorskip("numpy")
    field = Field("v", numpy.array(items, dtype=dtype))

    assert (field.type, field.to_list()) == (field_type, expected)


@pytest.mark.shows("frames 10", "frames 11")
@pytest.mark.parametrize(
    ("make", "because"),
    [
        (lambda: Field("v", [None, 1.0], nullable=False), "column 'v' has nullable=False but contains 1"),
        (lambda: Frame.of(a=[1, 2], b=[1]), "column 'b' has 1 values but column 'a' has 2"),
        (lambda: Frame.from_arrow({"a": [1]}), "expected a table with the Arrow interface, got dict"),
        (lambda: Field("v", pytest.importorskip("numpy").zeros((2, 2))), "column 'v': expected one dimension"),
    ],
    ids=["a null that is not declared", "unequal lengths", "no table", "two dimensions"],
)
def test_an_invalid_frame_is_refused(make: Callable[[], object], because: str) -> None:
    """The constructor raises, and names the problem."""
    with pytest.raises(FrameError, match=because):
        make()


def test_missing_column_is_a_key_error() -> None:
    """A frame returns its fields by name."""
    frame = Frame.of(a=[1])

    assert frame["a"].to_list() == [1]
    with pytest.raises(KeyError, match="b"):
        frame["b"]
