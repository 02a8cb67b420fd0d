"""Draw time series with characters: braille dots, or one mark for each series if there are no colours.

No library does this well: plotext 6 and plotille fail at a gap, and plotext 5 writes the legend over the data.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gfplug.host.drawing import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gfplug.terminal import Part

_MAX_SERIES = 8
_MARKS = "*+xo#@%&"
_STYLES = ("green", "yellow", "cyan", "magenta", "blue", "red", "bright_green", "bright_yellow")
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # the bit of each dot in Unicode: [row][column]
_BRAILLE = 0x2800
_ROWS_PER_TICK = 4
_MINUTES, _DAY, _YEAR = 600, 86400, 366 * 86400
_NARROWEST = 20
_WIDE, _FINE = 1e7, 6  # larger numbers would leave no room for the drawing
_MIN_DIFFERENCE = 1e-290  # smaller differences have too few digits for a division
_SAME = 1e-12
"""Values with a smaller relative difference are drawn as one value."""


_Cells = dict[tuple[int, int], tuple[str, int]]
"""The drawing: from column and row to a character and the number of its series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line. Shape: points in time order. Units: milliseconds since the epoch; None is a gap."""

    name: str
    points: list[tuple[int, float | None]]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a drawing, with the values at its first and its last dot."""

    first: float
    last: float
    dots: int

    def share(self, value: float) -> float:
        """Return a value's position between first and last, 0 to 1; halving prevents an overflow of the difference."""
        whole = self.last / 2 - self.first / 2
        return (value / 2 - self.first / 2) / whole if whole else 0.0  # zero if two different times are the same float

    def value(self, share: float) -> float:
        """Return the value at a position from 0 to 1."""
        return self.first * (1 - share) + self.last * share

    def dot(self, value: float) -> int:
        """Return the number of the dot that shows a value."""
        return round(self.share(value) * (self.dots - 1))


def series(frame: dict[str, Any]) -> list[Series]:
    """Return the time series of a frame in Grafana's JSON, wide or long; empty if it has none."""
    fields, values = frame["schema"]["fields"], frame["data"]["values"]
    kinds = [field.get("type") for field in fields]
    if "time" not in kinds or "number" not in kinds or not values:
        return []
    times = values[kinds.index("time")]
    texts = [at for at, kind in enumerate(kinds) if kind == "string"]
    points: dict[str, list[tuple[int, float | None]]] = {}
    for at in (at for at, kind in enumerate(kinds) if kind == "number"):
        for row, moment in enumerate(times):
            if moment is None:
                continue
            labels = ", ".join(f"{fields[text].get('name', '')}={values[text][row]}" for text in texts)
            name = f"{tables.title(fields[at])} {{{labels}}}" if labels else tables.title(fields[at])
            points.setdefault(name, []).append((moment, values[at][row]))
    return [Series(name=name, points=sorted(pairs, key=lambda point: point[0])) for name, pairs in points.items()]


def draw(
    lines: Sequence[Series], *, width: int, height: int = 14, colour: bool = False, plain: bool = False
) -> list[Part]:
    """Draw series with their axes and a legend; `plain` uses only ASCII. Empty if there are no two different times.

    `colour` tells whether styles are visible; if they are not, each of several series gets its own mark.
    Units: `width` is the whole width in cells, `height` is the canvas's height in lines.
    """
    visible = lines[:_MAX_SERIES]
    points = [(at, value) for line in visible for at, value in line.points if value is not None]
    if len({at for at, _ in points}) < 2:  # noqa: PLR2004 - a line has two ends
        return []
    use_marks = plain or (len(visible) > 1 and not colour)
    per_column, per_row = (1, 1) if use_marks else (2, 4)
    low, high = value_range([value for _, value in points])
    down = Axis(high, low, height * per_row)
    labels = _value_labels(down, height)
    margin = max(map(len, labels.values()))
    columns = max(_NARROWEST, width - margin - 2)
    across = Axis(min(points)[0], max(points)[0], columns * per_column)
    cells = _cells(visible, across, down, use_marks=use_marks)
    bar, corner, dash = ("|", "+", "-") if plain else ("┤", "└", "─")
    parts: list[Part] = []
    for row in range(height):
        parts += [f"{labels.get(row, '').rjust(margin)} {bar}", *_row(cells, row, columns), "\n"]
    parts.append(f"{' ' * margin} {corner}{dash * columns}\n{' ' * (margin + 2)}{_time_labels(across, columns)}")
    for at, line in enumerate(visible):
        parts += ["\n", (_MARKS[at] if use_marks else dash, _STYLES[at]), f" {line.name}"]
    return [*parts, *([f"\n… {len(lines) - _MAX_SERIES} more series, not drawn"] if len(lines) > _MAX_SERIES else [])]


def legend_lines(lines: Sequence[Series]) -> int:
    """Count the lines of the legend that `draw` writes; 0 if it draws nothing."""
    moments = {at for line in lines[:_MAX_SERIES] for at, value in line.points if value is not None}
    return min(len(lines), _MAX_SERIES) + (len(lines) > _MAX_SERIES) if len(moments) > 1 else 0


def value_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the smallest and the largest value; with a margin around a constant."""
    low, high = float(min(values)), float(max(values))
    largest = max(abs(low), abs(high))
    if high - low > max(largest * _SAME, _MIN_DIFFERENCE):
        return low, high
    pad = largest * 0.1 if largest > _MIN_DIFFERENCE else 1.0
    return max(low - pad, -sys.float_info.max), min(high + pad, sys.float_info.max)


def _value_labels(down: Axis, height: int) -> dict[int, str]:
    """Map rows to round values, at least two; each value is in the row in which it is drawn."""
    high, low = down.first, down.last
    most = (high / 2 - low / 2) / max(2, height / _ROWS_PER_TICK) * 2
    power = 10.0 ** math.floor(math.log10(most))
    step = max(factor * power for factor in (1, 2, 5) if factor * power <= most)
    values = [
        max(low, min(high, step * count))
        for count in range(math.ceil(low / step - _SAME), math.floor(high / step + _SAME) + 1)
    ]
    largest = max(abs(low), abs(high))
    digits = max(0, -math.floor(math.log10(step)))
    if largest < _WIDE and digits <= _FINE:
        texts = [f"{value:.{digits}f}" for value in values]
    else:
        significant = math.floor(math.log10(largest)) - math.floor(math.log10(step)) + 1
        texts = [f"{value:.{significant}g}" for value in values]
    return {down.dot(value) * height // down.dots: text for value, text in zip(values, texts, strict=True)}


def _dots(line: Series, across: Axis, down: Axis) -> Iterator[tuple[int, int]]:
    """Yield the dots of a line: straight between two points, and open at a gap."""
    before: tuple[int, int] | None = None
    for at, value in line.points:
        if value is None:
            before = None
            continue
        here = across.dot(at), down.dot(value)
        x0, y0 = before or here
        steps = max(abs(here[0] - x0), abs(here[1] - y0), 1)
        for step in range(steps + 1):
            yield round(x0 + (here[0] - x0) * step / steps), round(y0 + (here[1] - y0) * step / steps)
        before = here


def _cells(lines: Sequence[Series], across: Axis, down: Axis, *, use_marks: bool) -> _Cells:
    """Draw each line's dots as a mark or a part of a braille character; later lines are on top."""
    cells: _Cells = {}
    for at, line in enumerate(lines):
        for x, y in _dots(line, across, down):
            if use_marks:
                cells[x, y] = (_MARKS[at], at)
            else:
                character, _ = cells.get((x // 2, y // 4), (chr(_BRAILLE), at))
                cells[x // 2, y // 4] = (chr(ord(character) | _DOTS[y % 4][x % 2]), at)
    return cells


def _row(cells: _Cells, row: int, columns: int) -> Iterator[Part]:
    """Yield the parts of one row; adjacent cells of one series are one part."""
    row_cells = [cells.get((column, row)) for column in range(columns)]
    while row_cells and row_cells[-1] is None:
        row_cells.pop()
    for line, run in groupby(row_cells, key=lambda cell: None if cell is None else cell[1]):
        text = "".join(" " if cell is None else cell[0] for cell in run)
        yield text if line is None else (text, _STYLES[line])


def _time_labels(across: Axis, columns: int) -> str:
    seconds = (across.last - across.first) / 1000
    form = "%H:%M:%S" if seconds < _MINUTES else "%H:%M" if seconds < _DAY else "%m-%d %H:%M"
    form = form if seconds < _YEAR else "%Y-%m-%d"
    wide = len(datetime(2000, 1, 1, tzinfo=UTC).strftime(form))
    count = max(2, min(5, columns // (wide + 4)))
    line = [" "] * columns
    for at in range(count):
        text = time_label(across.value(at / (count - 1)), form).rjust(wide)[:wide]
        centre = round((columns - 1) * at / (count - 1))
        begin = max(0, min(centre - (wide // 2 if at < count - 1 else 0), columns - wide))
        line[begin : begin + wide] = text
    return "".join(line).rstrip()


def time_label(milliseconds: float, form: str) -> str:
    """Write a time in a form of `strftime`; outside of the years 1 to 9999, in seconds since 1970."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds / 1000:.1e} s"
