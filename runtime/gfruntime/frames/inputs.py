"""Columns of libraries → a list of Python objects, or one Arrow array.

Inputs: lists, other iterables, numpy arrays (masked arrays keep their mask), pandas and polars columns, and objects
with the Arrow PyCapsule interface. None of the libraries is imported.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import kinds

_MAX_FLOAT_BYTES = 8  # bytes of the widest float that Arrow has


def read(values: Any) -> list[Any] | pa.Array:  # noqa: ANN401, PLR0911  # one kind of input each
    """Return the objects of an iterable as a list, or an Arrow array of values that have a type.

    A list is returned unchanged.
    """
    if type(values) is list or isinstance(values, pa.Array):
        return values
    if _is_numpy(values):
        return _from_numpy(values)
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    if _library(values) == "pandas":
        return _from_pandas(values)
    if hasattr(values, "__arrow_c_stream__"):
        return pa.chunked_array(values).combine_chunks()
    if hasattr(values, "__arrow_c_array__"):
        return pa.array(values)
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__iter__"):
        raise FrameError(f"expected a list of values, got {type(values).__name__}")
    if hasattr(values, "__array__") and not isinstance(values, (list, tuple)):
        return _from_numpy(values if hasattr(values, "mask") else values.__array__())
    return list(values)


def _library(values: object) -> str:
    return type(values).__module__.partition(".")[0]


def _is_numpy(values: object) -> bool:
    """Tell whether the values are an array of numpy's own class, not of a subclass."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(values) is numpy.ndarray


def _from_pandas(values: Any) -> list[Any] | pa.Array:  # noqa: ANN401  # pandas need not be installed
    """Convert a pandas column, in which NaN is null; list the objects of a column without a type."""
    if is_plain(values.dtype):
        return pa.array(values.to_numpy(), from_pandas=True)
    kind = str(values.dtype)
    if kind.startswith("complex"):
        raise FrameError(kinds.COMPLEX)
    if kind == "object":
        return [None if isinstance(item, float) and item != item else item for item in values.tolist()]  # noqa: PLR0124
    is_interval = kind == "category" and str(values.dtype.categories.dtype).startswith(("interval", "period"))
    if is_interval or kind.startswith("interval"):
        return list((values.astype(object) if is_interval else values).tolist())
    if kind.startswith("period"):
        values = values.dt.to_timestamp() if hasattr(values, "dt") else values.to_timestamp()
    if kind.startswith("Sparse"):
        values = values.sparse.to_dense()
    array = pa.Array.from_pandas(values)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def is_plain(dtype: Any) -> bool:  # noqa: ANN401  # numpy's or pandas' own
    """Tell whether a pandas column is a numpy array of numbers, booleans or times."""
    return _library(dtype) == "numpy" and dtype.kind in "biufM" and dtype.itemsize <= _MAX_FLOAT_BYTES


def _from_numpy(values: Any) -> list[Any] | pa.Array:  # noqa: ANN401  # numpy need not be installed
    """Wrap a numpy array, without a copy if its memory can be shared; list its objects if it has no type."""
    if values.ndim != 1:
        raise FrameError(f"expected one dimension, got an array of shape {values.shape}")
    shared = _shared_type(values.dtype)
    if shared is not None and values.flags.c_contiguous and not hasattr(values, "mask"):
        if values.dtype.kind != "M":
            return _wrap(values, shared)
        numpy = sys.modules["numpy"]
        if not numpy.count_nonzero(numpy.isnat(values)):
            return _wrap(values.view("int64"), shared)  # numpy does not export the memory of times
    if values.dtype.kind in "OT":
        return list(values.tolist())
    _check_dtype(values.dtype)
    return _convert_numpy(values)


def _check_dtype(dtype: Any) -> None:  # noqa: ANN401  # numpy need not be installed
    if dtype.kind == "c":
        raise FrameError(kinds.COMPLEX)
    if dtype.kind == "V":
        raise FrameError("expected one column, got a structured array: Frame.from_numpy reads it")
    if dtype.kind == "m" and dtype.str[4:-1] in ("", "Y", "M"):
        raise FrameError(f"durations of type {dtype} have no length in seconds: use days, seconds or a smaller unit")


def _convert_numpy(values: Any) -> pa.Array:  # noqa: ANN401  # numpy need not be installed
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    kind = values.dtype.kind
    if kind == "M" and values.dtype.str[4:-1] not in ("D", "s", "ms", "us", "ns"):
        values = values.astype("datetime64[s]")
    if kind == "m" and values.dtype.str[4:-1] not in ("s", "ms", "us", "ns"):
        values = values.astype("timedelta64[s]")
    if kind == "f" and values.dtype.itemsize > _MAX_FLOAT_BYTES:
        values = values.astype("float64")
    if hasattr(values, "mask"):
        return pa.array(values.data, mask=sys.modules["numpy"].ma.getmaskarray(values))
    return pa.array(values)


def _wrap(values: Any, kind: pa.DataType) -> pa.Array:  # noqa: ANN401  # numpy need not be installed
    """Let Arrow read numbers in place; pa.array would import pandas."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)], 0)


@functools.lru_cache(maxsize=64)
def _shared_type(dtype: Any) -> pa.DataType | None:  # noqa: ANN401  # numpy need not be installed
    """Return the Arrow type with the same memory layout as a numpy type; None without such a type."""
    is_number = dtype.kind in "iuf" and dtype.itemsize <= _MAX_FLOAT_BYTES
    is_time = dtype.kind == "M" and dtype.str[4:-1] in ("s", "ms", "us", "ns")
    return pa.from_numpy_dtype(dtype) if dtype.isnative and (is_number or is_time) else None
