"""Write a plot to a file: an SVG, or a PNG if matplotlib is installed."""

from __future__ import annotations

import importlib
import importlib.util
import io
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from gfplug import files, terminal
from gfplug.errors import UsageError
from gfplug.host.drawing.plot import Axis, time_label, value_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gfplug.host.drawing.plot import Series

_WIDTH, _HEIGHT = 900, 360
_LEFT_MARGIN, _RIGHT_MARGIN, _TOP_MARGIN, _BOTTOM_MARGIN = 80, 60, 20, 40
_COLOURS = ("#3274d9", "#e02f44", "#56a64b", "#ff780a", "#a352cc", "#f2cc0c", "#00b5b8", "#8f8f8f")
_TICKS = 5
_LINE = 18
_DPI = 100


def require_writable(path: Path) -> None:
    """Check that a picture can be written in the format of a file's suffix.

    Raises: UsageError for a suffix other than .svg and .png, or without matplotlib.
    """
    if path.suffix not in {".svg", ".png"}:
        raise UsageError(f"--plot {path.name}: the file name must end with .svg or .png")
    if path.suffix == ".png" and importlib.util.find_spec("matplotlib") is None:
        raise UsageError(
            f"--plot {path.name}: a PNG needs matplotlib",
            hint="install it in gfplug's environment, or name the file .svg",
        )


def write(lines: Sequence[Series], path: Path) -> None:
    """Write series to a file in the format of its suffix.

    Raises: UsageError as `require_writable` does, or when there is nothing to draw.
    """
    require_writable(path)
    if not any(value is not None for line in lines for _, value in line.points):
        raise UsageError("--plot: the answer has no time series", hint="numbers and tables have nothing to plot")
    if path.suffix == ".svg":
        files.write_atomic(path, svg(lines).encode())
    else:
        _write_png(lines, path)


def svg(lines: Sequence[Series]) -> str:
    """Draw series as an SVG document: axes in UTC, a legend, gaps for missing values."""
    moments = [at for line in lines for at, _ in line.points]
    values = [value for line in lines for _, value in line.points if value is not None]
    low, high = value_range(values)
    across = Axis(min(moments), max(*moments, min(moments) + 1), _WIDTH - _LEFT_MARGIN - _RIGHT_MARGIN)
    up = Axis(low, high, _HEIGHT - _TOP_MARGIN - _BOTTOM_MARGIN)
    parts = [*_axes(across, up)]
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        path, is_down = [], False
        for at, value in line.points:
            if value is not None:
                x, y = (
                    _LEFT_MARGIN + across.share(at) * across.dots,
                    _HEIGHT - _BOTTOM_MARGIN - up.share(value) * up.dots,
                )
                path.append(f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}")
            is_down = value is not None
        parts.append(f'<path d="{" ".join(path)}" stroke="{colour}" fill="none" stroke-width="1.5"/>')
        below = _HEIGHT + _LINE * number
        parts.append(f'<rect x="{_LEFT_MARGIN}" y="{below}" width="12" height="4" fill="{colour}"/>')
        parts.append(
            f'<text x="{_LEFT_MARGIN + 18}" y="{below + 6}">{escape(terminal.escape(line.name, keep=""))}</text>'
        )
    height = _HEIGHT + _LINE * len(lines) + 4
    font = 'font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" {font}>'
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{height}" fill="white"/>', *parts, "</svg>", ""])


def _axes(across: Axis, up: Axis) -> Iterator[str]:
    right, bottom = _WIDTH - _RIGHT_MARGIN, _HEIGHT - _BOTTOM_MARGIN
    for tick in range(_TICKS + 1):
        share = tick / _TICKS
        x, y = _LEFT_MARGIN + share * (right - _LEFT_MARGIN), bottom - share * (bottom - _TOP_MARGIN)
        moment = time_label(across.value(share), "%m-%d %H:%M:%S")
        yield f'<path d="M{_LEFT_MARGIN} {y:.1f}L{right} {y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT_MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{up.value(share):.4g}</text>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{moment}</text>'


def _write_png(lines: Sequence[Series], path: Path) -> None:
    dates: Any = importlib.import_module("matplotlib.dates")  # optional, so type checkers may not have it
    figure: Any = importlib.import_module("matplotlib.figure")
    drawing = figure.Figure(
        figsize=(_WIDTH / _DPI, (_HEIGHT + _LINE * len(lines)) / _DPI), dpi=_DPI, layout="constrained"
    )
    axes = drawing.subplots()
    for number, line in enumerate(lines):
        try:
            moments = [datetime.fromtimestamp(at / 1000, UTC) for at, _ in line.points]
        except (ValueError, OverflowError, OSError) as error:
            raise UsageError(
                f"--plot {path.name}: a PNG shows the years 1 to 9999, and {line.name!r} has other times",
                hint="name the file .svg",
            ) from error
        values = [math.nan if value is None else value for _, value in line.points]
        axes.plot(moments, values, label=line.name, color=_COLOURS[number % len(_COLOURS)])
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(axes.xaxis.get_major_locator(), tz=UTC))
    axes.grid(alpha=0.4)
    drawing.legend(loc="outside lower left", fontsize="small", frameon=False)
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="png")
    files.write_atomic(path, buffer.getvalue())
