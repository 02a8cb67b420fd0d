"""Grafana's data proxy: the browser asks an upstream through the server, which applies plugin.json's routes.

Tokens of Azure and of Google's metadata server are not supported: they cause an error.
Source: grafana v13.0.0, pkg/api/pluginproxy/ds_proxy.go, ds_auth_provider.go and utils.go.
"""

from __future__ import annotations

import base64
import posixpath
import re
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from gfplug.errors import GfplugError, UsageError
from gfplug.host.preview import web_messages
from gfplug.host.preview.failure_answers import failure_response, refusal_response
from gfplug.host.preview.grafana_api import NOT_FORWARDED, select_headers
from gfplug.host.preview.route_templates import fill_address, fill_pairs, name_in_errors, prefix
from gfplug.host.preview.route_tokens import RouteTokens
from gfplug.host.preview.upstream import exchange, split_address
from gfplug.host.preview.web_messages import WebRequest, WebResponse, text_response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gfplug.host.preview.data_source import DataSource
    from gfplug.host.settings import Settings

_UNAUTHORIZED = 401
_UNSENDABLE = re.compile(r"[\0\r\n]|[^\x00-\xff]")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class DataProxy:
    """Answers `datasources/proxy/uid/<uid>/<path>`."""

    def __init__(self, source: DataSource, routes: Sequence[Mapping[str, Any]]) -> None:
        """Create a proxy for a data source, with the routes of its plugin.json."""
        self._source = source
        self._routes = [route for route in routes if isinstance(route, dict)]
        self._tokens = RouteTokens(self._post)

    def answer(self, path: str, request: WebRequest) -> WebResponse:
        """Ask the upstream, and return its answer."""
        try:
            return self._ask(self._upstream_request(path, request))
        except UsageError as error:
            return refusal_response(error, self._source.mask)
        except GfplugError as error:
            return failure_response(error, self._source.mask)

    def _upstream_request(self, path: str, request: WebRequest) -> urllib.request.Request:
        settings = self._source.settings()
        if ".." in unquote(path).replace("\\", "/").split("/"):
            raise UsageError("the path leads out of the data source's address")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_FORWARDED}
        headers |= dict(_own_headers(settings))
        base, rest, query = settings.url, path, request.query
        route = self._route(path, request.method)
        if route is not None:
            values = {"URL": settings.url, "JsonData": settings.options, "SecureJsonData": settings.secrets}
            with name_in_errors(route, "cannot be used"):
                if route.get("url"):
                    base, rest = fill_address(route["url"], values, key="url"), path.removeprefix(prefix(route))
                query = _join_query(query, dict(fill_pairs(route.get("urlParams"), values)))
                headers |= dict(fill_pairs(route.get("headers"), values))
        address = _join_address(base, rest, query, of_route=route)
        if route is not None:
            kind = settings.options.get("authenticationType")
            with name_in_errors(route, "gets no token"):
                token = self._tokens.token(route, kind, values)
            if token:
                self._source.hide(token)
                headers["Authorization"] = f"Bearer {token}"
        headers["User-Agent"] = "Grafana/13.0.0"
        _require_sendable(headers)
        return urllib.request.Request(address, request.body or None, headers, method=request.method)  # noqa: S310 - http alone

    def _route(self, path: str, method: str) -> Mapping[str, Any] | None:
        for route in self._routes:
            route_method = route.get("method") or "*"
            if route_method in ("*", method) and path.startswith(prefix(route)):
                return route
        return None

    def _post(self, address: str, form: bytes) -> tuple[int, bytes]:
        """Send a form, and return the status and the body; a token server gets no data source certificate."""
        request = urllib.request.Request(_join_address(address, "", urlsplit(address).query), form, _FORM)  # noqa: S310 - http alone
        status, _, body = exchange(request)
        return status, body

    def _ask(self, upstream: urllib.request.Request) -> WebResponse:
        status, headers, body = exchange(upstream, self._source.settings())
        if status == _UNAUTHORIZED:  # as Grafana does: 401 would end the user's session
            return text_response(web_messages.BAD_REQUEST, "Authentication to data source failed")
        several: dict[str, list[str]] = {}
        for name, value in headers.items():
            several.setdefault(name, []).append(value)
        return WebResponse(status=status, headers=select_headers(several), body=body)


def _require_sendable(headers: Mapping[str, str]) -> None:
    """Refuse a header that HTTP does not allow; the error does not show its value.

    Raises: UsageError that names the header.
    """
    if name := next((name for name, value in headers.items() if _UNSENDABLE.search(f"{name}{value}")), None):
        raise UsageError(
            f"the header {name!r} cannot be sent: it holds a line break, or a letter outside of Latin-1",
            hint="enter the secret on the config page again",
        )


def _own_headers(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the headers that Grafana adds for the data source: basic authentication, and custom headers."""
    if settings.basic_auth_enabled:
        user = f"{settings.basic_auth_user}:{settings.secrets.get('basicAuthPassword', '')}"
        yield "Authorization", "Basic " + base64.b64encode(user.encode()).decode()
    number = 1
    while isinstance(name := settings.options.get(f"httpHeaderName{number}"), str) and name:
        yield name, settings.secrets.get(f"httpHeaderValue{number}", "")
        number += 1


def _join_query(query: str, more: Mapping[str, str]) -> str:
    if not more:
        return query
    other_pairs = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in more]
    return urlencode([*other_pairs, *more.items()])


def _join_address(base: str, rest: str, query: str, of_route: Mapping[str, Any] | None = None) -> str:
    """Return the upstream's address.

    Raises: UsageError if `base` is not an http:// or https:// address.
    """
    try:
        parts = split_address(base)
    except ValueError as error:
        problem = "the data source has no http:// or https:// URL"
        remedy = "enter the URL on the config page"
        if of_route is not None:
            problem = f"the route {prefix(of_route)!r} has no url of its own, and {problem}"
            remedy = f"in plugin.json, write the route's url, or {remedy}"
        raise UsageError(problem, hint=remedy) from error
    path = posixpath.join(parts.path or "/", rest.lstrip("/")) if rest else parts.path
    return urlunsplit((parts.scheme, parts.netloc, quote(path, safe="/%:@!$&'()*+,;=~-._"), query, ""))
