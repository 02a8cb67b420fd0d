"""Convert a plugin's frames to Grafana's frame JSON, reading them as Grafana does.

Shape: `{"schema": {name, refId, meta, fields}, "data": {values, entities, nanos}}`, column-oriented; keys keep
Grafana's order. Units: times are milliseconds since the epoch, the rest in `nanos`.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from gfplug.errors import ToolError
from gfplug.host import frame_shape
from gfplug.untrusted import documents

if TYPE_CHECKING:
    import pyarrow as pa

_NANOS = 1_000_000
_TYPES = {
    **{f"{sign}int{bits}": ("number", f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float": ("number", "float32"),
    "double": ("number", "float64"),
    "bool": ("boolean", "bool"),
    "string": ("string", "string"),
    "string_view": ("string", "string"),
    "binary": ("other", "json.RawMessage"),
}
_ZEROS = {"string": "", "boolean": False, "time": 0, "number": 0, "enum": 0}
_log = logging.getLogger("gfplug")


def from_json(data: bytes, *, place: str) -> dict[str, Any]:
    """Read a frame that was sent as JSON; it may have no fields or data.

    Raises: ToolError if the data is not a frame in Grafana's JSON.
    """
    try:
        frame = documents.parse_json(data)
    except ValueError as error:
        raise _refuse(place, f"it is not JSON ({error})") from error
    if problem := frame_shape.find_problem(frame):
        raise _refuse(place, problem)
    return frame_shape.complete(frame)


def from_arrow(data: bytes, *, place: str) -> dict[str, Any]:
    """Read a frame that was sent as an Arrow IPC file.

    Raises: ToolError if Grafana would refuse the whole response: another container, an unknown type, metadata that is
    not JSON.
    Source: grafana-plugin-sdk-go v0.298.0, data/arrow.go, UnmarshalArrowFrame; data/frame_json.go.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy

    try:
        table = pa.ipc.open_file(data).read_all()
        return _read(table, place)
    except UnicodeDecodeError as error:
        raise _refuse(place, "the name of a column is not UTF-8") from error
    except (pa.ArrowException, OSError) as error:
        raise _refuse(place, f"it is not an Arrow IPC file ({error})") from error


def _read(table: pa.Table, place: str) -> dict[str, Any]:
    metadata = table.schema.metadata or {}
    meta = _json_object(metadata, b"meta", place)
    if problem := frame_shape.find_problem_of_meta(meta):
        raise _refuse(place, problem)
    texts = {key: metadata.get(key.encode(), b"").decode(errors="replace") for key in ("name", "refId")}
    schema = {
        **{key: text for key, text in texts.items() if text},
        **({"meta": meta} if meta is not None else {}),
        "fields": [_field(field, place) for field in table.schema],
    }
    columns = [
        _column(field, column, field_schema, place)
        for field, column, field_schema in zip(table.schema, table.columns, schema["fields"], strict=True)
    ]
    values, entities, nanos = ([column[part] for column in columns] for part in range(3))
    return {
        "schema": schema,
        "data": {
            "values": values,
            **({"entities": entities} if any(entities) else {}),
            **({"nanos": nanos} if any(nanos) else {}),
        },
    }


def _field(field: pa.Field, place: str) -> dict[str, Any]:
    metadata = field.metadata or {}
    simple, exact = _types(field, place)
    extras = {key: _json_object(metadata, key.encode(), place) for key in ("labels", "config")}
    labels = extras["labels"] or {}
    if not all(isinstance(value, str) for value in labels.values()):
        raise _refuse(place, f"the labels of column {field.name!r} are not all text")
    return {
        **({"name": field.name} if field.name else {}),
        "type": simple,
        "typeInfo": {"frame": exact, **({"nullable": True} if field.nullable else {})},
        **({"labels": labels} if labels else {}),
        **({"config": extras["config"]} if extras["config"] is not None else {}),
    }


def _types(field: pa.Field, place: str) -> tuple[str, str]:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    arrow_type = str(field.type)
    if pa.types.is_timestamp(field.type):
        return "time", "time.Time"
    if arrow_type == "uint16" and (field.metadata or {}).get(b"tstype") == b"enum":
        return "enum", "enum"
    if arrow_type not in _TYPES:
        raise _refuse(place, f"Grafana has no type for column {field.name!r} of Arrow type {arrow_type}")
    return _TYPES[arrow_type]


def _column(
    field: pa.Field, column: pa.ChunkedArray, field_schema: dict[str, Any], place: str
) -> tuple[list[Any], dict[str, list[int]] | None, list[int] | None]:
    simple, exact = field_schema["type"], field_schema["typeInfo"]["frame"]
    if exact == "string":
        return _fill_nulls(_texts(column), field, "", place), None, None
    column.validate(full=True)
    if simple == "time":
        values = _fill_nulls(_nanoseconds(field, column), field, 0, place)
        return _times(values)
    if exact == "float32":  # its text has the fewest digits that identify the 32-bit number, as Grafana writes it
        column = column.cast("string")
    values = _fill_nulls(column.to_pylist(), field, _ZEROS.get(simple), place)
    if exact in {"float32", "float64"}:
        return _floats([float(value) if isinstance(value, str) else value for value in values])
    if simple == "other":
        return [_raw_json(value, field, place) for value in values], None, None
    return values, None, None


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    """Return texts; invalid UTF-8 is replaced, as in Grafana's JSON."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        _log.debug("a text column has invalid UTF-8 or invalid offsets")
    else:
        texts: list[str | None] = column.to_pylist()
        return texts
    binary = column.cast(pa.binary() if column.type == pa.string() else pa.binary_view())
    binary.validate(full=True)  # the text may be invalid UTF-8, but must be inside the column
    return [None if value is None else value.decode(errors="replace") for value in binary.to_pylist()]


def _nanoseconds(field: pa.Field, column: pa.ChunkedArray) -> list[int | None]:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if field.type.unit != "ns":
        _log.warning(
            "column %r is a timestamp in %s: Grafana reads it as nanoseconds, so as dates near 1970",
            field.name,
            field.type.unit,
        )
    nanoseconds: list[int | None] = column.cast(pa.int64()).to_pylist()
    return nanoseconds


def _fill_nulls(values: list[Any], field: pa.Field, zero: Any, place: str) -> list[Any]:  # noqa: ANN401 - whatever the column holds
    if field.nullable or None not in values:
        return values
    _log.warning("%s: column %r is not nullable but holds nulls: Grafana reads them as zero", place, field.name)
    return [zero if value is None else value for value in values]


def _times(values: list[int | None]) -> tuple[list[int | None], None, list[int] | None]:
    nanos = [0 if value is None else value % _NANOS for value in values]
    return [None if value is None else value // _NANOS for value in values], None, nanos if any(nanos) else None


def _floats(values: list[float | None]) -> tuple[list[float | None], dict[str, list[int]] | None, None]:
    special: dict[str, list[int]] = {"NaN": [], "Inf": [], "NegInf": []}
    for row, value in enumerate(values):
        if value is not None and not math.isfinite(value):
            special["NaN" if math.isnan(value) else "Inf" if value > 0 else "NegInf"].append(row)
    entities = {name: rows for name, rows in special.items() if rows}
    finite = [None if value is None or not math.isfinite(value) else value for value in values]
    return finite, entities or None, None


def _raw_json(value: bytes | None, field: pa.Field, place: str) -> Any:  # noqa: ANN401 - JSON
    if value is None:
        return None
    try:
        return documents.parse_json(value)
    except ValueError as error:
        raise _refuse(place, f"column {field.name!r} holds {value[:40]!r}, which is not JSON") from error


def _json_object(metadata: dict[bytes, bytes], key: bytes, place: str) -> dict[str, Any] | None:
    if key not in metadata:
        return None
    try:
        value = documents.parse_json(metadata[key])
    except ValueError as error:
        raise _refuse(place, f"its {key.decode()} is not JSON ({error})") from error
    if value is not None and not isinstance(value, dict):
        raise _refuse(place, f"its {key.decode()} is not a JSON object")
    return value


def _refuse(place: str, reason: str) -> ToolError:
    return ToolError(f"Grafana would refuse the whole response: {place}: {reason}")
