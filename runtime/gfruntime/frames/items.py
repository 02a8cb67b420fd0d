"""A list of Python objects → one Arrow array: each object by its kind, and one kind in a column.

| kind         | objects                                                               | array                  |
| ------------ | --------------------------------------------------------------------- | ---------------------- |
| null         | None, NaT, pandas' NA, masked values; NaN beside anything but numbers | null                   |
| numbers      | int, float, Decimal, Fraction, numpy's                                | int64, uint64, float64 |
| booleans     | bool, numpy's                                                         | bool                   |
| texts        | str, UUID, IP addresses and networks, paths, zones, pandas' intervals | string                 |
|              | ranges, multiranges, bit strings, Arrow's intervals with months       |                        |
| times        | datetime and date, numpy's and pandas' (naive ones are taken as UTC)  | timestamp[ns]          |
| durations    | timedelta, numpy's and pandas'                                        | duration[ns]           |
| times of day | time                                                                  | string                 |
| bytes        | bytes, bytearray, memoryview                                          | binary                 |
| documents    | mappings, lists, tuples, sets, arrays, dataclasses                    | the list, unchanged    |

An enum's member counts as its value. Integers beyond 64 bits make the column float64.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import ipaddress
import math
import uuid
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import dbtexts
from gfruntime.frames.labels import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["null", "numbers", "booleans", "texts", "times", "durations", "times of day", "bytes", "documents"]

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)
_SECONDS = range(-(2**63) // 10**9 + 1, 2**63 // 10**9)
COMPLEX = "Grafana has no type for complex numbers: give .real, .imag or abs()"
_NO_ROW = -1
OUTSIDE = "a time is outside the years 1677 to 2262, which is all that nanoseconds hold"


class _Column(NamedTuple):
    """Objects that are all of one kind or null, as the plain values which that kind has."""

    kind: Kind
    values: list[Any]


def array(items: list[Any], *, as_texts: bool = False) -> pa.Array | list[Any]:
    """Make an array of objects of one kind; documents come back as the list that they are.

    With `as_texts` each object of a mixed column becomes its text.
    Raises: FrameError naming the rows whose objects differ in kind, or what Grafana knows no kind for.
    """
    types = set(map(type, items))
    types.discard(type(None))
    if types <= _NUMBERS or (len(types) == 1 and types <= _SINGLE):
        with contextlib.suppress(OverflowError, pa.ArrowInvalid):  # integers that int64 or float64 can't hold exactly
            return pa.array(items)
    column = _of_one_kind(items, as_texts=as_texts)
    return _ARRAYS[column.kind](column.values)


def _of_one_kind(items: list[Any], *, as_texts: bool) -> _Column:
    """Find the kind of a column, and the plain value of each object.

    Raises: FrameError for objects of two kinds, or of none.
    """
    pairs = [_named(item, row) for row, item in enumerate(items)]
    rows: dict[Kind, int] = {}
    for row, (kind, value) in enumerate(pairs):
        if value is not None:
            rows.setdefault(kind, row)
    values = [value for _, value in pairs]
    if "numbers" in rows and len(rows) > 1:  # NaN is how numpy and pandas write a missing value of any kind
        values = [None if _is_nan(value) else value for value in values]
        numbers = (row for row, (kind, _) in enumerate(pairs) if kind == "numbers" and values[row] is not None)
        rows["numbers"] = next(numbers, _NO_ROW)
        rows = {kind: row for kind, row in rows.items() if row != _NO_ROW}
    if len(rows) > 1 and as_texts:
        texts = [None if value is None else as_text(item) for value, item in zip(values, items, strict=True)]
        return _Column("texts", texts)
    if len(rows) > 1:
        raise FrameError(_mixture(items, rows))
    missing: Kind = next((kind for kind, _ in pairs if kind != "null"), "null")  # NaT alone is a time
    return _Column(next(iter(rows), missing), values)


def _mixture(items: list[Any], rows: Mapping[Kind, int]) -> str:
    """Say which rows differ, and the ways out; `rows` has the first row of each kind."""
    one, other = sorted(rows.items(), key=lambda item: item[1])[:2]
    return (
        f"{one[0]} and {other[0]} in one column: row {one[1]} is {_short(items[one[1]])}, row {other[1]} is "
        f"{_short(items[other[1]])}; give None where a value is missing, or the type 'string' to make all of them texts"
    )


def _named(item: object, row: int) -> tuple[Kind, Any]:
    try:
        return plain(item)
    except FrameError as error:
        raise FrameError(f"row {row}: {error}") from None


def plain(item: Any) -> tuple[Kind, Any]:  # noqa: ANN401  # any object
    """Tell an object's kind, and what it is in plain Python.

    Raises: FrameError if Grafana has no type for it.
    """
    if isinstance(item, enum.Enum):
        return plain(item.value)
    for kinds, convert in _BY_TYPE:
        if isinstance(item, kinds):
            return convert(item)
    library = type(item).__module__.partition(".")[0]
    if library in _FOREIGN:
        return _FOREIGN[library](item)
    text = dbtexts.text_of(item)
    if text is not None:
        return "texts", text
    if is_record(item):
        return "documents", item
    if isinstance(item, complex):
        raise FrameError(COMPLEX)
    if hasattr(item, "__float__"):
        return "numbers", _float(item)
    raise FrameError(
        f"Grafana has no type for a {type(item).__qualname__} ({_short(item)}): give its text (str), a number or a time"
    )


def is_record(item: object) -> bool:
    """Tell whether an object is a dataclass, or what attrs, msgspec and pydantic have for one."""
    return any(hasattr(type(item), name) for name in _RECORDS)


def _numpy(item: Any) -> tuple[Kind, Any]:  # noqa: ANN401  # numpy need not be installed
    if getattr(item, "ndim", 0):
        return "documents", item
    if type(item).__name__ == "MaskedConstant":
        return "null", None
    letter = item.dtype.kind
    if letter in "mM" and item != item:  # noqa: PLR0124  # NaT differs from itself
        return ("times" if letter == "M" else "durations"), None
    if letter in "mM":
        name = "datetime64" if letter == "M" else "timedelta64"
        if int(item.astype(f"{name}[s]").astype("int64")) not in _SECONDS:  # numpy would wrap around
            raise FrameError(OUTSIDE)
        return ("times" if letter == "M" else "durations"), int(item.astype(f"{name}[ns]").astype("int64"))
    if letter == "f":
        return "numbers", float(item)
    if letter == "V":
        raise FrameError(f"Grafana has no type for a {type(item).__name__} of numpy ({_short(item)})")
    return plain(item.item())


def _pandas(item: Any) -> tuple[Kind, Any]:  # noqa: ANN401  # pandas need not be installed
    name = type(item).__name__
    if name in ("NaTType", "NAType"):
        return ("times" if name == "NaTType" else "null"), None
    if name == "Timestamp":
        return "times", _nanoseconds(item)
    if name == "Timedelta":
        return "durations", _nanoseconds(item)
    if name == "Period":
        return "times", _nanoseconds(item.to_timestamp())
    if name == "Interval":
        return "texts", str(item)
    raise FrameError(f"Grafana has no type for a {name} of pandas")


def _pyarrow(item: Any) -> tuple[Kind, Any]:  # noqa: ANN401  # a scalar
    if not item.is_valid:
        return "null", None
    return ("times", item.cast(pa.timestamp("ns")).value) if pa.types.is_timestamp(item.type) else plain(item.as_py())


def _nanoseconds(item: Any) -> int:  # noqa: ANN401  # a Timestamp or Timedelta
    """Count a pandas time's nanoseconds, whatever unit it is kept in."""
    try:
        return int(item.as_unit("ns").value)
    except (ArithmeticError, ValueError) as error:  # OutOfBoundsDatetime is a ValueError
        raise FrameError(OUTSIDE) from error


def _time(item: dt.datetime) -> tuple[Kind, Any]:
    if type(item).__module__.startswith("pandas"):
        return _pandas(item)
    aware = item if item.tzinfo else item.replace(tzinfo=_UTC)
    return "times", _ticks(aware - _EPOCH)


def _duration(item: dt.timedelta) -> tuple[Kind, Any]:
    return _pandas(item) if type(item).__module__.startswith("pandas") else ("durations", _ticks(item))


def _ticks(since: dt.timedelta) -> int:
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def _float(item: Any) -> float:  # noqa: ANN401  # a number of any kind
    """Round a number to the nearest float64.

    Raises: FrameError if it is larger than any.
    """
    try:
        number = float(item)
    except OverflowError:
        number = math.inf
    except ValueError:  # a signalling NaN
        return math.nan
    if math.isinf(number) and not _is_infinite(item):
        raise FrameError(f"{_short(item)} is larger than any number that Grafana holds (about 1.8e308)")
    return number


def _is_infinite(item: Any) -> bool:  # noqa: ANN401  # a number of any kind
    return bool(item.is_infinite()) if isinstance(item, Decimal) else isinstance(item, float)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _short(item: object) -> str:
    text = repr(item)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004  # part of a line


def _text(item: object) -> tuple[Kind, Any]:
    return "texts", str(item)


def _document(item: object) -> tuple[Kind, Any]:
    return "documents", item


_BY_TYPE: tuple[tuple[type | tuple[type, ...], Callable[[Any], tuple[Kind, Any]]], ...] = (
    (type(None), lambda item: ("null", item)),
    (bool, lambda item: ("booleans", item)),
    (int, lambda item: ("numbers", int(item))),
    (float, lambda item: ("numbers", float(item))),
    (str, _text),
    (dt.datetime, _time),
    (dt.date, lambda item: ("times", _ticks(dt.datetime.combine(item, dt.time(), _UTC) - _EPOCH))),
    (dt.timedelta, _duration),
    (dt.time, lambda item: ("times of day", item.isoformat(timespec="microseconds"))),
    ((Decimal, Fraction), lambda item: ("numbers", _float(item))),
    ((bytes, bytearray, memoryview), lambda item: ("bytes", bytes(item))),
    ((uuid.UUID, PurePath, ipaddress.IPv4Address, ipaddress.IPv6Address), _text),
    ((ipaddress.IPv4Network, ipaddress.IPv6Network), _text),
    (pa.MonthDayNano, lambda item: ("texts", dbtexts.iso_interval(item))),
    ((Mapping, list, tuple, AbstractSet, deque), _document),
)
_RECORDS = ("__dataclass_fields__", "__attrs_attrs__", "__struct_fields__", "model_fields")
_FOREIGN = {"numpy": _numpy, "pandas": _pandas, "pyarrow": _pyarrow, "zoneinfo": _text}
"""What is known by its library's name: no bundle holds these but that of an author who imports them."""

_NUMBERS = {float, int}
_SINGLE = {str, bool, dt.datetime, dt.timedelta}
"""Types that Arrow reads faster, and reads right as long as a column has no other."""


def _number_array(values: list[Any]) -> pa.Array:
    """Choose int64, then uint64, then float64."""
    if all(value is None or type(value) is int for value in values):
        whole = [value for value in values if value is not None]
        for allowed, kind in ((_INT64, pa.int64()), (_UINT64, pa.uint64())):
            if all(value in allowed for value in whole):
                return pa.array(values, kind)
    return pa.array([None if value is None else _float(value) for value in values], pa.float64())


def _ticks_array(kind: pa.DataType) -> Callable[[list[Any]], pa.Array]:
    def make(values: list[Any]) -> pa.Array:
        try:
            return pa.array(values, pa.int64()).view(kind)
        except OverflowError:
            raise FrameError(OUTSIDE) from None

    return make


def _as_list(values: list[Any]) -> list[Any]:
    return values


_ARRAYS: Mapping[Kind, Callable[[list[Any]], Any]] = {
    "null": lambda values: pa.nulls(len(values)),
    "numbers": _number_array,
    "booleans": lambda values: pa.array(values, pa.bool_()),
    "texts": lambda values: pa.array(values, pa.string()),
    "times": _ticks_array(pa.timestamp("ns")),
    "durations": _ticks_array(pa.duration("ns")),
    "times of day": lambda values: pa.array(values, pa.string()),
    "bytes": lambda values: pa.array(values, pa.binary()),
    "documents": _as_list,
}
