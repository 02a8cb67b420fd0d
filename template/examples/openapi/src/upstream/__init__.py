"""The API, as its description has it: gfplug makes this folder from `description.json`, and replaces it whole.

`Api` asks it: what a query says becomes requests, and the answers become frames. `Options` and `Model` are what
Grafana saves.
"""

import dataclasses
import logging
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

from gfruntime import Frame, HttpClient, HttpResponse, PluginError, Query, QueryError, Settings, TimeRange
from upstream import request
from upstream.credentials import credentials_for, secrets_of
from upstream.endpoint import Address, Endpoint, find
from upstream.endpoints import ADDRESS, CHECKED, ENDPOINTS
from upstream.frames import View, raw, to_frames
from upstream.models import QUERIES, Model, Options
from upstream.pages import first_values, read_pages
from upstream.rows import json_of, one_line, rows_of

__all__ = ["Api", "Model", "Options"]

log = logging.getLogger(__name__)
FAILED = 400
DAY = timedelta(days=1)
UNSUITABLE = frozenset("\\?#@ ")
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


def with_explanation(response: HttpResponse, endpoint: Endpoint, secrets: Collection[str]) -> HttpResponse:
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


def url_of(endpoint: Endpoint, settings: Settings[Options]) -> str:
    """Return the address below which an operation is: the data source's, else its own, else the API's."""
    address = endpoint.address or ADDRESS
    if settings.url.strip() or address is None:
        if not settings.url.strip():
            raise QueryError("the data source has no URL")
        return settings.url.strip()
    return fill(address, settings)


def fill(address: Address, settings: Settings[Options]) -> str:
    """Write an address with the options that are its variables."""
    url = address.template
    for name, option in address.variables:
        value = str(getattr(settings.options, option))
        if not UNSUITABLE.isdisjoint(value):
            raise QueryError(f"{option} is {value!r}, which can't be a part of the address {address.template}")
        url = url.replace("{" + name + "}", value)
    return url


def foreign_host(endpoint: Endpoint, settings: Settings[Options], trusted: Collection[str]) -> str:
    """Return the host, with its port, of an operation that is not at the API's own host, as it is described."""
    if settings.url.strip() or endpoint.address is None or ADDRESS is None:
        return ""
    own, api = (urlsplit(fill(each, settings)) for each in (endpoint.address, ADDRESS))
    name, home = own.hostname or "", api.hostname or ""
    origin = f"{own.scheme}://{own.netloc}"
    if not {name, own.netloc, origin}.isdisjoint(trusted):
        return ""
    is_home = name == home or name.endswith(f".{home}")
    return "" if is_home and (own.scheme, api.scheme) != ("http", "https") else origin
