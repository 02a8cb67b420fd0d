"""Time series as a drawing of characters: braille dots, or plain marks where there are several and no colour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfplug.host.drawing import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST = 8
_MARKS = "*+xo#@%&"
_COLOURS = (32, 33, 36, 35, 34, 31, 92, 93)
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # Unicode's bit of each dot: [row][column]
_BRAILLE = 0x2800
_TICK_EVERY = 4
_MINUTES, _DAY, _YEAR = 600, 86400, 366 * 86400
_NARROWEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line. Shape: points in time order. Units: milliseconds since the epoch; None is a gap."""

    name: str
    points: list[tuple[int, float | None]]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Maps the range of the data to the cells of a canvas."""

    start: float
    end: float
    low: float
    high: float

    def place(self, at: float, value: float, *, columns: int, rows: int) -> tuple[int, int]:
        across = (at - self.start) / (self.end - self.start)
        up = (value - self.low) / (self.high - self.low)
        return round(across * (columns - 1)), round((1 - up) * (rows - 1))


def series(frame: dict[str, Any]) -> list[Series]:
    """Find the time series of a frame in Grafana's JSON, wide or long; a frame without any gives none."""
    fields, values = frame["schema"]["fields"], frame.get("data", {}).get("values", [])
    kinds = [field["type"] for field in fields]
    if "time" not in kinds or "number" not in kinds or not values:
        return []
    times = values[kinds.index("time")]
    texts = [at for at, kind in enumerate(kinds) if kind == "string"]
    found: dict[str, list[tuple[int, float | None]]] = {}
    for at in (at for at, kind in enumerate(kinds) if kind == "number"):
        for row, moment in enumerate(times):
            if moment is None:
                continue
            told = ", ".join(f"{fields[text]['name']}={values[text][row]}" for text in texts)
            name = f"{tables.title(fields[at])} {{{told}}}" if told else tables.title(fields[at])
            found.setdefault(name, []).append((moment, values[at][row]))
    return [Series(name=name, points=sorted(points, key=lambda point: point[0])) for name, points in found.items()]


def draw(lines: Sequence[Series], *, width: int, height: int = 14, colour: bool = False, plain: bool = False) -> str:
    """Draw series with their axes and a legend; `plain` uses ASCII alone. Empty when there are no two moments.

    Units: `width` is the whole width in cells, `height` that of the canvas.
    """
    shown = lines[:_MOST]
    scale = _scale(shown)
    if scale is None:
        return ""
    labels = _value_labels(scale, height)
    margin = max(len(label) for label in labels)
    columns = max(_NARROWEST, width - margin - 2)
    use_marks = plain or (len(shown) > 1 and not colour)
    paint = _marks if use_marks else _braille
    cells = paint(shown, scale, columns, height)
    bar, corner, dash = ("|", "+", "-") if plain else ("┤", "└", "─")
    canvas = [
        "".join(_tinted(cells.get((x, y)), colour=colour) for x in range(columns)).rstrip() for y in range(height)
    ]
    rows = [f"{label.rjust(margin)} {bar}{row}" for label, row in zip(labels, canvas, strict=True)]
    axis = f"{' ' * margin} {corner}{dash * columns}"
    ticks = f"{' ' * (margin + 2)}{_time_labels(scale, columns)}".rstrip()
    return "\n".join([*rows, axis, ticks, *_legend(lines, use_marks=use_marks, colour=colour, plain=plain)])


def _scale(lines: Sequence[Series]) -> _Scale | None:
    known = [(at, value) for line in lines for at, value in line.points if value is not None]
    if len({at for at, _ in known}) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    low, high = min(value for _, value in known), max(value for _, value in known)
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    return _Scale(min(at for at, _ in known), max(at for at, _ in known), low, high)


def _dots(line: Series, scale: _Scale, columns: int, rows: int) -> Iterator[tuple[int, int]]:
    before: tuple[int, int] | None = None
    for at, value in line.points:
        if value is None:
            before = None
            continue
        here = scale.place(at, value, columns=columns, rows=rows)
        x0, y0 = before or here
        steps = max(abs(here[0] - x0), abs(here[1] - y0), 1)
        for step in range(steps + 1):
            yield round(x0 + (here[0] - x0) * step / steps), round(y0 + (here[1] - y0) * step / steps)
        before = here


def _marks(lines: Sequence[Series], scale: _Scale, columns: int, rows: int) -> dict[tuple[int, int], tuple[str, int]]:
    return {dot: (_MARKS[at], at) for at, line in enumerate(lines) for dot in _dots(line, scale, columns, rows)}


def _braille(lines: Sequence[Series], scale: _Scale, columns: int, rows: int) -> dict[tuple[int, int], tuple[str, int]]:
    bits: dict[tuple[int, int], int] = {}
    owner: dict[tuple[int, int], int] = {}
    for at, line in enumerate(lines):
        for x, y in _dots(line, scale, columns * 2, rows * 4):
            cell = (x // 2, y // 4)
            bits[cell] = bits.get(cell, 0) | _DOTS[y % 4][x % 2]
            owner[cell] = at
    return {cell: (chr(_BRAILLE + value), owner[cell]) for cell, value in bits.items()}


def _tinted(cell: tuple[str, int] | None, *, colour: bool) -> str:
    if cell is None:
        return " "
    return f"\x1b[{_COLOURS[cell[1]]}m{cell[0]}\x1b[0m" if colour else cell[0]


def _value_labels(scale: _Scale, height: int) -> list[str]:
    step = (scale.high - scale.low) / (height - 1)
    digits = max(0, min(9, 1 - math.floor(math.log10(scale.high - scale.low))))
    is_plain = max(abs(scale.low), abs(scale.high)) < 1e7  # noqa: PLR2004 - wider labels take the place of the drawing
    values = [scale.high - step * row for row in range(height)]
    return [
        (f"{value:.{digits}f}" if is_plain else f"{value:.4g}") if row % _TICK_EVERY == 0 or row == height - 1 else ""
        for row, value in enumerate(values)
    ]


def _time_labels(scale: _Scale, columns: int) -> str:
    seconds = (scale.end - scale.start) / 1000
    form = "%H:%M:%S" if seconds < _MINUTES else "%H:%M" if seconds < _DAY else "%m-%d %H:%M"
    form = form if seconds < _YEAR else "%Y-%m-%d"
    wide = len(datetime(2000, 1, 1, tzinfo=UTC).strftime(form))
    count = max(2, min(5, columns // (wide + 4)))
    line = [" "] * columns
    for at in range(count):
        moment = datetime.fromtimestamp((scale.start + (scale.end - scale.start) * at / (count - 1)) / 1000, UTC)
        begin = min(round((columns - 1) * at / (count - 1)), columns - wide) if at else 0
        begin = begin if at in (0, count - 1) else begin - wide // 2
        line[begin : begin + wide] = moment.strftime(form)
    return "".join(line)


def _legend(lines: Sequence[Series], *, use_marks: bool, colour: bool, plain: bool) -> list[str]:
    dash = "-" if plain else "─"
    named = [
        f"{_tinted((_MARKS[at] if use_marks else dash, at), colour=colour)} {line.name}"
        for at, line in enumerate(lines[:_MOST])
    ]
    return [*named, *([f"… {len(lines) - _MOST} more series, not drawn"] if len(lines) > _MOST else [])]
