"""One table → one series for each combination of key columns, whose values become labels.

The rows are sorted by combination once; each series is then a slice of the sorted columns, and shares their memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import compute as pc
from gfruntime.frames.field import Field, copy_with
from gfruntime.frames.labels import as_text, normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    Texts = tuple[str, ...]


def group_by(fields: Sequence[Field], names: Sequence[str]) -> list[list[Field]]:
    """Split a table by columns that become labels: one list of fields for each combination and value column.

    The combinations are in order of first appearance, and the rows of each keep their order.
    Raises: FrameError for a name that is not a column, a text column that is not in the names, or rows without a time
    that have equal labels.
    """
    keys = [_find_field(fields, name) for name in names]
    rest = [field for field in fields if field.name not in names]
    time = next((field for field in rest if field.type == "time"), None)
    values = [field for field in rest if field.is_value]
    for field in rest:
        if field is not time and not field.is_value:
            raise FrameError(f"column {field.name!r} is text and not in group_by: remove it, or add it to group_by")
    if not values:
        raise FrameError("group_by needs a column of numbers, and the frame has none")
    if not keys:
        return []
    codes, combinations = _number_rows(keys)
    counts = pc.value_counts(codes).field("counts").to_pylist()  # in order of first appearance, like the codes
    if time is None:
        _refuse_rows_without_time(names, combinations, counts)
    if not pc.all(pc.less_equal(codes[:-1], codes[1:])).as_py():
        order = pc.sort_indices(codes)  # stable
        time, values = None if time is None else time.take(order), [field.take(order) for field in values]
    groups = []
    start = 0
    for texts, count in zip(combinations, counts, strict=True):
        labels = normalise(dict(zip(names, texts, strict=True)))
        index = [] if time is None else [copy_with(time, values=time.values.slice(start, count))]
        groups += [[*index, _part(field, start, count, labels)] for field in values]
        start += count
    return groups


def _part(field: Field, start: int, count: int, labels: dict[str, str]) -> Field:
    both = normalise({**field.labels, **labels}) if field.labels else dict(labels)
    return copy_with(field, values=field.values.slice(start, count), labels=both)


def _refuse_rows_without_time(names: Sequence[str], combinations: Sequence[Texts], counts: Sequence[int]) -> None:
    for texts, count in zip(combinations, counts, strict=True):
        if count > 1:
            raise FrameError(f"{count} rows without a time have the labels {dict(zip(names, texts, strict=True))}")


def _find_field(fields: Sequence[Field], name: str) -> Field:
    for field in fields:
        if field.name == name:
            return field
    raise FrameError(f"there is no column {name!r} to group by, only {[field.name for field in fields]}")


def _number_rows(keys: Sequence[Field]) -> tuple[pa.Array, list[Texts]]:
    """Number the combinations of key texts by first appearance; return each row's number, and the combinations."""
    codes, texts = _number_texts(keys[0])
    combinations: list[Texts] = [(text,) for text in texts]
    for key in keys[1:]:
        more, texts = _number_texts(key)
        width = max(len(texts), 1)
        both = pc.add(pc.multiply(codes.cast(pa.int64()), width), more).dictionary_encode()
        pairs = [divmod(pair, width) for pair in both.dictionary.to_pylist()]
        codes, combinations = both.indices, [(*combinations[one], texts[other]) for one, other in pairs]
    return codes, combinations


def _number_texts(field: Field) -> tuple[pa.Array, list[str]]:
    """Number a column's values by first appearance; values with one text, like null and NaN, share a number."""
    dictionary = field.values.dictionary_encode(null_encoding="encode")
    numbers: dict[str, int] = {}
    codes = [
        numbers.setdefault(as_text(value), len(numbers))
        for value in copy_with(field, values=dictionary.dictionary).to_list()
    ]
    indices = dictionary.indices
    return indices if len(numbers) == len(codes) else pa.array(codes, pa.int32()).take(indices), list(numbers)
