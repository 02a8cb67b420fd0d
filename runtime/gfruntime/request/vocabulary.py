"""The words a data source speaks: what Grafana asks and what the author answers.

Owns plain types only: nothing here knows of gRPC, protobuf or Arrow. Times are aware UTC datetimes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

from gfruntime.logs import masking
from gfruntime.request import json_text
from gfruntime.request.cancellation import Cancellable, Cancellation
from gfruntime.request.config import GrafanaConfig, UserAgent
from gfruntime.request.headers import http_headers

if TYPE_CHECKING:
    import threading
    from collections.abc import AsyncIterable, Iterable, Mapping

    from gfruntime.frames.data import Frame

ModelT = TypeVar("ModelT")
OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """The range of a panel or an alert rule, both ends aware UTC datetimes.

    >>> TimeRange(start=start, end=start + timedelta(hours=1)).duration
    datetime.timedelta(seconds=3600)
    """

    start: datetime
    """The first instant."""

    end: datetime
    """The last instant."""

    @property
    def duration(self) -> timedelta:
        """Tell how long the range is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks; absent for alert rules and other calls that Grafana makes on its own.

    >>> User(login="ada", role="Editor").role
    'Editor'
    """

    login: str = ""
    """The login name."""

    name: str = ""
    """The full name."""

    email: str = ""
    """The e-mail address."""

    role: str = ""
    """The role in the organisation: `Viewer`, `Editor` or `Admin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginContext:
    """Where a request comes from. `config` holds Grafana's settings for plugins, which may carry secrets.

    `namespace` tells organisations or stacks apart and replaces `org_id`. `api_version` is that of the settings.

    >>> PluginContext(org_id=1, user_agent="Grafana/13.0.2 (linux; amd64)").grafana.version
    '13.0.2'
    """

    org_id: int = 0
    """The organisation's number."""

    plugin_id: str = ""
    """The plugin's id."""

    plugin_version: str = ""
    """The plugin's version."""

    user: User | None = None
    """Who asks; None for alert rules and calls of Grafana's own."""

    config: GrafanaConfig = field(default_factory=GrafanaConfig)
    """Grafana's settings for plugins."""

    namespace: str = ""
    """The organisation or stack, as text."""

    user_agent: str = ""
    """Grafana's own name and version."""

    api_version: str = ""
    """The version of the settings."""

    @property
    def grafana(self) -> UserAgent:
        """Tell which Grafana asks."""
        return UserAgent.parse(self.user_agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Generic[OptionsT]):
    """One configured data source; `secrets` are the decrypted values and never show in a repr.

    `json_data` is what the options were decoded from: it also holds what Grafana's own HTTP settings editor saves (see
    `HttpSettings`). `config` is Grafana's configuration; another one makes another instance.

    >>> Settings(options=options, url="http://localhost:8000").url
    'http://localhost:8000'
    """

    options: OptionsT
    """What the config page saved, decoded into the author's dataclass."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The decrypted secrets by name."""

    uid: str = ""
    """The data source's uid."""

    name: str = ""
    """The data source's name."""

    url: str = ""
    """The URL of a field with `Ui(store="url")`, or of Grafana's HTTP settings."""

    user: str = ""
    """The user of Grafana's own database settings."""

    database: str = ""
    """The database of Grafana's own database settings."""

    basic_auth_enabled: bool = False
    """Whether basic authentication is on in Grafana's HTTP settings."""

    basic_auth_user: str = ""
    """The user of basic authentication."""

    updated: datetime | None = None
    """When the settings were saved last; None where Grafana does not say."""

    json_data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the options were decoded from, as JSON values."""

    config: GrafanaConfig = field(default_factory=GrafanaConfig)
    """Grafana's settings for plugins."""

    api_version: str = ""
    """The version of the settings."""

    def __repr__(self) -> str:
        """Show what tells it from others; a password may be part of a URL, in the options too."""
        shown = f"Settings(uid={self.uid!r}, name={self.name!r}, url={self.url!r}, options={self.options!r})"
        return masking.hide(shown)


@dataclass(frozen=True, kw_only=True)
class Query(Cancellable, Generic[ModelT]):
    """One query of a panel, an alert rule or an expression.

    `max_data_points` and `interval` are hints. The former is at most 1,000,000, and 0 where none was sent: panels ask
    for their width in pixels, alert rules for 43,200. The latter is above 0, and a second where none was sent.

    `cancel` is set when Grafana no longer wants the answer: long work in a `def` handler looks at it, or registers what
    ends the work by `on_cancel` (`async def` handlers are cancelled). `time_left` tells how long Grafana waits.

    >>> Query(model=model, time_range=time_range).ref_id
    'A'
    """

    model: ModelT
    """What the query editor saved, decoded into the author's dataclass."""

    time_range: TimeRange
    """The range of the panel or rule."""

    ref_id: str = "A"
    """The query's letter."""

    interval: timedelta = timedelta(seconds=1)
    """The time between two points that fits the panel; a hint, above 0."""

    max_data_points: int = 0
    """The points that the panel can show; a hint, at most 1,000,000, 0 where none was sent."""

    query_type: str = ""
    """The value of `queryType`; `variable` and `annotation` have methods of their own."""

    from_alert: bool = False
    """Whether an alert rule asks."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers as Grafana sent them."""

    context: PluginContext = field(default_factory=PluginContext)
    """Where the query comes from."""

    cancel: threading.Event = field(default_factory=Cancellation, repr=False, compare=False)
    """An event that is set when nobody wants the answer any more."""

    deadline: datetime | None = None
    """When Grafana stops waiting for the answer, in UTC; None where it did not say."""

    @property
    def time_left(self) -> timedelta | None:
        """Tell how long Grafana still waits, at least 0; None where it did not say."""
        return None if self.deadline is None else max(self.deadline - datetime.now(timezone.utc), timedelta())  # noqa: UP017  # the same on Python 3.10

    @property
    def http_headers(self) -> dict[str, str]:
        """Collect the HTTP headers that Grafana forwards."""
        return http_headers(self.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The answer to "Save & test". `details` is a JSON object; the config page shows its `verboseMessage`.

    >>> Health.error("the token is wrong").status
    'error'
    """

    status: Literal["ok", "error", "unknown"]
    """`ok`, `error` or `unknown`."""

    message: str = ""
    """The sentence beside the button."""

    details: Mapping[str, object] = field(default_factory=dict)
    """A JSON object; the config page shows its `verboseMessage`."""

    @classmethod
    def ok(cls, message: str = "", *, details: Mapping[str, object] | None = None) -> Health:
        """Say that the data source works."""
        return cls(status="ok", message=message, details=details or {})

    @classmethod
    def error(cls, message: str, *, details: Mapping[str, object] | None = None) -> Health:
        """Say what is wrong."""
        return cls(status="error", message=message, details=details or {})


@dataclass(frozen=True, kw_only=True)
class Request(Cancellable):
    """One HTTP request to the data source's own resources. `path` has no leading slash and no query string.

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
    """Where the request comes from."""

    cancel: threading.Event = field(default_factory=Cancellation, repr=False, compare=False)
    """An event that is set when nobody wants the answer any more."""

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """Split the query string; a repeated name keeps all its values."""
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True)

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the body as JSON."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """Find the first value of a header, whatever its case; empty when absent."""
        wanted = name.lower()
        return next((values[0] for key, values in self.headers.items() if key.lower() == wanted and values), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to a `Request`.

    A `body` that is an iterable of bytes, such as a generator (`def` or `async def`), is sent as it comes.

    >>> Response.json(["sales"], status=201).body
    b'["sales"]'
    """

    body: bytes | str | Iterable[bytes] | AsyncIterable[bytes] = b""
    """The body: bytes, text, or an iterable of bytes that is sent as it comes."""

    status: int = 200
    """The HTTP status code."""

    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    """The headers; a list is a name that stands several times."""

    def read(self) -> bytes:
        """Give the whole body, for tests; a `def` generator is run to its end.

        Raises: TypeError when the body comes from an `async def` generator: read that by `async for`.
        """
        if isinstance(self.body, str):
            return self.body.encode()
        if hasattr(self.body, "__aiter__"):
            raise TypeError("the body is asynchronous")
        return bytes(self.body) if isinstance(self.body, (bytes, bytearray, memoryview)) else b"".join(self.body)

    @classmethod
    def json(cls, value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Answer with a JSON value, written as packets of streams are: NaN becomes null, a time ISO 8601.

        Raises: TypeError naming the type that has no JSON.
        """
        body = json_text.encode(value, separators=(", ", ": "))
        return cls(body=body, status=status, headers={"Content-Type": "application/json", **(headers or {})})


@dataclass(frozen=True, kw_only=True)
class StreamRequest(Cancellable):
    """One call about a channel: somebody subscribes, publishes, or its packets are wanted.

    `path` is the channel's part after the data source; `data` is what the frontend sent along, usually the query.
    `cancel` is set when nobody reads any more: a sync generator waits by `request.cancel.wait(seconds)`.

    >>> StreamRequest(path="cpu", data=b'{"host": "a"}').json()
    {'host': 'a'}
    """

    path: str
    """The channel's part after the data source."""

    data: bytes = b""
    """What the frontend sent along, usually the query, as JSON."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers as Grafana sent them."""

    context: PluginContext = field(default_factory=PluginContext)
    """Where the request comes from."""

    cancel: threading.Event = field(default_factory=Cancellation, repr=False, compare=False)
    """An event that is set when nobody reads any more."""

    @property
    def http_headers(self) -> dict[str, str]:
        """Collect the HTTP headers that Grafana forwards."""
        return http_headers(self.headers)

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the data as JSON; None when there is none."""
        return json.loads(self.data) if self.data else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamResponse:
    """The answer to somebody who subscribes or publishes.

    `data` is a frame or a JSON value: for a subscriber what is shown first, for a publisher what all subscribers get.

    >>> StreamResponse.denied().status
    'permission denied'
    """

    status: Literal["ok", "not found", "permission denied"]
    """`ok`, `not found` or `permission denied`."""

    data: object = None
    """A frame or a JSON value; None for nothing."""

    @classmethod
    def ok(cls, data: object = None) -> StreamResponse:
        """Allow it."""
        return cls(status="ok", data=data)

    @classmethod
    def not_found(cls) -> StreamResponse:
        """Say that there is no such channel."""
        return cls(status="not found")

    @classmethod
    def denied(cls) -> StreamResponse:
        """Say that this user may not."""
        return cls(status="permission denied")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOnly:
    """A frame sent without its schema: smaller packets, for subscribers who have the schema from the first data.

    >>> len(DataOnly(frame=Frame.of(value=[1.5])).frame)
    1
    """

    frame: Frame
    """The frame whose data is sent."""
