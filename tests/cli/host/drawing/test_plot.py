"""Time series plotted with characters."""

from pathlib import Path
from typing import Any

import pytest

from gfplug import terminal
from gfplug.errors import UsageError
from gfplug.host.drawing import pictures, plot
from gfplug.host.drawing.plot import Series

START = 1_767_225_600_000
MINUTE = 60_000


def line(*values: float | None, name: str = "v") -> Series:
    """Make a series with one value for each minute."""
    return Series(name=name, points=[(START + at * MINUTE, value) for at, value in enumerate(values)])


RISING, FALLING = line(*range(11), name="up"), line(*range(10, -1, -1), name="down")


def drawing(*lines: Series, **options: Any) -> list[str]:
    """Plot series and return the lines."""
    return terminal.plain(plot.draw(lines, **{"width": 40, **options})).splitlines()


def test_one_series_is_drawn_in_braille() -> None:
    """A character has two by four dots; values are on the left, times and a legend below."""
    assert drawing(RISING, width=30, height=5) == [
        "10 ┤                     ⢀⡠⠤⠒⠉",
        "   ┤                ⢀⡠⠤⠒⠉⠁",
        " 5 ┤         ⢀⣀⡠⠤⠤⠒⠉⠁",
        "   ┤    ⢀⣀⠤⠒⠊⠁",
        " 0 ┤⣀⠤⠒⠊⠁",
        "   └──────────────────────────",
        "    00:00                00:10",
        "─ up",
    ]


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("height", [5, 14, 25])
@pytest.mark.parametrize(
    ("low", "high"),
    [(-1.0, 1.0), (10.4, 20.4), (0.0, 0.6), (-0.846, 3.1), (2.5e9, 9.7e9), (1e9, 1e9 + 7), (-4e-9, 3e-9), (0.1, 1e5)],
)
def test_a_label_is_in_the_row_of_its_value(low: float, high: float, height: int, *, plain: bool) -> None:
    """A straight line has the label's value in the labelled row. The error is at most half a row."""
    count = 400
    values = [low + (high - low) * at / (count - 1) for at in range(count)]
    rows = [
        row.partition("|" if plain else "┤") for row in drawing(line(*values), width=1200, height=height, plain=plain)
    ]
    labels = {at: float(label) for at, (label, bar, _) in enumerate(rows) if bar and label.strip()}
    canvas = [canvas for _, bar, canvas in rows if bar]
    columns = max(map(len, canvas))

    assert len(labels) >= 2
    assert list(labels.values()) == sorted(labels.values(), reverse=True)
    for at, label in labels.items():
        dots = [column for column, dot in enumerate(canvas[at]) if dot != " "]
        assert dots[0] - 1 <= (label - low) / (high - low) * (columns - 1) <= dots[-1] + 1


LARGE, TINY = 1.7e308, 5e-324


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "values",
    [(-LARGE, LARGE), (LARGE, LARGE), (-LARGE, -LARGE, 0), (0, TINY), (-TINY, TINY), (TINY, TINY), (1e-310, 3e-310)],
)
def test_the_largest_and_smallest_floats_are_drawn(values: tuple[float, ...], *, plain: bool) -> None:
    """No difference overflows or becomes zero, neither with characters nor in a picture."""
    lines = drawing(line(*values), plain=plain)
    picture = pictures.svg([line(*values)])

    assert len(lines) == 17
    assert not any(word in picture + "".join(lines) for word in ("nan", "inf"))


@pytest.mark.slow
@pytest.mark.parametrize("end", [2**62, -(2**62), 253_402_300_800_000, -62_135_596_800_001])
def test_times_outside_the_calendar_are_drawn(end: int) -> None:
    """They are shown in seconds since 1970."""
    lines = [Series(name="v", points=sorted([(0, 1.0), (end, 2.0)]))]

    assert " s" in drawing(*lines, width=80)[-2]
    assert " s</text>" in pictures.svg(lines)
    assert drawing(Series(name="v", points=[(2**62, 1.0), (2**62 + 1, 2.0)]))
    with pytest.raises(UsageError, match=r"the years 1 to 9999|needs matplotlib"):
        pictures.write(lines, Path("x.png"))


def test_a_picture_has_no_control_characters() -> None:
    """XML does not allow them, and a browser shows untrusted texts."""
    assert "a\\x1b\\u202e" in pictures.svg([line(1, 2, name="a\x1b\u202e")])


def test_several_series_without_colour_have_different_marks() -> None:
    """Braille dots of two lines look alike; colours tell them apart."""
    marks, coloured = drawing(RISING, FALLING), plot.draw([RISING, FALLING], width=40, colour=True)

    assert set(marks[0]) == set("10 ┤+*")
    assert marks[-2:] == ["* up", "+ down"]
    assert {part[1] for part in coloured if isinstance(part, tuple)} == {"green", "yellow"}
    assert not set("*+") & set(terminal.plain(coloured))


def test_a_plain_plot_is_ascii() -> None:
    """Some terminals and logs show only ASCII."""
    assert "\n".join(drawing(RISING, FALLING, plain=True)).isascii()


def test_a_null_interrupts_the_line() -> None:
    """The row between the two parts is empty."""
    row = drawing(line(1, 1, 1, *[None] * 5, 1, 1, 1), height=3, plain=True)[1].partition("|")[2]

    assert row.strip("*").strip() == ""
    assert "    " in row.strip()


@pytest.mark.parametrize("value", [0.0, 5.0, -3e9, 0.1 + 0.2])
def test_a_constant_series_is_drawn_in_the_middle(value: float) -> None:
    """No division by zero happens."""
    rows = drawing(line(value, value * (1 + 1e-15)), height=5, plain=True)

    assert ["*" in row for row in rows[:5]] == [False, False, True, False, False]


@pytest.mark.parametrize("values", [[], [1.0], [None, None]])
def test_fewer_than_two_points_draw_nothing(values: list[float | None]) -> None:
    """There is no line to draw."""
    assert plot.draw([line(*values)], width=40) == []


def test_series_beyond_eight_are_counted() -> None:
    """Eight series are drawn."""
    assert drawing(*[RISING] * 11)[-1] == "… 3 more series, not drawn"


@pytest.mark.parametrize(
    ("minutes", "first", "last"),
    [
        (5, "00:00:00", "00:05:00"),
        (600, "00:00", "10:00"),
        (2880, "01-01 00:00", "01-03 00:00"),
        (10**6, "2026-01-01", "2027-11-26"),
    ],
)
def test_time_labels_depend_on_the_range(minutes: int, first: str, last: str) -> None:
    """Minutes show seconds, years show dates."""
    ends = Series(name="v", points=[(START, 1.0), (START + minutes * MINUTE, 2.0)])
    ticks = drawing(ends, width=80, height=3)[4]

    assert ticks.strip().startswith(first)
    assert ticks.endswith(last)


TIME, NUMBER = {"name": "time", "type": "time"}, {"name": "v", "type": "number"}


@pytest.mark.parametrize(
    ("fields", "values", "series"),
    [
        (
            [TIME, NUMBER | {"labels": {"host": "a"}}, {"name": "ok", "type": "boolean"}],
            [[2, 1, None], [20, 10, 5], [True, True, True]],
            {"v {host=a}": [(1, 10), (2, 20)]},
        ),
        (
            [TIME, NUMBER, {"name": "host", "type": "string"}],
            [[1, 1, 2], [10, 11, 20], ["a", "b", "a"]],
            {"v {host=a}": [(1, 10), (2, 20)], "v {host=b}": [(1, 11)]},
        ),
        ([NUMBER], [[1]], {}),
    ],
    ids=["wide", "long", "no time"],
)
def test_frames_become_series(
    fields: list[dict[str, Any]], values: list[list[Any]], series: dict[str, list[tuple[int, float]]]
) -> None:
    """A wide frame has a series for each number, with labels; a long one, for each distinct text; a table has none."""
    frame = {"schema": {"fields": fields}, "data": {"values": values}}

    assert {each.name: each.points for each in plot.series(frame)} == series
