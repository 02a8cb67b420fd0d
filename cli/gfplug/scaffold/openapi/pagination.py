"""How an operation's next page is asked for, as its parameters, its answer and its headers tell.

What is not told is not guessed: pages that may count from 0 or from 1 are left to the author.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.identifiers import snake
from gfplug.scaffold.openapi.model import Pagination

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.openapi.model import Column, Parameter, Path
    from gfplug.scaffold.openapi.remarks import Remarks
    from gfplug.scaffold.openapi.rows import Rows
    from gfplug.scaffold.openapi.schema_reader import SchemaReader
    from gfplug.scaffold.openapi.shapes import Shape

_CURSORS = (
    *("cursor", "page_token", "pagetoken", "next_token", "nexttoken", "next_page_token", "next_cursor", "page_cursor"),
    *("continuation_token", "continue", "continuation", "pagination_token", "page_after", "after", "marker", "next"),
    *("next_marker", "start_after", "scroll_id", "after_cursor", "start_cursor", "next_page", "start_key"),
)
_NEXT = (
    *("next_cursor", "nextcursor", "next_page_token", "nextpagetoken", "next_token", "nexttoken", "next_page_cursor"),
    *("continuation_token", "next_continuation_token", "next_marker", "next_key", "next", "continue", "end_cursor"),
    *("pagination_token", "cursor", "after", "after_cursor", "marker", "scroll_id", "next_page"),
)
_NEXT_URLS = frozenset(
    {
        *("next", "next_url", "next_page_url", "next_link", "nextlink", "next_href", "next_page_uri", "next_uri"),
        *("odata_next_link", "next_page_link", "next_page", "next_page_path"),
    }
)
_SURE_URLS = _NEXT_URLS - {"next", "next_page"}
_PAGES = frozenset(
    {"page", "page_number", "pagenumber", "page_no", "pageno", "page_num", "page_index", "pageindex", "pg", "p"}
)
_OFFSETS = ("offset", "skip", "page_offset", "start_index", "startindex", "start_at", "startat", "start", "from")
_SIZES = (
    *("per_page", "perpage", "page_size", "pagesize", "limit", "size", "page_limit", "max_results", "maxresults"),
    *("max_items", "maxitems", "count", "top", "rows", "take", "results_per_page", "items_per_page", "first"),
    *("max_page_size", "maxpagesize", "num_results", "limits"),
)
_MORE = frozenset({"has_more", "hasmore", "has_next", "has_next_page", "has_more_items", "more", "is_truncated"})
_TOTALS = frozenset(
    {
        *("total", "total_count", "totalcount", "total_results", "total_items", "total_elements", "total_records"),
        *("total_rows", "total_hits", "total_size", "result_info_total_count"),
    }
)
_URL = re.compile(r"\b(url|uri|link|href)\b", re.IGNORECASE)
_FROM_ZERO = re.compile(
    r"\b(zero|0)[ -](based|indexed)|\b(start(s|ing)?|begin(s|ning)?|index(ed)?|count(s|ed)?) (at|from|with) (0|zero)\b",
    re.IGNORECASE,
)
_FROM_ONE = re.compile(
    r"\b(one|1)[ -](based|indexed)|\b(start(s|ing)?|begin(s|ning)?|index(ed)?|count(s|ed)?) (at|from|with) (1|one)\b",
    re.IGNORECASE,
)
_DEEPEST = 3
_MOST_FIELDS = 300
_MOST_ROWS = 1000
"""Rows of one page that are asked for at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What tells how a list has pages: parameters with identifiers, rows and columns, names of headers, its place."""

    parameters: Sequence[Parameter]
    rows: Rows
    columns: Sequence[Column]
    headers: frozenset[str]
    place: str


def find_pagination(reader: SchemaReader, listing: Listing, remarks: Remarks) -> Pagination | None:
    """Return how the next page is asked for; None for what has no pages that can be told."""
    if listing.rows.kind != "array":
        return None
    fields = _envelope_fields(reader, listing.rows)
    return _by_cursor(listing, fields) or _by_url(listing, fields) or _by_number(listing, fields, remarks)


def _by_cursor(listing: Listing, fields: Mapping[Path, Shape]) -> Pagination | None:
    named = {snake(parameter.name): parameter for parameter in listing.parameters if not parameter.type.is_list}
    has_more = _first(fields, _MORE, "boolean")
    last = named.get("starting_after")
    if last is not None and has_more and any(column.path == ("id",) for column in listing.columns):
        return _paged(listing, fields, Pagination(kind="cursor", parameter=last.identifier, last_row_path=("id",)))
    for name in _CURSORS:
        if name not in named or named[name].type.kind not in ("string", "integer"):
            continue
        wanted = [f"next_{name}", name, *_NEXT]
        found = [path for path in fields if _is_value(fields[path]) and not _is_url(path, fields[path])]
        path = min(found, key=lambda path: _rank(path, wanted), default=())
        if path and _rank(path, wanted) < len(wanted):
            return _paged(listing, fields, Pagination(kind="cursor", parameter=named[name].identifier, next_path=path))
    return None


def _by_url(listing: Listing, fields: Mapping[Path, Shape]) -> Pagination | None:
    for path, shape in fields.items():
        if shape.kinds == {"string"} and _is_url(path, shape):
            return _paged(listing, fields, Pagination(kind="next_url", next_path=path))
    return _paged(listing, fields, Pagination(kind="link")) if "link" in listing.headers else None


def _by_number(listing: Listing, fields: Mapping[Path, Shape], remarks: Remarks) -> Pagination | None:
    numbers = {snake(p.name): p for p in listing.parameters if p.type.kind == "integer" and not p.type.is_list}
    for name in (name for name in numbers if name in _PAGES):
        page, first = numbers[name], _first_page(numbers[name])
        if first is None:
            remarks.leave_out_part(
                listing.place,
                f"nothing tells whether {page.name!r} counts pages from 0 or from 1: only one page is read",
            )
            return None
        return _paged(listing, fields, Pagination(kind="page", parameter=page.identifier, first=first))
    size = _size(listing)
    for name in _OFFSETS:
        if name in numbers and (size is not None or name in ("offset", "skip")):
            offset = numbers[name]
            first = next((n for n in (offset.default, offset.type.minimum) if isinstance(n, int)), 0)
            return _paged(
                listing,
                fields,
                Pagination(kind="offset", parameter=offset.identifier, first=min(max(int(first), 0), 1)),
            )
    return None


def _first_page(page: Parameter) -> int | None:
    """Return the number of the first page, if the parameter tells."""
    if _FROM_ZERO.search(page.description):
        return 0
    if _FROM_ONE.search(page.description):
        return 1
    numbers = (page.default, page.type.minimum)
    return next((int(number) for number in numbers if isinstance(number, int) and number in (0, 1)), None)


def _paged(listing: Listing, fields: Mapping[Path, Shape], pagination: Pagination) -> Pagination:
    """Add what every kind may have: the size of a page, whether there are more, how many there are."""
    size = _size(listing)
    numbers = (size.type.maximum, size.default) if size else ()
    most = next((int(number) for number in numbers if isinstance(number, int | float) and number >= 1), 0)
    return replace(
        pagination,
        size_parameter=size.identifier if size else "",
        size=min(most, _MOST_ROWS),
        has_more_path=_first(fields, _MORE, "boolean"),
        total_path=_first(fields, _TOTALS, "integer"),
    )


def _size(listing: Listing) -> Parameter | None:
    numbers = {snake(p.name): p for p in listing.parameters if p.type.kind == "integer" and not p.type.is_list}
    return next((numbers[name] for name in _SIZES if name in numbers), None)


def _envelope_fields(reader: SchemaReader, rows: Rows) -> dict[Path, Shape]:
    """Map paths into an answer's envelopes to what is there: scalars, three objects deep, not the rows."""
    fields: dict[Path, Shape] = {}
    for depth, envelope in enumerate(rows.envelopes):
        level: list[tuple[Path, Shape]] = [(rows.path[:depth], envelope)]
        for _ in range(_DEEPEST):
            level = [
                ((*path, name), reader.part(schema))
                for path, shape in level
                for name, schema in list(shape.properties.items())[:_MOST_FIELDS]
                if (*path, name) != rows.path[: len(path) + 1]
            ][:_MOST_FIELDS]
            fields.update((path, shape) for path, shape in level if not shape.is_object)
    return dict(list(fields.items())[:_MOST_FIELDS])


def _first(fields: Mapping[Path, Shape], names: frozenset[str], kind: str) -> Path:
    """Return the path of the first field that has one of the names and is of a kind."""
    return next((path for path, shape in fields.items() if snake(path[-1]) in names and shape.kinds == {kind}), ())


def _rank(path: Path, wanted: Sequence[str]) -> int:
    name = snake(path[-1])
    return wanted.index(name) if name in wanted else len(wanted)


def _is_value(shape: Shape) -> bool:
    return shape.kinds in ({"string"}, {"integer"})


def _is_url(path: Path, shape: Shape) -> bool:
    """Whether a field is the next page's URL, by its name and what is told of it."""
    name = snake(path[-1])
    if name == "href" and len(path) > 1:
        name = snake(path[-2])
    if name not in _NEXT_URLS:
        return False
    is_told = shape.format in ("uri", "url", "uri-reference") or bool(_URL.search(shape.description))
    is_told = is_told or name in _SURE_URLS or any(snake(step) in ("links", "link") for step in path[:-1])
    example = shape.example if isinstance(shape.example, str) else ""
    return is_told or example.startswith(("http://", "https://", "/"))
