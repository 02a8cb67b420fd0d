"""The shape of a schema: the values that it allows. The schema's parts are merged; its children are not read yet.

`both` merges two parts of an `allOf`, `either` merges two parts of a `oneOf` or `anyOf`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.scaffold.openapi.nodes import Node

ANY = frozenset({"object", "array", "string", "number", "integer", "boolean"})
"""The kinds of JSON values; a shape with `number` also has `integer`."""

MOST_CHOICES = 1000
"""The maximum number of values of an enum; a larger enum is ignored."""

_TIGHTER = {"minimum": max, "min_length": max, "min_items": max, "maximum": min, "max_length": min, "max_items": min}
_LOOSER = {"minimum": min, "min_length": min, "min_items": min, "maximum": max, "max_length": max, "max_items": max}


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that is not read yet: a value must match all of its parts or, with `is_any`, one of them."""

    parts: tuple[Node | Schema, ...]
    is_any: bool = False

    def and_(self, other: Schema) -> Schema:
        """Return the schema of the values that both schemas allow."""
        return Schema(tuple(dict.fromkeys((*self._flat(is_any=False), *other._flat(is_any=False)))))

    def or_(self, other: Schema) -> Schema:
        """Return the schema of the values that one of the schemas allows."""
        return Schema(tuple(dict.fromkeys((*self._flat(is_any=True), *other._flat(is_any=True)))), is_any=True)

    def _flat(self, *, is_any: bool) -> tuple[Node | Schema, ...]:
        """Return the schema's parts if they are combined in this way, else the schema itself as one part."""
        return self.parts if self.is_any == is_any or len(self.parts) == 1 else (self,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The values that a schema allows.

    `kinds` is a part of `ANY`; without kinds, only null is allowed. `choices` is None without an enum. `items` is the
    schema of an array's items, `values` that of the values under keys that are not in `properties`. `limits` has
    `minimum`, `max_items` and similar limits, inclusive. `nodes` are all schemas from which it was merged. `conflict`
    says why no value matches.
    """

    kinds: frozenset[str] = ANY
    is_nullable: bool = False
    format: str = ""
    choices: tuple[Any, ...] | None = None
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Schema | None = None
    values: Schema | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    default: Any = None
    example: Any = None
    description: str = ""
    nodes: frozenset[Node] = frozenset()
    conflict: str = ""

    @property
    def is_object(self) -> bool:
        """Whether the shape allows only objects, and perhaps null."""
        return self.kinds == {"object"}

    @property
    def is_array(self) -> bool:
        """Whether the shape allows only arrays, and perhaps null."""
        return self.kinds == {"array"}

    @property
    def is_scalar(self) -> bool:
        """Whether the shape allows only texts, only numbers or only booleans."""
        return self.kinds in ({"string"}, {"integer"}, {"integer", "number"}, {"boolean"})

    @property
    def is_null(self) -> bool:
        """Whether the shape allows only null."""
        return not self.kinds and not self.conflict


def intersect(one: Shape, other: Shape) -> Shape:
    """Return the shape of the values that both shapes allow; texts and defaults come from the first with them."""
    kinds = one.kinds & other.kinds
    conflict = one.conflict or other.conflict
    if not kinds and one.kinds and other.kinds:
        conflict = conflict or f"`allOf` requires both {_words(one.kinds)} and {_words(other.kinds)}"
    choices = one.choices if other.choices is None else other.choices
    if one.choices is not None and other.choices is not None:
        others = frozenset(other.choices)
        choices = tuple(choice for choice in one.choices if choice in others)
        if not choices:
            conflict = conflict or "`allOf` has two enums without a common value"
    properties = dict(one.properties)
    for name, schema in other.properties.items():
        properties[name] = properties[name].and_(schema) if name in properties else schema
    return Shape(
        kinds=kinds,
        is_nullable=one.is_nullable or other.is_nullable,
        format=one.format or other.format if not (one.format and other.format) or one.format == other.format else "",
        choices=choices,
        properties=properties,
        required=one.required | other.required,
        items=one.items.and_(other.items) if one.items and other.items else one.items or other.items,
        values=one.values.and_(other.values) if one.values and other.values else one.values or other.values,
        limits=_merge(one.limits, other.limits),
        default=other.default if one.default is None else one.default,
        example=other.example if one.example is None else one.example,
        description=one.description or other.description,
        nodes=one.nodes | other.nodes,
        conflict=conflict,
    )


def unite(one: Shape, other: Shape) -> Shape:
    """Return the shape of the values that either shape allows; a shape with only null or a conflict adds no kind."""
    if one.is_null or one.conflict:
        return replace(other, is_nullable=other.is_nullable or one.is_null, nodes=one.nodes | other.nodes)
    if other.is_null or other.conflict:
        return replace(one, is_nullable=one.is_nullable or other.is_null, nodes=one.nodes | other.nodes)
    properties = dict(one.properties)
    for name, schema in other.properties.items():
        properties[name] = properties[name].or_(schema) if name in properties else schema
    choices = None
    if one.choices is not None and other.choices is not None:
        choices = tuple(dict.fromkeys((*one.choices, *other.choices)))
    return Shape(
        kinds=one.kinds | other.kinds,
        is_nullable=one.is_nullable or other.is_nullable,
        format=one.format if one.format == other.format else "",
        choices=choices if choices is None or len(choices) <= MOST_CHOICES else None,
        properties=properties,
        required=one.required & other.required,
        items=one.items.or_(other.items) if one.items and other.items else one.items or other.items,
        values=one.values.or_(other.values) if one.values and other.values else one.values or other.values,
        limits={
            key: choose(one.limits[key], other.limits[key])
            for key, choose in _LOOSER.items()
            if key in one.limits and key in other.limits
        },
        default=other.default if one.default is None else one.default,
        example=other.example if one.example is None else one.example,
        description=one.description or other.description,
        nodes=one.nodes | other.nodes,
    )


def _merge(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    merged = dict(one)
    for key, value in other.items():
        merged[key] = _TIGHTER[key](merged[key], value) if key in merged else value
    return merged


def _words(kinds: frozenset[str]) -> str:
    names = sorted(kinds - {"integer"} if "number" in kinds else kinds)
    return " or ".join(names)
