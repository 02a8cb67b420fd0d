"""Arrow files of frames that differ only in labels and values, as many series do: Arrow writes one file for each shape.

A stencil is such a file with holes. It works for short frames whose columns have eight bytes per value and no nulls, if
exactly one column has labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfruntime.frames.frametext import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gfruntime.frames.data import Frame
    from gfruntime.frames.fieldtypes import FieldType

    Column = tuple[str, FieldType, bool, bytes | None, bool]
    """Name, type, whether it is nullable, its config as JSON, whether it has labels."""
    Shape = tuple[str, str, bytes | None, int, int, tuple[Column, ...]]
    """The frame's name, ref id and meta as JSON, its rows, the length of the labels as JSON, its columns."""
    Write = Callable[[Shape, bytes, bytes], bytes]
    """A function that writes the file of a shape with these labels, and these bytes as the values of each column."""

Stencil = tuple[bytes, bytes, bytes, bytes]
"""The bytes before the labels, between labels and values, between values and the second labels, and after them."""

_TYPES = frozenset(("time", "float64", "int64", "uint64"))
_WIDTH = 8  # bytes of each value
_MAX_STENCIL_BYTES = 65_536  # bytes of values above which a stencil saves little time
_MAX_SHAPES = 512  # cached shapes: the series of one answer have few

_stencils: dict[Shape, Stencil | None] = {}
_once: set[Shape] = set()


def encode(frame: Frame, ref_id: str, write: Write) -> bytes | None:
    """Write a frame's file with the stencil of its shape; None if it has no stencil, or this is its first frame."""
    rows, labels = len(frame), b""
    size = rows * _WIDTH
    if not 0 < size * len(frame.fields) <= _MAX_STENCIL_BYTES:
        return None
    columns, values = [], []
    for field in frame.fields:
        name, array = field.name, field.values
        has_labels = field.labels is not None
        if field.type not in _TYPES or array.null_count or (has_labels and labels):
            return None
        if has_labels:
            labels = to_json(field.labels, subject=f"the labels of {name!r}")
        config = None if field.config is None else to_json(field.config, subject=f"the config of {name!r}")
        columns.append((name, field.type, field.nullable, config, has_labels))
        start = array.offset * _WIDTH
        values.append(memoryview(array.buffers()[1])[start : start + size])
    if not labels:
        return None
    meta = None if frame.meta is None else to_json(frame.meta, subject="the frame's meta")
    stencil = _find((frame.name, ref_id, meta, rows, len(labels), tuple(columns)), write)
    return None if stencil is None else _fill(stencil, labels, values)


def _find(shape: Shape, write: Write) -> Stencil | None:
    """Return the stencil of a shape from its second use on, because many shapes occur only once."""
    if shape in _stencils:
        return _stencils[shape]
    if shape not in _once:
        if len(_once) >= _MAX_SHAPES:
            _once.clear()
        _once.add(shape)
        return None
    if len(_stencils) >= _MAX_SHAPES:
        _stencils.clear()
    stencil = _stencils[shape] = _make_stencil(shape, write)
    return stencil


def _make_stencil(shape: Shape, write: Write) -> Stencil | None:
    """Let Arrow write a file with bytes that no text has, cut them out, and compare with another file."""
    *_, rows, length, columns = shape
    labels, values = b"\xfe" * length, b"\xff" * (rows * _WIDTH)
    head, _, rest = write(shape, labels, values).partition(labels)
    between, _, rest = rest.partition(values * len(columns))
    footer, _, tail = rest.partition(labels)
    stencil = head, between, footer, tail
    labels, values = bytes(length), bytes(rows * _WIDTH)
    return stencil if _fill(stencil, labels, [values] * len(columns)) == write(shape, labels, values) else None


def _fill(stencil: Stencil, labels: bytes, values: Iterable[bytes | memoryview]) -> bytes:
    head, between, footer, tail = stencil
    return b"".join((head, labels, between, *values, footer, labels, tail))
