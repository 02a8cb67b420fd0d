"""Tables of every kind become frames by the rules that the module states."""

from __future__ import annotations

import datetime as dt
import math
import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest

from gfruntime import Field, Frame
from gfruntime.errors import FrameError
from gfruntime.frames.columns import epoch

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(hours=1)


def shown(frame: Frame) -> list[tuple[str, str, Any]]:
    """List a frame's columns: name, type, values."""
    return [(field.name, field.type, field.to_list()) for field in frame.fields]


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """Open a database with a small table."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "create table t (host text, v real, n integer);"
        "insert into t values ('a', 1.5, 1), ('b', null, 2), ('a', 2.5, null)"
    )
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("statement", "types", "expected"),
    [
        ("host, v from t", None, [("host", "string", ["a", "b", "a"]), ("v", "float64", [1.5, None, 2.5])]),
        ("n as x, v as x from t limit 1", None, [("x", "int64", [1]), ("x", "float64", [1.5])]),
        ("host, v from t where 0", None, []),
        ("host, v from t where 0", {"host": "string", "v": "int64"}, [("host", "string", []), ("v", "int64", [])]),
        ("null as v from t", {"v": "int64"}, [("v", "int64", [None, None, None])]),
    ],
    ids=["all rows", "two columns of one name", "no rows", "no rows, but types", "all null"],
)
def test_cursors_become_frames(
    database: sqlite3.Connection, statement: str, types: dict[str, str] | None, expected: list[tuple[str, str, Any]]
) -> None:
    """All rows become one frame, names and nulls kept; given types hold whatever the rows, and without rows."""
    frame = Frame.from_cursor(database.execute(f"select {statement}"), name="t", types=types)

    assert (frame.name, shown(frame)) == ("t", expected)


def test_cursor_limit_is_told(database: sqlite3.Connection) -> None:
    """A limit that cuts rows says so in a notice; one that doesn't says nothing."""
    cut = Frame.from_cursor(database.execute("select * from t"), limit=2)
    whole = Frame.from_cursor(database.execute("select * from t"), limit=3)

    assert len(cut) == 2
    assert cut.meta is not None
    assert cut.meta["notices"] == [{"severity": "warning", "text": "Only the first 2 rows are shown"}]
    assert whole.meta is None


def test_cursor_of_dictionaries_is_read_by_key() -> None:
    """A cursor that gives dictionaries is read by the names in its description."""

    class Cursor:
        description = (("a",), ("b",))

        def fetchall(self) -> list[dict[str, int]]:
            return [{"b": 2, "a": 1}]

    assert shown(Frame.from_cursor(Cursor())) == [("a", "int64", [1]), ("b", "int64", [2])]


def test_statement_without_rows_is_refused(database: sqlite3.Connection) -> None:
    """A statement that is no query has nothing to make a frame of."""
    with pytest.raises(FrameError, match="returns no rows"):
        Frame.from_cursor(database.execute("delete from t"))


def test_records_become_columns() -> None:
    """Dictionaries become columns in the order of their keys; what a row lacks is null."""
    frame = Frame.from_records([{"a": 1}, {"b": "x", "a": 2}], labels={"l": 1})

    assert shown(frame) == [("a", "int64", [1, 2]), ("b", "string", [None, "x"])]
    assert frame["a"].labels == {"l": "1"}


def test_no_records_have_the_given_types() -> None:
    """Without rows the columns are those of the given types, or none."""
    assert shown(Frame.from_records([], types={"a": "time"})) == [("a", "time", [])]
    assert Frame.from_records([]).fields == ()


def test_records_of_another_kind_are_refused() -> None:
    """A row that is no dictionary is named by its number."""
    with pytest.raises(FrameError, match="record 1 is no dictionary but tuple"):
        Frame.from_records([{"a": 1}, (2,)])  # type: ignore[list-item]  # on purpose


def test_group_by_makes_one_frame_a_series() -> None:
    """Columns that group become labels; each combination and value column is a frame."""
    table = Frame.of(time=[NOON, NOON, LATER], host=["a", "b", "a"], v=[1, 2, 3])
    frames = table.group_by("host")

    assert [(frame["v"].labels, frame["v"].to_list(), frame["time"].to_list()) for frame in frames] == [
        ({"host": "a"}, [1, 3], [NOON, LATER]),
        ({"host": "b"}, [2], [NOON]),
    ]


def test_group_by_reads_any_column_as_text() -> None:
    """Numbers, booleans and nulls become label text; labels that are there stay."""
    frame = Frame(fields=[Field("n", [1, None]), Field("b", [True, False]), Field("v", [1, 2], labels={"x": "y"})])

    assert [each.fields[0].labels for each in frame.group_by("n", "b")] == [
        {"x": "y", "n": "1", "b": "true"},
        {"x": "y", "n": "", "b": "false"},
    ]


def test_group_by_without_rows_is_no_data() -> None:
    """Nothing to group is one frame without fields."""
    assert [frame.fields for frame in Frame.of(host=[], v=[]).group_by("host")] == [()]


@pytest.mark.parametrize(
    ("frame", "because"),
    [
        (Frame.of(v=[1]), "no column 'host' to group by"),
        (Frame.of(host=["a"], zone=["b"], v=[1]), "column 'zone' is neither a value nor grouped by"),
        (Frame.of(host=["a"]), "no column of numbers"),
        (Frame.of(host=["a", "a"], v=[1, 2]), r"2 rows without a time have the labels {'host': 'a'}"),
    ],
)
def test_group_by_loses_nothing_in_silence(frame: Frame, because: str) -> None:
    """What can't be grouped raises, naming the column."""
    with pytest.raises(FrameError, match=because):
        frame.group_by("host")


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
    kept = Frame.from_pandas(pandas.DataFrame({"f": [math.nan]}), keep_nan=True)["f"].to_list()

    assert math.isnan(kept[0])


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ({"data": [NOON], "name": None}, ["time", "v"]),
        ({"data": [NOON], "name": "at"}, ["at", "v"]),
        ({"data": [7], "name": None}, ["v"]),
        ({"data": [7], "name": "id"}, ["id", "v"]),
    ],
)
def test_pandas_index_is_a_column_when_it_says_something(index: dict[str, Any], expected: list[str]) -> None:
    """An index is a column when it is named or holds times; it comes first. No __index_level_0__ is left."""
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"v": [1.0]}, index=pandas.Index(**index))

    assert [field.name for field in Frame.from_pandas(table).fields] == expected
    assert [field.name for field in Frame.from_arrow(table).fields] == expected


def test_pandas_pivots_become_labels() -> None:
    """Columns with a name, or of several levels, become labels: the field's name alone tells no alerts apart."""
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


def test_pandas_types_become_ours() -> None:
    """Categories become texts, periods their start, sparse columns dense, intervals JSON; a series is one column."""
    pandas = pytest.importorskip("pandas")

    assert Field("x", pandas.Series(["a", "b"], dtype="category")).to_list() == ["a", "b"]
    assert Field("x", pandas.period_range("2026-01", periods=1, freq="M")).to_list() == [NOON.replace(hour=0)]
    assert Field("x", pandas.Series(pandas.arrays.SparseArray([0.0, 1.0]))).to_list() == [0.0, 1.0]
    assert Field("x", pandas.interval_range(0, 1)).type == "json"
    assert shown(Frame.from_pandas(pandas.Series([1.0]))) == [("Value", "float64", [1.0])]


def test_pandas_without_rows_is_no_text() -> None:
    """An empty DataFrame's columns, which pandas calls objects, are numbers unless types say otherwise."""
    pandas = pytest.importorskip("pandas")
    frame = Frame.from_pandas(pandas.DataFrame({"a": [], "b": []}, dtype=object), types={"b": "string"})

    assert [field.type for field in frame.fields] == ["float64", "string"]


def test_pandas_mixed_objects_are_refused_by_name() -> None:
    """A column of several types is refused, named."""
    pandas = pytest.importorskip("pandas")
    with pytest.raises(FrameError, match="column 'x'"):
        Frame.from_pandas(pandas.DataFrame({"x": [1, "a"]}))


def test_numpy_arrays_become_frames() -> None:
    """A structured array brings its names; one of two dimensions is given them."""
    numpy = pytest.importorskip("numpy")
    structured = numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])

    assert shown(Frame.from_numpy(structured)) == [("a", "int32", [1]), ("b", "float64", [2.5])]
    assert shown(Frame.from_numpy(numpy.zeros((1, 2)), names=["x", "y"])) == [
        ("x", "float64", [0.0]),
        ("y", "float64", [0.0]),
    ]
    with pytest.raises(FrameError, match=r"got shape \(1, 2\), names 1"):
        Frame.from_numpy(numpy.zeros((1, 2)), names=["x"])


def test_arrow_batches_and_chunks_become_one_column() -> None:
    """Record batches and chunked tables become plain columns, the pandas key of their schema dropped."""
    batch = pa.record_batch({"v": [1, 2]})
    table = pa.Table.from_batches([batch, batch]).replace_schema_metadata({"pandas": "{}"})

    assert shown(Frame.from_arrow(batch)) == [("v", "int64", [1, 2])]
    assert isinstance(Frame.from_arrow(table)["v"].values, pa.Int64Array)


def test_polars_types_become_ours() -> None:
    """Polars' strings, categories, microseconds, durations and lists become what Grafana reads."""
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


def test_uuids_and_extensions_keep_their_meaning() -> None:
    """UUIDs become text, JSON columns JSON, 8-bit booleans booleans."""
    one = uuid.UUID(int=1)

    assert Field("x", [one, None]).to_list() == [str(one), None]
    assert Field("x", pa.array([one.bytes], pa.uuid())).to_list() == [str(one)]
    assert Field("x", pa.array(['{"a":1}'], pa.json_())).type == "json"
    assert Field("x", pa.array([1, 0], pa.int8()).cast(pa.bool8())).to_list() == [True, False]


def test_maps_and_nan_in_lists_become_json() -> None:
    """A map becomes an object; NaN inside a list is null, as JSON has none."""
    assert Field("x", pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))).to_list() == [b'{"a": 1}']
    assert Field("x", [[1.0, math.nan]]).to_list() == [b"[1.0, null]"]


def test_epochs_are_whole_numbers() -> None:
    """Counts since 1970 become times exactly; fractions are refused, being noise below a microsecond."""
    assert Field("t", epoch([1_767_268_800_000, None])).to_list() == [NOON, None]
    assert Field("t", epoch([1_767_268_800], "s")).to_list() == [NOON]
    with pytest.raises(FrameError, match="whole numbers of s"):
        epoch([1.5], "s")


def test_enums_take_texts_or_numbers() -> None:
    """Texts become numbers with the texts in the config; numbers must point into the texts there are."""
    config = {"type": {"enum": {"text": ["ok", "bad"]}}}
    field = Field("state", ["ok", None, "bad", "ok"], "enum")

    assert (field.to_list(), field.config) == ([0, None, 1, 0], config)
    assert Field("state", ["bad"], "enum", config=config).to_list() == [1]
    assert Field("state", [1], "enum", config=config).to_list() == [1]
    assert Field("state", pa.array(["x"]).dictionary_encode(), "enum").config == {"type": {"enum": {"text": ["x"]}}}


@pytest.mark.parametrize(("values", "because"), [([2], "2 has no text in an enum of 2"), (["odd"], "'odd' is none of")])
def test_enums_without_a_text_are_refused(values: list[Any], because: str) -> None:
    """A number or text outside the config's texts raises, as the panel would show a blank."""
    with pytest.raises(FrameError, match=because):
        Field("state", values, "enum", config={"type": {"enum": {"text": ["ok", "bad"]}}})
