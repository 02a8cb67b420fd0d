"""Wide pandas tables are read by block, and numpy's times without a copy; the result equals that of single columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest

from gfruntime import Field, Frame
from gfruntime.frames import tables

if TYPE_CHECKING:
    from collections.abc import Callable

pandas = pytest.importorskip("pandas")
numpy = pytest.importorskip("numpy")

COLUMNS: dict[str, Callable[[], Any]] = {
    "f1": lambda: [1.5, math.nan, math.inf],
    "f2": lambda: [0.0, -0.0, 2.5],
    "s1": lambda: numpy.array([1.5, math.nan, 2], "float32"),
    "s2": lambda: numpy.array([1.5, 2, 3], "float32"),
    "i1": lambda: [1, 2, 3],
    "i2": lambda: [2**62, -(2**62), 0],
    "u1": lambda: numpy.array([1, 2, 255], "uint8"),
    "b1": lambda: [True, False, True],
    "b2": lambda: [False, False, True],
    "t1": lambda: numpy.array(["2026-01-01", "NaT", "2026-01-03"], "datetime64[ns]"),
    "t2": lambda: numpy.array(["2026-01-01", "2026-01-02", "2026-01-03"], "datetime64[ms]"),
    "x1": lambda: ["a", None, "c"],
    "n1": lambda: pandas.array([1, None, 3], dtype="Int64"),
    "f3": lambda: [1.5, 2.5, 3.5],
    "x2": lambda: ["d", "e", None],
}


def _wide() -> Any:  # pandas has no types
    return pandas.DataFrame({name: make() for name, make in COLUMNS.items()})


def _piecewise() -> Any:
    table = pandas.DataFrame(index=range(3))
    for name, make in COLUMNS.items():
        table[name] = make()
    return table


@pytest.mark.parametrize("make", [_wide, _piecewise], ids=["made at once", "made piece by piece"])
@pytest.mark.parametrize("keep_nan", [False, True])
def test_columns_of_a_block_equal_single_columns(make: Callable[[], Any], keep_nan: bool) -> None:  # noqa: FBT001  # a parameter
    """Types, values and nulls don't depend on other columns; NaN is null unless it is kept."""
    table = make()
    alone = [
        Field(name, table[name].to_numpy() if keep_nan and name[0] in "fs" else table[name]) for name in table.columns
    ]

    assert Frame.from_pandas(table, keep_nan=keep_nan).fields == tuple(alone)
    assert [field.type for field in alone[:9:2]] == ["float64", "float32", "int64", "uint8", "bool"]
    assert [field.values.null_count for field in alone[:2]] == [0 if keep_nan else 1, 0]


def test_slices_and_transposed_tables_are_read_by_their_values() -> None:
    """A slice of rows, every other row, and the transposed table are read as they look."""
    table = pandas.DataFrame({f"c{at}": [at + 0.5, at + 1.5, at + 2.5, at + 3.5] for at in range(4)})

    for view in (table[1:3], table[::2], table.T, table.iloc[:, ::-1], table.iloc[:, [2, 0]]):
        assert [field.to_list() for field in Frame.from_pandas(view.reset_index(drop=True)).fields] == [
            list(view.iloc[:, at]) for at in range(view.shape[1])
        ]


def test_columns_of_one_name_are_each_read() -> None:
    """A name that occurs twice gives two columns, and a given type applies to both."""
    table = pandas.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])

    assert [field.to_list() for field in Frame.from_pandas(table, types={"a": "float64"}).fields] == [[1, 3], [2, 4]]
    assert Frame.from_pandas(table, types={"a": "string"}).fields[1].to_list() == ["2", "4"]


def test_long_columns_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only short columns form a block; a long column keeps its memory."""
    table = pandas.DataFrame({"a": numpy.arange(9) / 2})
    table["b"] = numpy.arange(9) / 4
    monkeypatch.setattr(tables, "_MAX_BLOCK_ROWS", 8)
    addresses = [field.values.buffers()[1].address for field in Frame.from_pandas(table).fields]

    assert addresses == [table[name].to_numpy().ctypes.data for name in "ab"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "D", "h"])
def test_numpy_times_of_every_unit_become_nanoseconds(unit: str) -> None:
    """Times of any unit become nanoseconds, and NaT is null."""
    days = numpy.array(["2026-01-01", "2026-01-02"], f"datetime64[{unit}]")
    missing = numpy.array(["2026-01-01", "NaT"], f"datetime64[{unit}]")
    ticks = [1_767_225_600 * 10**9, 1_767_312_000 * 10**9]

    assert Field("t", days).values.view(pa.int64()).to_pylist() == ticks
    assert Field("t", missing).values.view(pa.int64()).to_pylist() == [ticks[0], None]
    assert Field("t", days[::-1]).values.view(pa.int64()).to_pylist() == ticks[::-1]
    assert Field("t", days.astype(days.dtype.newbyteorder())).values.view(pa.int64()).to_pylist() == ticks


def test_numpy_memory_is_shared() -> None:
    """Numbers and times of Arrow's types are read without a copy."""
    times, numbers = numpy.arange(9).view("datetime64[ns]"), numpy.arange(9) / 2

    assert Field("t", times[3:]).values.buffers()[1].address == times[3:].ctypes.data
    assert Field("v", numbers[3:]).values.buffers()[1].address == numbers[3:].ctypes.data
