"""Read an operation's parameters in the query, the path, headers and cookies, of OpenAPI 3 and Swagger 2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.model import Parameter
from gfplug.scaffold.openapi.nodes import FlawError, Node, quote, require_few
from gfplug.scaffold.openapi.parameter_types import parameter_type, plain_value
from gfplug.scaffold.openapi.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfplug.scaffold.openapi.description_files import DescriptionFiles
    from gfplug.scaffold.openapi.model import Location
    from gfplug.scaffold.openapi.remarks import Remarks
    from gfplug.scaffold.openapi.schema_reader import SchemaReader

_LOCATIONS: dict[str, Location] = {"path": "path", "query": "query", "header": "header", "cookie": "cookie"}
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", re.ASCII)
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})  # OpenAPI also ignores them
CONNECTION_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"}
)
"""Headers that only the HTTP client may set."""

_TRUSTED_HEADERS = re.compile(
    r"cookie|via|forwarded|proxy-.*|x-forwarded-.*|x-real-ip|x-original-.*|x-rewrite-.*|x-http-method.*", re.IGNORECASE
)
"""Headers that servers trust to identify the caller or the request: the editor of a panel must not set them."""

_SWAGGER_SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|", "multi": ""}
_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|", "tabDelimited": "\t"}
_ENDLESS = frozenset({"stream", "watch", "follow"})  # with these, the response would not end
_LONGEST_NAME = 200
_MAX_PARAMETERS = 100


class ParameterReader:
    """Reads the parameters of operations."""

    def __init__(self, files: DescriptionFiles, schemas: SchemaReader, *, is_swagger: bool) -> None:
        """Store the readers of references and schemas."""
        self._files = files
        self._schemas = schemas
        self._is_swagger = is_swagger

    def nodes(self, item: Node, operation: Node, remarks: Remarks) -> list[Node]:
        """List the parameters of a path and an operation; the operation's replace those with the same name and `in`.

        Raises: FlawError if the reference to a parameter has no target, as the parameter may be required.
        """
        nodes: dict[tuple[str, str], Node] = {}
        for owner in (item, operation):
            own: set[tuple[str, str]] = set()
            require_few(owner, "parameters")
            for reference in owner.items("parameters"):
                node = self._files.resolve(reference)
                if not isinstance(node.value, dict):
                    raise FlawError(reference.place, f"a parameter is {quote(node.value)}, not a mapping")
                key = (node.text("name", most=_LONGEST_NAME), node.text("in"))
                if key in own:
                    remarks.leave_out_part(
                        reference.place, f"the parameter {quote(key[0])} appears twice: the first one is used"
                    )
                    continue
                own.add(key)
                nodes[key] = node
        needed = {node for node in nodes.values() if node.is_true("required") or node.text("in") == "path"}
        if len(needed) > _MAX_PARAMETERS:
            raise FlawError(
                operation.place, f"it requires {len(needed)} parameters; gfplug reads at most {_MAX_PARAMETERS}"
            )
        selection = {*needed, *[node for node in nodes.values() if node not in needed][: _MAX_PARAMETERS - len(needed)]}
        if len(selection) < len(nodes):
            remarks.leave_out_part(
                operation.place,
                f"it has {len(nodes)} parameters: {len(nodes) - len(selection)} optional ones are left out",
            )
        return [node for node in nodes.values() if node in selection]

    def read(self, node: Node, remarks: Remarks) -> Iterator[Parameter]:
        """Read a parameter: yield none if it is left out, several for an object. Their identifiers are still empty.

        Raises: FlawError if the parameter is required and cannot be read.
        """
        try:
            yield from list(self._parameters(node))
        except FlawError as flaw:
            if node.is_true("required") or node.text("in") == "path":
                raise
            remarks.leave_out_part(flaw.place, flaw.message)

    def _parameters(self, node: Node) -> Iterator[Parameter]:
        name, location = _name_and_location(node)
        if location == "header" and name.lower() in _IGNORED_HEADERS | CONNECTION_HEADERS:
            return
        if location == "header" and _TRUSTED_HEADERS.fullmatch(name):
            raise FlawError(node.place, f"a query cannot set the header {quote(name)}, which servers trust")
        if node.has("content"):  # JSON, which the user types
            yield self._parameter(node, name, location, Shape(kinds=frozenset({"object"})), is_json=True)
            return
        schema = node if self._is_swagger or not node.has("schema") else node.child("schema")
        shape = self._schemas.shape(schema)
        if shape.conflict:
            raise FlawError(node.place, f"no value is valid for the parameter {quote(name)}: {shape.conflict}")
        is_object = shape.is_object or ("object" in shape.kinds and node.text("style") == "deepObject")
        if is_object and shape.properties and location == "query":
            yield from self._properties(node, name, shape)
            return
        yield self._parameter(node, name, location, shape)

    def _properties(self, node: Node, name: str, shape: Shape) -> Iterator[Parameter]:
        """Read an object as one parameter for each property: `name[property]`, or only `property`."""
        is_deep = node.text("style") == "deepObject" or "[" in name
        if not is_deep and (node.child("explode").value is False or node.text("style") not in ("", "form")):
            raise FlawError(
                node.place, f"the parameter {quote(name)} is an object sent as one text, which gfplug does not support"
            )
        for key, schema in shape.properties.items():
            inner = self._schemas.shape(schema)
            is_required = node.is_true("required") and key in shape.required
            if inner.is_object or inner.conflict:
                if is_required:
                    raise FlawError(node.place, f"the parameter {quote(name)} is an object that contains objects")
                continue
            wire_name = f"{name}[{key}]" if is_deep else key
            yield self._parameter(node, wire_name, "query", inner, is_required=is_required)

    def _parameter(
        self,
        node: Node,
        name: str,
        location: Location,
        shape: Shape,
        *,
        is_required: bool | None = None,
        is_json: bool = False,
    ) -> Parameter:
        item = self._schemas.shape(shape.items) if shape.is_array and shape.items else None
        kind = parameter_type(shape, item, is_text=True)
        if kind.kind == "json" and not is_json:
            raise FlawError(node.place, f"the parameter {quote(name)} is an object, or a list of objects or lists")
        is_required = node.is_true("required") if is_required is None else is_required
        separator, prefix = self._style(node, location, is_list=kind.is_list)
        if kind.is_list and node.text("style") == "deepObject" and not name.endswith("]"):
            name = f"{name}[]"
        default = False if kind.kind == "boolean" and name in _ENDLESS else plain_value(shape.default, kind)
        example = node.child("example").value
        first = next((value.child("value").value for _, value in node.mapping("examples")), None)
        return Parameter(
            name=name,
            identifier="",
            location=location,
            type=kind,
            path=(name,),
            is_required=is_required or location == "path",
            is_nullable=shape.is_nullable,
            default=default,
            description=node.text("description") or shape.description,
            example=plain_value(next((v for v in (example, first, shape.example) if v is not None), None), kind),
            separator=separator.replace("{name}", name),
            prefix=prefix.replace("{name}", name),
            allows_reserved=node.is_true("allowReserved"),
        )

    def _style(self, node: Node, location: Location, *, is_list: bool) -> tuple[str, str]:
        """Return a list's separator, which is empty if the name is repeated, and the prefix of a value in a path."""
        if self._is_swagger:
            return swagger_separator(node, can_repeat=location == "query") if is_list else "", ""
        style, explode = node.text("style"), node.child("explode").value
        if location == "path" and style in ("label", "matrix"):
            return self._path_style(style, is_exploded=explode is True, is_list=is_list)
        if not is_list:
            return "", ""
        return "," if location in ("path", "header") else form_separator(node), ""

    def _path_style(self, style: str, *, is_exploded: bool, is_list: bool) -> tuple[str, str]:
        prefix = "." if style == "label" else ";{name}="
        if not is_list:
            return "", prefix
        return ((".", prefix) if style == "label" else (prefix, prefix)) if is_exploded else (",", prefix)


def swagger_separator(node: Node, *, can_repeat: bool) -> str:
    """Return Swagger 2's separator between the items of a list; empty if the name is repeated."""
    separator = _SWAGGER_SEPARATORS.get(node.text("collectionFormat"), ",")
    return separator or ("" if can_repeat else ",")


def form_separator(node: Node) -> str:
    """Return OpenAPI 3's separator of list items in a query, a cookie or a form; empty if the name is repeated."""
    style, explode = node.text("style"), node.child("explode").value
    if style in _SEPARATORS:
        return _SEPARATORS[style] if explode is not True else ""
    return "," if explode is False else ""


def _name_and_location(node: Node) -> tuple[str, Location]:
    name, location = node.text("name", most=_LONGEST_NAME), node.text("in")
    if not name:
        raise FlawError(node.place, "a parameter has no name")
    if location not in _LOCATIONS:
        raise FlawError(
            node.place, f"the parameter {quote(name)} has in: {quote(location)}, not path, query, header or cookie"
        )
    if location in ("header", "cookie") and not _HEADER.fullmatch(name):
        raise FlawError(node.place, f"the parameter {quote(name)} is not a valid name of a {location}")
    return name, _LOCATIONS[location]


def text_parameter(name: str) -> Parameter:
    """Return the parameter for a name in a path without a description: a required text."""
    shape = Shape(kinds=frozenset({"string"}))
    kind = parameter_type(shape, None, is_text=True)
    return Parameter(name=name, identifier="", location="path", type=kind, path=(name,), is_required=True)
