"""Enum columns: small numbers whose texts are in the field's config.

Inputs: texts, or a column of categories (pandas, polars, Arrow's dictionaries), whose texts are put into the config; or
numbers that are indexes of the config's texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import columns
from gfruntime.frames import compute as pc

if TYPE_CHECKING:
    from collections.abc import Mapping

Config = dict[str, object]


def column(values: object, config: Mapping[str, object] | None, *, name: str) -> tuple[pa.Array, Config | None]:
    """Convert texts to numbers, and check that each number has a text if the config has texts.

    Raises: FrameError naming the column and the value without a text.
    """
    texts = _texts(config)
    array = columns.arrow(values, name=name)
    if pa.types.is_dictionary(array.type):
        categories = array.dictionary.cast(pa.string()).to_pylist()
        if texts is None:
            return array.indices, _with(config, categories)
        array = array.dictionary.cast(pa.string()).take(array.indices)
    if not _is_text(array.type):
        _check(array, texts, name)
        return array, None if config is None else dict(config)
    array = array.cast(pa.string())
    if texts is None:
        dictionary = array.dictionary_encode()
        return dictionary.indices, _with(config, dictionary.dictionary.to_pylist())
    numbers = pc.index_in(array, value_set=pa.array(texts, pa.string()))
    if numbers.null_count > array.null_count:
        lost = array.filter(pc.and_(pc.is_null(numbers), pc.is_valid(array)))[0].as_py()
        raise FrameError(f"column {name!r}: {lost!r} is not one of the enum's texts {texts}")
    return numbers, None if config is None else dict(config)


def _check(array: pa.Array, texts: list[str] | None, name: str) -> None:
    if texts is None or array.null_count == len(array) or not pa.types.is_integer(array.type):
        return
    highest = pc.max(array).as_py()
    if highest >= len(texts):
        raise FrameError(f"column {name!r}: {highest} has no text in an enum of {len(texts)}")


def _texts(config: Mapping[str, object] | None) -> list[str] | None:
    kind: Any = (config or {}).get("type", {})
    texts: list[str] | None = kind.get("enum", {}).get("text")
    return texts


def _with(config: Mapping[str, object] | None, texts: list[str]) -> Config:
    kind: Any = (config or {}).get("type", {})
    return {**(config or {}), "type": {**kind, "enum": {**kind.get("enum", {}), "text": texts}}}


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))
