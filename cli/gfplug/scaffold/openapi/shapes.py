"""What a schema allows, one level of it: its parts are merged, and its children are still to be read.

`both` is what two parts of an `allOf` allow together, `either` what two of a `oneOf` or `anyOf` allow.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.scaffold.openapi.nodes import Node

ANY = frozenset({"object", "array", "string", "number", "integer", "boolean"})
"""The kinds of JSON values; what may be a `number` may be an `integer` as well."""

MOST_CHOICES = 1000
"""Values of the largest enum that is kept."""

_TIGHTER = {"minimum": max, "min_length": max, "min_items": max, "maximum": min, "max_length": min, "max_items": min}
_LOOSER = {"minimum": min, "min_length": min, "min_items": min, "maximum": max, "max_length": max, "max_items": max}


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that is still to be read: all of its parts hold, or with `is_any` one of them."""

    parts: tuple[Node | Schema, ...]
    is_any: bool = False

    def and_(self, other: Schema) -> Schema:
        """Return the schema of what both allow."""
        return Schema(tuple(dict.fromkeys((*self._flat(is_any=False), *other._flat(is_any=False)))))

    def or_(self, other: Schema) -> Schema:
        """Return the schema of what either allows."""
        return Schema(tuple(dict.fromkeys((*self._flat(is_any=True), *other._flat(is_any=True)))), is_any=True)

    def _flat(self, *, is_any: bool) -> tuple[Node | Schema, ...]:
        """Return the parts by which it joins others: its own where they mean the same there."""
        return self.parts if self.is_any == is_any or len(self.parts) == 1 else (self,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a schema allows.

    `kinds` are of `ANY`; none is null only. `choices` is None where there is no enum. `items` are an array's,
    `values` those of an object's keys that have no names. `limits` has `minimum`, `max_items` and their kin, inclusive.
    `nodes` are all that it was made of. `conflict` says why nothing can be all that it says.
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
        """Whether it is an object and nothing else, but perhaps null."""
        return self.kinds == {"object"}

    @property
    def is_array(self) -> bool:
        """Whether it is an array and nothing else, but perhaps null."""
        return self.kinds == {"array"}

    @property
    def is_scalar(self) -> bool:
        """Whether it is of one kind of text, number or boolean."""
        return self.kinds in ({"string"}, {"integer"}, {"integer", "number"}, {"boolean"})

    @property
    def is_null(self) -> bool:
        """Whether it is null and nothing else."""
        return not self.kinds and not self.conflict


def both(one: Shape, other: Shape) -> Shape:
    """Return what two shapes allow together; texts and defaults are those of the first that has any."""
    kinds = one.kinds & other.kinds
    conflict = one.conflict or other.conflict
    if not kinds and one.kinds and other.kinds:
        conflict = conflict or f"`allOf` says that it is {_words(one.kinds)} and that it is {_words(other.kinds)}"
    choices = one.choices if other.choices is None else other.choices
    if one.choices is not None and other.choices is not None:
        others = frozenset(other.choices)
        choices = tuple(choice for choice in one.choices if choice in others)
        if not choices:
            conflict = conflict or "`allOf` names two enums that have no value in common"
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


def either(one: Shape, other: Shape) -> Shape:
    """Return what one of two shapes allows; a shape of null, or of nothing, adds no kind."""
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
            key: pick(one.limits[key], other.limits[key])
            for key, pick in _LOOSER.items()
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
