"""The output fits the terminal, whatever the response contains."""

from __future__ import annotations

import pytest

from gfplug.host.drawing import layout, plot
from gfplug.host.drawing.plot import Series


def lines(size: layout.Layout, legend: int) -> int:
    """Count the lines of the output if each table has its largest size."""
    return size.frames * (size.rows + 6) + (size.plot + 2 + legend if legend else 0)


@pytest.mark.parametrize("height", [24, 28, 50])
@pytest.mark.parametrize("legend", [0, 1, 9])
@pytest.mark.parametrize("frames", [1, 2, 5, 100])
def test_tables_and_plot_fit_together(frames: int, legend: int, height: int) -> None:
    """There is at least one frame with one row, and a readable plot."""
    size = layout.fit(frames=frames, legend=legend, height=height)

    assert 1 <= size.frames <= frames
    assert 1 <= size.rows <= 10
    assert size.plot >= 5
    assert lines(size, legend) <= height


def test_a_small_terminal_shows_one_row_and_a_plot() -> None:
    """The output has more lines than the terminal."""
    assert layout.fit(frames=3, legend=9, height=5) == layout.Layout(frames=1, rows=1, plot=5)


def test_lines_of_the_legend_are_counted() -> None:
    """It has eight series and a line for the others; without a plot it has no line."""
    series = [Series(name=str(at), points=[(1, 1.0), (2, 2.0)]) for at in range(12)]

    assert plot.legend_lines(series) == 9
    assert plot.legend_lines(series[:3]) == 3
    assert plot.legend_lines([Series(name="one", points=[(1, 1.0)])]) == 0
    assert plot.legend_lines([]) == 0
