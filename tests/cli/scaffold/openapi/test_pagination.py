"""Pagination: how the next page of a list is requested."""

from typing import Any

import pytest
from small_descriptions import ROW, answer, describe, get, operation, query, reasons

from gfplug.scaffold.openapi.model import Pagination

ROWS = {"type": "array", "items": ROW}
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def envelope(**properties: Any) -> dict[str, Any]:
    """Make a response with rows in `items`."""
    return {"type": "object", "properties": {"items": ROWS, **properties}}


def pages(schema: Any, *nodes: Any, headers: Any = None) -> Pagination | None:
    """Read the pagination of a list."""
    node = get(schema, parameters=list(nodes))
    node["get"]["responses"]["200"]["headers"] = headers or {}
    return operation(describe({"/items": node})).pagination


LIMIT = query("limit", {"type": "integer", "maximum": 100, "default": 20})


@pytest.mark.parametrize(
    ("name", "field", "path"),
    [
        ("cursor", {"next_cursor": TEXT}, ("next_cursor",)),
        ("pageToken", {"nextPageToken": TEXT}, ("nextPageToken",)),
        ("continue", {"metadata": {"type": "object", "properties": {"continue": TEXT}}}, ("metadata", "continue")),
        ("page[after]", {"meta": {"type": "object", "properties": {"after": TEXT}}}, ("meta", "after")),
        ("next_token", {"meta": {"type": "object", "properties": {"next_token": TEXT}}}, ("meta", "next_token")),
        (
            "cursor",
            {"response_metadata": {"type": "object", "properties": {"next_cursor": TEXT}}, "cursor": TEXT},
            ("response_metadata", "next_cursor"),
        ),
    ],
)
def test_a_cursor_is_read_from_the_previous_page(name: str, field: Any, path: tuple[str, ...]) -> None:
    """There is a parameter, its source in the response, and the page size."""
    pagination = pages(envelope(**field), query(name), LIMIT)

    assert pagination is not None
    assert (pagination.kind, pagination.next_path, pagination.size_parameter, pagination.size) == (
        "cursor",
        path,
        "limit",
        100,
    )
    assert pagination.parameter


def test_a_cursor_can_be_the_id_of_the_last_row() -> None:
    """A flag says whether there are more rows."""
    pagination = pages(envelope(has_more={"type": "boolean"}), query("starting_after"))

    assert pagination == Pagination(
        kind="cursor", parameter="starting_after", last_row_path=("id",), has_more_path=("has_more",)
    )


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ({"next": {"type": "string", "format": "uri"}}, ("next",)),
        ({"next": {"type": "string", "nullable": True, "description": "URL of the next page"}}, ("next",)),
        ({"next_page_uri": TEXT}, ("next_page_uri",)),
        ({"@odata.nextLink": TEXT}, ("@odata.nextLink",)),
        (
            {"links": {"type": "object", "properties": {"pages": {"type": "object", "properties": {"next": TEXT}}}}},
            ("links", "pages", "next"),
        ),
        (
            {"_links": {"type": "object", "properties": {"next": {"type": "object", "properties": {"href": TEXT}}}}},
            ("_links", "next", "href"),
        ),
    ],
)
def test_the_url_of_the_next_page_is_found(field: Any, path: tuple[str, ...]) -> None:
    """It is recognised by its name, its format or its description."""
    assert pages(envelope(**field), query("page", WHOLE)) == Pagination(kind="next_url", next_path=path)


def test_a_link_header_is_preferred_to_page_numbers() -> None:
    """With it, the number of a page is not needed."""
    pagination = pages(ROWS, query("page", WHOLE), query("per_page", WHOLE), headers={"Link": {"schema": TEXT}})

    assert pagination == Pagination(kind="link", size_parameter="per_page")


@pytest.mark.parametrize(
    ("page", "first"),
    [
        ({"schema": {"type": "integer", "default": 1}}, 1),
        ({"schema": {"type": "integer", "default": 0}}, 0),
        ({"schema": {"type": "integer", "minimum": 1}}, 1),
        ({"schema": WHOLE, "description": "The page, starting at 1."}, 1),
        ({"schema": WHOLE, "description": "Zero-based number of the page"}, 0),
    ],
)
def test_the_first_page_number_is_read(page: Any, first: int) -> None:
    """The parameter says where numbers start."""
    pagination = pages(
        envelope(total_count=WHOLE), query("page", **page), query("per_page", {"type": "integer", "maximum": 50})
    )

    assert pagination == Pagination(
        kind="page", parameter="page", first=first, size_parameter="per_page", size=50, total_path=("total_count",)
    )


def test_the_first_page_is_not_guessed_if_it_can_be_0_or_1() -> None:
    """A wrong guess would skip the first page."""
    value = describe({"/items": get(ROWS, parameters=[query("page", WHOLE), LIMIT])})

    assert operation(value).pagination == Pagination(kind="unknown", size=20)
    assert "counts pages from 0 or from 1" in reasons(value)[0][2]


@pytest.mark.parametrize(
    ("name", "schema", "first"), [("offset", WHOLE, 0), ("startIndex", {"type": "integer", "default": 1}, 1)]
)
def test_the_offset_of_the_first_row_is_read(name: str, schema: Any, first: int) -> None:
    """It is 0, or 1 as in SCIM."""
    pagination = pages(ROWS, query(name, schema), LIMIT)

    assert pagination is not None
    assert (pagination.kind, pagination.first, pagination.size) == ("offset", first, 100)


@pytest.mark.parametrize(
    ("schema", "nodes"),
    [
        (ROWS, [LIMIT]),
        (ROWS, [query("cursor")]),
        (ROW, [query("page", {"type": "integer", "default": 1})]),
        (ROWS, [query("start", {"type": "string", "format": "date-time"}), LIMIT]),
        (ROWS, [query("from", WHOLE)]),
    ],
)
def test_an_incomplete_pagination_is_ignored(schema: Any, nodes: Any) -> None:
    """One of two required fields is missing."""
    assert pages(schema, *nodes) is None


@pytest.mark.parametrize(
    ("fields", "nodes", "paths"),
    [
        ({"next": TEXT}, [], {"next_path": ("next",)}),
        ({"next_cursor": TEXT}, [query("limit", WHOLE)], {"next_path": ("next_cursor",)}),
        ({"total": WHOLE}, [query("page", WHOLE)], {"total_path": ("total",)}),
        ({"has_more": {"type": "boolean"}}, [], {"has_more_path": ("has_more",)}),
        ({"total": WHOLE}, [query("start", WHOLE), query("end", WHOLE), LIMIT], {"total_path": ("total",)}),
    ],
)
def test_a_field_that_announces_more_pages_is_kept(fields: Any, nodes: Any, paths: Any) -> None:
    """If the API does not describe how to request them, a panel says that there are more."""
    assert pages(envelope(**fields), *nodes) == Pagination(kind="unknown", **paths)


@pytest.mark.parametrize(
    "nodes",
    [
        [query("start", WHOLE, description="Start time"), query("end", WHOLE), LIMIT],
        [query("start", WHOLE), query("end", WHOLE), LIMIT],
        [query("from", WHOLE, description="Unix timestamp"), LIMIT],
        [query("startAt", WHOLE, description="The first moment: a date"), LIMIT],
        [query("offset", WHOLE, description="UTC offset in minutes")],
        [query("offset", WHOLE, description="Offset from UTC in hours"), LIMIT],
        [query("offset", WHOLE)],
        [query("skip", WHOLE, description="How many hours to skip")],
    ],
)
def test_numbers_that_can_be_times_are_not_offsets(nodes: Any) -> None:
    """They stay fields of the query, since the value 0 would change its meaning."""
    assert pages(ROWS, *nodes) is None


@pytest.mark.parametrize(
    "nodes",
    [
        [query("start", WHOLE, description="Index of the first item"), LIMIT],
        [query("from", WHOLE), LIMIT],
        [query("startAt", WHOLE, description="The index of the first item"), LIMIT],
        [query("offset", WHOLE, description="Rows to skip")],
        [query("skip", WHOLE), LIMIT],
    ],
)
def test_offsets_of_rows_are_recognised(nodes: Any) -> None:
    """Other parameters and the description show that they count rows."""
    pagination = pages(ROWS, *nodes)

    assert pagination is not None
    assert pagination.kind == "offset"


@pytest.mark.parametrize(
    ("node", "is_size"),
    [
        (query("size", {"type": "integer", "maximum": 3600}, description="Bucket size in seconds"), False),
        (query("count", WHOLE, description="Only stations with so many sensors"), False),
        (query("top", WHOLE, description="How high"), False),
        (query("rows", WHOLE, description="Results per page"), True),
        (query("size", {"type": "integer", "maximum": 100}), True),
        (query("count", WHOLE, description="Number of items to return"), True),
        (query("limit", WHOLE, description="How many"), True),
    ],
)
def test_a_number_is_a_page_size_if_its_description_says_so(node: Any, *, is_size: bool) -> None:
    """A page size gets its largest value; another number must not."""
    pagination = pages(ROWS, query("page", {"type": "integer", "default": 1}), node)

    assert pagination is not None
    assert bool(pagination.size_parameter) == is_size


@pytest.mark.parametrize(
    ("description", "is_total"),
    [
        ("Number of results in this response", False),
        ("Total number of pages", False),
        ("Rows returned", False),
        ("All there are", True),
        ("", True),
    ],
)
def test_a_total_is_used_only_if_it_counts_all_rows(description: str, *, is_total: bool) -> None:
    """The total of a page is not used."""
    pagination = pages(envelope(total={**WHOLE, "description": description}), query("offset", WHOLE), LIMIT)

    assert pagination is not None
    assert bool(pagination.total_path) == is_total


def test_the_page_size_is_limited() -> None:
    """The API may allow larger pages."""
    pagination = pages(ROWS, query("offset", WHOLE), query("limit", {"type": "integer", "maximum": 1_000_000}))

    assert pagination is not None
    assert (pagination.size, pagination.most_pages) == (1000, 20)


def test_a_cursor_can_be_in_the_body_of_a_post() -> None:
    """Fields of the body are parameters, too."""
    schema = {"type": "object", "properties": {"query": TEXT, "cursor": TEXT}}
    node = {
        "post": {
            **answer(envelope(next_cursor=TEXT)),
            "requestBody": {"content": {"application/json": {"schema": schema}}},
        }
    }
    pagination = operation(describe({"/search": node})).pagination

    assert pagination == Pagination(kind="cursor", parameter="cursor", next_path=("next_cursor",))


def test_a_total_that_can_be_a_fraction_is_not_a_number_of_rows() -> None:
    """It may be a sum of money."""
    pagination = pages(envelope(total={"type": "number"}, has_more={"type": "string"}), query("offset", WHOLE), LIMIT)

    assert pagination is not None
    assert (pagination.total_path, pagination.has_more_path) == ((), ())
