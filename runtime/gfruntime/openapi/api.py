"""A described API: turns queries into requests, and the answers into frames."""

from __future__ import annotations

import dataclasses
import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

from gfruntime.errors import PluginError, QueryError
from gfruntime.http.client import HttpClient
from gfruntime.openapi import wire_request
from gfruntime.openapi.credentials import Credentials, credentials_for, secrets_of
from gfruntime.openapi.hosts import fill, foreign_host, url_of
from gfruntime.openapi.operation import Address, Endpoint, find
from gfruntime.openapi.pages import first_values, read_pages
from gfruntime.openapi.rows import json_of, one_line, rows_of
from gfruntime.openapi.views import View, raw, to_frames
from gfruntime.request.vocabulary import Query, Settings, TimeRange

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gfruntime.frames.data import Frame
    from gfruntime.http.response import HttpResponse

FAILED = 400
DAY = timedelta(days=1)
OAUTH2 = ("oauth2TokenUrl", "oauth2Scopes")
"""Options whose defaults are the API's values."""

_log = logging.getLogger(__name__)


class DescribedApi:
    """An API with an OpenAPI description, for one configured data source and any number of threads.

    A project's subclass `Api` has the description.

    Only the API's host, its subdomains and `trusted_hosts` get credentials: the description may place operations
    at other hosts.
    """

    address: ClassVar[Address | None]
    """The API's address, if no URL is configured."""

    checked: ClassVar[str]
    """The operation that "Save & test" calls; empty if all have required parameters."""

    credentials: ClassVar[Credentials]
    endpoints: ClassVar[Mapping[str, Endpoint]]
    queries: ClassVar[Mapping[str, type]]
    """The dataclass of each operation's query, by the operation's name."""

    def __init__(self, settings: Settings[Any], *, trusted_hosts: Collection[str] = ()) -> None:
        """Keep the settings; connections are opened when they are needed."""
        self.settings = prepare(settings)
        self.trusted_hosts = frozenset(trusted_hosts)
        self.clients: dict[str, HttpClient] = {}

    def query(self, query: Query[Any]) -> list[Frame]:
        """Answer one query: call its operation with the values of its fields."""
        name = query.model.operation
        endpoint, fields = self.endpoints[name], getattr(query.model, name, self.queries[name]())
        values = {**wire_request.bounds_of(endpoint, query.time_range), **wire_request.values_of(fields, endpoint)}
        answer = read_pages(partial(self.ask, endpoint), endpoint, values)
        if answer.is_cut and query.from_alert:
            raise QueryError(f"An alert rule can't use an incomplete answer of {endpoint.path}. {answer.notices[-1]}")
        frames = to_frames(answer.rows, endpoint, View.of(fields))
        first = wire_request.build(endpoint, first_values(endpoint.pages, values) if endpoint.pages else values)
        frames = [frame.with_meta(executedQueryString=f"{first.method} {first.url}") for frame in frames]
        for notice in answer.notices:
            frames[0] = frames[0].with_notice(notice, "warning")
        return frames

    def choices(self, name: str, given: Mapping[str, list[str]]) -> list[dict[str, str]]:
        """List the choices of a field, `operation.field`, that are rows of another operation.

        Raises: QueryError with status 404 if the field has no choices; the errors of `ask`.
        """
        operation, _, field = name.partition(".")
        endpoint = self.endpoints.get(operation)
        if endpoint is None or field not in endpoint.choices:
            raise QueryError(f"the field {name!r} has no choices", status=404)
        choices = endpoint.choices[field]
        source = self.endpoints[choices.operation]
        values = {key: texts[0] for key, texts in given.items() if key in source.parameters and texts[0]}
        answer = read_pages(partial(self.ask, source), source, {**self.usual_values(choices.operation), **values})
        for notice in answer.notices:
            _log.warning("the choices of %s: %s", name, notice)
        columns = {column.name: column for column in source.columns}
        pairs = {as_choice(raw(row, columns[choices.value])): raw(row, columns[choices.label]) for row in answer.rows}
        return [{"value": value, "label": as_choice(label) or value} for value, label in pairs.items() if value]

    def check(self) -> str:
        """Call an operation that needs no parameters, and return the message of "Save & test"."""
        if not self.checked:
            return "The settings can be read; the API has no operation without required parameters to test"
        endpoint = self.endpoints[self.checked]
        rows_of(json_of(self.ask(endpoint, self.usual_values(self.checked), "")), endpoint, endpoint.path)
        return f"{endpoint.path} answered"

    def ask(self, endpoint: Endpoint, values: Mapping[str, Any], url: str) -> HttpResponse:
        """Send one request; an error has the API's text. `url` is the next page's address, if the API sends it.

        Raises: QueryError if the operation needs credentials that its host must not get; UpstreamError or
        DownstreamError for an error status; the errors of `HttpClient.request`.
        """
        request = wire_request.build(endpoint, values)
        address = url_of(endpoint, self.settings, self.address).rstrip("/")
        host = foreign_host(endpoint, self.settings, self.address, self.trusted_hosts)
        if url or host:
            request = dataclasses.replace(request, url=urljoin(address + request.url, url))
        headers, parameters = credentials_for(endpoint, self.settings, self.credentials)
        if host and (endpoint.auth or headers or parameters):
            raise QueryError(
                f"{endpoint.path} is at {host}, which is not the API's own host and gets no credentials: "
                f"name it in Api(settings, trusted_hosts=[...]), or give the data source a URL for all operations"
            )
        if "Cookie" in headers and "Cookie" in request.headers:
            headers = {**headers, "Cookie": f"{request.headers['Cookie']}; {headers['Cookie']}"}
        response = self.client(endpoint, host).request(
            request.method,
            request.with_parameters(parameters),
            headers={**request.headers, **headers},
            body=request.body,
        )
        if response.status >= FAILED and endpoint.error_keys:
            response = with_explanation(response, endpoint, secrets_of(self.settings, self.credentials))
        return response.raise_for_status()

    def client(self, endpoint: Endpoint, host: str) -> HttpClient:
        """Return the client for an operation's address; without credentials if the host is not the API's."""
        url = (
            fill(self.address, self.settings)
            if host and self.address
            else url_of(endpoint, self.settings, self.address)
        )
        key = f"{url} {host}"
        if key not in self.clients:
            settings = dataclasses.replace(self.settings, url=url)
            self.clients[key] = HttpClient.of(settings, allowed_hosts=[host] if host else [])
        return self.clients[key]

    def usual_values(self, name: str) -> dict[str, Any]:
        """Return an operation's parameters without a query: its defaults, and the last day if it needs a time range."""
        now = datetime.now(UTC)
        bounds = wire_request.bounds_of(self.endpoints[name], TimeRange(start=now - DAY, end=now), needed_only=True)
        return {**bounds, **wire_request.values_of(self.queries[name](), self.endpoints[name])}

    def close(self) -> None:
        """Close the connections."""
        for client in self.clients.values():
            client.close()


def with_explanation(response: HttpResponse, endpoint: Endpoint, secrets: list[str]) -> HttpResponse:
    """Return a response with the API's error text, from the place that the description names."""
    try:
        text = find(response.json(), endpoint.error_keys)
    except PluginError:  # a body that is not JSON has no such text
        return response
    line = one_line(text, secrets) if isinstance(text, str) else ""
    return dataclasses.replace(response, explanation=line) if line else response


def as_choice(value: Any) -> str:
    """Return the text of a value for a choice."""
    return "" if value is None else wire_request.text_of(value)


def prepare(settings: Settings[Any]) -> Settings[Any]:
    """Return the settings, with OAuth2 values from the API's description where the config page has no value."""
    own = {name: getattr(settings.options, name, "") for name in OAUTH2}
    return dataclasses.replace(settings, json_data={**settings.json_data, **{k: v for k, v in own.items() if v}})
