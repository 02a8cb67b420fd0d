"""Data of pandas, numpy, polars and Arrow becomes frames by the rules that the module states."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from framesamples import columns_of

from gfruntime import Field, Frame
from gfruntime.errors import FrameError
from gfruntime.frames.columns import epoch

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(hours=1)


def test_pandas_missing_values_are_null() -> None:
    """NaN, None, NaT and NA are null in every pandas type; nullable integers stay integers."""
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(
        {
            "f": [1.5, math.nan],
            "i": pandas.array([1, None], dtype="Int64"),
            "s": ["a", None],
            "b": pandas.array([True, None], dtype="boolean"),
            "t": [NOON, pandas.NaT],
        }
    )
    frame = Frame.from_pandas(table)

    assert [field.type for field in frame.fields] == ["float64", "int64", "string", "bool", "time"]
    assert [field.to_list()[1] for field in frame.fields] == [None] * 5


def test_pandas_nan_can_be_kept() -> None:
    """With keep_nan a float column's NaN is a value."""
    pandas = pytest.importorskip("pandas")
    values = Frame.from_pandas(pandas.DataFrame({"f": [math.nan]}), keep_nan=True)["f"].to_list()

    assert math.isnan(values[0])


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ({"data": [NOON], "name": None}, ["time", "v"]),
        ({"data": [NOON], "name": "at"}, ["at", "v"]),
        ({"data": [7], "name": None}, ["v"]),
        ({"data": [7], "name": "id"}, ["id", "v"]),
    ],
)
def test_a_named_or_time_index_of_pandas_is_a_column(index: dict[str, Any], expected: list[str]) -> None:
    """An index is a column when it is named or holds times; it comes first. No column is named __index_level_0__."""
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"v": [1.0]}, index=pandas.Index(**index))

    assert [field.name for field in Frame.from_pandas(table).fields] == expected
    assert [field.name for field in Frame.from_arrow(table).fields] == expected


def test_index_columns_of_other_tables_are_named() -> None:
    """In a table without pandas an unnamed index of times is called time, and any other is left out."""
    times = pa.table({"v": [1.0], "__index_level_0__": pa.array([NOON])})
    numbers = pa.table({"v": [1.0], "__index_level_0__": [7]})

    assert [field.name for field in Frame.from_arrow(times).fields] == ["time", "v"]
    assert [field.name for field in Frame.from_arrow(numbers).fields] == ["v"]


def test_pandas_pivots_become_labels() -> None:
    """Columns with a name, or of several levels, become labels: alert rules ignore the fields' names."""
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"time": [NOON, NOON], "host": ["a", "b"], "cpu": [1.0, 2.0]})
    one = Frame.from_pandas(table.pivot(index="time", columns="host", values="cpu"))
    several = Frame.from_pandas(table.pivot(index="time", columns="host"))

    assert [(field.name, field.labels) for field in one.fields[1:]] == [
        ("Value", {"host": "a"}),
        ("Value", {"host": "b"}),
    ]
    assert [(field.name, field.labels) for field in several.fields[1:]] == [
        ("cpu", {"host": "a"}),
        ("cpu", {"host": "b"}),
    ]


def test_pandas_types_become_grafanas_types() -> None:
    """Categories become texts, periods their start, sparse columns dense, intervals texts; a series is one column."""
    pandas = pytest.importorskip("pandas")

    assert Field("x", pandas.Series(["a", "b"], dtype="category")).to_list() == ["a", "b"]
    assert Field("x", pandas.period_range("2026-01", periods=1, freq="M")).to_list() == [NOON.replace(hour=0)]
    assert Field("x", pandas.Series(pandas.arrays.SparseArray([0.0, 1.0]))).to_list() == [0.0, 1.0]
    assert Field("x", pandas.interval_range(0, 1)).to_list() == ["(0, 1]"]
    assert columns_of(Frame.from_pandas(pandas.Series([1.0]))) == [("Value", "float64", [1.0])]


def test_columns_of_an_empty_pandas_table_are_numbers() -> None:
    """An empty DataFrame's columns, which pandas calls objects, are numbers unless types say otherwise."""
    pandas = pytest.importorskip("pandas")
    frame = Frame.from_pandas(pandas.DataFrame({"a": [], "b": []}, dtype=object), types={"b": "string"})

    assert [field.type for field in frame.fields] == ["float64", "string"]


def test_the_error_for_a_mixed_pandas_column_names_it() -> None:
    """The error for a column of several types has its name."""
    pandas = pytest.importorskip("pandas")
    with pytest.raises(FrameError, match="column 'x'"):
        Frame.from_pandas(pandas.DataFrame({"x": [1, "a"]}))


def test_numpy_arrays_become_frames() -> None:
    """A structured array has names; an array of two dimensions gets them from the caller."""
    numpy = pytest.importorskip("numpy")
    array = numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])

    assert columns_of(Frame.from_numpy(array)) == [("a", "int32", [1]), ("b", "float64", [2.5])]
    assert columns_of(Frame.from_numpy(numpy.zeros((1, 2)), names=["x", "y"])) == [
        ("x", "float64", [0.0]),
        ("y", "float64", [0.0]),
    ]
    with pytest.raises(FrameError, match=r"got shape \(1, 2\), names 1"):
        Frame.from_numpy(numpy.zeros((1, 2)), names=["x"])


def test_arrow_batches_and_chunks_become_one_column() -> None:
    """Record batches and chunked tables become plain columns; the pandas key of their schema is dropped."""
    batch = pa.record_batch({"v": [1, 2]})
    table = pa.Table.from_batches([batch, batch]).replace_schema_metadata({"pandas": "{}"})

    assert columns_of(Frame.from_arrow(batch)) == [("v", "int64", [1, 2])]
    assert isinstance(Frame.from_arrow(table)["v"].values, pa.Int64Array)


@pytest.mark.shows("frames 6")
def test_polars_types_become_ours() -> None:
    """Polars' strings, categories, microseconds, durations and lists become types that Grafana reads."""
    polars = pytest.importorskip("polars")
    table = polars.DataFrame(
        {
            "t": [NOON],
            "d": [dt.timedelta(seconds=2)],
            "l": [[1, 2]],
            "c": polars.Series(["x"], dtype=polars.Categorical),
            "date": [NOON.date()],
            "host": ["a"],
        }
    )
    frame = Frame.from_arrow(table, labels={"x": 1})

    assert [field.type for field in frame.fields] == ["time", "float64", "json", "string", "time", "string"]
    assert frame["t"].to_list() == [NOON]
    assert frame["d"].labels == {"x": "1"}


@pytest.mark.shows("frames 8")
def test_uuids_and_extensions_keep_their_meaning() -> None:
    """UUIDs become text, JSON columns JSON, 8-bit booleans booleans."""
    one = uuid.UUID(int=1)

    assert Field("x", [one, None]).to_list() == [str(one), None]
    assert Field("x", pa.array([one.bytes], pa.uuid())).to_list() == [str(one)]
    assert Field("x", pa.array(['{"a":1}'], pa.json_())).type == "json"
    assert Field("x", pa.array([1, 0], pa.int8()).cast(pa.bool8())).to_list() == [True, False]


@pytest.mark.shows("frames 8")
def test_maps_and_nan_in_lists_become_json() -> None:
    """A map becomes an object; NaN inside a list is null, as JSON has none."""
    assert Field("x", pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))).to_list() == [b'{"a":1}']
    assert Field("x", [[1.0, math.nan]]).to_list() == [b"[1.0,null]"]


@pytest.mark.shows("frames 6")
def test_epochs_are_whole_numbers() -> None:
    """Counts since 1970 become exact times; fractions are refused, as they are noise below a microsecond."""
    assert Field("t", epoch([1_767_268_800_000, None])).to_list() == [NOON, None]
    assert Field("t", epoch([1_767_268_800], "s")).to_list() == [NOON]
    with pytest.raises(FrameError, match="whole numbers of s"):
        epoch([1.5], "s")


def test_enums_take_texts_or_numbers() -> None:
    """Texts become numbers with the texts in the config; numbers must be indices of existing texts."""
    config = {"type": {"enum": {"text": ["ok", "bad"]}}}
    field = Field("state", ["ok", None, "bad", "ok"], "enum")

    assert (field.to_list(), field.config) == ([0, None, 1, 0], config)
    assert Field("state", ["bad"], "enum", config=config).to_list() == [1]
    assert Field("state", [1], "enum", config=config).to_list() == [1]
    assert Field("state", pa.array(["x"]).dictionary_encode(), "enum").config == {"type": {"enum": {"text": ["x"]}}}


@pytest.mark.parametrize(
    ("values", "because"), [([2], "2 has no text in an enum of 2"), (["odd"], "'odd' is not one of")]
)
def test_enums_without_a_text_are_refused(values: list[Any], because: str) -> None:
    """A number or text outside the config's texts raises, as the panel would show a blank."""
    with pytest.raises(FrameError, match=because):
        Field("state", values, "enum", config={"type": {"enum": {"text": ["ok", "bad"]}}})
