"""The type of a parameter: its kind, choices, limits, and a default within them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.model import ValueType
from gfplug.scaffold.openapi.values import kind_of, scalar

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.model import Kind, Scalar, Wire
    from gfplug.scaffold.openapi.shapes import Shape

_SCALARS = frozenset({"string", "number", "integer", "boolean"})
_MOST_CHOICES = 200
_MOST_LENGTH = 1 << 31


def parameter_type(shape: Shape, item: Shape | None, *, is_text: bool) -> ValueType:
    """Return the type of a value; `item` is the shape of an array's items.

    With `is_text`, the value is sent as text, so that a value of several scalar kinds, or of any kind, is a text.
    """
    inner = item or shape
    if item is not None and item.choices is None:  # an enum beside `items` applies to the items
        inner = replace(item, choices=shape.choices)
    kind, wire = kind_of(inner)
    if kind == "json" and is_text and (not inner.kinds or inner.kinds & _SCALARS):
        kind = "string"
    if shape.is_array and item is None:
        kind = "string" if is_text else "json"
    choices = _choices(inner, kind, wire)
    numbers = _limits(inner, "minimum", "maximum") if kind in ("integer", "number") and not choices else {}
    lengths = _limits(inner, "min_length", "max_length") if kind == "string" and not choices else {}
    counts = _limits(shape, "min_items", "max_items") if shape.is_array else {}
    return ValueType(
        kind=kind,
        wire=wire if kind == "time" else "",
        choices=choices,
        is_list=shape.is_array and (item is not None or is_text),
        minimum=numbers.get("minimum"),
        maximum=numbers.get("maximum"),
        min_length=_count(lengths.get("min_length")),
        max_length=_count(lengths.get("max_length")),
        min_items=_count(counts.get("min_items")),
        max_items=_count(counts.get("max_items")),
    )


def _limits(shape: Shape, least: str, most: str) -> dict[str, float]:
    """Return a lower and an upper limit; return none if no value is within both."""
    limits = {name: shape.limits[name] for name in (least, most) if name in shape.limits}
    return {} if limits.get(least, -math.inf) > limits.get(most, math.inf) else limits


def _choices(shape: Shape, kind: Kind, wire: Wire) -> tuple[Scalar, ...]:
    """Return an enum's values if all of them are of the kind; none for booleans."""
    if not shape.choices or len(shape.choices) > _MOST_CHOICES or kind not in ("string", "integer"):
        return ()
    values = [scalar(choice, kind, wire) for choice in shape.choices]
    return tuple(dict.fromkeys(value for value in values if value is not None)) if None not in values else ()


def _count(number: float | None) -> int | None:
    return int(number) if number is not None and 0 <= number < _MOST_LENGTH else None


def plain_value(value: object, kind: ValueType) -> Scalar | tuple[Scalar, ...] | None:
    """Return a default or an example as a plain value; None if it does not have the type."""
    if kind.kind == "json":
        return None
    if not kind.is_list:
        return _plain_scalar(value, kind)
    items = value if isinstance(value, list) else [] if value is None else [value]
    values = [_plain_scalar(item, kind) for item in items[:_MOST_CHOICES]]
    return None if not values or None in values else tuple(item for item in values if item is not None)


def _plain_scalar(value: object, kind: ValueType) -> Scalar | None:
    plain = scalar(value, kind.kind, kind.wire)
    if plain is None or (kind.choices and plain not in kind.choices):
        return None
    if kind.kind in ("integer", "number") and not isinstance(plain, str):
        is_low = kind.minimum is not None and plain < kind.minimum
        return None if is_low or (kind.maximum is not None and plain > kind.maximum) else plain
    if kind.kind == "string" and isinstance(plain, str):
        is_short = len(plain) < (kind.min_length or 0)
        return None if is_short or len(plain) > (kind.max_length or _MOST_LENGTH) else plain
    return plain
