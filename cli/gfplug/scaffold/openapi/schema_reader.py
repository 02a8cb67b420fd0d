"""Turn a description's schemas into shapes: follow references, merge `allOf`, `oneOf` and `anyOf`, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.nodes import FlawError, Node, quote
from gfplug.scaffold.openapi.plain_schemas import plain_shape
from gfplug.scaffold.openapi.shapes import Schema, Shape, intersect, unite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gfplug.scaffold.openapi.description_files import DescriptionFiles

_MAX_DEPTH = 100  # nested allOf, oneOf and anyOf
_MAX_PARTS = 2000  # schemas in one shape
_MOST_PARTS_OF_ALL = 300_000  # twenty times the number in the largest descriptions
_MOST_READS = 3_000_000  # in all operations, including repeated reads of a schema
_MOST_PROPERTIES = 2000


class LimitError(FlawError):
    """The description is too large to read completely."""


class SchemaReader:
    """Reads schemas, each once."""

    def __init__(self, files: DescriptionFiles) -> None:
        """Store the files with the targets of references."""
        self._files = files
        self._shapes: dict[Schema | Node, Shape] = {}
        self._open: list[Schema | Node] = []
        self._parts = 0
        self._parts_of_all = 0
        self._reads = 0
        self._cuts = 0

    def shape(self, schema: Schema | Node) -> Shape:
        """Return the shape of a schema.

        Raises: FlawError if a reference has no target, or if the schema has too many parts.
        """
        self._parts = 0
        self._open = []
        self._reads += 1
        if self._reads > _MOST_READS or self._parts_of_all > _MOST_PARTS_OF_ALL:
            sentence = "the description is too large to read completely; choose operations: --operations NAME,NAME"
            raise LimitError(_place(schema), sentence)
        return self._shape(schema) or Shape()

    def part(self, schema: Schema | Node) -> Shape:
        """Return the shape of a property; an error becomes its `conflict`, so that other properties stay readable."""
        try:
            return self.shape(schema)
        except LimitError:
            raise
        except FlawError as flaw:
            return Shape(kinds=frozenset(), conflict=flaw.message, nodes=frozenset({Node(None, "", flaw.place)}))

    def _shape(self, schema: Schema | Node) -> Shape | None:
        """Return a shape; None for a schema that is a part of itself, because it adds nothing."""
        if schema in self._shapes:
            return self._shapes[schema]
        if schema in self._open:
            self._cuts += 1
            return None
        self._check_bounds(schema)
        cuts = self._cuts
        self._open.append(schema)
        if isinstance(schema, Node):
            shape = self._of_node(schema)
        else:
            shapes = self._list(schema.parts)
            shape = _merge(unite if schema.is_any else intersect, shapes, schema) if shapes else None
        self._open.pop()
        if shape is not None and cuts == self._cuts:
            self._shapes[schema] = shape
        return shape

    def _list(self, schemas: Sequence[Schema | Node]) -> list[Shape]:
        shapes = [self._shape(schema) for schema in dict.fromkeys(schemas)]
        return [shape for shape in shapes if shape is not None]

    def _check_bounds(self, schema: Schema | Node) -> None:
        self._parts += 1
        self._parts_of_all += 1
        if self._parts > _MAX_PARTS or len(self._open) > _MAX_DEPTH:
            raise FlawError(
                _place(schema), f"a schema has more than {_MAX_PARTS} parts, or more than {_MAX_DEPTH} levels"
            )

    def _of_node(self, node: Node) -> Shape | None:
        if isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
            shapes = self._list([self._files.follow(node, node.value["$ref"])])
            if len(node.value) > 1:  # the keys beside a reference come first
                shapes.insert(0, self._own(node.with_value({**node.value, "$ref": None})))
            merged = _merge(intersect, shapes, node) if shapes else None
            return (
                shapes[-1] if merged is not None and merged.conflict else merged
            )  # 3.0 ignores keys beside a reference
        if node.value is False:
            return Shape(kinds=frozenset(), conflict="the schema `false` allows no value", nodes=frozenset({node}))
        if not isinstance(node.value, dict | bool):
            raise FlawError(node.place, f"a schema is {quote(node.value)}, not a mapping")
        return self._own(node)

    def _own(self, node: Node) -> Shape:
        """Return the shape of one mapping: its keys, and its allOf, oneOf and anyOf."""
        properties = node.child("properties").value
        if isinstance(properties, dict) and len(properties) > _MOST_PROPERTIES:
            raise FlawError(node.place, f"a schema has more than {_MOST_PROPERTIES} properties")
        shapes = [plain_shape(node), *self._list(list(node.items("allOf")))]
        for key in ("oneOf", "anyOf"):
            variants = self._list(list(node.items(key)))
            if variants:
                shapes.append(_merge(unite, variants, node))
        merged = _merge(intersect, shapes, node)
        discriminator = self._discriminator(node, merged)
        return merged if discriminator is None else intersect(merged, discriminator)

    def _discriminator(self, node: Node, merged: Shape) -> Shape | None:
        """Return the property that distinguishes the variants, with its values; None if the variants list them."""
        discriminator = node.child("discriminator")
        name = discriminator.text("propertyName")
        variants = [*node.items("oneOf"), *node.items("anyOf")]
        if not name or not variants:
            return None
        own = self._shape(merged.properties[name]) if name in merged.properties else None
        if own is not None and own.choices:
            return None
        values = [key for key, _ in discriminator.mapping("mapping")]
        values = values or [variant.text("$ref").rpartition("/")[2] for variant in variants]
        enum = {"type": "string", **({"enum": values} if all(values) else {})}
        schema = Schema((discriminator.with_child("propertyName", enum),))
        return Shape(kinds=frozenset({"object"}), properties={name: schema})


def _place(schema: Schema | Node) -> str:
    while isinstance(schema, Schema):
        schema = schema.parts[0]
    return schema.place


def _merge(operation: Callable[[Shape, Shape], Shape], shapes: Sequence[Shape], schema: Schema | Node) -> Shape:
    """Merge one or more shapes, in pairs, because each step copies both shapes."""
    merged = list(shapes)
    while len(merged) > 1:
        pairs = [merged[start : start + 2] for start in range(0, len(merged), 2)]
        merged = [operation(*pair) if len(pair) > 1 else pair[0] for pair in pairs]
        if any(len(shape.properties) > _MOST_PROPERTIES for shape in merged):
            raise FlawError(_place(schema), f"a schema has more than {_MOST_PROPERTIES} properties")
    return merged[0]
