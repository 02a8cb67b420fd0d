"""Find an operation's response with rows, and the message in its error responses."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.identifiers import snake
from gfplug.scaffold.openapi.nodes import FlawError, Node, NoQueryError, quote, require_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.scaffold.openapi.description_files import DescriptionFiles
    from gfplug.scaffold.openapi.model import Path
    from gfplug.scaffold.openapi.schema_reader import SchemaReader
    from gfplug.scaffold.openapi.shapes import Shape

_JSON = re.compile(r"(application|text)/json|[a-z]+/[a-z0-9.+_-]+\+json", re.ASCII)
_HEADER_TEXT = re.compile(r"[ -~]{1,200}", re.ASCII)
_STREAMS = ("stream=", "ndjson", "event-stream", "json-seq", "jsonl")
_ERROR_TEXTS = (
    *("message", "detail", "error_description", "description", "error_message", "msg", "reason", "title", "error"),
    *("errors", "fault", "faultstring", "errormessage", "errordescription"),
)
_MAX_PATH_LENGTH = 3
_MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class RowsResponse:
    """The response with rows: its media type, its schema or None, its examples, its headers' names, its place."""

    accept: str
    schema: Node | None
    examples: tuple[object, ...]
    headers: frozenset[str]
    place: str


class ResponseReader:
    """Reads the responses of operations."""

    def __init__(self, files: DescriptionFiles, schemas: SchemaReader, *, is_swagger: bool) -> None:
        """Store the readers of references and schemas."""
        self._files = files
        self._schemas = schemas
        self._is_swagger = is_swagger

    def read(self, root: Node, operation: Node) -> RowsResponse:
        """Return the response of a successful operation: 200, else the first other 2xx, else `default`.

        Raises: NoQueryError if the response is not JSON; FlawError if it is not described.
        """
        require_few(operation, "responses")
        responses = dict(operation.mapping("responses"))
        codes = sorted((code for code in responses if code[:1] == "2"), key=lambda code: (code != "200", code))
        redirects = [code for code in responses if code[:1] == "3"]
        if not codes and redirects:
            raise NoQueryError(operation.place, f"it responds with a redirect ({redirects[0]})")
        if not codes and "default" not in responses:
            raise FlawError(operation.place, "it describes no successful response (2xx)")
        for code in codes or ["default"]:
            node = self._files.resolve(responses[code])
            rows_response = self._swagger(root, operation, node) if self._is_swagger else self._content(node)
            if rows_response is not None:
                return rows_response
        if codes and all(code in ("202", "204", "205") for code in codes):
            raise NoQueryError(operation.place, f"it responds with {codes[0]}, which has no content")
        raise FlawError(operation.place, f"its response {codes[0] if codes else 'default'} has no content")

    def _content(self, response: Node) -> RowsResponse | None:
        require_few(response, "content")
        medias = dict(response.mapping("content"))
        if not medias:
            return None
        name = json_media(list(medias))
        if not name:
            raise NoQueryError(response.place, f"its response is {quote(next(iter(medias)))}, not JSON")
        media = medias[name]
        examples = list(itertools.islice((child for _, child in media.mapping("examples")), _MOST_EXAMPLES))
        values = [media.child("example").value, *(self._example(child) for child in examples)]
        has_schema = media.has("schema") and media.child("schema").value not in ({}, True)
        return RowsResponse(
            accept="application/json" if "*" in name else name,
            schema=media.child("schema") if has_schema else None,
            examples=tuple(value for value in values if value is not None),
            headers=_header_names(response),
            place=media.place,
        )

    def _example(self, node: Node) -> object:
        try:
            return self._files.resolve(node).child("value").value
        except FlawError:
            return None

    def _swagger(self, root: Node, operation: Node, response: Node) -> RowsResponse | None:
        owner = operation if operation.has("produces") else root
        medias = [item.value for item in owner.items("produces") if isinstance(item.value, str)] or ["application/json"]
        schema = response.child("schema")
        examples = dict(response.mapping("examples"))
        if not response.has("schema") and not examples:
            return None
        name = json_media(medias)
        if not name:
            raise NoQueryError(operation.place, f"its response is {quote(medias[0])}, not JSON")
        if schema.child("type").value == "file":
            raise NoQueryError(response.place, "its response is a file")
        example = examples[name].value if name in examples else None
        return RowsResponse(
            accept="application/json" if "*" in name else name,
            schema=schema if response.has("schema") and schema.value not in ({}, True) else None,
            examples=() if example is None else (example,),
            headers=_header_names(response),
            place=response.place,
        )

    def error_path(self, operation: Node) -> Path:
        """Return the path of the message in an error's JSON; empty if the description has no errors."""
        for code, reference in operation.mapping("responses"):
            if code[:1] not in ("4", "5") and code != "default":
                continue
            try:
                response = self._files.resolve(reference)
                name = json_media([name for name, _ in response.mapping("content")])
                schema = (
                    response.child("schema")
                    if self._is_swagger
                    else response.child("content").child(name).child("schema")
                )
                path = self._text_path(self._schemas.shape(schema), ()) if schema.value else ()
            except FlawError:
                continue
            if path:
                return path
        return ()

    def _text_path(self, shape: Shape, path: Path) -> Path:
        """Return the path of the text with the likeliest name; in a list of errors, the path in the first error."""
        if shape.kinds == {"string"} and path:
            return path
        if len(path) > _MAX_PATH_LENGTH:
            return ()
        if shape.is_array and shape.items is not None and path:
            return self._text_path(self._schemas.part(shape.items), (*path, "0"))
        for name in sorted(shape.properties, key=_error_rank):
            if _error_rank(name) == len(_ERROR_TEXTS):
                break
            path_of_text = self._text_path(self._schemas.part(shape.properties[name]), (*path, name))
            if path_of_text:
                return path_of_text
        return ()


def json_media(names: Sequence[str]) -> str:
    """Return the best media type for JSON: `application/json`, other JSON types, any type; empty if there is none."""
    plain = [name for name in names if not any(word in name.lower() for word in _STREAMS)]
    return next(iter(sorted((name for name in plain if _media_rank(name) is not None), key=_known_rank)), "")


def _media_rank(name: str) -> int | None:
    media = name.partition(";")[0].strip().lower() if _HEADER_TEXT.fullmatch(name) else ""
    if media == "application/json":
        return 0
    return 1 if _JSON.fullmatch(media) else 2 if media in ("*/*", "application/*") else None


def _known_rank(name: str) -> int:
    return _media_rank(name) or 0


def _error_rank(name: str) -> int:
    return _ERROR_TEXTS.index(snake(name)) if snake(name) in _ERROR_TEXTS else len(_ERROR_TEXTS)


def _header_names(response: Node) -> frozenset[str]:
    return frozenset(name.lower() for name, _ in response.mapping("headers"))
