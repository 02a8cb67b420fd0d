"""Read one schema without its references and parts: its type, choices, limits, properties and texts.

In every version, a schema may allow null in both ways: `nullable: true`, and `null` among the types.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gfplug.scaffold.openapi.shapes import ANY, MOST_CHOICES, Schema, Shape

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.nodes import Node

_KINDS = {
    "object": frozenset({"object"}),
    "array": frozenset({"array"}),
    "string": frozenset({"string"}),
    "number": frozenset({"number", "integer"}),
    "integer": frozenset({"integer"}),
    "boolean": frozenset({"boolean"}),
    "null": frozenset[str](),
    "file": frozenset({"string"}),  # Swagger 2.0
}
_LIMITS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_items",
    "maxItems": "max_items",
}


def plain_shape(node: Node) -> Shape:
    """Return the shape of a schema, without its references and parts."""
    choices = _choices(node)
    kinds, has_null = _kinds(node, choices)
    is_nullable = has_null or node.is_true("nullable") or node.is_true("x-nullable")
    if choices is not None and None in choices:
        is_nullable, choices = True, tuple(choice for choice in choices if choice is not None) or None
    examples = node.child("examples").value
    first = examples[0] if isinstance(examples, list) and examples else None
    return Shape(
        kinds=kinds,
        is_nullable=is_nullable,
        format=node.text("format", most=40).lower(),
        choices=choices,
        properties={name: Schema((child,)) for name, child in node.mapping("properties") if child.value is not False},
        required=frozenset(item.value for item in node.items("required") if isinstance(item.value, str)),
        items=_items(node),
        values=_values(node),
        limits=_limits(node),
        default=node.child("default").value,
        example=first if node.child("example").value is None else node.child("example").value,
        description=node.text("description") or node.text("title"),
        nodes=frozenset({node}),
    )


def _choices(node: Node) -> tuple[Any, ...] | None:
    """Return the values of an enum; None if it is empty or too large, or if a value is a list or an object."""
    values = [node.value["const"]] if node.has("const") else node.child("enum").value
    if not isinstance(values, list) or not values or len(values) > MOST_CHOICES:
        return None
    scalars = [value for value in values if value is None or isinstance(value, str | int | float)]
    return tuple(dict.fromkeys(scalars)) if len(scalars) == len(values) else None


def _kinds(node: Node, choices: tuple[Any, ...] | None) -> tuple[frozenset[str], bool]:
    """Return the kinds in `type`, or the kinds that other keys imply, and whether null is among them."""
    types = node.child("type").value
    names = types if isinstance(types, list) else [types]
    kind_names = [name for name in names if isinstance(name, str) and name in _KINDS]
    if kind_names:
        return frozenset().union(*(_KINDS[name] for name in kind_names)), "null" in kind_names
    if (
        node.has("properties")
        or isinstance(node.child("additionalProperties").value, dict)
        or isinstance(node.child("required").value, list)
    ):
        return _KINDS["object"], False
    if node.has("items") or node.has("prefixItems"):
        return _KINDS["array"], False
    if choices:
        return frozenset().union(*(_kind_of(choice) for choice in choices)), False
    return ANY, False


def _kind_of(value: object) -> frozenset[str]:
    if isinstance(value, bool):
        return _KINDS["boolean"]
    if isinstance(value, int):
        return _KINDS["integer"]
    return _KINDS["number"] if isinstance(value, float) else _KINDS["string"] if isinstance(value, str) else frozenset()


def _items(node: Node) -> Schema | None:
    child = node.child("items")
    return Schema((child,)) if isinstance(child.value, dict) and child.value and not node.has("prefixItems") else None


def _values(node: Node) -> Schema | None:
    """Return the schema of the values under keys that are not in `properties`."""
    child = node.child("additionalProperties")
    if isinstance(child.value, dict) and child.value:
        return Schema((child,))
    patterns = [pattern for _, pattern in node.mapping("patternProperties") if isinstance(pattern.value, dict)]
    return Schema(tuple(patterns), is_any=True) if patterns else None


def _limits(node: Node) -> dict[str, float]:
    limits = {name: number for key, name in _LIMITS.items() if (number := _number(node.child(key).value)) is not None}
    for key, name, direction in (("exclusiveMinimum", "minimum", math.inf), ("exclusiveMaximum", "maximum", -math.inf)):
        edge = node.child(key).value
        number = limits.get(name) if edge is True else _number(edge)
        if number is not None:
            limits[name] = _next(number, direction, is_whole=node.child("type").value == "integer")
    return limits


def _next(number: float, direction: float, *, is_whole: bool) -> float:
    if not is_whole:
        return math.nextafter(number, direction)
    return math.floor(number) + 1 if direction > 0 else math.ceil(number) - 1


def _number(value: object) -> float | None:
    """Return a plain number; None for other values and for whole numbers of more than 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return float(value)
    return int(value) if abs(value) < 1 << 63 else None
