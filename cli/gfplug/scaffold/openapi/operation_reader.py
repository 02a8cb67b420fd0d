"""Read one operation of a description as a query: its request, its response, its pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gfplug.scaffold.openapi.auth_schemes import with_keys
from gfplug.scaffold.openapi.columns import build_columns
from gfplug.scaffold.openapi.identifiers import Identifiers
from gfplug.scaffold.openapi.model import Column, Operation, Parameter, Response
from gfplug.scaffold.openapi.nodes import FlawError, Node
from gfplug.scaffold.openapi.pagination import Listing, find_pagination
from gfplug.scaffold.openapi.parameters import ParameterReader
from gfplug.scaffold.openapi.query_words import require_query
from gfplug.scaffold.openapi.request_bodies import Body, BodyReader
from gfplug.scaffold.openapi.responses import ResponseReader, RowsResponse
from gfplug.scaffold.openapi.rows import Rows, find_rows
from gfplug.scaffold.openapi.samples import example_of, schema_of
from gfplug.scaffold.openapi.schema_reader import SchemaReader
from gfplug.scaffold.openapi.time_bounds import bind_time_range
from gfplug.scaffold.openapi.url_paths import match_path

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.auth_schemes import AuthReader
    from gfplug.scaffold.openapi.base_urls import BaseUrlReader
    from gfplug.scaffold.openapi.description_files import DescriptionFiles
    from gfplug.scaffold.openapi.remarks import Remarks

_LONGEST_SUMMARY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An unread operation: name, method (lower case) and path, and the nodes of the path and the operation."""

    name: str
    method: str
    path: str
    item: Node
    node: Node


class OperationReader:
    """Reads operations of one description."""

    def __init__(self, files: DescriptionFiles, auth: AuthReader, urls: BaseUrlReader, *, is_swagger: bool) -> None:
        """Create the readers that all operations share."""
        self._root = files.main
        self._auth = auth
        self._urls = urls
        self._is_swagger = is_swagger
        self._schemas = SchemaReader(files)
        self._parameters = ParameterReader(files, self._schemas, is_swagger=is_swagger)
        self._bodies = BodyReader(files, self._schemas)
        self._responses = ResponseReader(files, self._schemas, is_swagger=is_swagger)

    def read(self, entry: Entry, remarks: Remarks) -> Operation:
        """Read an operation; its identifier is still empty.

        Raises: NoQueryError if the operation is not a query; FlawError if it cannot be read.
        """
        node = entry.node
        require_query(entry.method, entry.path, node)
        method: Literal["GET", "POST"] = "POST" if entry.method == "post" else "GET"
        rows_response = self._responses.read(self._root, node)
        nodes = self._parameters.nodes(entry.item, node, remarks)
        keys = {parameter: name for parameter in nodes if (name := self._auth.key(parameter))}
        plain = [parameter for parameter in nodes if parameter not in keys]
        ways = self._auth.alternatives(self._root, node, remarks)
        names = {name for way in ways for name in way}
        required = [name for parameter, name in keys.items() if parameter.is_true("required")]
        rows, columns, response = self._response(rows_response, entry.path, remarks)
        path, parameters, body = self._request(entry, method, plain, remarks)
        parameters = _with_identifiers(bind_time_range([*parameters, *body.fields], columns))
        listing = Listing(
            parameters=parameters,
            rows=rows,
            columns=columns,
            headers=rows_response.headers,
            place=rows_response.place,
        )
        return Operation(
            name=entry.name,
            identifier="",
            method=method,
            path=path,
            summary=node.text("summary", most=_LONGEST_SUMMARY) or entry.item.text("summary", most=_LONGEST_SUMMARY),
            description=node.text("description") or entry.item.text("description"),
            parameters=tuple(parameters),
            response=response,
            accept=rows_response.accept,
            body_type=body.type,
            pagination=find_pagination(self._schemas, listing, remarks),
            auth=with_keys(ways, required),
            optional_auth=tuple(name for name in dict.fromkeys(keys.values()) if name not in {*required, *names}),
            base_urls=self._urls.of_servers(node) or self._urls.of_servers(entry.item),
            error_path=self._responses.error_path(node),
            place=node.place,
            is_deprecated=node.is_true("deprecated"),
        )

    def _request(
        self, entry: Entry, method: str, nodes: list[Node], remarks: Remarks
    ) -> tuple[str, list[Parameter], Body]:
        """Return the path, the parameters that are not in the body, and the body."""
        fields = [node for node in nodes if self._is_swagger and node.text("in") in ("body", "formData")]
        plain = [node for node in nodes if node not in fields]
        described = [parameter for node in plain for parameter in self._parameters.read(node, remarks)]
        path, parameters = match_path(entry.path, described, place=entry.node.place, remarks=remarks)
        return path, parameters, self._body(entry, method, fields, remarks)

    def _body(self, entry: Entry, method: str, nodes: list[Node], remarks: Remarks) -> Body:
        try:
            body = self._bodies.read_swagger(nodes) if self._is_swagger else self._bodies.read(entry.node)
        except FlawError:
            if method == "POST" or entry.node.child("requestBody").is_true("required"):
                raise
            return Body()
        if method == "GET" and body.fields:
            if body.is_required:
                raise FlawError(entry.node.place, "it is a GET that requires a body, which gfplug does not send")
            remarks.leave_out_part(entry.node.place, "gfplug sends a GET without a body")
            return Body()
        return body

    def _response(
        self, rows_response: RowsResponse, path: str, remarks: Remarks
    ) -> tuple[Rows, tuple[Column, ...], Response]:
        schema = rows_response.schema
        if schema is None:
            example = next(iter(rows_response.examples), None)
            from_example = "its response has an example but no schema: the columns are those of the example"
            as_text = "its response has no schema: it is JSON text in one column"
            remarks.leave_out_part(rows_response.place, as_text if example is None else from_example)
            schema = Node({} if example is None else schema_of(example), "", f"{rows_response.place}/schema")
        noun = path.partition("#")[0].rstrip("/").rpartition("/")[2].partition(".")[0]
        rows = find_rows(self._schemas, schema, remarks, noun="" if noun.startswith("{") else noun)
        columns = build_columns(self._schemas, rows, remarks)
        text, is_generated = example_of(rows, columns, (*rows_response.examples, self._schemas.shape(schema).example))
        response = Response(
            row_path=rows.path, shape=rows.kind, columns=columns, example=text, is_example_made=is_generated
        )
        return rows, columns, response


def _with_identifiers(parameters: list[Parameter]) -> list[Parameter]:
    """Return the parameters with identifiers, required parameters first."""
    names = Identifiers()
    ordered = sorted(parameters, key=lambda parameter: not parameter.is_required)
    return [replace(other, identifier=names.take(other.name, fallback="parameter")) for other in ordered]


def entry_name(method: str, path: str, node: Node) -> str:
    """Return an operation's name: its operationId, or its method and path."""
    return node.text("operationId", most=_LONGEST_SUMMARY) or f"{method} {path}"[:_LONGEST_SUMMARY]
