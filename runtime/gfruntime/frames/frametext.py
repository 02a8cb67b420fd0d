"""Frames as JSON text: metadata for Arrow, and Grafana's frame JSON.

Grafana's reader accepts the keys in one order only (`schema` before `data`, `values` before `entities` before `nanos`)
and fails at any other key, so this module neither sorts nor adds keys.
Source: grafana-plugin-sdk-go v0.298.0, data/frame_json.go.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import compute as pc
from gfruntime.frames.fieldtypes import FIELD_TYPES

if TYPE_CHECKING:
    from gfruntime.frames.data import Frame
    from gfruntime.frames.field import Field

_NS_PER_MS = 1_000_000
_MAX_PYTHON_ROWS = 200  # rows below which Python is faster than calls into Arrow


def to_json(value: object, *, subject: str) -> bytes:
    """Write metadata as JSON; NaN and infinities become null, numpy scalars become numbers, enums their values."""
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FrameError(f"{subject} can't be written as JSON: {error}") from error


def encode(frame: Frame, *, ref_id: str = "") -> bytes:
    """Write a frame as Grafana's frame JSON, without a newline.

    Units: times are whole milliseconds (floor); the rest of the nanoseconds is in `nanos`.

    >>> encode(Frame.of(value=[1.5]))  # doctest: +ELLIPSIS
    b'{"schema":{...},"data":{"values":[[1.5]]}}'
    """
    return msgspec.json.encode({"schema": schema(frame, ref_id=ref_id), "data": data(frame)})


def schema(frame: Frame, *, ref_id: str = "") -> dict[str, object]:
    """Describe a frame without its values."""
    described: dict[str, object] = {}
    if frame.name:
        described["name"] = frame.name
    if frame.ref_id or ref_id:
        described["refId"] = frame.ref_id or ref_id
    if frame.meta is not None:
        described["meta"] = _raw(frame.meta, "the frame's meta")
    described["fields"] = [_describe(field) for field in frame.fields]
    return described


def data(frame: Frame) -> dict[str, object]:
    """Return a frame's values by column."""
    parts = [_values(field) for field in frame.fields]
    laid: dict[str, object] = {"values": [values for values, _, _ in parts]}
    if any(entities for _, entities, _ in parts):
        laid["entities"] = [entities or None for _, entities, _ in parts]
    if any(nanos for _, _, nanos in parts):
        laid["nanos"] = [nanos or None for _, _, nanos in parts]
    return laid


def _raw(value: object, subject: str) -> msgspec.Raw:
    return msgspec.Raw(to_json(value, subject=subject))


def _describe(field: Field) -> dict[str, object]:
    spelling = FIELD_TYPES[field.type]
    info: dict[str, object] = {"frame": spelling.go}
    if field.nullable:
        info["nullable"] = True
    described: dict[str, object] = {"name": field.name} if field.name else {}
    described |= {"type": spelling.simple, "typeInfo": info}
    if field.labels is not None:
        described["labels"] = field.labels
    if field.config is not None:
        described["config"] = _raw(field.config, f"the config of {field.name!r}")
    return described


def _values(field: Field) -> tuple[list[Any], dict[str, list[int]], list[int]]:
    """Split a column into JSON values, the rows that JSON can't represent, and the nanoseconds below a millisecond."""
    if field.type == "time":
        return _times(field.values.view(pa.int64()))
    if field.type in ("float64", "float32"):
        values, entities = _floats(field.values)
        return (_short(field.values, values) if field.type == "float32" else values), entities, []
    values = field.values.to_pylist()
    if field.type == "json":
        return [None if value is None else msgspec.Raw(_one_line(value)) for value in values], {}, []
    return values, {}, []


def _times(ticks: pa.Array) -> tuple[list[int | None], dict[str, list[int]], list[int]]:
    """Split nanoseconds into whole milliseconds, rounded down, and the rest."""
    if len(ticks) <= _MAX_PYTHON_ROWS:
        items = ticks.to_pylist()
        nanos = [0 if item is None else item % _NS_PER_MS for item in items]
        return [None if item is None else item // _NS_PER_MS for item in items], {}, nanos if any(nanos) else []
    milliseconds = pc.divide(ticks, _NS_PER_MS)  # towards zero
    rest = pc.subtract(ticks, pc.multiply(milliseconds, _NS_PER_MS))
    if not pc.any(pc.not_equal(rest, 0)).as_py():
        return milliseconds.to_pylist(), {}, []
    is_below = pc.less(rest, 0)
    milliseconds = pc.if_else(is_below, pc.subtract(milliseconds, 1), milliseconds)
    rest = pc.if_else(is_below, pc.add(rest, _NS_PER_MS), rest)
    return milliseconds.to_pylist(), {}, rest.fill_null(0).to_pylist()


def _floats(array: pa.Array) -> tuple[list[float | None], dict[str, list[int]]]:
    values = array.to_pylist()
    if (
        len(array) <= _MAX_PYTHON_ROWS and not array.null_count and math.isfinite(sum(values))
    ):  # then each value is finite
        return values, {}
    if len(array) > _MAX_PYTHON_ROWS and pc.all(pc.is_finite(array)).as_py() in (
        True,
        None,
    ):  # None: all values are null
        return values, {}
    odd = [(row, value) for row, value in enumerate(values) if value is not None and not math.isfinite(value)]
    entities: dict[str, list[int]] = {}
    for row, value in odd:
        values[row] = None
        key = "NaN" if math.isnan(value) else "Inf" if value > 0 else "NegInf"
        entities.setdefault(key, []).append(row)
    return values, entities


def _short(array: pa.Array, values: list[float | None]) -> list[float | None]:
    """Write 32-bit numbers with the fewest digits that identify them: 0.1, not 0.10000000149011612."""
    texts = array.cast(pa.string()).to_pylist()
    return [None if value is None else float(text) for value, text in zip(values, texts, strict=True)]


def _one_line(document: bytes) -> bytes:
    """Remove the white space of a document with line breaks, because packets of a stream are lines."""
    return msgspec.json.format(document, indent=-1) if b"\n" in document or b"\r" in document else document


def _plain(value: object) -> object:
    """Convert types that the encoder doesn't support: numpy's and mappings; any other type becomes text."""
    if isinstance(value, (int, float)):  # a subclass of int or float
        return int(value) if isinstance(value, int) else float(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "items"):
        return dict(value.items())
    return str(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)  # NaN and infinities become null
