"""Columns as libraries hold them → a list of Python objects, or one Arrow array.

Lists, other iterables, numpy's arrays (masked ones keep their mask), pandas' and polars' columns, and whatever speaks
the Arrow PyCapsule interface. None of the libraries is imported: an object brings its own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import kinds

_WIDEST = 8  # bytes of the widest float that Arrow has


def to_list(values: Any) -> Any:  # noqa: ANN401  # one kind of input each
    """Make a list of Python objects, whatever iterable holds them; leave what has a type of its own as it is."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
        return _pandas_list(values) if _library(values) == "pandas" else values
    if _library(values) == "pandas":
        return _pandas_list(values)
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__iter__"):
        raise FrameError(f"expected a list of values, got {type(values).__name__}")
    if hasattr(values, "__array__") and not isinstance(values, (list, tuple)):
        return _numpy_list(values if hasattr(values, "mask") else values.__array__())
    return list(values)


def _library(values: object) -> str:
    return type(values).__module__.partition(".")[0]


def _numpy_list(values: Any) -> Any:  # noqa: ANN401  # numpy need not be installed
    """List the objects of a numpy array that has no type of its own."""
    if values.ndim != 1:
        raise FrameError(f"expected one dimension, got an array of shape {values.shape}")
    if values.dtype.kind in "OT":
        return values.tolist()
    if values.dtype.kind == "c":
        raise FrameError(kinds.COMPLEX)
    if values.dtype.kind == "V":
        raise FrameError("expected one column, got a structured array: Frame.from_numpy reads it")
    if values.dtype.kind == "m" and values.dtype.str[4:-1] in ("", "Y", "M"):
        raise FrameError(f"durations of type {values.dtype} have no length in seconds: give days, seconds or smaller")
    return values


def _pandas_list(values: Any) -> Any:  # noqa: ANN401  # pandas need not be installed
    """List the objects of a pandas column that has no type of its own; NaN among them is null."""
    kind = str(values.dtype)
    if kind.startswith("complex"):
        raise FrameError(kinds.COMPLEX)
    if kind == "object":
        return [None if isinstance(item, float) and item != item else item for item in values.tolist()]  # noqa: PLR0124
    if kind == "category" and str(values.dtype.categories.dtype).startswith(("interval", "period")):
        values, kind = values.astype(object), "interval"
    return values.tolist() if kind.startswith("interval") else values


def to_array(values: Any) -> pa.Array:  # noqa: ANN401  # one kind of input each
    """Make an Arrow array of what has a type of its own."""
    if _library(values) == "pandas":
        return _from_pandas(values)
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    if isinstance(values, pa.Array):
        return values
    if hasattr(values, "__arrow_c_stream__"):
        return pa.chunked_array(values).combine_chunks()
    if hasattr(values, "__arrow_c_array__"):
        return pa.array(values)
    return _from_numpy(values)


def _from_pandas(values: Any) -> pa.Array:  # noqa: ANN401  # pandas need not be installed
    """Convert a pandas column, in which NaN is null."""
    if str(values.dtype).startswith("period"):
        values = values.dt.to_timestamp() if hasattr(values, "dt") else values.to_timestamp()
    if str(values.dtype).startswith("Sparse"):
        values = values.sparse.to_dense()
    array = pa.Array.from_pandas(values)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _from_numpy(values: Any) -> pa.Array:  # noqa: ANN401  # numpy need not be installed
    """Wrap a numpy array, without a copy where its memory can be shared."""
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    kind = values.dtype.kind
    if kind == "M" and values.dtype.str[4:-1] not in ("D", "s", "ms", "us", "ns"):
        values = values.astype("datetime64[s]")
    if kind == "m" and values.dtype.str[4:-1] not in ("s", "ms", "us", "ns"):
        values = values.astype("timedelta64[s]")
    if kind == "f" and values.dtype.itemsize > _WIDEST:
        values = values.astype("float64")
    if hasattr(values, "mask"):
        return pa.array(values.data, mask=sys.modules["numpy"].ma.getmaskarray(values))
    if kind in "iuf" and values.flags.c_contiguous:
        kind_type = pa.from_numpy_dtype(values.dtype)  # from_buffers, because pa.array would import pandas here
        return pa.Array.from_buffers(kind_type, len(values), [None, pa.py_buffer(values)])
    return pa.array(values)
