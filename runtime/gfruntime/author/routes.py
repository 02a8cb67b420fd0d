"""Path patterns on the author's methods, which answer HTTP requests; they are tried in the order of the source.

class Datasource:
    @route("GET", "/tables/{table}")
    def columns(self, request: Request, table: str) -> Response: ...

A part `{name}` of a pattern matches one part of the path; `{name...}` at the end matches the rest of it. The matches
are percent-decoded and passed by name: any parameter name except those of the method's first two parameters, the data
source and the request. HEAD is answered like GET, without the body, unless it has its own route. If a path has routes,
but no route for the request's method, the answer is 405 with the header `Allow`.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import unquote

from gfruntime.errors import PluginError
from gfruntime.request.services import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

MethodT = TypeVar("MethodT", bound="Callable[..., Any]")

_MARK = "__gfruntime_routes__"
_PART = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\.\.\.)?\}")


class Resource(Protocol):
    """The parts of a request that routing needs."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def path(self) -> str:
        """The path, percent-encoded as it was sent."""


class RouteError(PluginError):
    """The method of a route does not accept the parts of the path by their names."""


def route(method: str, pattern: str) -> Callable[[MethodT], MethodT]:
    """Let a method of the data source answer these requests; a method may have several routes.

    The method returns a `Response`, a JSON object or list, or None for 204.
    Raises: ValueError when the pattern is malformed.

    >>> @route("GET", "/tables/{schema}")
    ... def tables(self, request: Request, schema: str) -> Response: return Response.json(["sales"])
    """
    compiled = _compile(pattern)

    def mark(function: MethodT) -> MethodT:
        routes = getattr(function, _MARK, ())
        setattr(function, _MARK, ((method.upper(), pattern.removesuffix("/") or "/", compiled), *routes))
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Route:
    """One pattern and the name of the method that answers it; `path` is the pattern as it was written."""

    method: str
    path: str
    pattern: re.Pattern[str]
    name: str


@dataclass(frozen=True, slots=True)
class Match:
    """The method that answers a request, and the parts of the path that it receives."""

    name: str
    parts: Mapping[str, str]


def routes_of(kind: Any) -> list[Route]:  # noqa: ANN401  # the author's class
    """List the routes of a class, then those of its bases."""
    members: dict[str, Any] = {}
    for base in getattr(kind, "__mro__", [type(kind)]):
        for name, value in vars(base).items():
            members.setdefault(name, value)
    return [
        Route(method, path, pattern, name)
        for name, value in members.items()
        for method, path, pattern in getattr(value, _MARK, ())
    ]


def match(routes: list[Route], request: Resource) -> Match | Response | None:
    """Find the route of a request; answer 405 if the path's routes are for other methods; None without routes."""
    path, method = "/" + request.path.lstrip("/"), request.method.upper()
    matches: dict[str, Match] = {}
    for candidate in routes:
        if candidate.method not in matches and (hit := candidate.pattern.fullmatch(path)):
            parts = {name: unquote(part) for name, part in hit.groupdict().items()}
            matches[candidate.method] = Match(candidate.name, parts)
    if method in matches or (method == "HEAD" and "GET" in matches):
        return matches.get(method) or matches["GET"]
    return not_allowed(request, matches.keys()) if matches else None


def call(instance: object, match: Match, request: Resource) -> Any:  # noqa: ANN401  # whatever the author returns
    """Call the method that answers a request.

    Raises: RouteError if it does not accept the parts of the path.
    """
    method = getattr(instance, match.name)
    try:
        inspect.signature(method, follow_wrapped=False).bind(request, **match.parts)
    except ValueError:  # no signature, as for some callables in C
        pass
    except TypeError as error:
        parts = " and ".join(["the request", *(f"{{{name}}}" for name in match.parts)])
        raise RouteError(f"{match.name} can't be called with {parts} of its route: {error}") from None
    return method(request, **match.parts)


def not_allowed(request: Resource, methods: Collection[str]) -> Response:
    """Answer 405 for a path that has routes, but no route for the request's method."""
    names = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
    message = f"{request.method} is not allowed here, only {names}"
    return Response.json({"message": message}, status=405, headers={"Allow": names})


def not_found(request: Resource) -> Response:
    """Answer 404 for an unknown path."""
    return Response.json({"message": f"there is no resource {request.path!r}"}, status=404)


def response(result: object) -> object:
    """Convert a route's result to a `Response`, if it is JSON or None."""
    if result is None:
        return Response(status=204)
    return Response.json(result) if isinstance(result, (dict, list)) else result


def _compile(pattern: str) -> re.Pattern[str]:
    if not pattern.startswith("/"):
        raise ValueError(f"the route {pattern!r} must begin with /")
    parts = list(_parts(pattern))
    names = [part[1] for part in _PART.finditer(pattern)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the route {pattern!r} has two parts {{{name}}}: give each part a different name")
    return re.compile("".join(parts).removesuffix("/") + "/?")


def _parts(pattern: str) -> Iterator[str]:
    """Turn a pattern into pieces of a regular expression."""
    position = 0
    for part in _PART.finditer(pattern):
        yield _literal(pattern, pattern[position : part.start()])
        if part[2] and part.end() != len(pattern):
            raise ValueError(f"the route {pattern!r} continues after {part[0]}, which takes the rest of the path")
        yield f"(?P<{part[1]}>.*?)" if part[2] else f"(?P<{part[1]}>[^/]+)"
        position = part.end()
    yield _literal(pattern, pattern[position:])


def _literal(pattern: str, text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError(f"the route {pattern!r} has a part that is not {{name}} or {{name...}}")
    return re.escape(text)
