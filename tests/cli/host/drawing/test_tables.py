"""Frames as text tables."""

from typing import Any

import pytest

from gfplug.host.drawing import tables

START = 1_767_225_600_000


def _frame(*columns: tuple[dict[str, Any], list[Any]], **data: Any) -> dict[str, Any]:
    return {
        "schema": {"name": "cpu", "meta": {"type": "table"}, "fields": [field for field, _ in columns]},
        "data": {"values": [values for _, values in columns], **data},
    }


MIXED = _frame(
    ({"name": "time", "type": "time"}, [START, START + 500, None]),
    ({"name": "cpu", "type": "number", "labels": {"zone": "b", "host": "a"}}, [1.5, None, None]),
    ({"name": "count", "type": "number"}, [9_007_199_254_740_993, 2, 3]),
    ({"name": "state", "type": "enum", "config": {"type": {"enum": {"text": ["ok", "bad"]}}}}, [0, 1, 7]),
    ({"name": "note", "type": "string", "config": {"displayNameFromDS": "Note"}}, ["日本", "a\nb", "x" * 60]),
    ({"name": "raw", "type": "other"}, [{"a": 1}, None, [1]]),
    ({"name": "up", "type": "boolean"}, [True, False, None]),
    entities=[None, {"NaN": [1], "NegInf": [2]}, None, None, None, None, None],
    nanos=[[7, 0, 0], None, None, None, None, None, None],
)


def test_a_table_shows_every_type() -> None:
    """It shows ISO 8601 times, numbers on the right, NaN and null, names of enums, and shortened one-line texts."""
    lines = [line.split("  ") for line in tables.table(MIXED, rows=10, width=200).splitlines()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]

    assert cells == [
        ["time", "cpu {host=a, zone=b}", "count", "state", "Note", "raw", "up"],
        ["-" * wide for wide in (30, 20, 16, 5, 48, 8, 5)],
        ["2026-01-01T00:00:00.000000007Z", "1.5", "9007199254740993", "ok", "日本", '{"a": 1}', "true"],
        ["2026-01-01T00:00:00.5Z", "NaN", "2", "bad", "a\\nb", "null", "false"],
        ["null", "-Inf", "3", "7", "x" * 47 + "…", "[1]", "null"],
    ]


def test_columns_are_aligned_by_display_width() -> None:
    """Numbers are on the right, texts on the left; a wide character or a joined emoji counts as two."""
    frame = _frame(
        ({"name": "name", "type": "string"}, ["日本", "abcde", "👨‍👩‍👧"]),
        ({"name": "n", "type": "number"}, [1, 100, 2]),
    )

    assert tables.table(frame, rows=3, width=80).splitlines() == [
        "name     n",
        "-----  ---",
        "日本     1",
        "abcde  100",
        "👨‍👩‍👧       2",
    ]


def test_rows_and_columns_beyond_the_limits_are_counted() -> None:
    """The numbers of hidden rows and columns are shown; a time and one value stay at any width."""
    frame = _frame(
        ({"name": "time", "type": "time"}, [START + at for at in range(50)]),
        *[({"name": f"value{at}", "type": "number"}, list(range(50))) for at in range(20)],
    )

    lines = tables.table(frame, rows=3, width=60).splitlines()

    assert lines[0] == "time                      value0  value1  value2  value3"
    assert lines[-2:] == ["… 47 more rows", "… 16 more columns: value4, value5, value6, value7, value8, v"]
    assert tables.table(frame, rows=1, width=5).splitlines()[0].split() == ["time", "value0"]


def test_a_frame_without_fields_or_rows_is_described() -> None:
    """Neither is an error."""
    assert tables.table({"schema": {"fields": []}, "data": {"values": []}}, rows=3, width=80) == "(no fields)"
    assert tables.table(_frame(({"name": "v", "type": "number"}, [])), rows=3, width=80) == "v\n-"


def test_the_heading_names_the_frame_and_its_size() -> None:
    """It also has the frame's type, if there is one."""
    assert tables.heading("A", MIXED) == "A cpu (table): 3 rows, 7 fields"
    assert tables.heading("B", {"schema": {"fields": [{}]}, "data": {"values": [[1]]}}) == "B: 1 row, 1 field"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1 + 0.2, "0.3"), (1e-7, "1e-07"), (123456.7, "123457"), (1.0, "1"), (-0.0, "-0"), (1e20, "1.000000e+20")],
)
def test_a_number_has_six_digits_or_all_before_the_point(value: float, text: str) -> None:
    """It has six digits, or all digits before the point."""
    frame = _frame(({"name": "v", "type": "number"}, [value]))

    assert tables.table(frame, rows=1, width=80).splitlines()[2].strip() == text


@pytest.mark.parametrize(
    ("milliseconds", "nanos", "text"),
    [
        (0, 0, "1970-01-01T00:00:00Z"),
        (-1, 0, "1969-12-31T23:59:59.999Z"),
        (1_700_000_000_120, 0, "2023-11-14T22:13:20.12Z"),
        (10**17, 0, "100000000000000000 ms"),
    ],
)
def test_a_time_has_only_the_digits_it_needs(milliseconds: int, nanos: int, text: str) -> None:
    """Times before 1970 work, too; a time outside the calendar is shown as a number."""
    assert tables.instant(milliseconds, nanos) == text


def test_control_characters_are_escaped() -> None:
    """Data and names may have any text; a cell stays one line, and columns stay aligned."""
    frame = _frame(({"name": "v\x9b", "type": "string"}, ["\x1b[31mred\x07\n", "1\u202f000\u202e"]))

    assert tables.table(frame, rows=2, width=80).splitlines() == [
        "v\\x9b",
        "-" * 17,
        r"\x1b[31mred\x07\n",
        "1\u202f000\\u202e",
    ]
