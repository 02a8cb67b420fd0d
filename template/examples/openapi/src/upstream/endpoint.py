"""How an operation of the API is asked, and how its pages are read: `endpoints.py` has an `Endpoint` for each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gfruntime import DownstreamError, HttpResponse

Keys = tuple[str, ...]  # they lead into a JSON value, from the outermost; without any, it is the value itself
Kind = Literal["string", "integer", "number", "boolean", "time", "json"]
Wire = Literal["", "rfc3339", "date", "seconds", "milliseconds"]  # how a time travels
Row = tuple[str, Any]  # the key that leads to it, where there is one, and the row
Ask = Callable[[Mapping[str, Any], str], HttpResponse]  # from a query's values, or a whole address, to an answer

NEXT_LINK = re.compile(r'<([^<>]*)>[^<,]*;\s*rel="?(?:[^",;]*\s)?next\b', re.IGNORECASE)
MOST_ROWS = 100_000


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the API is; a variable is a name in the template, and the option that fills it."""

    template: str
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One way to say who asks: the secret of the options that is sent, and where."""

    kind: Literal["bearer", "basic", "oauth2", "header", "query", "cookie"]
    option: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """How one value is sent. A list is a prefix and the items with separators; without a separator, it is repeated."""

    name: str
    location: Literal["path", "query", "header", "cookie", "body"] = "query"
    keys: Keys = ()  # where it goes in a body
    separator: str = ""
    prefix: str = ""
    allows_reserved: bool = False
    is_json: bool = False  # the value is a text of JSON
    bound: Literal["", "start", "end"] = ""  # of the panel's time range, which fills it
    wire: Wire = ""
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the table: its name, where a row has its value, and what the value is."""

    name: str
    keys: Keys = ()
    kind: Kind = "string"
    wire: Wire = ""
    is_key: bool = False  # the key that leads to the row
    is_labels: bool = False  # an object of texts, each of them a label


@dataclass(frozen=True, kw_only=True)
class Pages:
    """How the next page is asked for; at most `most` are read."""

    kind: Literal["cursor", "next_url", "link", "page", "offset"]
    parameter: str = ""
    size_parameter: str = ""
    size: int = 0
    first: int = 1
    next_keys: Keys = ()
    last_row_keys: Keys = ()
    has_more_keys: Keys = ()
    total_keys: Keys = ()
    most: int = 20


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Where the choices of a parameter come from: rows of another operation."""

    operation: str
    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation. `parameters` are by the names of the query's fields; `auth` has alternatives."""

    method: Literal["GET", "POST"]
    path: str
    accept: str = "application/json"
    parameters: dict[str, Parameter] = field(default_factory=dict)
    body_type: str = ""
    auth: tuple[tuple[str, ...], ...] = ()
    address: Address | None = None
    pages: Pages | None = None
    rows: Keys = ()
    shape: Literal["array", "object", "map"] = "array"
    columns: tuple[Column, ...] = ()
    error_keys: Keys = ()
    choices: dict[str, Choices] = field(default_factory=dict)


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


def read_pages(ask: Ask, endpoint: Endpoint, values: Mapping[str, Any]) -> Answer:
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
    is_last = pages.has_more_keys and not find(body, pages.has_more_keys)
    if is_last or (isinstance(total, int) and count >= total):
        return None
    if pages.kind in ("link", "next_url"):
        url = next_url(pages, response)
        return Step(step.values, url) if isinstance(url, str) and url not in ("", step.url) else None
    if pages.kind == "cursor":
        cursor = last_cursor(page, pages.last_row_keys) if pages.last_row_keys else find(body, pages.next_keys)
        is_moved = cursor not in (None, "", False, step.values.get(pages.parameter))
        return Step({**step.values, pages.parameter: cursor}) if is_moved else None
    size = step.values.get(pages.size_parameter, pages.size)
    if not page or (isinstance(size, int) and len(page) < size):
        return None
    move = 1 if pages.kind == "page" else len(page)
    return Step({**step.values, pages.parameter: step.values[pages.parameter] + move})


def next_url(pages: Pages, response: HttpResponse) -> Any:
    """Find the address of the next page: in the header `Link`, or in the answer."""
    if pages.kind == "next_url":
        return find(response.json(), pages.next_keys)
    return next(iter(NEXT_LINK.findall(", ".join(response.headers.get_all("Link", [])))), None)


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
