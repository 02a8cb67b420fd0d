"""The API, as its description has it: gfplug makes this folder from `description.json`, and replaces it whole.

`Api` asks it: what a query says becomes requests, and the answers become frames. `Options` and `Model` are what
Grafana saves. Pages are read to where the API tells their end: no next page, `has_more: false`, as many rows as its
total. Where it tells nothing, a page of numbers is the last one if it is short and one before it was as long as it was
asked to be; else a notice says what is missing.
"""

import dataclasses
import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urljoin

from gfruntime import Frame, HttpClient, HttpResponse, PluginError, Query, QueryError, Settings, TimeRange
from upstream import request
from upstream.endpoint import Endpoint, Pages, Row, Rows, find, json_of, one_line, rows_of
from upstream.endpoints import ADDRESS, CHECKED, ENDPOINTS
from upstream.frames import View, raw, to_frames
from upstream.models import QUERIES, Model, Options
from upstream.request import credentials_for, fill, foreign_host, secrets_of, url_of

__all__ = ["Api", "Model", "Options"]

Ask = Callable[[Mapping[str, Any], str], HttpResponse]  # from a query's values, or a whole address, to an answer

log = logging.getLogger(__name__)
LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[^\s=;,<>"\']+(?:\s*=\s*(?:"[^"]*"|\'[^\']*\'|[^\s;,"\']*))?)*)')
RELATION = re.compile(r';\s*([^\s=;,<>"\']+)(?:\s*=\s*(?:"([^"]*)"|\'([^\']*)\'|([^\s;,"\']*)))?')
MOST_ROWS = 100_000
NO_SUCH_PAGE = (400, 404, 416, 422)
AGAIN = "The API answered one page twice: only the first {count} rows were read"
FAILED = 400
DAY = timedelta(days=1)
OAUTH2 = ("oauth2TokenUrl", "oauth2Scopes")  # options that have the API's own values as defaults


class Api:
    """The API of one configured data source; for any number of threads.

    Its credentials are for its own host, those below it, and `trusted_hosts`: operations may be described to be at
    others.
    """

    def __init__(self, settings: Settings[Options], *, trusted_hosts: Collection[str] = ()) -> None:
        self.settings = prepare(settings)
        self.trusted_hosts = frozenset(trusted_hosts)
        self.clients: dict[str, HttpClient] = {}

    def query(self, query: Query[Model]) -> list[Frame]:
        """Answer one query: the operation that it chooses, asked with the parameters of its fields."""
        name = query.model.operation
        endpoint, asked = ENDPOINTS[name], getattr(query.model, name, QUERIES[name]())
        values = {**request.bounds_of(endpoint, query.time_range), **request.values_of(asked, endpoint)}
        answer = read_pages(partial(self.ask, endpoint), endpoint, values)
        if answer.is_cut and query.from_alert:
            raise QueryError(f"An alert rule can't judge a part of {endpoint.path}. {answer.notices[-1]}")
        frames = to_frames(answer.rows, endpoint, View.of(asked))
        first = request.build(endpoint, first_values(endpoint.pages, values) if endpoint.pages else values)
        frames = [frame.with_meta(executedQueryString=f"{first.method} {first.url}") for frame in frames]
        for notice in answer.notices:
            frames[0] = frames[0].with_notice(notice, "warning")
        return frames

    def choices(self, name: str, given: Mapping[str, list[str]]) -> list[dict[str, str]]:
        """List the choices of a field, `operation.field`, that are rows of another operation."""
        operation, _, field = name.partition(".")
        endpoint = ENDPOINTS.get(operation)
        if endpoint is None or field not in endpoint.choices:
            raise QueryError(f"there are no choices of {name!r}", status=404)
        choices = endpoint.choices[field]
        source = ENDPOINTS[choices.operation]
        values = {key: texts[0] for key, texts in given.items() if key in source.parameters and texts[0]}
        answer = read_pages(partial(self.ask, source), source, {**usual(choices.operation), **values})
        for notice in answer.notices:
            log.warning("the choices of %s: %s", name, notice)
        columns = {column.name: column for column in source.columns}
        pairs = {as_choice(raw(row, columns[choices.value])): raw(row, columns[choices.label]) for row in answer.rows}
        return [{"value": value, "label": as_choice(label) or value} for value, label in pairs.items() if value]

    def check(self) -> str:
        """Ask for something that needs no parameter, and say how it went."""
        if not CHECKED:
            return "The settings can be read; the API has no operation that could be asked without parameters"
        endpoint = ENDPOINTS[CHECKED]
        rows_of(json_of(self.ask(endpoint, usual(CHECKED), "")), endpoint, endpoint.path)
        return f"{endpoint.path} answered"

    def ask(self, endpoint: Endpoint, values: Mapping[str, Any], url: str) -> HttpResponse:
        """Send one request; what the API says of a failure is in the error. `url` is a next page's, if it has one."""
        built = request.build(endpoint, values)
        address = url_of(endpoint, self.settings).rstrip("/")
        host = foreign_host(endpoint, self.settings, self.trusted_hosts)
        if url or host:
            built = dataclasses.replace(built, url=urljoin(address + built.url, url))
        headers, parameters = credentials_for(endpoint, self.settings)
        if host and (endpoint.auth or headers or parameters):
            raise QueryError(
                f"{endpoint.path} is at {host}, which is not the API's own host and gets no credentials: "
                f"name it in Api(settings, trusted_hosts=[...]), or give the data source a URL for all operations"
            )
        if "Cookie" in headers and "Cookie" in built.headers:
            headers = {**headers, "Cookie": f"{built.headers['Cookie']}; {headers['Cookie']}"}
        response = self.client(endpoint, host).request(
            built.method, built.with_parameters(parameters), headers={**built.headers, **headers}, body=built.body
        )
        if response.status >= FAILED and endpoint.error_keys:
            response = with_explanation(response, endpoint, secrets_of(self.settings))
        return response.raise_for_status()

    def client(self, endpoint: Endpoint, host: str) -> HttpClient:
        """Return the client for the address of an operation; at a host that is not the API's, it has no credentials."""
        url = fill(ADDRESS, self.settings) if host and ADDRESS else url_of(endpoint, self.settings)
        key = f"{url} {host}"
        if key not in self.clients:
            settings = dataclasses.replace(self.settings, url=url)
            self.clients[key] = HttpClient.of(settings, allowed_hosts=[host] if host else [])
        return self.clients[key]

    def close(self) -> None:
        """Let go of the connections."""
        for client in self.clients.values():
            client.close()


def with_explanation(response: HttpResponse, endpoint: Endpoint, secrets: list[str]) -> HttpResponse:
    """Put the text of an error where the API's description says that it is."""
    try:
        text = find(response.json(), endpoint.error_keys)
    except PluginError:  # what is no JSON has no such text
        return response
    line = one_line(text, secrets) if isinstance(text, str) else ""
    return dataclasses.replace(response, explanation=line) if line else response


def usual(name: str) -> dict[str, Any]:
    """Return what an operation is asked with where no query says more: its defaults, and the last day if need be."""
    now = datetime.now(UTC)
    bounds = request.bounds_of(ENDPOINTS[name], TimeRange(start=now - DAY, end=now), needed_only=True)
    return {**bounds, **request.values_of(QUERIES[name](), ENDPOINTS[name])}


def as_choice(value: Any) -> str:
    """Write a value as a choice."""
    return "" if value is None else request.text_of(value)


def prepare(settings: Settings[Options]) -> Settings[Options]:
    """Return the settings with what the API's description says of OAuth2, where the config page says nothing."""
    own = {name: getattr(settings.options, name, "") for name in OAUTH2}
    return dataclasses.replace(settings, json_data={**settings.json_data, **{k: v for k, v in own.items() if v}})


@dataclass(frozen=True)
class Step:
    """How a page is asked for. `is_guess`: nothing says that there is one."""

    values: Mapping[str, Any]
    url: str = ""
    is_guess: bool = False


def read_pages(ask: Ask, endpoint: Endpoint, values: Mapping[str, Any]) -> Rows:
    """Read the pages of an answer, up to a number of them, or of rows."""
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
    return Rows(reader.rows, tuple(dict.fromkeys(reader.notices)), reader.is_cut)


def first_values(pages: Pages, values: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for the first page, of as many rows as a page can have."""
    size = {pages.size_parameter: pages.size} if pages.size_parameter and pages.size else {}
    start = {pages.parameter: pages.first} if pages.kind in ("page", "offset") else {}
    return {**size, **values, **start}


class Reader:
    """What was read of one answer so far."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.rows: list[Row] = []
        self.notices: list[str] = []
        self.before: list[Row] = []
        self.count = 0  # of pages
        self.is_sized = False  # a page was as long as it was asked to be
        self.is_cut = False  # rows are missing that the query did not leave out

    def take(self, response: HttpResponse, step: Step) -> Step | None:
        """Keep the rows of a page, and tell how the next one is asked for; None after the last one."""
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
        elif step.values.get(pages.size_parameter) and not pages.size:  # a query says how many it wants
            self.say_what_is_missing(pages, body)
            return None
        elif self.count >= pages.most or len(self.rows) > MOST_ROWS:
            doubt = "may be" if following.is_guess else "are"
            self.cut(f"Only the first {len(self.rows)} rows were read: there {doubt} more")
            return None
        return following

    def skip(self, pages: Pages, step: Step) -> Step | None:
        """End at a page that was there before: some APIs answer the last one for those behind it."""
        is_zero = pages.kind == "page" and pages.first == 0 and self.count == 2
        if is_zero:
            return Step({**step.values, pages.parameter: step.values[pages.parameter] + 1}, is_guess=True)
        is_plain = pages.kind in ("page", "offset") and any(isinstance(row, dict) for _, row in self.before)
        if not (is_plain and step.is_guess):
            self.cut(AGAIN.format(count=len(self.rows)))
        return None

    def cut(self, notice: str) -> None:
        """Say that rows are missing; an alert rule must not judge the others."""
        self.notices.append(notice)
        self.is_cut = True

    def next_step(self, pages: Pages, step: Step, response: HttpResponse, body: Any) -> Step | None:
        """Tell how the next page is asked for; None after the last one."""
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
        """Count on, until the API's total is reached, or there are no more rows."""
        total, length = total_of(pages, body), len(self.before)
        size = step.values.get(pages.size_parameter, pages.size)
        is_full = self.count == 1 and length == size  # then a total may be that of the page
        if not length or (total is not None and len(self.rows) >= total and not is_full):
            return None
        is_told = has_more or (total is not None and len(self.rows) < total)
        if isinstance(size, int) and length < size and self.is_sized and not is_told:
            return None
        self.is_sized = self.is_sized or length == size
        move = 1 if pages.kind == "page" else length
        return Step({**step.values, pages.parameter: step.values[pages.parameter] + move}, is_guess=not is_told)

    def pointer(self, pages: Pages, response: HttpResponse, body: Any) -> Any:
        """Find what leads to the next page: a header's address, what the last row has, or what the answer has."""
        if pages.kind == "link":
            return next_link(response.headers.get_all("Link", []))
        if pages.last_row_keys:
            return find(self.before[-1][1], pages.last_row_keys) if self.before else None
        return find(body, pages.next_keys)

    def say_what_is_missing(self, pages: Pages, body: Any) -> bool:
        """Say that the API tells of more rows than were read, where it does, and return whether it does."""
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
    """Find how many rows there are; None where the API does not say."""
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
