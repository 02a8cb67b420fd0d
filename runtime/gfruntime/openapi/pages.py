"""Read the pages of an answer until the API reports the end: no next page, `has_more: false`, or all rows of its total.

If the API does not report the end, a numbered page is the last one if it is short and an earlier page had the full
length; else a notice says that rows are missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gfruntime.errors import PluginError
from gfruntime.http.response import HttpResponse
from gfruntime.openapi.operation import Endpoint, Pages, find
from gfruntime.openapi.rows import AnswerRows, Row, json_of, rows_of

Ask = Callable[[Mapping[str, Any], str], HttpResponse]
"""Sends a query's values, or a request to a whole address, and returns the response."""

LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[^\s=;,<>"\']+(?:\s*=\s*(?:"[^"]*"|\'[^\']*\'|[^\s;,"\']*))?)*)')
RELATION = re.compile(r';\s*([^\s=;,<>"\']+)(?:\s*=\s*(?:"([^"]*)"|\'([^\']*)\'|([^\s;,"\']*)))?')
MOST_ROWS = 100_000
NO_SUCH_PAGE = (400, 404, 416, 422)
SAME_PAGE_TWICE = "The API returned one page twice: only the first {count} rows were read"


@dataclass(frozen=True)
class Step:
    """How to request a page. `is_guess`: the API does not report that the page exists."""

    values: Mapping[str, Any]
    url: str = ""
    is_guess: bool = False


def read_pages(ask: Ask, endpoint: Endpoint, values: Mapping[str, Any]) -> AnswerRows:
    """Read the pages of an answer, up to a limit of pages or rows."""
    reader = Reader(endpoint)
    step: Step | None = Step(values if endpoint.pages is None else first_values(endpoint.pages, values))
    while step is not None:
        try:
            response = ask(step.values, step.url)
        except PluginError as error:
            if step.is_guess and error.status in NO_SUCH_PAGE:
                break
            raise
        step = reader.take(response, step)
    return AnswerRows(reader.rows, tuple(dict.fromkeys(reader.notices)), reader.is_cut)


def first_values(pages: Pages, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for the first page, with as many rows as a page can have."""
    size = {pages.size_parameter: pages.size} if pages.size_parameter and pages.size else {}
    start = {pages.parameter: pages.first} if pages.kind in ("page", "offset") else {}
    return {**size, **values, **start}


class Reader:
    """The rows of one answer so far, and its notices."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Begin before the first page."""
        self.endpoint = endpoint
        self.rows: list[Row] = []
        self.notices: list[str] = []
        self.before: list[Row] = []
        self.count = 0  # the number of pages
        self.is_sized = False  # a page had the full length
        self.is_cut = False  # rows are missing that the query asks for

    def take(self, response: HttpResponse, step: Step) -> Step | None:
        """Add the rows of a page, and return how to request the next page; None after the last page."""
        body = json_of(response)
        page = rows_of(body, self.endpoint, response.path)
        self.notices += page.notices
        self.is_cut = self.is_cut or page.is_cut
        pages, is_again = self.endpoint.pages, bool(page.rows) and page.rows == self.before
        self.count, self.before = self.count + 1, page.rows
        if pages is None:
            self.rows = page.rows
            return None
        if is_again:
            return self.skip(pages, step)
        self.rows += page.rows
        following = self.next_step(pages, step, response, body)
        if following is None:
            self.is_cut = self.say_what_is_missing(pages, body) or self.is_cut
        elif step.values.get(pages.size_parameter) and not pages.size:  # the query has its own limit
            self.say_what_is_missing(pages, body)
            return None
        elif self.count >= pages.most or len(self.rows) > MOST_ROWS:
            doubt = "may be" if following.is_guess else "are"
            self.end_early(f"Only the first {len(self.rows)} rows were read: there {doubt} more")
            return None
        return following

    def skip(self, pages: Pages, step: Step) -> Step | None:
        """End at a page that equals the previous one: some APIs return the last page for later numbers."""
        has_read_two = len(self.rows) == len(self.before)  # the first page, twice
        if pages.kind == "page" and pages.first == 0 and has_read_two:
            return Step({**step.values, pages.parameter: step.values[pages.parameter] + 1}, is_guess=True)
        is_plain = pages.kind in ("page", "offset") and any(isinstance(row, dict) for _, row in self.before)
        if not (is_plain and step.is_guess):
            self.end_early(SAME_PAGE_TWICE.format(count=len(self.rows)))
        return None

    def end_early(self, notice: str) -> None:
        """Add a notice that rows are missing; an alert rule must not judge the other rows."""
        self.notices.append(notice)
        self.is_cut = True

    def next_step(self, pages: Pages, step: Step, response: HttpResponse, body: Any) -> Step | None:
        """Return how to request the next page; None after the last page."""
        has_more = find(body, pages.has_more_keys) if pages.has_more_keys else None
        if has_more is False or pages.kind == "unknown":
            return None
        if pages.kind in ("page", "offset"):
            return self.next_number(pages, step, body, has_more=has_more is True)
        pointer = self.pointer(pages, response, body)
        if not isinstance(pointer, str | int) or pointer in ("", False):
            return None
        is_url = pages.kind != "cursor" or (isinstance(pointer, str) and pointer.startswith(("http://", "https://")))
        if is_url:
            return None if pointer == step.url else Step(step.values, str(pointer))
        is_moved = pointer != step.values.get(pages.parameter)
        return Step({**step.values, pages.parameter: pointer}) if is_moved else None

    def next_number(self, pages: Pages, step: Step, body: Any, *, has_more: bool) -> Step | None:
        """Return the next number, until the API's total is reached, or there are no more rows."""
        total, length = total_of(pages, body), len(self.before)
        size = step.values.get(pages.size_parameter, pages.size)
        is_full = self.count == 1 and length == size  # a total may then count only the page
        if not length or (total is not None and len(self.rows) >= total and not is_full):
            return None
        has_following = has_more or (total is not None and len(self.rows) < total)
        if isinstance(size, int) and length < size and self.is_sized and not has_following:
            return None
        self.is_sized = self.is_sized or length == size
        move = 1 if pages.kind == "page" else length
        return Step({**step.values, pages.parameter: step.values[pages.parameter] + move}, is_guess=not has_following)

    def pointer(self, pages: Pages, response: HttpResponse, body: Any) -> Any:
        """Find the pointer to the next page: in a header, in the last row, or in the answer."""
        if pages.kind == "link":
            return next_link(response.headers.get_all("Link", []))
        if pages.last_row_keys:
            return find(self.before[-1][1], pages.last_row_keys) if self.before else None
        return find(body, pages.next_keys)

    def say_what_is_missing(self, pages: Pages, body: Any) -> bool:
        """Add a notice if the API has more rows than were read, and return whether it does."""
        total, count = total_of(pages, body), len(self.rows)
        is_more = bool(pages.has_more_keys) and find(body, pages.has_more_keys) is True
        is_pointed = pages.kind == "unknown" and bool(pages.next_keys) and bool(find(body, pages.next_keys))
        if total is not None and total > count:
            self.notices.append(f"Only {count} of {total} rows were read")
            return True
        if is_more or is_pointed:
            self.notices.append(f"Only the first {count} rows were read: the API says that there are more")
            return True
        if pages.kind == "unknown" and 0 < pages.size <= count:
            self.notices.append(f"Only the first {count} rows were read: there may be more")
        return False


def total_of(pages: Pages, body: Any) -> int | None:
    """Find the total of rows; None if the API does not report it."""
    total = find(body, pages.total_keys) if pages.total_keys else None
    if isinstance(total, str) and total.isascii() and total.isdecimal():
        return int(total[:18])
    return total if isinstance(total, int) and not isinstance(total, bool) else None


def next_link(headers: list[str]) -> str:
    """Find the address with the relation `next` in the header `Link` (RFC 8288)."""
    for url, parameters in LINK.findall(", ".join(headers)):
        for name, *values in RELATION.findall(parameters):
            if name.lower() == "rel" and "next" in "".join(values).lower().split():
                return str(url)
    return ""
