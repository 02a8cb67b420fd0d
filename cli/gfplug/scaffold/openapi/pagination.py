"""Find out how an operation's next page is requested, from its parameters, its response and its headers.

This module does not guess: if the first page may be 0 or 1, only one page is read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi import page_words
from gfplug.scaffold.openapi.identifiers import snake
from gfplug.scaffold.openapi.model import Pagination

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.openapi.model import Column, Parameter, Path
    from gfplug.scaffold.openapi.remarks import Remarks
    from gfplug.scaffold.openapi.rows import Rows
    from gfplug.scaffold.openapi.schema_reader import SchemaReader
    from gfplug.scaffold.openapi.shapes import Shape

_MAX_DEPTH = 3
_MOST_FIELDS = 300
_MOST_ROWS = 1000
"""The maximum number of rows that one page requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list operation: its parameters with identifiers, its rows and columns, its headers' names, its place."""

    parameters: Sequence[Parameter]
    rows: Rows
    columns: Sequence[Column]
    headers: frozenset[str]
    place: str


def find_pagination(reader: SchemaReader, listing: Listing, remarks: Remarks) -> Pagination | None:
    """Return how the next page is requested; None if the operation has no pages, or does not describe them."""
    if listing.rows.kind != "array":
        return None
    fields = _envelope_fields(reader, listing.rows)
    return (
        _by_cursor(listing, fields)
        or _by_url(listing, fields)
        or _by_number(listing, fields, remarks)
        or _unknown(listing, fields)
    )


def _by_cursor(listing: Listing, fields: Mapping[Path, Shape]) -> Pagination | None:
    by_name = {snake(parameter.name): parameter for parameter in listing.parameters if not parameter.type.is_list}
    has_more = _first_path(fields, page_words.MORE, "boolean")
    last = by_name.get("starting_after")
    if last is not None and has_more and any(column.path == ("id",) for column in listing.columns):
        return _with_page_fields(
            listing, fields, Pagination(kind="cursor", parameter=last.identifier, last_row_path=("id",))
        )
    for name in page_words.CURSORS:
        if name not in by_name or by_name[name].type.kind not in ("string", "integer"):
            continue
        names = [f"next_{name}", name, *page_words.NEXT]
        candidates = [path for path in fields if _is_value(fields[path]) and not _is_url(path, fields[path])]
        path = min(candidates, key=lambda path: _rank(path, names), default=())
        if path and _rank(path, names) < len(names):
            return _with_page_fields(
                listing, fields, Pagination(kind="cursor", parameter=by_name[name].identifier, next_path=path)
            )
    return None


def _by_url(listing: Listing, fields: Mapping[Path, Shape]) -> Pagination | None:
    for path, shape in fields.items():
        if shape.kinds == {"string"} and _is_url(path, shape):
            return _with_page_fields(listing, fields, Pagination(kind="next_url", next_path=path))
    return _with_page_fields(listing, fields, Pagination(kind="link")) if "link" in listing.headers else None


def _by_number(listing: Listing, fields: Mapping[Path, Shape], remarks: Remarks) -> Pagination | None:
    numbers = {snake(p.name): p for p in listing.parameters if p.type.kind == "integer" and not p.type.is_list}
    for name in (name for name in numbers if name in page_words.PAGES):
        page, first = numbers[name], _first_page(numbers[name])
        if first is None:
            remarks.leave_out_part(
                listing.place,
                f"it does not say whether {page.name!r} counts pages from 0 or from 1: only one page is read",
            )
            return None
        return _with_page_fields(listing, fields, Pagination(kind="page", parameter=page.identifier, first=first))
    has_size, names = _size(listing) is not None, _names(listing)
    for name in (name for name in page_words.OFFSETS if name in numbers):
        offset = numbers[name]
        if page_words.is_offset(name, offset, names - {name}, has_size=has_size):
            first = next((n for n in (offset.default, offset.type.minimum) if isinstance(n, int)), 0)
            pagination = Pagination(kind="offset", parameter=offset.identifier, first=min(max(int(first), 0), 1))
            return _with_page_fields(listing, fields, pagination)
    return None


def _unknown(listing: Listing, fields: Mapping[Path, Shape]) -> Pagination | None:
    """Return the fields that show whether there are more pages, if it is unknown how to request them."""
    size = _size(listing)
    default = size.default if size is not None and isinstance(size.default, int) else 0
    following = (path for path in fields if _is_value(fields[path]) and page_words.is_next(path[-1]))
    pagination = Pagination(
        kind="unknown",
        size=max(default, 0) if not _names(listing).isdisjoint(page_words.PAGES) else 0,
        next_path=next(following, ()),
        has_more_path=_first_path(fields, page_words.MORE, "boolean"),
        total_path=_total(fields),
    )
    return None if pagination == Pagination(kind="unknown") else pagination


def _first_page(page: Parameter) -> int | None:
    """Return the number of the first page; None if the parameter does not say."""
    is_zero = page_words.is_first_zero(page.description)
    if is_zero is not None:
        return 0 if is_zero else 1
    numbers = (page.default, page.type.minimum)
    return next((int(number) for number in numbers if isinstance(number, int) and number in (0, 1)), None)


def _with_page_fields(listing: Listing, fields: Mapping[Path, Shape], pagination: Pagination) -> Pagination:
    """Add the fields of all kinds: the size of a page, whether there are more pages, the number of all rows."""
    size = _size(listing)
    numbers = (size.type.maximum, size.default) if size else ()
    most = next((int(number) for number in numbers if isinstance(number, int | float) and number >= 1), 0)
    return replace(
        pagination,
        size_parameter=size.identifier if size else "",
        size=min(most, _MOST_ROWS),
        has_more_path=_first_path(fields, page_words.MORE, "boolean"),
        total_path=_total(fields),
    )


def _size(listing: Listing) -> Parameter | None:
    numbers = {snake(p.name): p for p in listing.parameters if p.type.kind == "integer" and not p.type.is_list}
    candidates = (name for name in page_words.SIZES if name in numbers)
    names = _names(listing)
    return next((numbers[name] for name in candidates if page_words.is_size(name, numbers[name], names - {name})), None)


def _names(listing: Listing) -> set[str]:
    return {snake(parameter.name) for parameter in listing.parameters}


def _total(fields: Mapping[Path, Shape]) -> Path:
    """Return the path of the number of all rows."""
    return _first_path(
        {path: shape for path, shape in fields.items() if page_words.is_total(shape.description)},
        page_words.TOTALS,
        "integer",
    )


def _envelope_fields(reader: SchemaReader, rows: Rows) -> dict[Path, Shape]:
    """Map the paths of scalars in a response's envelopes to their shapes, three objects deep, without the rows."""
    fields: dict[Path, Shape] = {}
    for depth, envelope in enumerate(rows.envelopes):
        level: list[tuple[Path, Shape]] = [(rows.path[:depth], envelope)]
        for _ in range(_MAX_DEPTH):
            level = [
                ((*path, name), reader.part(schema))
                for path, shape in level
                for name, schema in list(shape.properties.items())[:_MOST_FIELDS]
                if (*path, name) != rows.path[: len(path) + 1]
            ][:_MOST_FIELDS]
            fields.update((path, shape) for path, shape in level if not shape.is_object)
    return dict(list(fields.items())[:_MOST_FIELDS])


def _first_path(fields: Mapping[Path, Shape], names: frozenset[str], kind: str) -> Path:
    """Return the path of the first field with one of these names and this kind; empty if there is none."""
    return next((path for path, shape in fields.items() if snake(path[-1]) in names and shape.kinds == {kind}), ())


def _rank(path: Path, names: Sequence[str]) -> int:
    """Return the index of a field's name in `names`, or their number."""
    name = snake(path[-1])
    return names.index(name) if name in names else len(names)


def _is_value(shape: Shape) -> bool:
    return shape.kinds in ({"string"}, {"integer"})


def _is_url(path: Path, shape: Shape) -> bool:
    """Whether a field is the next page's URL, by its name, format, description and example."""
    name = snake(path[-1])
    if name == "href" and len(path) > 1:
        name = snake(path[-2])
    if name not in page_words.NEXT_URLS:
        return False
    is_described = shape.format in ("uri", "url", "uri-reference") or bool(page_words.URL.search(shape.description))
    is_link = name in page_words.CERTAIN_URL_NAMES or any(snake(step) in ("links", "link") for step in path[:-1])
    example = shape.example if isinstance(shape.example, str) else ""
    return is_described or is_link or example.startswith(("http://", "https://", "/"))
