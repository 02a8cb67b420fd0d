"""The addresses that a client may request: below the data source's URL, of its origin, or of allowed hosts.

A path often comes from a query, which any editor of a panel can write. Relative addresses stay below the data source's
path in every spelling: `..`, `%2e%2e`, `%252e`, backslashes, `..;`, `//`. A complete address of the same origin is
requested unchanged, for addresses that an upstream returns (paging links).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlencode, urljoin, urlsplit

from gfruntime.errors import DownstreamError, QueryError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

_PORTS = {"http": 80, "https": 443}
_WHOLE = re.compile(r"https?://", re.IGNORECASE)
_NO_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//(?:[/?#]|$)", re.IGNORECASE)
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_ENCODED_DOT = re.compile("%2e", re.IGNORECASE)
_OVERLONG = re.compile("%(?:c0|e0%80)%a[ef]", re.IGNORECASE)  # `.` and `/` for old decoders
_PATH, _QUERY = "/%:@!$&'()*+,;=~-._", "/%:@!$&'()*+,;=~-._?[]|"
_LABEL = r"[^\s\\%<>^`{|}\"\0-\x1f.]{1,63}"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?")
_MOST_DECODED = 8  # times that a path is decoded
_MAX_SHOWN_CHARACTERS = 200  # the most characters of an address in a message


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, host and port: credentials and connections belong to one origin."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """Write the origin as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def names(self) -> set[str]:
        """List the forms in which an author may allow the origin; a form without a port has the default port."""
        names = {self.url, f"{self.host}:{self.port}", f"[{self.host}]:{self.port}"}
        return names | {self.host} if self.port == _PORTS[self.scheme] else names


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlAddress:
    """The address of one request; path and query are encoded, and the path has no dot segments."""

    origin: Origin
    path: str
    query: str = ""
    is_confined: bool = False
    """Whether it is below the data source's path, and must stay there if the upstream redirects."""
    is_foreign: bool = False
    """Whether it belongs to another origin, or another origin redirected to it: it then gets no credentials."""

    @property
    def target(self) -> str:
        """Write path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def url(self) -> str:
        """Write the whole address."""
        return self.origin.url + self.target

    @property
    def label(self) -> str:
        """Return a short form for messages, without the host and the query, which may have secrets."""
        return self.path if len(self.path) <= _MAX_SHOWN_CHARACTERS else f"{self.path[:_MAX_SHOWN_CHARACTERS]}…"


class Addresses:
    """The addresses of one client."""

    def __init__(self, url: str, allowed_hosts: Collection[str]) -> None:
        """Store the data source's URL; without one, any complete address is allowed."""
        self._url = url.strip()
        self._allowed = {host.lower().rstrip("/") for host in allowed_hosts}

    def resolve(self, url: str, params: Mapping[str, str | Sequence[str]] | None) -> UrlAddress:
        """Return the address for the author's URL.

        Raises: QueryError if it is not HTTP, leaves the data source's path, or belongs to another host.
        """
        address = self._check_absolute(url) if _WHOLE.match(url) else self._resolve_relative(url)
        if not params:
            return address
        query_text = urlencode(params, doseq=True, errors="replace")
        return replace(address, query="&".join(filter(None, (address.query, query_text))))

    def redirect(self, address: UrlAddress, location: str) -> UrlAddress:
        """Return the address to which an upstream redirects.

        Raises: DownstreamError if the target is invalid, or leaves the data source's path.
        """
        place = quote(location.strip().encode("latin-1", "replace"), safe=_QUERY + "#\\")
        if not place:
            raise DownstreamError(f"{address.label} redirects, but names no address")
        try:
            if _NO_HOST.match(place):  # `urljoin` would read it as a relative address
                raise ValueError  # noqa: TRY301
            target = _address(urlsplit(urljoin(address.url, place)))
        except (QueryError, ValueError):
            raise DownstreamError(f"{address.label} redirects to an address that is not valid HTTP") from None
        if address.is_foreign or target.origin != address.origin:
            return replace(target, is_foreign=True)
        if address.is_confined and not self._is_below(target.path):
            raise DownstreamError(f"{address.label} redirects to {target.label}, outside of the data source's path")
        return replace(target, is_confined=address.is_confined)

    def _resolve_relative(self, url: str) -> UrlAddress:
        """Resolve a relative address."""
        base = self._base
        path, _, query = url.partition("#")[0].partition("?")
        whole = f"{base.path.rstrip('/')}/{path.lstrip('/')}" if path else base.path
        whole_query = "&".join(filter(None, (base.query, query)))
        address = _address(base._replace(path=whole, query=whole_query))
        if not self._is_below(address.path):
            raise _leaving(path, self._root)
        return replace(address, is_confined=True)

    def _check_absolute(self, url: str) -> UrlAddress:
        """Check a whole address: its origin is the data source's, or the author allows it."""
        parts = _split_url(url)
        address = _address(parts)
        if self._url and address.origin != _origin(self._base):
            if not self._allowed & address.origin.names:
                raise QueryError(
                    f"{address.origin.url} is not the data source's host, so no request is sent; the plugin's author "
                    f"can allow it: HttpClient.of(settings, allowed_hosts=[{address.origin.url!r}])"
                )
            return replace(address, is_foreign=True)
        is_below = self._is_below(address.path)
        if not is_below and any(".." in names for names in _readings(parts.path)):  # it was joined from parts
            raise _leaving(parts.path, self._root)
        return replace(address, is_confined=is_below)

    @functools.cached_property
    def _base(self) -> SplitResult:
        return _split_url(self._url)

    @functools.cached_property
    def _root(self) -> str:
        """The data source's path without a slash at its end; empty if all paths of the host are allowed."""
        return _clean(self._base.path).rstrip("/")

    def _is_below(self, path: str) -> bool:
        """Tell whether a path without dot segments is the data source's or below it, for any server."""
        root = self._root
        is_there = path == root or path.startswith(f"{root}/")
        return not root or (is_there and not any(_climbs(names) for names in _readings(path.removeprefix(root))))


def origin_of(url: str) -> Origin:
    """Return the origin of a URL.

    Raises: QueryError if it is not an http or https URL.
    """
    return _origin(_split_url(url))


def _leaving(path: str, root: str) -> QueryError:
    return QueryError(f"the path {path[:_MAX_SHOWN_CHARACTERS]!r} leaves the data source's path {root}")


def _split_url(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise QueryError("the data source's URL or an address below it is not valid") from None


def _address(parts: SplitResult) -> UrlAddress:
    return UrlAddress(origin=_origin(parts), path=_clean(parts.path), query=_encode(parts.query, _QUERY))


def _origin(parts: SplitResult) -> Origin:
    """Read an origin; names are compared in their ASCII form.

    Raises: QueryError if it is not an http or https URL.
    """
    try:
        port = parts.port
        host = parts.hostname or ""
        host = host if host.isascii() else host.encode("idna").decode().lower()
    except ValueError:
        raise QueryError("the data source's URL has no valid host or port") from None
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host):
        raise QueryError("the data source needs a URL that begins with http:// or https://")
    return Origin(parts.scheme, host, _PORTS[parts.scheme] if port is None else port)


def _encode(text: str, safe: str) -> str:
    """Percent-encode the characters that are not allowed in an address."""
    return quote(_STRAY_PERCENT.sub("%25", text), safe=safe, errors="replace")


def _clean(path: str) -> str:
    """Encode a path, and resolve its dot segments; `%2e` is a dot.

    Source: RFC 3986, 5.2.4 and 6.2.2.2.
    """
    segments: list[str] = []
    name = ""
    for segment in _encode(path, _PATH).removeprefix("/").split("/"):
        name = _ENCODED_DOT.sub(".", segment)
        if name == "..":
            del segments[-1:]
        elif name != ".":
            segments.append(segment)
    return "/" + "/".join(segments + [""] * (name in (".", "..") and bool(segments)))


def _readings(path: str) -> Iterator[list[str]]:
    """List the names of a path as servers may read it: decoded several times, backslashes as slashes, without `;…`."""
    for _ in range(_MOST_DECODED):
        segments = path.replace("\\", "/").split("/")
        yield ["".join(filter(str.isprintable, segment.partition(";")[0])).strip() for segment in segments]
        next_reading = unquote(_OVERLONG.sub(lambda match: "./"[match[0][-1] in "fF"], path), errors="replace")
        if next_reading == path:
            return
        path = next_reading
    yield [".."]  # still encoded after these steps: refuse it


def _climbs(names: list[str]) -> bool:
    """Tell whether a path leaves the folder in which it begins."""
    depths = accumulate(0 if name in ("", ".") else -1 if name == ".." else 1 for name in names)
    return any(depth < 0 for depth in depths)
