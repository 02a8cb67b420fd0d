"""The words for pages in descriptions: names of parameters and fields in snake case, and words in their texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.identifiers import snake

if TYPE_CHECKING:
    from collections.abc import Collection

    from gfplug.scaffold.openapi.model import Parameter

CURSORS = (
    *("cursor", "page_token", "pagetoken", "next_token", "nexttoken", "next_page_token", "next_cursor", "page_cursor"),
    *("continuation_token", "continue", "continuation", "pagination_token", "page_after", "after", "marker", "next"),
    *("next_marker", "start_after", "scroll_id", "after_cursor", "start_cursor", "next_page", "start_key"),
)
NEXT = (
    *("next_cursor", "nextcursor", "next_page_token", "nextpagetoken", "next_token", "nexttoken", "next_page_cursor"),
    *("continuation_token", "next_continuation_token", "next_marker", "next_key", "next", "continue", "end_cursor"),
    *("pagination_token", "cursor", "after", "after_cursor", "marker", "scroll_id", "next_page"),
)
NEXT_URLS = frozenset(
    {
        *("next", "next_url", "next_page_url", "next_link", "nextlink", "next_href", "next_page_uri", "next_uri"),
        *("odata_next_link", "next_page_link", "next_page", "next_page_path"),
    }
)
CERTAIN_URL_NAMES = NEXT_URLS - {"next", "next_page"}
PAGES = frozenset(
    {"page", "page_number", "pagenumber", "page_no", "pageno", "page_num", "page_index", "pageindex", "pg", "p"}
)
OFFSETS = ("offset", "skip", "page_offset", "start_index", "startindex", "start_at", "startat", "start", "from")
UNAMBIGUOUS_OFFSETS = frozenset({"offset", "skip"})
TIME_OFFSETS = frozenset({"start_at", "startat", "start", "from"})
SIZES = (
    *("per_page", "perpage", "page_size", "pagesize", "limit", "size", "page_limit", "max_results", "maxresults"),
    *("max_items", "maxitems", "count", "top", "rows", "take", "results_per_page", "items_per_page", "first"),
    *("max_page_size", "maxpagesize", "num_results", "limits"),
)
AMBIGUOUS_SIZES = frozenset({"size", "count", "top", "rows", "first"})
MORE = frozenset({"has_more", "hasmore", "has_next", "has_next_page", "has_more_items", "more", "is_truncated"})
TOTALS = frozenset(
    {
        *("total", "total_count", "totalcount", "total_results", "total_items", "total_elements", "total_records"),
        *("total_rows", "total_hits", "total_size", "result_info_total_count"),
    }
)
URL = re.compile(r"\b(url|uri|link|href)\b", re.IGNORECASE)
FROM_ZERO = re.compile(
    r"\b(zero|0)[ -](based|indexed)|\b(start(s|ing)?|begin(s|ning)?|index(ed)?|count(s|ed)?) (at|from|with) (0|zero)\b",
    re.IGNORECASE,
)
FROM_ONE = re.compile(
    r"\b(one|1)[ -](based|indexed)|\b(start(s|ing)?|begin(s|ning)?|index(ed)?|count(s|ed)?) (at|from|with) (1|one)\b",
    re.IGNORECASE,
)
_ROW_WORDS = re.compile(
    r"\b(skip\w*|rows?|records?|results?|items?|entries|elements|objects|pag(e|es|ing|ination))\b", re.IGNORECASE
)
_DURATION_WORDS = re.compile(r"\b(time ?zone|utc|minutes?|hours?|seconds?|days?)\b", re.IGNORECASE)
_MOMENT_WORDS = re.compile(r"\b(time|date|timestamp|unix|epoch|moment|hour|day)s?\b", re.IGNORECASE)
_SIZE_WORDS = re.compile(
    r"\b(pages?|limit|results?|per|returned|return|items?|records?|entries|maximum number)\b", re.IGNORECASE
)
_BUCKET_WORDS = re.compile(r"\b(buckets?|windows?|seconds|minutes|intervals?|resolution|steps?|bins?)\b", re.IGNORECASE)
_PAGE_WORDS = re.compile(
    r"\b((number|count|amount|total) (of )?pages|total pages|(this|current) (response|page|request)|returned)\b",
    re.IGNORECASE,
)
_ENDS = frozenset(
    {"end", "to", "until", "till", "stop", "before", "end_time", "end_at", "end_date", "to_time", "to_date"}
)


def is_offset(name: str, parameter: Parameter, others: Collection[str], *, has_size: bool) -> bool:
    """Return whether a number that is named like an offset counts rows; `others` are the names of the other parameters.

    If no parameter sets the page's size, the description must say that the number counts rows. If the description
    mentions times, or another parameter is the end of a range, names such as `start` are not offsets.
    """
    text = parameter.description
    if _DURATION_WORDS.search(text) or not (has_size or (name in UNAMBIGUOUS_OFFSETS and _ROW_WORDS.search(text))):
        return False
    return name not in TIME_OFFSETS or (not _MOMENT_WORDS.search(text) and _ENDS.isdisjoint(others))


def is_size(name: str, parameter: Parameter, others: Collection[str]) -> bool:
    """Return whether a number that is named like a page size is one; for ambiguous names, the description decides."""
    if name not in AMBIGUOUS_SIZES:
        return True
    is_paged = not {*PAGES, *CURSORS, *OFFSETS}.isdisjoint(others)
    is_page_size = bool(_SIZE_WORDS.search(parameter.description)) or (not parameter.description and is_paged)
    return is_page_size and not _BUCKET_WORDS.search(parameter.description)


def is_total(description: str) -> bool:
    """Return whether a total counts all rows, not the pages, and not the rows of one response."""
    return not _PAGE_WORDS.search(description)


def is_first_zero(description: str) -> bool | None:
    """Return whether pages are counted from 0 instead of 1; None if the description does not say."""
    return True if FROM_ZERO.search(description) else False if FROM_ONE.search(description) else None


def is_next(name: str) -> bool:
    """Return whether a field's name contains the word `next`."""
    return "next" in snake(name).split("_")
