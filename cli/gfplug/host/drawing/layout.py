"""How much of an answer fits on a screen: the number of frames, the rows of each, and the height of the plot."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_ROWS = 10
_FEWEST_ROWS = 1
_AROUND_ROWS = 6  # other lines of a table: heading, titles, a line, omitted rows and columns, an empty line
_AROUND_PLOT = 2  # the time axis and its labels
_MAX_PLOT_ROWS, _MIN_PLOT_ROWS = 14, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The visible part of an answer: its first `frames`, the first `rows` of each, and a plot with `plot` lines."""

    frames: int
    rows: int
    plot: int


def fit(*, frames: int, legend: int, height: int) -> Layout:
    """Divide a screen of `height` lines between an answer's tables and its plot.

    `legend` is the number of lines of the plot's legend; 0 if there is no plot.
    """
    room = height - legend - _AROUND_PLOT - _AROUND_ROWS - _FEWEST_ROWS
    plot = max(_MIN_PLOT_ROWS, min(_MAX_PLOT_ROWS, height // 3, room))
    free_lines = height - (plot + _AROUND_PLOT + legend if legend else 0)
    rows = max(_FEWEST_ROWS, min(_MOST_ROWS, free_lines // max(frames, 1) - _AROUND_ROWS))
    return Layout(frames=max(1, min(frames, free_lines // (rows + _AROUND_ROWS))), rows=rows, plot=plot)


def unbounded(*, frames: int, rows: int) -> Layout:
    """Show all frames, with `rows` rows of each."""
    return Layout(frames=frames, rows=rows, plot=_MAX_PLOT_ROWS)
