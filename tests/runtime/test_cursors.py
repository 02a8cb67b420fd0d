"""Frames from cursors of every kind, with and without a database."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest

from gfruntime.errors import DownstreamError, FrameError
from gfruntime.frames.data import Frame


class Cursor:
    """A DB-API cursor of given rows."""

    def __init__(self, rows: list[Any], *names: str, codes: tuple[object, ...] = ()) -> None:
        """Store the rows, and the description of their columns."""
        self.rows = rows
        self.description = [(name, code) for name, code in zip(names, codes or (None,) * len(names), strict=True)]

    def fetchall(self) -> list[Any]:
        return self.rows

    def fetchmany(self, size: int) -> list[Any]:
        return self.rows[:size]


class AsyncCursor(Cursor):
    """The same with async methods."""

    async def fetchall(self) -> list[Any]:  # type: ignore[override]  # another protocol
        return self.rows

    async def fetchmany(self, size: int) -> list[Any]:  # type: ignore[override]  # another protocol
        return self.rows[:size]


class ArrowCursor:
    """A cursor of ADBC."""

    description = (("x", None),)

    def __init__(self, *arrays: pa.Array, error: Exception | None = None) -> None:
        """Store the batches, and the error that follows them."""
        self.batches = [pa.record_batch([array], ["x"]) for array in arrays]
        self.error = error
        self.read = 0

    def fetch_record_batch(self) -> Any:
        schema = self.batches[0].schema
        return pa.RecordBatchReader.from_batches(schema, self.each())

    def each(self) -> Any:
        for batch in self.batches:
            self.read += 1
            yield batch
        if self.error:
            raise self.error


def column(values: list[Any], code: object = None, **more: Any) -> tuple[str, list[Any]]:
    """Read one column; give its type and values."""
    [field] = Frame.from_cursor(Cursor([(value,) for value in values], "x", codes=(code,)), **more).fields
    return field.type, field.to_list()


def arrow_column(array: pa.Array) -> tuple[str, list[Any]]:
    """Read one column in Arrow."""
    [field] = Frame.from_cursor(ArrowCursor(array)).fields
    return field.type, field.to_list()


class Pair(NamedTuple):
    """A composite type."""

    a: int
    b: uuid.UUID


@dataclass
class Range:
    """A range like those of psycopg and asyncpg."""

    lower: Any
    upper: Any
    lower_inc: bool = True
    upper_inc: bool = False
    isempty: bool = False


class Multirange(tuple[Range, ...]):
    """Several ranges."""

    __slots__ = ()


class BitString:
    """A bit string like asyncpg's."""

    def as_string(self) -> str:
        return "1010 1"


ID = uuid.UUID(int=1)
NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([b"abc", None], ("string", ["abc", None])),
        ([b"abc", b"\xff"], ("string", ["\\x616263", "\\xff"])),
        ([memoryview(b"\0"), bytearray(b"a")], ("string", ["\\x00", "\\x61"])),
        (["é".encode()], ("string", ["\\xc3a9"])),
        ([Range(1, 5), Range(None, 5), Range(1, 1, isempty=True)], ("string", ["[1,5)", "(,5)", "empty"])),
        ([BitString()], ("string", ["10101"])),
        ([ID, None], ("string", [str(ID), None])),
        ([ipaddress.ip_interface("10.0.0.1/8")], ("string", ["10.0.0.1/8"])),
        ([[1, None], []], ("json", [b"[1,null]", b"[]"])),
        ([[1], "text", 2], ("json", [b"[1]", b'"text"', b"2"])),
        ([{"a": [ID]}], ("json", [b'{"a":["00000000-0000-0000-0000-000000000001"]}'])),
        ([Pair(1, ID)], ("json", [b'{"a":1,"b":"00000000-0000-0000-0000-000000000001"}'])),
        ([[b"\xde"], [Range(1, 2)]], ("json", [b'["\\\\xde"]', b'["[1,2)"]'])),
        ([{dt.date(2026, 1, 1): 1}, {(1, 2): 3}], ("json", [b'{"2026-01-01":1}', b'{"[1, 2]":3}'])),
        ([[dt.date(2026, 1, 1)]], ("json", [b'["2026-01-01"]'])),
        ([{1}], ("json", [b"[1]"])),
        ([Decimal("1.5"), None], ("float64", [1.5, None])),
        ([2**70], ("float64", [2.0**70])),
        ([dt.timedelta(days=1)], ("float64", [86_400.0])),
        ([dt.date(9999, 12, 31), None], ("string", ["9999-12-31", None])),
        ([dt.datetime(1, 1, 1, tzinfo=dt.UTC), None], ("string", ["0001-01-01T00:00:00+00:00", None])),
        (["0000-00-00", NEW_YEAR], ("time", [None, NEW_YEAR])),
        ([dt.time(12, tzinfo=dt.UTC)], ("string", ["12:00:00.000000+00:00"])),
    ],
)  # fmt: skip
def test_database_types_become_texts_and_documents(values: list[Any], expected: Any) -> None:
    """The rules are in `dbvalues`."""
    kinds, result = column(values)

    assert (kinds, [str(value, "ascii") if isinstance(value, bytes) else value for value in result]) == (
        expected[0],
        [str(value, "ascii") if isinstance(value, bytes) else value for value in expected[1]],
    )


def test_a_multirange_is_one_text() -> None:
    """Some drivers return a sequence."""

    class Driver:
        """A multirange like psycopg's, which is not a tuple."""

        def __iter__(self) -> Any:
            return iter([Range(1, 3), Range(5, 7)])

    Driver.__name__ = "Multirange"

    assert column([Driver()]) == ("string", ["{[1,3),[5,7)}"])


def test_deeply_nested_documents_become_text() -> None:
    """Endless nesting becomes text."""
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]

    kind, [text] = column([deep])

    assert (kind, text[:3]) == ("json", b"[[[")


def test_a_union_is_text() -> None:
    """Values of several kinds are text if the driver reports a union; otherwise they are an error."""
    assert column([1, "a", None, 1.5], "UNION(a INTEGER, b VARCHAR)") == ("string", ["1", "a", None, "1.5"])
    assert column([1, [2]], "Variant(UInt8, Array(UInt8))") == ("json", [b"1", b"[2]"])
    with pytest.raises(FrameError, match="numbers and texts in one column"):
        column([1, "a"])


def test_the_authors_type_overrides_the_guess() -> None:
    """The author may know the type better."""
    assert column([b'{"a":1}'], types={"x": "json"}) == ("json", [b'{"a":1}'])
    assert column([1, "a"], types={"x": "string"}) == ("string", ["1", "a"])


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([b"a", b"\0"], pa.binary()), ("string", ["\\x61", "\\x00"])),
        (pa.array([b"ab", None], pa.large_binary()), ("string", ["ab", None])),
        (pa.array([b"ab"], pa.binary(2)), ("string", ["ab"])),
        (pa.array([pa.MonthDayNano([1, 2, 0])]), ("string", ["P1M2D"])),
        (pa.array([pa.MonthDayNano([0, 1, 1_500_000_000]), None]), ("float64", [86_401.5, None])),
        (pa.array([[pa.MonthDayNano([0, 0, -61_500_000_000])]]), ("json", [b'["PT-1M-1.5S"]'])),
        (pa.array([Decimal(5)], pa.decimal128(38, 0)), ("int64", [5])),
        (pa.array([Decimal(10) ** 30], pa.decimal128(38, 0)), ("float64", [1e30])),
        (pa.array([Decimal("1.5")]), ("float64", [1.5])),
        (pa.array([dt.date(9999, 12, 31), None]), ("string", ["9999-12-31", None])),
        (pa.array([2**63 - 1, 1 - 2**63], pa.timestamp("us")), ("string", ["infinity", "-infinity"])),
        (pa.array([2**62], pa.timestamp("us")), ("string", ["out of range"])),
        (pa.array([dt.datetime(1500, 1, 1, tzinfo=dt.UTC)], pa.timestamp("us")), ("string", ["1500-01-01T00:00:00"])),
        (pa.array([None], pa.timestamp("us", "UTC")), ("time", [None])),
        (pa.array(["a"]).dictionary_encode(), ("string", ["a"])),
        (pa.array([[([1], 2)]], pa.map_(pa.list_(pa.int8()), pa.int8())), ("json", [b"[[[1],2]]"])),
        (pa.array([{"a": b"\xff"}]), ("json", [b'{"a":"\\\\xff"}'])),
        (
            pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 0]), pa.array(["", "b"])]),
            ("string", ["1", "b"]),
        ),
        (
            pa.ExtensionArray.from_storage(pa.opaque(pa.string(), "numeric", "PostgreSQL"), pa.array(["1.5", "nan"])),
            ("float64", [1.5, float("nan")]),
        ),
        (
            pa.ExtensionArray.from_storage(
                pa.opaque(pa.binary(), "inet", "PostgreSQL"),
                pa.array([b"\2\x20\0\4\x0a\0\0\1", b"\2\x08\0\4\x0a\0\0\1", b"\3\x80\0\x10" + b"\0" * 15 + b"\1"]),
            ),
            ("string", ["10.0.0.1", "10.0.0.1/8", "::1"]),
        ),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)  # fmt: skip
def test_values_in_arrow_become_texts_and_documents(array: pa.Array, expected: Any) -> None:
    """The rules are the same as for rows."""
    assert repr(arrow_column(array)) == repr(expected)


@pytest.mark.parametrize("nest", [False, True])
def test_a_value_in_binary_form_is_refused_with_a_cast_to_use(nest: bool) -> None:  # noqa: FBT001  # a value
    """Nobody can read its bytes."""
    array = pa.ExtensionArray.from_storage(pa.opaque(pa.binary(), "point", "PostgreSQL"), pa.array([b"1234"]))

    with pytest.raises(FrameError, match=r"'x': the driver gives point in the database's binary form.*x::text"):
        Frame.from_cursor(ArrowCursor(pa.ListArray.from_arrays([0, 1], array) if nest else array))


def test_arrow_is_read_no_further_than_the_limit() -> None:
    """Arrow is read batch by batch, and a notice says that more rows exist."""
    cursor = ArrowCursor(pa.array([1, 2]), pa.array([3]), pa.array([4]), pa.array([5]))

    frame = Frame.from_cursor(cursor, limit=2)

    assert (frame["x"].to_list(), cursor.read) == ([1, 2], 2)
    assert frame.meta is not None
    assert not Frame.from_cursor(ArrowCursor(pa.array([1, 2])), limit=2).meta


def test_an_arrow_reader_is_closed_at_the_limit() -> None:
    """The connection is then free for the next query."""
    closings: list[bool] = []

    class Reader(list[Any]):
        """A reader of batches."""

        schema = pa.schema({"x": pa.int64()})

        def close(self) -> None:
            closings.append(True)

    class Driver(ArrowCursor):
        """A cursor like ADBC's, whose reader records that it is closed."""

        def fetch_record_batch(self) -> Any:
            return Reader(self.batches)

    frame = Frame.from_cursor(Driver(pa.array([1, 2]), pa.array([3])), limit=1)

    assert (frame["x"].to_list(), closings) == ([1], [True])


def test_a_database_that_fails_while_arrow_reads_is_downstream() -> None:
    """The failure is the database's, not the plugin's."""
    with pytest.raises(DownstreamError, match="can't be read: the server went away"):
        Frame.from_cursor(ArrowCursor(pa.array([1]), error=OSError("the server went away")))


def test_a_result_without_rows_has_no_columns() -> None:
    """Arrow and rows give no columns, unless the author names the types."""
    empty = pa.array([], pa.int8())

    assert not Frame.from_cursor(ArrowCursor(empty)).fields
    assert [field.type for field in Frame.from_cursor(ArrowCursor(empty), types={"x": "int64"}).fields] == ["int64"]
    assert not Frame.from_cursor(Cursor([], "x")).fields
    frame = Frame.from_cursor(Cursor([(1,)], "x"), limit=0)
    assert (frame.fields, frame.meta is None) == ((), False)


@dataclass
class Row:
    """A row as psycopg's class_row creates it."""

    a: int
    b: str


@pytest.mark.parametrize(
    "rows",
    [
        [(1, "x"), (2, "y")],
        [[1, "x"], [2, "y"]],
        [{"a": 1, "b": "x"}, {"b": "y", "a": 2}],
        [Row(1, "x"), Row(2, "y")],
    ],
    ids=["tuples", "lists", "dictionaries", "objects"],
)
def test_rows_may_have_any_shape(rows: list[Any]) -> None:
    """The author may use any row factory."""
    frame = Frame.from_cursor(Cursor(rows, "a", "b"))

    assert [field.to_list() for field in frame.fields] == [[1, 2], ["x", "y"]]


def test_rows_may_be_single_values() -> None:
    """The scalar_row of psycopg creates such rows; other objects are refused."""
    assert Frame.from_cursor(Cursor(["x", "y"], "a"))["a"].to_list() == ["x", "y"]
    with pytest.raises(FrameError, match="expected rows with a, b, got int"):
        Frame.from_cursor(Cursor([1], "a", "b"))


@pytest.mark.parametrize("cursor", [None, 1, "select 1", object()])
def test_a_value_that_is_not_a_cursor_is_refused(cursor: object) -> None:
    """DuckDB's `sql` returns None for a statement without rows."""
    with pytest.raises(FrameError, match="expected a cursor that has executed its statement, got"):
        Frame.from_cursor(cursor)


def test_an_async_cursor_needs_from_async_cursor() -> None:
    """The method for `def` cursors names the async method, which takes both kinds."""
    with pytest.raises(FrameError, match=r"await Frame\.from_async_cursor"):
        Frame.from_cursor(AsyncCursor([(1,)], "a"))

    frames = [asyncio.run(Frame.from_async_cursor(kind([(1,), (2,)], "a"), limit=1)) for kind in (AsyncCursor, Cursor)]
    assert [(frame["a"].to_list(), frame.meta is None) for frame in frames] == [([1], False)] * 2
    whole = asyncio.run(Frame.from_async_cursor(AsyncCursor([(1,)], "a"), name="n", labels={"x": "y"}))
    assert (whole.name, whole["a"].labels) == ("n", {"x": "y"})


def test_a_value_that_python_cannot_represent_is_a_frame_error() -> None:
    """Python has no time for PostgreSQL's infinity; other errors stay the driver's."""

    class DataError(Exception):
        """The exception of a DB-API module."""

    class FailingCursor(Cursor):
        error: Exception = DataError("timestamp too large")

        def fetchall(self) -> list[Any]:
            raise self.error

    with pytest.raises(FrameError, match=r"can't read a value: timestamp too large; convert it to text in the query"):
        Frame.from_cursor(FailingCursor([], "x"))
    FailingCursor.error = ConnectionResetError("gone")
    with pytest.raises(ConnectionResetError):
        Frame.from_cursor(FailingCursor([], "x"))


def test_a_negative_limit_is_refused() -> None:
    """A slice with it would drop rows at the end."""
    with pytest.raises(FrameError, match="limit must be 0 or more, got -1"):
        Frame.from_cursor(Cursor([], "x"), limit=-1)


def test_sqlite_values_have_their_types() -> None:
    """Texts, numbers, bytes and null keep their types; a statement without rows is refused."""
    with closing(sqlite3.connect(":memory:")) as connection:
        frame = Frame.from_cursor(connection.execute("select 1 a, 'x' b, x'00ff' c, null d, 1.5 e"))
        assert [(field.type, field.to_list()) for field in frame.fields] == [
            ("int64", [1]),
            ("string", ["x"]),
            ("string", ["\\x00ff"]),
            ("float64", [None]),
            ("float64", [1.5]),
        ]
        with pytest.raises(FrameError, match="returned no rows"):
            Frame.from_cursor(connection.execute("create table t (x)"))
