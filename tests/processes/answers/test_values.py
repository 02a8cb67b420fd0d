"""Return values of authors in `gfplug call query`: each kind of value is shown correctly, or gives one error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("pandas")

if TYPE_CHECKING:
    from collections.abc import Callable

    from commands import Ended

    Query = Callable[..., Ended]
    Columns = Callable[..., dict[str, dict[str, tuple[str, list[Any]]]]]

DAY = 1_767_225_600_000
HOUR = 3_600_000


def test_values_of_any_kind_arrive(columns: Columns) -> None:
    """These are decimals, masked arrays, all missing values, large integers, enums, and an index without a name."""
    answers = columns("decimals", "masked", "missing", "large", "enum", "describe", "dates", "longdouble")

    assert answers["decimals"]["x"] == ("float64", ["NaN", "Inf", 1.1, 2.5, 1e100])
    assert answers["masked"]["x"] == ("float64", [21.5, None])
    assert answers["missing"] == {
        "t": ("time.Time", [None, DAY]),
        "n": ("float64", ["NaN", 1.5]),
        "s": ("string", [None, "x"]),
    }
    assert answers["large"] == {"x": ("float64", [0.5, 2.0**60]), "y": ("float64", [2.0**70, 1.0])}
    assert answers["enum"] == {"x": ("string", ["red"]), "ip": ("string", ["10.0.0.1"])}
    assert answers["describe"]["index"][1][:2] == ["count", "mean"]
    assert answers["dates"]["time"] == ("time.Time", [DAY, DAY + 5 * HOUR])
    assert answers["longdouble"]["x"] == ("float64", [1.5])


def test_values_of_two_types_in_a_column_are_one_error(query: Query) -> None:
    """The error has the column, the first value of each kind, and the remedy."""
    ended = query("mixed")

    assert ended.code == 6
    assert "column 'x': numbers and texts in one column: row 0 is 1, row 1 is 'n/a'" in ended.err
    assert "Arrow" not in ended.err


@pytest.mark.parametrize("name", ["empty", "empty region"])
def test_an_answer_without_rows_is_no_data(query: Query, name: str) -> None:
    """The call prints neither NaN nor an error."""
    ended = query(name, words=("--when", "last > 0"))

    assert (ended.code, ended.out.splitlines()[1]) == (0, "  would be without data: {}")


@pytest.mark.parametrize(("name", "column"), [("text times", "time"), ("rows", "ts")])
def test_texts_that_look_like_times_are_reported(query: Query, name: str, column: str) -> None:
    """The panel's notices in `call query` say so, and so does the alert rehearsal, whose exit code is not zero."""
    answer, rehearsed = query(name), query(name, words=("--when", "last > 1"))

    assert f"'{column}' holds texts, not times: write Frame.from_records(rows, time='{column}')" in answer.err
    if name == "text times":
        assert f"would fire, as one alert for each row: '{column}' holds texts" in rehearsed.err
    assert f"Frame.from_records(rows, time='{column}')" in rehearsed.err
    assert rehearsed.code == 6


def test_numbers_that_look_like_times_are_reported(query: Query) -> None:
    """The warning names the unit that they seem to have."""
    ended = query("number times", words=("--when", "last > 1"))

    assert ended.code == 6
    assert "'time' holds numbers, not times: write" in ended.err
    assert "epoch(values, 's')" in ended.err


def test_rows_of_json_become_series(query: Query) -> None:
    """Each set of labels has one alert, which depends on its last value."""
    ended = query("series", words=("--when", "last > 1"))

    assert ended.code == 0
    assert ended.out.splitlines()[1:] == [
        "  would fire: {host=a} (value 2.5)",
        "  would not fire: {host=b} (value 0.5)",
    ]


def test_a_duplicate_point_of_a_series_gives_a_warning(query: Query) -> None:
    """The warning is for the series with the point, not for another series with the same time."""
    ended = query("twice", words=("--when", "last > 1"))

    assert "'value' of {host=a} has 2 points at one time: a text column is missing" in ended.err
    assert "host=b" not in ended.err


def test_a_label_without_a_value_is_left_out(query: Query) -> None:
    """The rows are a pivot of a column with missing labels."""
    ended = query("pivot", words=("--when", "last > 1"))

    assert sorted(ended.out.splitlines()[1:]) == ["  would fire: {h=a} (value 1.5)", "  would fire: {} (value 2.5)"]
