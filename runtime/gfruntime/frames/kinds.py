"""The kind of a Python object of any library, and its plain Python value.

`items` lists the kinds. None of the libraries is imported.
"""

from __future__ import annotations

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
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import dbtexts

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["null", "numbers", "booleans", "texts", "times", "durations", "times of day", "bytes", "documents"]

_UTC = dt.timezone.utc  # noqa: UP017  # the same on Python 3.10
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_SECONDS_RANGE = range(-(2**63) // 10**9 + 1, 2**63 // 10**9)
COMPLEX = "Grafana has no type for complex numbers: use .real, .imag or abs()"
OUTSIDE = "a time is outside the years 1677 to 2262, the range of nanoseconds"


def plain(item: Any) -> tuple[Kind, Any]:  # noqa: ANN401  # any object
    """Return an object's kind, and its plain Python value.

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
        return "numbers", to_float(item)
    raise FrameError(
        f"Grafana has no type for a {type(item).__qualname__} ({short(item)}): convert it to str, a number or a time"
    )


def is_record(item: object) -> bool:
    """Tell whether an object is a dataclass, or a record of attrs, msgspec or pydantic."""
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
        if int(item.astype(f"{name}[s]").astype("int64")) not in _SECONDS_RANGE:  # numpy would wrap around
            raise FrameError(OUTSIDE)
        return ("times" if letter == "M" else "durations"), int(item.astype(f"{name}[ns]").astype("int64"))
    if letter == "f":
        return "numbers", float(item)
    if letter == "V":
        raise FrameError(f"Grafana has no type for a {type(item).__name__} of numpy ({short(item)})")
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
    """Return a pandas time in nanoseconds; its unit may be another."""
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


def to_float(item: Any) -> float:  # noqa: ANN401  # a number of any kind
    """Round a number to the nearest float64.

    Raises: FrameError if it is larger than any float64.
    """
    try:
        number = float(item)
    except OverflowError:
        number = math.inf
    except ValueError:  # a signalling NaN
        return math.nan
    if math.isinf(number) and not _is_infinite(item):
        raise FrameError(f"{short(item)} is larger than any number that Grafana holds (about 1.8e308)")
    return number


def _is_infinite(item: Any) -> bool:  # noqa: ANN401  # a number of any kind
    return bool(item.is_infinite()) if isinstance(item, Decimal) else isinstance(item, float)


def short(item: object) -> str:
    """Write an object for a message, shortened."""
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
    ((Decimal, Fraction), lambda item: ("numbers", to_float(item))),
    ((bytes, bytearray, memoryview), lambda item: ("bytes", bytes(item))),
    ((uuid.UUID, PurePath, ipaddress.IPv4Address, ipaddress.IPv6Address), _text),
    ((ipaddress.IPv4Network, ipaddress.IPv6Network), _text),
    (pa.MonthDayNano, lambda item: ("texts", dbtexts.iso_interval(item))),
    ((Mapping, list, tuple, AbstractSet, deque), _document),
)
_RECORDS = ("__dataclass_fields__", "__attrs_attrs__", "__struct_fields__", "model_fields")
_FOREIGN = {"numpy": _numpy, "pandas": _pandas, "pyarrow": _pyarrow, "zoneinfo": _text}
"""Types of libraries, by the library's name; a bundle has only libraries that its author imports."""
