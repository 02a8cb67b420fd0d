"""From what a query asks to the request that the API gets."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from gfruntime import QueryError, TimeRange
from upstream.endpoint import Endpoint, Parameter, Wire

RESERVED = ":/?#[]@!$&'()*+,;="


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """A request, without credentials; `url` is below the data source's."""

    method: str
    url: str
    headers: dict[str, str]
    json: Any = None
    body: bytes = b""

    def with_parameters(self, pairs: Iterable[tuple[str, str]]) -> str:
        """Return the address with more parameters in its query string; those that it has already stay as they are."""
        names = {name for name, _ in parse_qsl(urlsplit(self.url).query, keep_blank_values=True)}
        more = urlencode([(name, value) for name, value in pairs if name not in names])
        return f"{self.url}{'&' if '?' in self.url else '?'}{more}" if more else self.url


@dataclass
class Parts:
    """What a request is put together from."""

    path: str
    query: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)


def values_of(query: object, endpoint: Endpoint) -> dict[str, Any]:
    """List what a query gives for the parameters; what is empty is not sent."""
    given = {name: getattr(query, name, None) for name in endpoint.parameters}
    return {name: value for name, value in given.items() if value is not None and value not in ("", ())}


def bounds_of(endpoint: Endpoint, time_range: TimeRange, *, needed_only: bool = False) -> dict[str, str | int]:
    """List the parameters that the time range fills: the start rounded down, the end rounded up."""
    return {
        name: to_wire(getattr(time_range, each.bound), each.wire, is_end=each.bound == "end")
        for name, each in endpoint.parameters.items()
        if each.bound and (each.is_required or not needed_only)
    }


def to_wire(moment: datetime, wire: Wire, *, is_end: bool) -> str | int:
    """Write a time as the API reads it."""
    if wire == "date":
        return moment.date().isoformat()
    round_off = math.ceil if is_end else math.floor
    if wire == "milliseconds":
        return round_off(moment.timestamp() * 1000)
    seconds = round_off(moment.timestamp())
    if wire == "seconds":
        return seconds
    return datetime.fromtimestamp(seconds, moment.tzinfo).isoformat().replace("+00:00", "Z")


def build(endpoint: Endpoint, values: Mapping[str, Any]) -> ApiRequest:
    """Put a request together."""
    parts = Parts(path=endpoint.path, headers={"Accept": endpoint.accept})
    for name, parameter in endpoint.parameters.items():
        if name in values:
            add(parts, parameter, values[name])
        elif parameter.location == "path":
            raise QueryError(f"{name} is empty, and {endpoint.path} needs it")
    if parts.cookies:
        parts.headers["Cookie"] = "; ".join(parts.cookies)
    url = parts.path + ("?" + "&".join(parts.query) if parts.query else "")
    if endpoint.body_type == "application/x-www-form-urlencoded":
        headers = {**parts.headers, "Content-Type": endpoint.body_type}
        body = urlencode({name: text_of(value) for name, value in parts.body.items()}).encode()
        return ApiRequest(method=endpoint.method, url=url, headers=headers, body=body)
    sent = parts.body if endpoint.body_type else None
    return ApiRequest(method=endpoint.method, url=url, headers=parts.headers, json=sent)


def add(parts: Parts, parameter: Parameter, value: Any) -> None:
    """Put one value where it belongs."""
    name = quote(parameter.name, safe="[]$")
    match parameter.location:
        case "path":
            parts.path = parts.path.replace("{" + parameter.name + "}", segment(parameter, value))
        case "query" if isinstance(value, list | tuple) and not parameter.separator:
            parts.query += [f"{name}={encoded(parameter, item)}" for item in value]
        case "query":
            parts.query.append(f"{name}={parameter.prefix}{joined(parameter, value)}")
        case "header":
            parts.headers[parameter.name] = plain(parameter, value)
        case "cookie":
            parts.cookies.append(f"{parameter.name}={joined(parameter, value)}")
        case "body":
            put(parts.body, parameter, value)


def segment(parameter: Parameter, value: Any) -> str:
    """Write a value into a path, of which it stays one part."""
    text = joined(parameter, value)
    if text in ("", ".", ".."):
        raise QueryError(f"{parameter.name} is {text!r}, which can't be a part of a path")
    return parameter.prefix + text


def joined(parameter: Parameter, value: Any) -> str:
    """Write a value, or the items of a list, percent-encoded."""
    items = value if isinstance(value, list | tuple) else (value,)
    return quote(parameter.separator, safe=",;|.&=").join(encoded(parameter, item) for item in items)


def plain(parameter: Parameter, value: Any) -> str:
    """Write a value, or the items of a list, as they are."""
    items = value if isinstance(value, list | tuple) else (value,)
    return parameter.prefix + (parameter.separator or ",").join(map(text_of, items))


def encoded(parameter: Parameter, value: Any) -> str:
    """Write one value, percent-encoded."""
    return quote(text_of(value), safe=RESERVED.replace("#", "") if parameter.allows_reserved else "")


def put(body: dict[str, Any], parameter: Parameter, value: Any) -> None:
    """Put a value into a body, below its keys."""
    *outer, last = parameter.keys or (parameter.name,)
    for key in outer:
        body = body.setdefault(key, {})
    body[last] = document(parameter, value) if parameter.is_json else value


def document(parameter: Parameter, text: str) -> Any:
    """Read a text of JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise QueryError(f"{parameter.name} is not JSON: {error}") from error


def text_of(value: Any) -> str:
    """Write a value as texts on the web have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else json.dumps(value)
