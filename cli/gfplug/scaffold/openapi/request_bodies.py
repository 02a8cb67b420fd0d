"""Read the fields of a request's body, JSON or a form; a nested object is one parameter for each property."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.model import FORM, Parameter, Path, ValueType
from gfplug.scaffold.openapi.nodes import FlawError, Node, NoQueryError, quote, require_few
from gfplug.scaffold.openapi.parameter_types import parameter_type, plain_value
from gfplug.scaffold.openapi.parameters import form_separator, swagger_separator
from gfplug.scaffold.openapi.responses import json_media

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gfplug.scaffold.openapi.description_files import DescriptionFiles
    from gfplug.scaffold.openapi.schema_reader import SchemaReader
    from gfplug.scaffold.openapi.shapes import Schema, Shape

_JSON = "application/json"
_DEPTHS = (3, 2, 1, 0)
_MAX_FIELDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of a request: its media type, and its fields, whose identifiers are still empty."""

    type: str = ""
    fields: tuple[Parameter, ...] = ()
    is_required: bool = False


class BodyReader:
    """Reads bodies of requests."""

    def __init__(self, files: DescriptionFiles, schemas: SchemaReader) -> None:
        """Store the readers of references and schemas."""
        self._files = files
        self._schemas = schemas

    def read(self, operation: Node) -> Body:
        """Read an OpenAPI 3 operation's body.

        Raises: FlawError if the body cannot be read; NoQueryError if it is neither JSON nor a form.
        """
        if not operation.has("requestBody"):
            return Body()
        node = self._files.resolve(operation.child("requestBody"))
        require_few(node, "content")
        medias = dict(node.mapping("content"))
        name = json_media(list(medias)) or next((name for name in medias if name.startswith(FORM)), "")
        if not name:
            raise NoQueryError(
                node.place, f"its body is {quote(next(iter(medias), 'a body of no type'))}, not JSON or a form"
            )
        is_form, is_required = name.startswith(FORM), node.is_true("required")
        schema = medias[name].child("schema")
        if is_form:
            fields = self._fields(schema, is_form=True, is_required=is_required) if schema.value else []
            encoding = medias[name].child("encoding")
            form = [_with_encoding(each, encoding.child(each.name)) for each in fields]
            return Body(type=FORM, fields=tuple(form), is_required=is_required)
        schema = schema if schema.value else schema.with_value({})
        fields = self._fields(schema, is_form=False, is_required=is_required)
        return Body(type=_JSON if "*" in name else name, fields=tuple(fields), is_required=is_required)

    def read_swagger(self, nodes: Sequence[Node]) -> Body:
        """Read a Swagger 2 operation's body: the parameter in `body`, or the parameters in `formData`."""
        for node in nodes:
            if node.text("in") == "body":
                is_required = node.is_true("required")
                fields = self._fields(node.child("schema"), is_form=False, is_required=is_required)
                return Body(type=_JSON, fields=tuple(fields), is_required=is_required)
        forms = [node for node in nodes if node.text("in") == "formData"]
        if any(node.child("type").value == "file" for node in forms):
            raise NoQueryError(forms[0].place, "its body is a file")
        fields = [self._form_field(node) for node in forms]
        return Body(type=FORM if fields else "", fields=tuple(fields), is_required=any(f.is_required for f in fields))

    def _form_field(self, node: Node) -> Parameter:
        name = node.text("name")
        if not name:
            raise FlawError(node.place, "a field of the form has no name")
        shape, is_required = self._schemas.shape(node), node.is_true("required")
        field = self._parameter(shape, (name,), is_required=is_required, is_form=True)
        return replace(field, separator=swagger_separator(node, can_repeat=True)) if field.type.is_list else field

    def _fields(self, schema: Schema | Node, *, is_form: bool, is_required: bool) -> list[Parameter]:
        shape = self._schemas.shape(schema)
        if not shape.is_object or not shape.properties:
            if is_form:
                raise FlawError(
                    schema.place if isinstance(schema, Node) else "/", "the description lists no fields for its form"
                )
            return [self._parameter(shape, (), is_required=is_required, is_form=False)]
        for depth in (0,) if is_form else _DEPTHS:
            walk = self._walk(shape, (), depth, is_required=is_required, is_form=is_form, passed=frozenset())
            fields = []
            for field in walk:
                fields.append(field)
                if len(fields) > _MAX_FIELDS:
                    break
            if len(fields) <= _MAX_FIELDS:
                return fields
        raise FlawError(
            min(node.place for node in shape.nodes),
            f"its body has more than {_MAX_FIELDS} fields; gfplug reads at most {_MAX_FIELDS}",
        )

    def _walk(
        self, shape: Shape, path: Path, depth: int, *, is_required: bool, is_form: bool, passed: frozenset[Node]
    ) -> Iterator[Parameter]:
        for name, schema in shape.properties.items():
            inner, here = self._schemas.part(schema), (*path, name)
            if any(node.is_true("readOnly") for node in inner.nodes):
                continue
            needed = is_required and name in shape.required
            if inner.is_object and inner.properties and len(here) <= depth and not inner.nodes & passed:
                passed_here = passed | shape.nodes
                yield from self._walk(inner, here, depth, is_required=needed, is_form=is_form, passed=passed_here)
            else:
                yield self._parameter(inner, here, is_required=needed, is_form=is_form)

    def _parameter(self, shape: Shape, path: Path, *, is_required: bool, is_form: bool) -> Parameter:
        item = self._schemas.shape(shape.items) if shape.is_array and shape.items else None
        kind = parameter_type(shape, item, is_text=is_form)
        if kind.is_list and kind.kind == "json":
            kind = ValueType(kind="json")
        return Parameter(
            name=".".join(path) or "body",
            identifier="",
            location="body",
            type=kind,
            path=path,
            is_required=is_required,
            is_nullable=shape.is_nullable,
            default=plain_value(shape.default, kind),
            description=shape.description,
            example=plain_value(shape.example, kind),
        )


def _with_encoding(field: Parameter, encoding: Node) -> Parameter:
    """Return a form's field with its `encoding`: the style of a list, or JSON."""
    if not field.type.is_list:
        return field
    if not encoding.has("style") and json_media([encoding.text("contentType")]):
        return replace(field, type=ValueType(kind="json"), default=None, example=None)
    return replace(field, separator=form_separator(encoding))
