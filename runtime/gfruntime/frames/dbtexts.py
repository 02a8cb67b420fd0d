"""Texts for objects of database drivers: ranges, bit strings, geometries, intervals.

The drivers are not imported: an object is recognised by its attributes.
"""

from __future__ import annotations

from typing import Any

_BOUNDS = ("lower", "upper", "lower_inc", "upper_inc", "isempty")
_UNITS = ((3_600 * 10**9, "H"), (60 * 10**9, "M"))


def text_of(item: Any) -> str | None:  # noqa: ANN401  # any object
    """Write a range, a multirange, a bit string or a geometry as the database does; None for any other object."""
    if all(hasattr(item, name) for name in _BOUNDS):
        return _range(item)
    if type(item).__name__ in ("Multirange", "MultiRange") and hasattr(item, "__iter__"):
        return f"{{{','.join(map(_range, item))}}}"
    if type(item).__name__ == "BitString" and hasattr(item, "as_string"):
        return str(item.as_string().replace(" ", ""))
    return item.wkt if isinstance(getattr(item, "wkt", None), str) else None


def _range(item: Any) -> str:  # noqa: ANN401  # a driver's own
    if item.isempty:
        return "empty"
    lower, upper = ("" if bound is None else str(bound) for bound in (item.lower, item.upper))
    begin = "[" if item.lower_inc and lower else "("
    return f"{begin}{lower},{upper}{']' if item.upper_inc and upper else ')'}"


def iso_interval(item: Any) -> str:  # noqa: ANN401  # pa.MonthDayNano
    """Write months, days and nanoseconds in ISO 8601: `P1M2DT3H4.5S`."""
    date = "".join(f"{count}{unit}" for count, unit in ((item.months, "M"), (item.days, "D")) if count)
    sign, rest = ("-" if item.nanoseconds < 0 else ""), abs(item.nanoseconds)
    parts = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        parts += [f"{sign}{count}{unit}"] if count else []
    if rest:
        seconds = f"{rest // 10**9}.{rest % 10**9:09}".rstrip("0").rstrip(".")
        parts.append(f"{sign}{seconds}S")
    time = f"T{''.join(parts)}" if parts else ""
    return f"P{date}{time}" if date or time else "PT0S"
