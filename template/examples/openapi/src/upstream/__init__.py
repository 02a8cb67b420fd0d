"""The API, as its description has it: gfplug makes this folder from `description.json`, and replaces it whole.

`Api` asks it: what a query says becomes requests, and the answers become frames. `Options` and `Model` are what
Grafana saves.
"""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urljoin

from gfruntime import Frame, HttpClient, HttpResponse, PluginError, Query, QueryError, Settings, TimeRange
from upstream import request
from upstream.endpoint import Credential, Endpoint, find, first_values, read_pages
from upstream.endpoints import ADDRESS, CHECKED, CREDENTIALS, ENDPOINTS
from upstream.frames import View, raw, to_frames
from upstream.models import QUERIES, Model, Options

__all__ = ["Api", "Model", "Options"]

FAILED = 400
LONGEST = 300  # of an error's text
DAY = timedelta(days=1)
UNSUITABLE = frozenset("\\?#@ ")
OAUTH2 = ("oauth2TokenUrl", "oauth2Scopes")  # options that have the API's own values as defaults


class Api:
    """The API of one configured data source; for any number of threads."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.settings = prepare(settings)
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
        if answer.notice:
            frames[0] = frames[0].with_notice(answer.notice, "warning")
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
        rows = read_pages(partial(self.ask, source), source, {**usual(choices.operation), **values}).rows
        columns = {column.name: column for column in source.columns}
        pairs = {as_choice(raw(row, columns[choices.value])): raw(row, columns[choices.label]) for row in rows}
        return [{"value": value, "label": as_choice(label) or value} for value, label in pairs.items() if value]

    def check(self) -> str:
        """Ask for something that needs no parameter, and say how it went."""
        if not CHECKED:
            return "The settings can be read; the API has no operation that could be asked without parameters"
        endpoint = ENDPOINTS[CHECKED]
        self.ask(endpoint, usual(CHECKED), "").json()
        return f"{endpoint.path} answered"

    def ask(self, endpoint: Endpoint, values: Mapping[str, Any], url: str) -> HttpResponse:
        """Send one request; what the API says of a failure is in the error. `url` is a next page's, if it has one."""
        built = request.build(endpoint, values)
        if url:
            first = url_of(endpoint, self.settings).rstrip("/") + built.url
            built = dataclasses.replace(built, url=urljoin(first, url))
        headers, parameters = credentials_for(endpoint, self.settings)
        if "Cookie" in headers and "Cookie" in built.headers:
            headers = {**headers, "Cookie": f"{built.headers['Cookie']}; {headers['Cookie']}"}
        response = self.client(endpoint).request(
            built.method,
            built.with_parameters(parameters),
            headers={**built.headers, **headers},
            json=built.json,
            body=built.body,
        )
        if response.status >= FAILED and endpoint.error_keys:
            response = explained(response, endpoint)
        return response.raise_for_status()

    def client(self, endpoint: Endpoint) -> HttpClient:
        """Return the client for the address of an operation."""
        url = url_of(endpoint, self.settings)
        if url not in self.clients:
            self.clients[url] = HttpClient.of(dataclasses.replace(self.settings, url=url))
        return self.clients[url]

    def close(self) -> None:
        """Let go of the connections."""
        for client in self.clients.values():
            client.close()


def explained(response: HttpResponse, endpoint: Endpoint) -> HttpResponse:
    """Put the text of an error where the API's description says that it is."""
    try:
        text = find(response.json(), endpoint.error_keys)
    except PluginError:  # what is no JSON has no such text
        return response
    line = " ".join(str(text).split())[:LONGEST] if isinstance(text, str) else ""
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
    url = address.template
    for name, option in address.variables:
        value = str(getattr(settings.options, option))
        if not UNSUITABLE.isdisjoint(value):
            raise QueryError(f"{option} is {value!r}, which can't be a part of the address {address.template}")
        url = url.replace("{" + name + "}", value)
    return url


def credentials_for(endpoint: Endpoint, settings: Settings[Options]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the headers and the parameters that say who asks: the first alternative that the options fill."""
    for names in endpoint.auth:
        headers: dict[str, str] = {}
        parameters: list[tuple[str, str]] = []
        if all(add(CREDENTIALS[name], settings, headers, parameters) for name in names):
            return headers, parameters
    return {}, []


def add(
    credential: Credential, settings: Settings[Options], headers: dict[str, str], parameters: list[tuple[str, str]]
) -> bool:
    """Add one credential, and tell whether the options have it; basic and OAuth2 are the HTTP client's."""
    secret = str(getattr(settings.options, credential.option, ""))
    match credential.kind:
        case "basic":
            return settings.basic_auth_enabled
        case "oauth2" if not secret:
            return settings.json_data.get("oauth2Grant") not in (None, "", "none")
        case "bearer" | "oauth2" if secret:
            headers["Authorization"] = f"Bearer {secret}"
        case "header" if secret:
            headers[credential.name] = secret
        case "cookie" if secret:
            cookie = f"{credential.name}={secret}"
            headers["Cookie"] = f"{headers['Cookie']}; {cookie}" if "Cookie" in headers else cookie
        case "query" if secret:
            parameters.append((credential.name, secret))
    return bool(secret)
