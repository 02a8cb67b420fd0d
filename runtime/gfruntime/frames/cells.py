"""The cells of a column as Python values, and how missing cells are filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames.field import Field
from gfruntime.frames.fieldtypes import NUMBERS, arrow_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MODES = ("previous", "null", "value")
_ZEROS: dict[str, object] = {"string": "", "bool": False, "json": b"null"}


@dataclass(frozen=True, slots=True)
class Fill:
    """How a missing cell is filled: null, the previous value, or a constant (numbers only).

    >>> long_to_wide(frame, fill=Fill("previous"))["value"].labels
    {'host': 'a'}
    """

    mode: Literal["previous", "null", "value"] = "null"
    """`null`, `previous` or `value`."""

    value: float = 0.0
    """The constant for `value`; numbers only."""

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Fill:
        """Read the form in SQL queries: `{"Mode": 0 | 1 | 2, "Value": 1.5}` for previous, null, value."""
        mode = given.get("Mode", given.get("mode", 0))
        if mode not in (0, 1, 2):
            raise FrameError(f"the fill mode must be 0 (previous), 1 (null) or 2 (value), not {mode!r}")
        return cls(mode=_MODES[mode], value=float(given.get("Value", given.get("value", 0)) or 0))  # type: ignore[arg-type]  # one of the modes


NULL = Fill()


def fill_missing(field: Field, column: list[Any], is_missing: Sequence[bool], fill: Fill | None) -> list[Any]:
    """Replace the missing cells of a column."""
    if fill is not None and fill.mode == "previous":
        before = None
        for at, missing in enumerate(is_missing):
            before = column[at] = before if missing else column[at]
        return column
    constant: object = None
    if fill is not None and fill.mode == "value" and field.type in NUMBERS:
        constant = fill.value if field.type.startswith("float") else int(fill.value)
    elif not field.nullable and (fill is None or fill.mode == "value"):
        constant = _ZEROS.get(field.type, 0) if field.type != "time" else None
    return [constant if missing else item for item, missing in zip(column, is_missing, strict=True)]


def build_field(field: Field, column: list[Any], fill: Fill | None, *, labels: Mapping[str, str] | None) -> Field:
    """Make a field like another with new cells; it becomes nullable if necessary."""
    can_be_null = field.nullable or None in column or (fill is not None and fill.mode != "value")
    return Field(field.name, array(column, field), field.type, nullable=can_be_null, labels=labels)


def items_of(field: Field) -> list[Any]:
    """Return the values as a list, times as nanoseconds."""
    values = field.values.view(pa.int64()) if field.type == "time" else field.values
    items: list[Any] = values.to_pylist()
    return items


def array(items: Sequence[Any], field: Field) -> pa.Array:
    """Make a column of a field's type.

    Raises: FrameError if a fill value doesn't fit.
    """
    try:
        return pa.array(items, arrow_type(field.type))
    except (pa.ArrowInvalid, OverflowError) as error:
        raise FrameError(f"column {field.name!r}: the fill value is not of type {field.type}: {error}") from error
