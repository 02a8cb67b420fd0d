"""One frame → one Arrow IPC file, and back.

Large columns are not copied here: the encoder returns the column's own memory, and `wire` joins it once.
Source: grafana-plugin-sdk-go v0.298.0, data/arrow.go.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import stencils
from gfruntime.frames.data import Frame
from gfruntime.frames.field import Field
from gfruntime.frames.fieldtypes import FIELD_TYPES, VALUES, FieldType
from gfruntime.frames.frametext import to_json
from gfruntime.frames.metadata import only_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfruntime.wire import Parts

_OPTIONS = pa.ipc.IpcWriteOptions(compression=None, metadata_version=pa.ipc.MetadataVersion.V5)
_BY_ARROW: dict[pa.DataType, FieldType] = {
    spelling.arrow: name for name, spelling in FIELD_TYPES.items() if name != "enum"
}
_SMALL_BYTES = 65_536  # below this a copy is cheaper than calling back for every buffer
_FIXED = VALUES | {"time", "enum"}  # types whose values have at most eight bytes each


def encode(frame: Frame, *, ref_id: str = "") -> Parts:
    """Encode a frame as the buffers of an Arrow IPC file; joined, they are the bytes of the file.

    Shape: one column per field; one record batch, or no batch for no rows.
    Units: times become timestamp[ns] without a zone.
    A frame without a ref id gets `ref_id`.
    """
    if (file := stencils.encode(frame, frame.ref_id or ref_id, _write_shape)) is not None:
        return [file]
    batch = pa.RecordBatch.from_arrays([field.values for field in frame.fields], schema=_schema(frame, ref_id))
    if _is_small(frame, batch):
        return [_file(batch)]
    collector = _Collector()
    with pa.PythonFile(collector, mode="w") as file:
        _write(file, batch)
    return collector.parts


def decode(data: bytes) -> Frame:
    """Read a frame from an Arrow IPC file, as Grafana would.

    Raises: FrameError for data with which Grafana would refuse the whole response.
    """
    try:
        table = pa.ipc.open_file(pa.BufferReader(data)).read_all()
    except (pa.ArrowException, OSError) as error:
        raise FrameError(f"the frame is not an Arrow file: {error}") from error
    metadata = _text(table.schema.metadata)
    fields = [_field(table.schema.field(i), table.column(i)) for i in range(table.num_columns)]
    meta = metadata.get("meta")
    return Frame(
        fields=fields,
        name=metadata.get("name", ""),
        ref_id=metadata.get("refId", ""),
        meta=None if meta is None else only_known(_parse(meta), of_field=False),
    )


def _is_small(frame: Frame, batch: pa.RecordBatch) -> bool:
    """Tell whether the columns' memory is small; for slices of fixed-width values, count only the slice."""
    if batch.get_total_buffer_size() < _SMALL_BYTES:
        return True
    return batch.num_rows * batch.num_columns * 8 < _SMALL_BYTES and all(field.type in _FIXED for field in frame.fields)


class _Collector:
    """A file that stores the written buffers without copying."""

    closed = False

    def __init__(self) -> None:
        self.parts: Parts = []

    def write(self, data: bytes) -> None:
        self.parts.append(data)

    def flush(self) -> None: ...

    def close(self) -> None: ...


def _file(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    _write(sink, batch)
    return sink.getvalue()


def _write_shape(shape: stencils.Shape, labels: bytes, values: bytes) -> bytes:
    name, ref_id, meta, rows, _, columns = shape
    fields = [_pa_field.__wrapped__(*column[:3], labels if column[4] else None, column[3]) for column in columns]
    arrays = [pa.Array.from_buffers(field.type, rows, [None, pa.py_buffer(values)], 0) for field in fields]
    schema = pa.schema(fields, metadata=_metadata(name, ref_id, meta))
    file: bytes = _file(pa.RecordBatch.from_arrays(arrays, schema=schema)).to_pybytes()
    return file


def _write(sink: Any, batch: pa.RecordBatch) -> None:  # noqa: ANN401  # pyarrow has no types
    with pa.ipc.new_file(sink, batch.schema, options=_OPTIONS) as writer:
        if batch.num_rows:
            writer.write_batch(batch)


def _schema(frame: Frame, ref_id: str) -> pa.Schema:
    meta = None if frame.meta is None else to_json(frame.meta, subject="the frame's meta")
    write = _metadata if meta is None or len(meta) < _SMALL_BYTES else _metadata.__wrapped__  # do not cache large ones
    metadata = write(frame.name, frame.ref_id or ref_id, meta)
    return pa.schema([_arrow_field(field) for field in frame.fields], metadata=metadata)


@functools.lru_cache(maxsize=64)  # usually the same for all frames of an answer
def _metadata(name: str, ref_id: str, meta: bytes | None) -> pa.KeyValueMetadata:
    texts = {"name": name, "refId": ref_id}
    return pa.KeyValueMetadata(texts if meta is None else {**texts, "meta": meta})


def _arrow_field(field: Field) -> pa.Field:
    config = None if field.config is None else to_json(field.config, subject=f"the config of {field.name!r}")
    if field.labels is None:
        return _pa_field(field.name, field.type, field.nullable, None, config)
    labels = to_json(field.labels, subject=f"the labels of {field.name!r}")
    return _pa_field(field.name, field.type, field.nullable, labels, config)


@functools.lru_cache(maxsize=1024)  # every answer has the same columns
def _pa_field(name: str, kind: FieldType, nullable: bool, labels: bytes | None, config: bytes | None) -> pa.Field:  # noqa: FBT001  # a key
    spelling = FIELD_TYPES[kind]
    metadata: dict[str, str | bytes] = {"tstype": spelling.simple}
    if labels is not None:
        metadata["labels"] = labels
    if config is not None:
        metadata["config"] = config
    return pa.field(name, spelling.arrow, nullable=nullable, metadata=metadata)


def _field(arrow_field: pa.Field, values: pa.ChunkedArray) -> Field:
    metadata = _text(arrow_field.metadata)
    kind = arrow_field.type
    field_type = _BY_ARROW.get(kind)
    if pa.types.is_timestamp(kind):  # Grafana ignores the unit and reads nanoseconds
        field_type, values = "time", values.cast(pa.int64()).cast(pa.timestamp("ns"))
    if kind == pa.uint16() and metadata.get("tstype") == "enum":
        field_type = "enum"
    if field_type is None:
        raise FrameError(f"unsupported conversion from arrow to sdk type for arrow type {kind}")
    labels, config = metadata.get("labels"), metadata.get("config")
    return Field(
        arrow_field.name,
        values,
        field_type,
        nullable=arrow_field.nullable,
        labels=None if labels is None else _parse(labels),
        config=None if config is None else only_known(_parse(config), of_field=True),
    )


def _parse(text: str) -> Any:  # noqa: ANN401  # JSON
    try:
        return json.loads(text)
    except ValueError as error:
        raise FrameError(f"the metadata is not JSON: {error}") from error


def _text(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (metadata or {}).items()}
