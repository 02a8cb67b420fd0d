"""How much of an answer fits a screen: how many frames, how many rows of each, and how high the plot is."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_ROWS = 10
_FEWEST_ROWS = 1
_AROUND_ROWS = 6  # lines of a table that are no rows: heading, titles, a line, rows and columns left out, an empty one
_AROUND_PLOT = 2  # the axis of time and its labels
_HIGHEST, _LOWEST = 14, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is shown: the first `frames` of an answer, the first `rows` of each, and a plot of `plot` lines."""

    frames: int
    rows: int
    plot: int


def fit(*, frames: int, legend: int, height: int) -> Layout:
    """Divide a screen of `height` lines between an answer's tables and its plot.

    `legend` is how many lines the plot's legend has; 0 if there is no plot.
    """
    room = height - legend - _AROUND_PLOT - _AROUND_ROWS - _FEWEST_ROWS
    plot = max(_LOWEST, min(_HIGHEST, height // 3, room))
    left = height - (plot + _AROUND_PLOT + legend if legend else 0)
    rows = max(_FEWEST_ROWS, min(_MOST_ROWS, left // max(frames, 1) - _AROUND_ROWS))
    return Layout(frames=max(1, min(frames, left // (rows + _AROUND_ROWS))), rows=rows, plot=plot)


def unbounded(*, frames: int, rows: int) -> Layout:
    """Show all frames, with as many rows of each as were asked for."""
    return Layout(frames=frames, rows=rows, plot=_HIGHEST)
