"""Find the rows of a response: the array inside an envelope, the values of a map, or the response itself.

An object is an envelope if all its other properties are about the response: pages, counts, links, a status.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gfplug.scaffold.openapi.identifiers import snake
from gfplug.scaffold.openapi.nodes import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.scaffold.openapi.model import Path
    from gfplug.scaffold.openapi.nodes import Node
    from gfplug.scaffold.openapi.remarks import Remarks
    from gfplug.scaffold.openapi.schema_reader import SchemaReader
    from gfplug.scaffold.openapi.shapes import Schema, Shape

_ROWS = (
    *("data", "items", "results", "result", "rows", "records", "entries", "values", "list", "elements", "content"),
    *("objects", "resources", "hits", "collection", "value", "members", "series", "points", "datapoints", "events"),
    *("timeseries", "time_series", "samples", "measurements", "observations", "readings", "metrics", "features"),
    *("nodes", "edges", "documents", "docs", "articles", "rates", "alerts", "logs", "messages"),
)
"""Names of properties with rows, the likelier names first."""

_ENVELOPES = frozenset({"data", "result", "results", "response", "payload", "body", "d", "embedded", "hits", "value"})
_METADATA_WORDS = frozenset(
    {
        *("meta", "metadata", "links", "link", "self", "next", "previous", "prev", "first", "last", "page"),
        *("pages", "paging", "pagination", "pager", "per_page", "page_size", "page_number", "limit", "offset"),
        *("skip", "size", "cursor", "next_cursor", "next_page", "next_page_token", "next_token", "next_link"),
        *("next_page_url", "has_more", "has_next", "more", "is_last", "truncated", "is_truncated"),
        *("incomplete_results", "total", "count", "total_count", "total_pages", "total_results", "total_items"),
        *("total_elements", "number", "number_of_elements", "result_count", "number_of_results", "empty"),
        *("sort", "pageable", "status", "success", "ok", "error", "errors", "message", "code", "warnings"),
        *("result_info", "request_id", "response_metadata", "took", "timed_out", "version", "api_version"),
        *("kind", "object", "url", "etag", "context", "odata_context", "odata_next_link", "odata_count"),
        *("type", "result_type", "included", "response_code", "status_code", "description", "generated_at"),
        *("timestamp", "duration", "query", "filter", "start_index", "items_per_page", "page_index"),
        *("current_page", "last_page", "next_page_uri", "uri", "end", "pagelen", "first_page_uri"),
        *("previous_page_uri", "last_page_uri", "num_pages", "start", "max_results", "previous_page"),
        *("start_at", "shards", "max_score", "page_info", "total_size", "total_records", "total_rows"),
        *("total_hits", "done", "next_records_url", "href", "page_context", "sync_token", "next_sync_token"),
        *("next_url", "page_count", "number_of_pages", "first_page", "self_link", "request", "parameters"),
        *("has_previous", "requested_at", "bbox", "resource_metadata", "search_metadata", "jsonapi"),
        *("continue", "remaining", "facets", "aggregations"),
    }
)
"""Words about an answer, in snake case."""

_PAGES = frozenset(
    {
        *("next", "next_cursor", "next_page", "next_page_token", "next_token", "next_link", "next_page_url", "cursor"),
        *("has_more", "has_next", "is_last", "offset", "limit", "page", "per_page", "page_size", "total_pages"),
        *("total_count", "total_results", "total_items", "total_elements", "next_page_uri", "start_index"),
    }
)
"""Words about pages: only a list has them."""

_MAX_DEPTH = 4
_MOST_NAMES = 10
_MAX_OTHER_PROPERTIES = 1  # an envelope whose rows have a known name may have this many properties of another kind


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a response: their path, the kind of their container, and the schema and shape of one row.

    `envelopes` are the shapes of the objects around the rows, the outermost first.
    """

    path: Path
    kind: Literal["array", "object", "map"]
    schema: Schema | Node
    shape: Shape
    envelopes: tuple[Shape, ...]


def find_rows(reader: SchemaReader, schema: Schema | Node, remarks: Remarks, *, noun: str) -> Rows:
    """Return the rows of a response; `noun` is the last part of the operation's path (`/users`), or empty.

    Raises: FlawError as `SchemaReader` does.
    """
    path: tuple[str, ...] = ()
    envelopes: list[Shape] = []
    passed: frozenset[Node] = frozenset()
    while True:
        shape = reader.shape(schema)
        if shape.is_array and shape.items is not None:
            return Rows(path, "array", shape.items, reader.shape(shape.items), tuple(envelopes))
        if not shape.is_object or shape.nodes & passed or len(path) >= _MAX_DEPTH:
            return Rows(path, "object", schema, shape, tuple(envelopes))
        passed |= shape.nodes
        if not shape.properties and shape.values is not None:
            return Rows(path, "map", shape.values, reader.shape(shape.values), tuple(envelopes))
        name = _inner(reader, shape, noun)
        if not name:
            if shape.properties and shape.values is not None:
                remarks.leave_out_part(_place(shape), "an object can have other keys: they are left out")
            return Rows(path, "object", schema, shape, tuple(envelopes))
        envelopes.append(shape)
        beside = [other for other in shape.properties if other != name and snake(other) not in _METADATA_WORDS]
        if beside:
            remarks.leave_out_part(
                _place(shape), f"the rows are in {quote(name)}; other properties are left out: {_list_names(beside)}"
            )
        path, schema = (*path, name), shape.properties[name]


def _inner(reader: SchemaReader, shape: Shape, noun: str, depth: int = 0) -> str:
    """Return the property of an envelope that contains the rows; empty for an object that is a row itself."""
    shapes = {
        name: reader.part(schema) for name, schema in shape.properties.items() if snake(name) not in _METADATA_WORDS
    }
    is_paged = any(snake(name) in _PAGES for name in shape.properties)
    arrays = [name for name in shapes if shapes[name].is_array and shapes[name].items is not None]
    for name in sorted(arrays, key=lambda name: _rank(name, noun)):
        others = [other for other in shapes if other != name and not (is_paged and shapes[other].is_scalar)]
        is_likely = _rank(name, noun) < len(_ROWS) + 1
        if len(others) <= (_MAX_OTHER_PROPERTIES if is_likely else 0):
            return name
    if arrays or len(shapes) != 1 or depth == _MAX_DEPTH:
        return ""
    (name,) = shapes
    is_envelope = snake(name) in _ENVELOPES or bool(_inner(reader, shapes[name], noun, depth + 1))
    return name if shapes[name].is_object and is_envelope else ""


def _list_names(names: Sequence[str]) -> str:
    return ", ".join(map(quote, names[:_MOST_NAMES])) + (", …" if len(names) > _MOST_NAMES else "")


def _place(shape: Shape) -> str:
    return min((node.place for node in shape.nodes), default="/")


def _rank(name: str, noun: str) -> int:
    """Return a name's rank among the names of properties with rows, 0 for the likeliest."""
    if noun and snake(name) == snake(noun):
        return 0
    return _ROWS.index(snake(name)) + 1 if snake(name) in _ROWS else len(_ROWS) + 1
