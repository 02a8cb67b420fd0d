"""Tables of every kind become frames by the rules that the module states."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from framesamples import columns_of

from gfruntime import Field, Frame
from gfruntime.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(hours=1)


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


@pytest.mark.shows("frames 12")
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
    """All rows become one frame with their names and nulls; given types apply with and without rows."""
    frame = Frame.from_cursor(database.execute(f"select {statement}"), name="t", types=types)

    assert (frame.name, columns_of(frame)) == ("t", expected)


def test_a_reached_cursor_limit_gives_a_notice(database: sqlite3.Connection) -> None:
    """A notice says that a limit cut rows; without a cut there is no notice."""
    part = Frame.from_cursor(database.execute("select * from t"), limit=2)
    whole = Frame.from_cursor(database.execute("select * from t"), limit=3)

    assert len(part) == 2
    assert part.meta is not None
    assert part.meta["notices"] == [{"severity": "warning", "text": "Only the first 2 rows are shown"}]
    assert whole.meta is None


def test_cursor_of_dictionaries_is_read_by_key() -> None:
    """A cursor that returns dictionaries is read by the names in its description."""

    class Cursor:
        description = (("a",), ("b",))

        def fetchall(self) -> list[dict[str, int]]:
            return [{"b": 2, "a": 1}]

    assert columns_of(Frame.from_cursor(Cursor())) == [("a", "int64", [1]), ("b", "int64", [2])]


def test_statement_without_rows_is_refused(database: sqlite3.Connection) -> None:
    """A statement that is not a query has no rows for a frame."""
    with pytest.raises(FrameError, match="returned no rows"):
        Frame.from_cursor(database.execute("delete from t"))


def test_records_become_columns() -> None:
    """Dictionaries become columns in the order of their keys; a key that a row lacks is null."""
    frame = Frame.from_records([{"a": 1}, {"b": "x", "a": 2}], labels={"l": 1})

    assert columns_of(frame) == [("a", "int64", [1, 2]), ("b", "string", [None, "x"])]
    assert frame["a"].labels == {"l": "1"}


def test_no_records_have_the_given_types() -> None:
    """Without rows the columns are those of the given types, or none."""
    assert columns_of(Frame.from_records([], types={"a": "time"})) == [("a", "time", [])]
    assert Frame.from_records([]).fields == ()


def test_records_that_are_not_dictionaries_are_refused() -> None:
    """The error names the number of a row that is not a dictionary."""
    with pytest.raises(FrameError, match="record 1 is of the type tuple, whose values have no names"):
        Frame.from_records([{"a": 1}, (2,)])


def test_group_by_creates_one_frame_for_each_series() -> None:
    """The columns to group by become labels; each combination and value column is a frame."""
    table = Frame.of(time=[NOON, NOON, LATER], host=["a", "b", "a"], v=[1, 2, 3])
    frames = table.group_by("host")

    assert [(frame["v"].labels, frame["v"].to_list(), frame["time"].to_list()) for frame in frames] == [
        ({"host": "a"}, [1, 3], [NOON, LATER]),
        ({"host": "b"}, [2], [NOON]),
    ]


def test_group_by_reads_any_column_as_text() -> None:
    """Numbers, booleans and nulls become label text; existing labels stay."""
    frame = Frame(fields=[Field("n", [1, None]), Field("b", [True, False]), Field("v", [1, 2], labels={"x": "y"})])

    assert [each.fields[0].labels for each in frame.group_by("n", "b")] == [
        {"x": "y", "n": "1", "b": "true"},
        {"x": "y", "n": "", "b": "false"},
    ]


def test_group_by_without_rows_is_no_data() -> None:
    """Without rows the result is one frame without fields."""
    assert [frame.fields for frame in Frame.of(host=[], v=[]).group_by("host")] == [()]


@pytest.mark.parametrize(
    ("frame", "because"),
    [
        (Frame.of(v=[1]), "no column 'host' to group by"),
        (Frame.of(host=["a"], zone=["b"], v=[1]), "column 'zone' is text and not in group_by"),
        (Frame.of(host=["a"]), "needs a column of numbers"),
        (Frame.of(host=["a", "a"], v=[1, 2]), r"2 rows without a time have the labels {'host': 'a'}"),
    ],
)
def test_group_by_refuses_frames_that_would_lose_data(frame: Frame, because: str) -> None:
    """A column that can't be grouped raises an error with its name."""
    with pytest.raises(FrameError, match=because):
        frame.group_by("host")
