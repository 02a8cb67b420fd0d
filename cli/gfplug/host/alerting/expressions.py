"""Grafana's reduce and threshold, on plain values; None is null.

Source: github.com/grafana/grafana, pkg/expr (mathexp/reduce.go, threshold.go).
"""

from __future__ import annotations

import math
import operator
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gfplug.host.alerting.readings import Value

REDUCERS = ("sum", "mean", "min", "max", "count", "last", "median")
_MODES = {"": "strict", "strict": "strict", "dropNN": "dropNN", "replaceNN": "replaceNN"}
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "lt": operator.lt,
    "eq": operator.eq,
    "ne": operator.ne,
    "gte": operator.ge,
    "lte": operator.le,
}
_RANGES: dict[str, Callable[[float, float, float], bool]] = {
    "within_range": lambda value, low, high: low < value < high,
    "outside_range": lambda value, low, high: value < low or value > high,
    "within_range_included": lambda value, low, high: low <= value <= high,
    "outside_range_included": lambda value, low, high: value <= low or value >= high,
}
_SIGNS = {">": "gt", "<": "lt", "==": "eq", "!=": "ne", ">=": "gte", "<=": "lte"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """Reduces a series to a number. Modes: strict, dropNN, replaceNN (with `replacement`).

    Raises: UsageError for a reducer or mode that Grafana does not have.
    """

    reducer: str
    mode: str = "strict"
    replacement: float = 0.0

    def __post_init__(self) -> None:
        """Check the names."""
        if self.reducer not in REDUCERS:
            raise UsageError(f"unknown reducer {self.reducer!r}", hint=f"one of {', '.join(REDUCERS)}")
        if self.mode not in _MODES:
            raise UsageError(f"unknown reduce mode {self.mode!r}", hint=f"one of {', '.join(filter(None, _MODES))}")

    def apply(self, values: Sequence[Value]) -> Value:
        """Reduce the values of a series, in their order."""
        mode = _MODES[self.mode]
        if mode == "dropNN":
            number = self._reduce([value for value in values if value is not None and math.isfinite(value)])
            return None if number is None or math.isnan(number) else number
        if mode == "replaceNN":
            numbers = [value if value is not None and math.isfinite(value) else self.replacement for value in values]
            number = self._reduce(numbers)
            return self.replacement if number is None or math.isnan(number) else number
        return self._reduce(values)

    def _reduce(self, values: Sequence[Value]) -> Value:
        if self.reducer == "count":
            return float(len(values))
        if self.reducer == "last":
            return values[-1] if values else math.nan
        numbers = [value for value in values if value is not None and not math.isnan(value)]
        if len(numbers) < len(values):
            return math.nan
        if self.reducer == "sum":
            return float(sum(numbers))
        functions: dict[str, Callable[[list[float]], float]] = {
            "mean": statistics.fmean,
            "min": min,
            "max": max,
            "median": statistics.median,
        }
        return float(functions[self.reducer](numbers)) if numbers else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Compares a number: the result is 1 or 0; null stays null.

    Raises: UsageError for an operator that Grafana does not have, or too few bounds.
    """

    operator: str
    bounds: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the operator."""
        if self.operator not in _COMPARED and self.operator not in _RANGES:
            names = ", ".join([*_COMPARED, *_RANGES])
            raise UsageError(f"unknown threshold {self.operator!r}", hint=f"one of {names}")
        if not all(map(math.isfinite, self.bounds)):
            raise UsageError(f"the threshold {self.operator} expects numbers, got {', '.join(map(str, self.bounds))}")
        if len(self.bounds) < 1 + (self.operator in _RANGES):
            raise UsageError(f"the threshold {self.operator} needs a number")

    def apply(self, value: Value) -> Value:
        """Compare one number; with NaN only `ne` is true."""
        if value is None:
            return None
        if self.operator in _RANGES:
            return float(_RANGES[self.operator](value, self.bounds[0], self.bounds[1]))
        return float(_COMPARED[self.operator](value, self.bounds[0]))


def parse(text: str) -> tuple[Reduction | None, Comparison]:
    """Read `last > 0.5`, or `> 0.5` for numbers, which need no reducer.

    Raises: UsageError for anything else.
    """
    words = text.split()
    reducer = [] if words and words[0] in _SIGNS else words[:1]
    rest = words[len(reducer) :]
    if len(rest) != 2 or rest[0] not in _SIGNS:  # noqa: PLR2004 - a sign and a number
        raise UsageError(f"--when {text!r} is not a condition", hint="write it as 'last > 0.5'")
    try:
        bound = float(rest[1])
    except ValueError as error:
        raise UsageError(f"--when: {rest[1]!r} is not a number") from error
    reduction = Reduction(reducer=reducer[0]) if reducer else None
    return reduction, Comparison(operator=_SIGNS[rest[0]], bounds=(bound,))
