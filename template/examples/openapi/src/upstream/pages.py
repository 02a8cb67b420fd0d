"""From answers to rows, page by page."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gfruntime import DownstreamError, HttpResponse
from upstream.endpoint import Endpoint, Keys, Pages

Row = tuple[str, Any]  # the key that leads to it, where there is one, and the row
Ask = Callable[[Mapping[str, Any], str], HttpResponse]  # from a query's values, or a whole address, to an answer

NEXT_LINK = re.compile(r'<([^<>]*)>[^<,]*;\s*rel="?(?:[^",;]*\s)?next\b', re.IGNORECASE)
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Answer:
    """The rows of all pages that were read, and what the panel should say about them."""

    rows: list[Row]
    notice: str = ""


@dataclass(frozen=True)
class Step:
    """How the next page is asked for."""

    values: Mapping[str, Any]
    url: str = ""


def read(ask: Ask, endpoint: Endpoint, values: Mapping[str, Any]) -> Answer:
    """Read the pages of an answer, up to a number of them, or of rows."""
    pages = endpoint.pages
    if pages is None:
        return Answer(rows_of(ask(values, ""), endpoint))
    step: Step | None = Step(first_values(pages, values))
    rows: list[Row] = []
    before: list[Row] = []
    for _ in range(pages.most):
        if step is None:
            return Answer(rows)
        response = ask(step.values, step.url)
        page = rows_of(response, endpoint)
        if page and page == before:  # some APIs answer the last page for those behind it
            return Answer(rows)
        rows, before = rows + page, page
        step = next_step(pages, step, response, page, len(rows))
        if len(rows) > MOST_ROWS:
            break
    return Answer(rows) if step is None else Answer(rows, f"Only the first {len(rows)} rows were read: there are more")


def first_values(pages: Pages, values: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for the first page, of as many rows as a page can have."""
    size = {pages.size_parameter: pages.size} if pages.size_parameter and pages.size else {}
    start = {pages.parameter: pages.first} if pages.kind in ("page", "offset") else {}
    return {**size, **values, **start}


def next_step(pages: Pages, step: Step, response: HttpResponse, page: list[Row], count: int) -> Step | None:
    """Tell how the next page is asked for; None after the last one."""
    body = response.json()
    total = find(body, pages.total_keys) if pages.total_keys else None
    if pages.has_more_keys and not find(body, pages.has_more_keys):
        return None
    if isinstance(total, int) and count >= total:
        return None
    match pages.kind:
        case "link":
            links = NEXT_LINK.findall(", ".join(response.headers.get_all("Link", [])))
            return Step(step.values, links[0]) if links else None
        case "next_url":
            url = find(body, pages.next_keys)
            return Step(step.values, url) if isinstance(url, str) and url not in ("", step.url) else None
        case "cursor":
            cursor = last_cursor(page, pages.last_row_keys) if pages.last_row_keys else find(body, pages.next_keys)
            is_last = cursor in (None, "", False, step.values.get(pages.parameter))
            return None if is_last else Step({**step.values, pages.parameter: cursor})
    size = step.values.get(pages.size_parameter, pages.size)
    if not page or (isinstance(size, int) and len(page) < size):
        return None
    move = 1 if pages.kind == "page" else len(page)
    return Step({**step.values, pages.parameter: step.values[pages.parameter] + move})


def last_cursor(page: list[Row], keys: Keys) -> Any:
    """Find what the last row of a page says of the next one."""
    return find(page[-1][1], keys) if page else None


def rows_of(response: HttpResponse, endpoint: Endpoint) -> list[Row]:
    """List the rows of one answer."""
    value = find(response.json(), endpoint.rows)
    if value is None:
        return []
    if endpoint.shape == "object":
        return [("", value)]
    if endpoint.shape == "map" and isinstance(value, dict):
        return list(value.items())
    if endpoint.shape == "array" and isinstance(value, list):
        return [("", row) for row in value]
    where = ".".join(endpoint.rows) or "its answer"
    raise DownstreamError(f"{response.path}: {where} is no {'list' if endpoint.shape == 'array' else 'object'} of rows")


def find(value: Any, keys: Keys) -> Any:
    """Return what the keys lead to, where a number is the place in a list; None where there is nothing."""
    for key in keys:
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value
