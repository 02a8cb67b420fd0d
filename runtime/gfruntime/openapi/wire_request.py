"""Convert a query's values to the API's request, without credentials."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gfruntime.openapi.operation import Endpoint, Keys, Parameter, Wire
    from gfruntime.request.vocabulary import TimeRange

RESERVED_IN_PATH = "/:@!$&'()*+,;="
RESERVED_IN_QUERY = ":/?@!$'()*,[]"  # without the characters that begin another parameter, or mean a space
FORM = "application/x-www-form-urlencoded"
NOTHING: Any = object()


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """A request without credentials; `url` is relative to the data source's URL."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""

    def with_parameters(self, pairs: Iterable[tuple[str, str]]) -> str:
        """Return the address with more parameters in its query string; its existing parameters do not change."""
        names = {name for name, _ in parse_qsl(urlsplit(self.url).query, keep_blank_values=True)}
        more = urlencode([(name, value) for name, value in pairs if name not in names])
        return f"{self.url}{'&' if '?' in self.url else '?'}{more}" if more else self.url


@dataclass
class Parts:
    """The parts of a request."""

    path: str
    query: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    form: list[tuple[str, str]] = field(default_factory=list)
    document: Any = NOTHING


def values_of(query: object, endpoint: Endpoint) -> dict[str, Any]:
    """Return a query's values for the parameters; empty values are not sent."""
    values = {name: getattr(query, name, None) for name in endpoint.parameters}
    return {name: value for name, value in values.items() if value is not None and value not in ("", ())}


def bounds_of(endpoint: Endpoint, time_range: TimeRange, *, needed_only: bool = False) -> dict[str, str | int]:
    """Return the parameters that the time range fills: the start is rounded down, the end up; a date is its day."""
    return {
        name: to_wire(getattr(time_range, each.bound), each.wire, is_end=each.bound == "end")
        for name, each in endpoint.parameters.items()
        if each.bound and (each.is_required or not needed_only)
    }


def to_wire(moment: datetime, wire: Wire, *, is_end: bool) -> str | int:
    """Format a time for the API."""
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
    """Build a request."""
    is_whole = any(each.location == "body" and not each.keys for each in endpoint.parameters.values())
    parts = Parts(path=endpoint.path, headers={"Accept": endpoint.accept}, document=NOTHING if is_whole else {})
    for name, parameter in endpoint.parameters.items():
        if name in values:
            put(parts, parameter, values[name])
        elif parameter.location == "path":
            raise QueryError(f"{name} is empty, but {endpoint.path} needs it")
    require_segments(parts.path)
    if parts.cookies:
        parts.headers["Cookie"] = "; ".join(parts.cookies)
    url = parts.path + ("?" + "&".join(parts.query) if parts.query else "")
    body = body_of(endpoint, parts)
    typed = {"Content-Type": endpoint.body_type} if body or endpoint.body_type == FORM else {}
    return ApiRequest(method=endpoint.method, url=url, headers={**parts.headers, **typed}, body=body)


def body_of(endpoint: Endpoint, parts: Parts) -> bytes:
    """Encode the body; empty without a JSON document."""
    if endpoint.body_type == FORM:
        return urlencode(parts.form).encode()
    return b"" if not endpoint.body_type or parts.document is NOTHING else json.dumps(parts.document).encode()


def put(parts: Parts, parameter: Parameter, value: Any) -> None:
    """Add one value to its part of the request."""
    match parameter.location:
        case "path":
            text = ",".join(texts_of(parameter, value, percent_encode))
            if not text.removeprefix(parameter.prefix):
                raise QueryError(f"{parameter.name} is empty, which can't be a part of a path")
            parts.path = parts.path.replace("{" + parameter.name + "}", text)
        case "query":
            name = quote(parameter.name, safe="[]$")
            parts.query += [f"{name}={text}" for text in texts_of(parameter, value, percent_encode)]
        case "header":
            parts.headers[parameter.name] = ",".join(texts_of(parameter, value, plain))
        case "cookie":
            parts.cookies += [f"{parameter.name}={text}" for text in texts_of(parameter, value, percent_encode)]
        case "form":
            value = json.dumps(document(parameter, value)) if parameter.is_json else value
            parts.form += [(parameter.name, text) for text in texts_of(parameter, value, plain)]
        case "body":
            value = document(parameter, value) if parameter.is_json else value
            parts.document = put_below_keys(parts.document, parameter.keys, value)


def require_segments(path: str) -> None:
    """Refuse a path that may lead out of the operation's path for any server or proxy."""
    if not {".", ".."}.isdisjoint(re.split(r"[/\\;]", unquote(unquote(path)))):
        raise QueryError(f"{unquote(path)[:200]!r} has '.' or '..', which can't be a part of a path")


def texts_of(parameter: Parameter, value: Any, write: Callable[[Parameter, Any], str]) -> list[str]:
    """Encode a value: a list without a separator is several texts, any other value is one text."""
    is_list = isinstance(value, list | tuple)
    texts = [write(parameter, item) for item in (value if is_list else (value,))]
    if is_list and not parameter.separator:
        return texts
    separator = parameter.separator if write is plain else quote(parameter.separator, safe=",;.=")
    return [parameter.prefix + separator.join(texts)]


def plain(_parameter: Parameter, value: Any) -> str:
    """Return one value as text, without encoding."""
    return text_of(value)


def percent_encode(parameter: Parameter, value: Any) -> str:
    """Percent-encode one value."""
    reserved = RESERVED_IN_PATH if parameter.location == "path" else RESERVED_IN_QUERY
    return quote(text_of(value), safe=reserved if parameter.allows_reserved else "")


def put_below_keys(body: Any, keys: Keys, value: Any) -> Any:
    """Put a value into a document, below its keys; without keys, the value is the document."""
    if not keys:
        return value
    outer: dict[str, Any] = body if isinstance(body, dict) else {}
    return {**outer, keys[0]: put_below_keys(outer.get(keys[0]), keys[1:], value)}


def document(parameter: Parameter, text: str) -> Any:
    """Parse a JSON text."""
    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError as error:
        raise QueryError(f"{parameter.name} is not JSON: {error}") from error


def refuse(constant: str) -> None:
    """Refuse NaN and infinities, which only Python accepts in JSON."""
    raise ValueError(f"{constant} is not a JSON number")


def text_of(value: Any) -> str:
    """Return the text of a value as usual on the web."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else json.dumps(value)
