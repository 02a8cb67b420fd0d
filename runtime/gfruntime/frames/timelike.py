"""Columns that look like times but are not: the usual cause of one alert for each row, and of panels without a line.

Imports nothing but the standard library, so that tools outside a plugin can load this file by its path.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_CHECKED_VALUES = 20
"""The number of values of a column that are checked."""

_TEXT = re.compile(
    r"\d{4}-\d\d-\d\d([Tt ]\d\d:?\d\d\S*(\s*([+-]\d{4}|UTC|Z)){0,2})?"  # ISO 8601
    r"|\d{8}[Tt]\d{4,6}\S*"
    r"|([A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d.*"  # RFC 2822
)
_COUNT = re.compile(r"\d{9,19}(\.\d+)?")
_NAMES = {"time", "timestamp", "ts", "t", "date", "datetime", "epoch", "unixtime"}
_UNITS = ((1e11, "s"), (1e14, "ms"), (1e17, "us"), (float("inf"), "ns"))
_OLDEST = 3e8
"""Seconds since 1970, in the middle of 1979; smaller numbers are not taken for times."""


class TimeLike(NamedTuple):
    """A column that looks like times: the type of its values, and how to convert it."""

    name: str
    holds: str
    hint: str

    @property
    def sentence(self) -> str:
        """Describe the column in one sentence."""
        return f"{self.name!r} holds {self.holds}, not times: {self.hint}"


def find(name: str, values: Iterable[object]) -> TimeLike | None:
    """Describe a column whose texts or numbers look like times; return None if they don't."""
    sample = [value for value in _first_values(values) if value is not None]
    if not sample:
        return None
    if all(isinstance(value, str) for value in sample):
        texts = [str(value).strip() for value in sample]
        if all(_TEXT.fullmatch(text) for text in texts):
            hint = f"write Frame.from_records(rows, time={name!r}), or Field({name!r}, values, 'time')"
            return TimeLike(name, "texts", hint)
        is_count = name.lower().lstrip("@_") in _NAMES and all(_COUNT.fullmatch(text) for text in texts)
        sample = [float(text) for text in texts] if is_count else []
    if name.lower().lstrip("@_") not in _NAMES:
        return None
    unit = _unit([value for value in sample if isinstance(value, (int, float)) and not isinstance(value, bool)])
    if not unit:
        return None
    hint = f"write Frame.from_records(rows, time={name!r}, unit={unit!r}), or epoch(values, {unit!r})"
    return TimeLike(name, "numbers", hint)


def _first_values(values: Iterable[object]) -> Sequence[object]:
    return values[:MAX_CHECKED_VALUES] if isinstance(values, (list, tuple)) else list(values)[:MAX_CHECKED_VALUES]


def _unit(counts: Sequence[float]) -> str:
    """Guess the unit of counts since 1970; empty if they have no common unit that gives times from 1979 to 5138."""
    units = {next(unit for limit, unit in _UNITS if count < limit) for count in counts if count >= _OLDEST}
    return units.pop() if len(units) == 1 and all(count >= _OLDEST for count in counts) else ""
