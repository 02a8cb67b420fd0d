"""Arrow columns with database types that Grafana does not have; `dbvalues` describes how they are converted."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import compute as pc
from gfruntime.frames.dbvalues import YEARS, Kind, document, from_objects, texts_of_bytes
from gfruntime.frames.field import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # UTC
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
_INFINITIES = {
    **dict.fromkeys((2**63 - 1, (2**31 - 1) * _DAY), "infinity"),
    **dict.fromkeys((1 - 2**63, (1 - 2**31) * _DAY), "-infinity"),
}
"""DuckDB's infinite times, in microseconds and in seconds of its days; in ADBC they overflow and are not recognised."""
_IPV4 = 2  # PostgreSQL's address family; the other value is IPv6


def from_arrow(name: str, values: pa.ChunkedArray, field_type: Any, kind: Kind = "") -> Field:  # noqa: ANN401  # a FieldType
    """Make a field of a column in Arrow.

    Raises: FrameError naming the column.
    """
    arrow_type = values.type
    if field_type is not None:
        return Field(name, values, field_type)
    if getattr(arrow_type, "extension_name", "") == "arrow.opaque":
        return Field(name, _opaque(name, values.combine_chunks(), arrow_type))
    if pa.types.is_dictionary(arrow_type):
        return from_arrow(name, values.cast(arrow_type.value_type), None)
    if kind == "bits" and pa.types.is_binary(arrow_type):
        return Field(name, [None if wire is None else _bits(wire) for wire in values.to_pylist()], "string")
    for is_kind, convert in _BY_ARROW:
        if is_kind(arrow_type):
            return convert(name, values)
    return Field(name, values)


def _binary(name: str, values: pa.ChunkedArray) -> Field:
    return Field(name, texts_of_bytes(values.to_pylist()), "string")


def _bits(wire: bytes) -> str:
    """Read DuckDB's bit string: a byte with the number of padding bits, then the padding and the bits."""
    return "".join(f"{byte:08b}" for byte in wire[1:])[wire[0] :]


def _interval(name: str, values: pa.ChunkedArray) -> Field:
    """Convert intervals to seconds; to texts if an interval has months, whose length varies."""
    intervals = values.to_pylist()
    if any(interval is not None and interval.months for interval in intervals):
        return Field(name, intervals)
    return Field(
        name, [None if one is None else one.days * _DAY + one.nanoseconds / 1e9 for one in intervals], "float64"
    )


def _integer(name: str, values: pa.ChunkedArray) -> Field:
    try:
        return Field(name, values.cast(pa.int64()))
    except pa.ArrowInvalid:
        return Field(name, values)


def _union(name: str, values: pa.ChunkedArray) -> Field:
    return from_objects(name, values.to_pylist(), None, "union")


def _nested(name: str, values: pa.ChunkedArray) -> Field:
    for kind in _kinds_within(values.type):
        if getattr(kind, "extension_name", "") == "arrow.opaque" and not pa.types.is_string(kind.storage_type):
            raise FrameError(_binary_form(name, kind))
    try:
        objects = values.to_pylist(maps_as_pydicts="strict")
    except TypeError:  # keys that Python can't hash
        objects = values.to_pylist()
    return Field(name, [None if value is None else document(value) for value in objects], "json")


def _kinds_within(kind: pa.DataType) -> Iterator[pa.DataType]:
    for field in map(kind.field, range(kind.num_fields)):
        yield field.type
        yield from _kinds_within(field.type)


def _binary_form(name: str, kind: Any) -> str:  # noqa: ANN401  # pa.OpaqueType
    return (
        f"column {name!r}: the driver gives {kind.type_name} in the database's binary form: "
        f"make it text in the query, {name}::text"
    )


def _time(name: str, values: pa.ChunkedArray) -> Field:
    """Keep times; convert the column to texts if a time is out of the range of nanoseconds."""
    unit = getattr(values.type, "unit", "ms")
    if pa.types.is_date32(values.type):
        ticks, unit = pc.multiply(values.cast(pa.int32()).cast(pa.int64()), _DAY), "s"
    else:
        ticks = values.cast(pa.int64())
    limits = pc.min_max(ticks)
    seconds = [None if tick.as_py() is None else tick.as_py() // _PER_SECOND[unit] for tick in limits.values()]
    first, last = dt.datetime(YEARS.start, 1, 1) - _EPOCH, dt.datetime(YEARS.stop, 1, 1) - _EPOCH  # noqa: DTZ001  # UTC
    if (
        seconds[0] is None
        or seconds[1] is None
        or first.total_seconds() <= seconds[0] <= seconds[1] < last.total_seconds()
    ):
        return Field(name, values)
    is_date = pa.types.is_date(values.type)
    return Field(name, [_iso(tick, _PER_SECOND[unit], is_date=is_date) for tick in ticks.to_pylist()], "string")


def _iso(tick: int | None, per_second: int, *, is_date: bool) -> str | None:
    if tick is None:
        return None
    try:
        moment = _EPOCH + dt.timedelta(microseconds=tick * 10**6 // per_second)
    except OverflowError:
        return _INFINITIES.get(tick, "out of range")
    return moment.date().isoformat() if is_date else moment.isoformat()


def _opaque(name: str, array: pa.Array, kind: Any) -> pa.Array:  # noqa: ANN401  # pa.OpaqueType
    """Read a type that ADBC has no Arrow type for.

    Raises: FrameError naming the type to cast.
    """
    storage = array.storage
    if pa.types.is_string(storage.type):
        return storage.cast(pa.float64()) if kind.type_name == "numeric" else storage
    read = _WIRE.get(kind.type_name)
    if read is None:
        raise FrameError(_binary_form(name, kind))
    return pa.array([None if value is None else read(value) for value in storage.to_pylist()], pa.string())


def _address(wire: bytes) -> str:
    """Read PostgreSQL's inet or cidr: family, bits, whether it is a network, length, address."""
    family, bits, is_network, _length = wire[:4]
    address = ipaddress.IPv4Address(wire[4:]) if family == _IPV4 else ipaddress.IPv6Address(wire[4:])
    return str(address) if bits == address.max_prefixlen and not is_network else f"{address}/{bits}"


def _is_whole_decimal(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind) and kind.scale == 0)


def _is_binary(kind: pa.DataType) -> bool:
    is_short = pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return bool(is_short or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


_WIRE: Mapping[str, Callable[[bytes], str]] = {
    "inet": _address,
    "cidr": _address,
    "macaddr": lambda wire: wire.hex(":"),
    "macaddr8": lambda wire: wire.hex(":"),
    "xml": lambda wire: wire.decode(errors="replace"),
}

_BY_ARROW: tuple[tuple[Callable[[pa.DataType], bool], Callable[[str, pa.ChunkedArray], Field]], ...] = (
    (_is_binary, _binary),
    (pa.types.is_interval, _interval),
    (pa.types.is_union, _union),
    (pa.types.is_nested, _nested),
    (_is_whole_decimal, _integer),
    (pa.types.is_timestamp, _time),
    (pa.types.is_date, _time),
)
