"""Times as other systems write them → nanoseconds since 1970 in UTC.

| written as                                             | read as                                                    |
| ------------------------------------------------------ | ---------------------------------------------------------- |
| `2026-01-31T12:00:00Z`, `…+02:00`, `2026-01-31 12:00`  | ISO 8601, up to nine digits of a second; UTC without a zone |
| `2026-01-31`, `20260131`                               | midnight UTC                                               |
| `Sat, 31 Jan 2026 12:00:00 GMT`, `31 Jan 2026 12:00 -0500` | RFC 2822                                               |
| `1769860800`, `1769860800.25`, `"1769860800"`          | a count since 1970 in the unit that is given               |
| datetime, date, and those of numpy and pandas          | themselves; UTC without a zone                             |
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal, cast

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import kinds, lists

if TYPE_CHECKING:
    from collections.abc import Sequence

Unit = Literal["s", "ms", "us", "ns"]
GivenUnit = Literal["s", "ms", "us", "ns", "guess"]

_FACTORS: dict[Unit, int] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_LIMITS: tuple[tuple[float, Unit], ...] = ((1e11, "s"), (1e14, "ms"), (1e17, "us"))
"""Counts below which a guess chooses each unit: 1e11 s is the year 5138, 1e11 ms is March 1973."""

_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9})\d*)?)?(?:\s*(Z|z|[+-]\d\d(?::?\d\d)?))?(?:\s*UTC)?)?"
)
_RFC_2822 = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d\d:\d\d(:\d\d)?(\s+([A-Za-z]{1,3}|[+-]\d{4}))?"
)
_COUNT = re.compile(r"[+-]?\d+(\.\d+)?")
_DATE_DIGITS = 8
_NS = pa.timestamp("ns")


def read(values: Sequence[Any], unit: GivenUnit | None = None) -> pa.Array:
    """Read times of the kinds in this module's table; missing values are null.

    Shape: one time for each value.
    Units: counts are in `unit`; "guess" chooses the unit by the size of the largest count.
    Raises: FrameError naming the first row without a time, or asking for the missing unit.
    """
    if unit not in (None, "guess", *_FACTORS):
        raise FrameError(f"unit {unit!r} must be s, ms, us, ns or guess")
    if unit is None and (fast := _read_iso(values)) is not None:
        return fast
    if values and type(values[0]) is dt.datetime and (column := lists.column(list(values))) is not None:
        return column[1]
    items = [_parse(value, row, has_unit=unit is not None) for row, value in enumerate(values)]
    counts = [value for value in items if isinstance(value, Decimal)]
    if counts and unit is None:
        row = next(row for row, value in enumerate(items) if isinstance(value, Decimal))
        guess = guess_unit(counts)
        raise FrameError(
            f"row {row} is the number {values[row]}: pass its unit; unit={guess!r} would make it "
            f"{_moment(items[row], guess)}"
        )
    if unit == "guess" and len({guess_unit([count]) for count in counts if count}) > 1:
        raise FrameError(f"the numbers {min(counts)} and {max(counts)} can't be times of one unit: pass the unit")
    factor = _FACTORS[guess_unit(counts) if unit in (None, "guess") else cast("Unit", unit)]
    ticks = [int(value * factor) if isinstance(value, Decimal) else value for value in items]
    try:
        return pa.array(ticks, pa.int64()).view(_NS)
    except OverflowError:
        raise FrameError(kinds.OUTSIDE) from None


def guess_unit(counts: Sequence[Any]) -> Unit:
    """Return the unit in which the largest count is a time between 1973 and 5138; seconds for small counts."""
    largest = max(map(abs, counts), default=0)
    return next((unit for limit, unit in _LIMITS if largest < limit), "ns")


def _moment(count: Any, unit: Unit) -> str:  # noqa: ANN401  # a Decimal
    try:
        return (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=int(count * _FACTORS[unit] / 1000))).isoformat()  # noqa: DTZ001  # UTC
    except OverflowError:
        return "a time after the year 9999"


def _read_iso(values: Sequence[Any]) -> pa.Array | None:
    """Read ISO 8601 texts that all have a zone, or all have none; None for other values."""
    if not all(value is None or isinstance(value, str) for value in values):
        return None
    texts = pa.array(values, pa.string())
    for kind in (_NS, pa.timestamp("ns", "UTC")):
        try:
            return texts.cast(kind).cast(pa.int64()).view(_NS)
        except pa.ArrowInvalid:
            continue
    return None


def _parse(value: Any, row: int, *, has_unit: bool) -> int | Decimal | None:  # noqa: ANN401  # any object
    """Parse one value: nanoseconds, or a count without its unit.

    Raises: FrameError naming the row.
    """
    try:
        if isinstance(value, str):
            return _parse_text(value.strip(), has_unit=has_unit)
        kind, plain = kinds.plain(value)
        if plain is None or (kind == "numbers" and plain != plain):  # noqa: PLR0124  # NaN
            return None
        if kind == "times":
            return int(plain)
        if kind == "numbers":
            count = value if isinstance(value, Decimal) else Decimal(str(plain))
            if not count.is_infinite():
                return count
    except (FrameError, InvalidOperation, TypeError, ValueError):
        pass
    text = repr(value)
    raise FrameError(
        f"row {row} is not a time: {text if len(text) <= 40 else text[:37] + '...'}; use ISO 8601 "  # noqa: PLR2004
        "(2026-01-31T12:00:00Z), RFC 2822, a datetime, or a number and its unit"
    )


def _parse_text(text: str, *, has_unit: bool) -> int | Decimal | None:
    if not text:
        return None
    if _COUNT.fullmatch(text) and (has_unit or len(text) != _DATE_DIGITS):
        return Decimal(text)
    if match := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        whole = dt.datetime(  # noqa: DTZ001  # the zone follows
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
        return _nanoseconds(whole - _offset(zone)) + int((fraction or "").ljust(9, "0"))
    if _RFC_2822.fullmatch(text):
        from email.utils import parsedate_to_datetime  # noqa: PLC0415  # slow to import, and seldom needed

        moment = parsedate_to_datetime(text)
        return _nanoseconds((moment - (moment.utcoffset() or dt.timedelta())).replace(tzinfo=None))
    raise ValueError(text)


def _offset(zone: str | None) -> dt.timedelta:
    if zone in (None, "Z", "z"):
        return dt.timedelta()
    digits = zone[1:].replace(":", "")
    offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -offset if zone[0] == "-" else offset


def _nanoseconds(moment: dt.datetime) -> int:
    since = moment - dt.datetime(1970, 1, 1)  # noqa: DTZ001  # both are in UTC
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000
