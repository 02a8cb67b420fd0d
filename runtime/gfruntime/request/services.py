"""Requests other than queries: for a data source's resources, channels and ad hoc filters.

Uses plain types only, as in `vocabulary`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

from gfruntime.frames import json_text
from gfruntime.request.cancellation import Cancellable, Cancellation
from gfruntime.request.headers import http_headers
from gfruntime.request.vocabulary import PluginContext

if TYPE_CHECKING:
    import threading
    from collections.abc import AsyncIterable, Iterable, Mapping, Sequence

    from gfruntime.frames.data import Frame
    from gfruntime.request.filtering import AdHocFilter
    from gfruntime.request.vocabulary import TimeRange


@dataclass(frozen=True, kw_only=True)
class Request(Cancellable):
    """One HTTP request to the data source's resources. `path` has no leading slash and no query string.

    >>> Request(path="tables", url="tables?schema=public").query
    {'schema': ['public']}
    """

    path: str
    """The path below the data source's resources, without a leading slash or query string."""

    method: str = "GET"
    """The HTTP method."""

    url: str = ""
    """The path with the query string."""

    headers: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    """The headers; each name has a list of values."""

    body: bytes = field(default=b"", repr=False)
    """The body."""

    context: PluginContext = field(default_factory=PluginContext)
    """The plugin context of the request."""

    cancel: threading.Event = field(default_factory=Cancellation, repr=False, compare=False)
    """An event that is set when Grafana cancels the request."""

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """Parse the query string; a repeated name keeps all its values."""
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True)

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the body as JSON.

        Raises: ValueError if it is not JSON.
        """
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """Return the first value of a header, in any case; empty if it is missing."""
        lower_name = name.lower()
        return next((values[0] for key, values in self.headers.items() if key.lower() == lower_name and values), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to a `Request`.

    A `body` that is an iterable of bytes, such as a generator (`def` or `async def`), is sent while it is produced.

    >>> Response.json(["sales"], status=201).body
    b'["sales"]'
    """

    body: bytes | str | Iterable[bytes] | AsyncIterable[bytes] = b""
    """The body: bytes, text, or an iterable of bytes that is sent while it is produced."""

    status: int = 200
    """The HTTP status code."""

    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    """The headers; a name with a list of values is sent once for each value."""

    def read(self) -> bytes:
        """Return the whole body, for tests; a `def` generator is run to its end.

        Raises: TypeError if the body is an `async def` generator, which needs `async for`.
        """
        if isinstance(self.body, str):
            return self.body.encode()
        if hasattr(self.body, "__aiter__"):
            raise TypeError("the body is asynchronous")
        return bytes(self.body) if isinstance(self.body, (bytes, bytearray, memoryview)) else b"".join(self.body)

    @classmethod
    def json(cls, value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Make a response of a JSON value, encoded like stream packets: NaN becomes null, a time ISO 8601.

        Raises: TypeError naming a type that JSON can't represent.
        """
        body = json_text.encode(value, separators=(", ", ": "))
        return cls(body=body, status=status, headers={"Content-Type": "application/json", **(headers or {})})


@dataclass(frozen=True, kw_only=True)
class StreamRequest(Cancellable):
    """One request about a channel: to subscribe, to publish, or to produce its packets.

    `path` is the channel's part after the data source; `data` is the data that the frontend sent, usually the query.
    `cancel` is set after the last subscriber leaves: a sync generator should wait with `request.cancel.wait(seconds)`.

    >>> StreamRequest(path="cpu", data=b'{"host": "a"}').json()
    {'host': 'a'}
    """

    path: str
    """The channel's part after the data source."""

    data: bytes = b""
    """The data that the frontend sent, usually the query, as JSON."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers as Grafana sent them."""

    context: PluginContext = field(default_factory=PluginContext)
    """The plugin context of the request."""

    cancel: threading.Event = field(default_factory=Cancellation, repr=False, compare=False)
    """An event that is set after the channel's last subscriber leaves."""

    @property
    def http_headers(self) -> dict[str, str]:
        """Collect the HTTP headers that Grafana forwards."""
        return http_headers(self.headers)

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the data as JSON; None if it is empty.

        Raises: ValueError if it is not JSON.
        """
        return json.loads(self.data) if self.data else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamResponse:
    """The answer to a request to subscribe or publish.

    `data` is a frame or a JSON value: the first data for a subscriber, or the data that a publisher sends to all
    subscribers.

    >>> StreamResponse.denied().status
    'permission denied'
    """

    status: Literal["ok", "not found", "permission denied"]
    """`ok`, `not found` or `permission denied`."""

    data: object = None
    """A frame or a JSON value; None for no data."""

    @classmethod
    def ok(cls, data: object = None) -> StreamResponse:
        """Allow the request."""
        return cls(status="ok", data=data)

    @classmethod
    def not_found(cls) -> StreamResponse:
        """Answer that the channel does not exist."""
        return cls(status="not found")

    @classmethod
    def denied(cls) -> StreamResponse:
        """Refuse the request for this user."""
        return cls(status="permission denied")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOnly:
    """A frame that is sent without its schema, in smaller packets; subscribers get the schema with the first data.

    >>> len(DataOnly(frame=Frame.of(value=[1.5])).frame)
    1
    """

    frame: Frame
    """The frame whose data is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRequest:
    """The request to `get_tag_keys` and `get_tag_values`: the other filters, range and queries of the dashboard.

    >>> TagRequest(filters=[AdHocFilter("region", "=", ("eu",))]).filters[0].value
    'eu'
    """

    filters: Sequence[AdHocFilter] = ()
    """The dashboard's other filters; the list may be restricted to matching values."""

    time_range: TimeRange | None = None
    """The range of the dashboard; None if Grafana does not send it."""

    queries: Sequence[Mapping[str, Any]] = ()
    """The queries that will be filtered, as JSON; empty if Grafana does not send them."""

    context: PluginContext = field(default_factory=PluginContext)
    """The plugin context of the request."""
