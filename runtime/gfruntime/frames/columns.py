"""Values of any kind → one Arrow array of a type that Grafana reads.

Inputs: lists, tuples and other iterables, numpy arrays, pandas and polars series, pyarrow arrays, and objects with the
Arrow PyCapsule interface. Grafana's reader has few types; other types are converted by this table or refused:

| Arrow type                               | becomes                                                      |
| ---------------------------------------- | ------------------------------------------------------------ |
| integers, float32, float64, bool, string | the same                                                     |
| timestamp, any unit and zone             | time: nanoseconds, UTC; naive times are taken as UTC         |
| date32, date64                           | time, midnight UTC                                           |
| time32, time64                           | string, `HH:MM:SS.ffffff`                                    |
| duration                                 | float64, seconds                                             |
| decimal                                  | float64, rounded                                             |
| float16                                  | float32                                                      |
| large_string, string_view                | string, at most 2 GiB                                        |
| dictionary, run-end encoded              | their values, by this table                                  |
| extension: uuid; json; bool8             | string; json; bool                                           |
| other extensions                         | their storage, by this table                                 |
| list, struct, map                        | json; NaN inside is null                                     |
| null                                     | float64, all null                                            |
| binary                                   | refused, unless `type="json"` says that each is a document   |
| interval, union                          | refused                                                      |

Missing values: None, NaT and pandas' NA are null. NaN is a value in lists and in numpy, and null in pandas, which uses
it for both. The module `enums` converts `enum` columns.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import compute as pc
from gfruntime.frames import inputs, items, json_text, lists, pandas_later, times
from gfruntime.frames.fieldtypes import FIELD_TYPES, FieldType, arrow_type

if TYPE_CHECKING:
    from collections.abc import Iterable

_BY_ID: dict[int, FieldType] = {arrow_type(name).id: name for name in FIELD_TYPES if name not in ("enum", "json")}
_NS = pa.timestamp("ns")

pandas_later.defer()
_SECOND = 1_000_000_000
_UNITS = ("s", "ms", "us", "ns")
_UNREADABLE = (FrameError, pa.ArrowException, OverflowError, TypeError, ValueError, RecursionError)


def column(values: Any, field_type: FieldType | None, *, name: str) -> tuple[FieldType, pa.Array]:  # noqa: ANN401
    """Normalise one column's values.

    Shape: one dimension, one Arrow array without chunks.
    Units: times are nanoseconds since 1970 in UTC, without a zone.
    Raises: FrameError naming the column if Grafana has no type for the values, or they don't fit `field_type`.
    """
    if field_type is not None and field_type not in FIELD_TYPES:
        raise FrameError(f"column {name!r}: unknown type {field_type!r}; the types are {', '.join(FIELD_TYPES)}")
    try:
        pandas_later.look()
        values = inputs.read(values)
        if not isinstance(values, list):
            return _to_field_type(values, field_type)
        short = lists.column(values)
        if short is not None and field_type in (None, short[0]):
            return short
        return _from_items(values, field_type, name)
    except _UNREADABLE as error:
        raise _column_error(name, error, field_type) from error


def arrow(values: Any, *, name: str) -> pa.Array:  # noqa: ANN401  # any kind of column
    """Make an Arrow array of the type that the values have.

    Raises: FrameError naming the column if the values have no type.
    """
    try:
        pandas_later.look()
        values = inputs.read(values)
        converted = items.array(values) if isinstance(values, list) else values
        return pa.array(converted) if isinstance(converted, list) else converted
    except _UNREADABLE as error:
        raise _column_error(name, error) from error


def epoch(values: Any, unit: str = "ms") -> pa.Array:  # noqa: ANN401  # any kind of column
    """Make times of whole numbers counted since 1970 in `s`, `ms`, `us` or `ns`.

    Raises: FrameError for another unit, and for fractions: their digits below a microsecond are not exact.

    >>> Frame.of(time=epoch([1767225600], "s"))["time"].to_list()
    [datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)]
    """
    if unit not in _UNITS:
        raise FrameError(f"unit {unit!r} is not one of {', '.join(_UNITS)}")
    counts = arrow(values, name="epoch")
    if pa.types.is_boolean(counts.type):
        raise FrameError(f"times since 1970 must be whole numbers of {unit}, not booleans")
    try:
        return _cast(counts, pa.int64(), "a whole number").cast(pa.timestamp(unit))
    except FrameError as error:
        raise FrameError(f"times since 1970 must be whole numbers of {unit}: {error}") from error


def _column_error(name: str, error: Exception, field_type: str | None = None) -> FrameError:
    """Name the column in an error."""
    if isinstance(error, FrameError):
        return FrameError(f"column {name!r}: {error}")
    return FrameError(f"column {name!r}: the values can't be read{f' as {field_type}' if field_type else ''}: {error}")


def _from_items(values: list[Any], field_type: FieldType | None, name: str) -> tuple[FieldType, pa.Array]:
    """Convert a list of Python objects (see `items`)."""
    if field_type == "json":
        return "json", _documents(values)
    converted = items.array(values, as_texts=field_type not in (None, "time", "json"))
    if isinstance(converted, list):
        return _to_field_type(_documents(converted), field_type or "json")
    if pa.types.is_null(converted.type):
        field_type = field_type or ("time" if name.lower() == "time" else "float64")
        return field_type, converted.cast(arrow_type(field_type))
    return _to_field_type(converted, field_type)


def _documents(values: Iterable[Any]) -> pa.Array:
    """Write each value as a JSON document; bytes are JSON documents already."""
    texts = [None if item is None else _document(item) for item in values]
    return pa.array(texts, pa.binary())


def _refuse_constant(name: str) -> None:
    raise FrameError(f"{name} is not JSON")


def _document(item: object) -> bytes:
    if isinstance(item, (bytes, bytearray, memoryview)):
        json.loads(bytes(item).decode(), parse_constant=_refuse_constant)
        return bytes(item)
    try:
        return json_text.encode(item)
    except (TypeError, ValueError) as error:
        raise FrameError(str(error)) from error


def _to_field_type(array: pa.Array, field_type: FieldType | None) -> tuple[FieldType, pa.Array]:
    """Convert an array to a field type; default: the type in this module's table."""
    if field_type == "json":
        return "json", _json(array)
    if field_type is None and (same := _same_type(array.type)) is not None:
        return same, array
    array = _plain(array)
    if field_type is None:
        if pa.types.is_binary(array.type):  # the JSON documents that `_plain` wrote
            return "json", array
        return _BY_ID[array.type.id], array
    target = arrow_type(field_type)
    if field_type == "time" and pa.types.is_string(array.type):
        return "time", times.read(array.to_pylist())
    if field_type == "time" and array.type != _NS:
        raise FrameError(
            f"times must be datetimes or texts, not {array.type}: to convert numbers, use epoch(values, 's')"
        )
    return field_type, array if array.type == target else _cast(array, target, field_type)


def _cast(array: pa.Array, target: pa.DataType, field_type: str) -> pa.Array:
    """Convert to a field type.

    Raises: FrameError naming the first row whose value doesn't fit.
    """
    try:
        return array.cast(target)
    except pa.ArrowException:
        for row in range(len(array)):
            try:
                array[row : row + 1].cast(target)
            except pa.ArrowException:
                raise FrameError(f"row {row} is {array[row].as_py()!r}, which can't be read as {field_type}") from None
        raise


def _json(array: pa.Array) -> pa.Array:
    """Check binary and text as JSON documents; write any other value as a document."""
    kind = array.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _documents(array.to_pylist())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _documents(None if text is None else text.encode() for text in array.to_pylist())
    return _documents(_to_objects(array))


def _to_objects(array: pa.Array) -> list[Any]:
    """List nested values as Python objects, maps as dictionaries."""
    objects: list[Any] = array.to_pylist(maps_as_pydicts="strict")
    return objects


def _same_type(kind: pa.DataType) -> FieldType | None:
    """Return the field type for an Arrow type without conversion; by the type's id, as hashing a type is slow."""
    field_type = _BY_ID.get(kind.id)
    return None if field_type == "time" and kind != _NS else field_type


def _plain(array: pa.Array) -> pa.Array:  # noqa: C901, PLR0911  # the table of this module, row by row
    """Convert an array of a type that Grafana doesn't have; a binary result has JSON documents."""
    kind = array.type
    types = pa.types
    if _same_type(kind) is not None:
        return array
    if isinstance(kind, pa.BaseExtensionType):
        return _storage(array, kind)
    if types.is_dictionary(kind):
        return _plain(array.dictionary).take(array.indices)  # plain first: a dictionary of views can't be decoded
    if types.is_run_end_encoded(kind):
        return _plain(pc.run_end_decode(array))
    if types.is_timestamp(kind) or types.is_date(kind):
        return _times(array)
    if types.is_duration(kind):
        return pc.divide(array.cast(pa.duration("ns")).cast(pa.int64()).cast(pa.float64(), safe=False), float(_SECOND))
    if types.is_decimal(kind) or types.is_null(kind):
        return array.cast(pa.float64(), safe=False)
    if types.is_float16(kind):
        return array.cast(pa.float32())
    if types.is_large_string(kind) or types.is_string_view(kind) or types.is_time(kind):
        return array.cast(pa.string())
    if types.is_nested(kind) and not types.is_union(kind):
        return _documents(_to_objects(array))
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        raise FrameError("Grafana has no type for bytes; decode them to text, or pass type='json' if they are JSON")
    raise FrameError(f"Grafana has no type for {kind}; convert the column first")


def _storage(array: pa.Array, kind: pa.BaseExtensionType) -> pa.Array:
    """Convert an extension type by its meaning if Grafana has a type for it, else by its storage."""
    name = getattr(kind, "extension_name", "")
    if name == "arrow.uuid":
        return pa.array([None if item is None else str(item) for item in array.to_pylist()], pa.string())
    if name == "arrow.bool8":
        return array.storage.cast(pa.bool_())
    return _json(array.storage.cast(pa.string())) if name == "arrow.json" else _plain(array.storage)


def _times(array: pa.Array) -> pa.Array:
    """Convert to nanoseconds without a zone; refuse times out of their range (years 1677 to 2262)."""
    kind = array.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        array = array.view(pa.timestamp(kind.unit))  # the values are UTC already
    if array.type == _NS:
        return array
    try:
        return pc.cast(array, _NS)
    except pa.ArrowInvalid as error:
        raise FrameError("a time is outside the years 1677 to 2262, the range of nanoseconds") from error
