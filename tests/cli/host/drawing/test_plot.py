"""Time series as drawings of characters."""

from __future__ import annotations

import pytest

from gfplug.host.drawing import plot
from gfplug.host.drawing.plot import Series

START = 1_767_225_600_000
MINUTE = 60_000
RISING = Series(name="up", points=[(START + at * MINUTE, float(at)) for at in range(11)])
FALLING = Series(name="down", points=[(START + at * MINUTE, 10.0 - at) for at in range(11)])


def test_one_series_is_drawn_in_braille() -> None:
    """Two by four dots to the cell, values to the left, times below, a legend."""
    assert plot.draw([RISING], width=30, height=5).splitlines() == [
        "10 ┤                     ⢀⡠⠤⠒⠉",
        "   ┤                ⢀⡠⠤⠒⠉⠁",
        "   ┤         ⢀⣀⡠⠤⠤⠒⠉⠁",
        "   ┤    ⢀⣀⠤⠒⠊⠁",
        " 0 ┤⣀⠤⠒⠊⠁",
        "   └──────────────────────────",
        "    00:00                00:10",
        "─ up",
    ]


def test_several_series_without_colour_have_their_own_marks() -> None:
    """Braille dots of two lines could not be told apart."""
    lines = plot.draw([RISING, FALLING], width=30, height=5).splitlines()

    assert "+" in lines[0]
    assert "*" in lines[0]
    assert lines[-2:] == ["* up", "+ down"]


def test_plain_means_ascii_and_no_escapes() -> None:
    """For terminals and logs that know nothing else."""
    drawn = plot.draw([RISING, FALLING], width=40, plain=True)

    assert drawn.isascii()
    assert "\x1b" not in drawn


def test_colour_is_only_there_when_asked_for() -> None:
    """Off a terminal no escape is written."""
    assert "\x1b" not in plot.draw([RISING, FALLING], width=40)
    assert "\x1b[32m" in plot.draw([RISING, FALLING], width=40, colour=True)


def test_a_gap_is_not_drawn_over() -> None:
    """Null breaks the line."""
    points: list[tuple[int, float | None]] = [(START + at * MINUTE, None if 2 < at < 8 else 1.0) for at in range(11)]
    line = plot.draw([Series(name="v", points=points)], width=40, height=3, plain=True).splitlines()[1]
    drawn = line.partition("|")[2]

    assert drawn.strip("*").strip() == ""
    assert "    " in drawn.strip()


@pytest.mark.parametrize("value", [0.0, 5.0, -3e9])
def test_a_constant_series_is_drawn_in_the_middle(value: float) -> None:
    """No division by zero."""
    points: list[tuple[int, float | None]] = [(START, value), (START + MINUTE, value)]
    lines = plot.draw([Series(name="v", points=points)], width=40, height=5, plain=True).splitlines()

    assert ["*" in line for line in lines[:5]] == [False, False, True, False, False]


@pytest.mark.parametrize("points", [[], [(START, 1.0)], [(START, None), (START + MINUTE, None)]])
def test_fewer_than_two_moments_draw_nothing(points: list[tuple[int, float | None]]) -> None:
    """There is no line to draw."""
    assert plot.draw([Series(name="v", points=points)], width=40) == ""


def test_many_series_are_counted() -> None:
    """Eight are drawn."""
    many = [Series(name=str(at), points=RISING.points) for at in range(11)]

    assert plot.draw(many, width=40).splitlines()[-1] == "… 3 more series, not drawn"


@pytest.mark.parametrize(
    ("minutes", "first", "last"),
    [
        (5, "00:00:00", "00:05:00"),
        (600, "00:00", "10:00"),
        (2880, "01-01 00:00", "01-03 00:00"),
        (10**6, "2026-01-01", "2027-11-26"),
    ],
)
def test_times_are_as_fine_as_the_range(minutes: int, first: str, last: str) -> None:
    """Seconds for minutes, dates for years."""
    points: list[tuple[int, float | None]] = [(START, 1.0), (START + minutes * MINUTE, 2.0)]
    ticks = plot.draw([Series(name="v", points=points)], width=80, height=3).splitlines()[4]

    assert ticks.strip().startswith(first)
    assert ticks.endswith(last)


def test_a_wide_frame_has_a_series_per_number() -> None:
    """Named by its labels; other columns are none."""
    frame = {
        "schema": {
            "fields": [
                {"name": "time", "type": "time"},
                {"name": "cpu", "type": "number", "labels": {"host": "a"}},
                {"name": "ok", "type": "boolean"},
            ]
        },
        "data": {"values": [[2, 1, None], [20, 10, 5], [True, True, True]]},
    }

    assert plot.series(frame) == [Series(name="cpu {host=a}", points=[(1, 10), (2, 20)])]


def test_a_long_frame_has_a_series_per_text() -> None:
    """Each distinct row of strings is a line."""
    frame = {
        "schema": {
            "fields": [
                {"name": "time", "type": "time"},
                {"name": "v", "type": "number"},
                {"name": "host", "type": "string"},
            ]
        },
        "data": {"values": [[1, 1, 2], [10, 11, 20], ["a", "b", "a"]]},
    }

    assert plot.series(frame) == [
        Series(name="v {host=a}", points=[(1, 10), (2, 20)]),
        Series(name="v {host=b}", points=[(1, 11)]),
    ]


def test_a_frame_without_a_time_has_no_series() -> None:
    """A table is not a plot."""
    assert plot.series({"schema": {"fields": [{"name": "v", "type": "number"}]}, "data": {"values": [[1]]}}) == []
