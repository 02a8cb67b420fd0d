"""The words a data source speaks: what Grafana asks and what the author answers.

Owns plain types only: nothing here knows of gRPC, protobuf or Arrow. Times are aware UTC datetimes.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

from gfruntime.logs import masking
from gfruntime.request import json_text
from gfruntime.request.config import GrafanaConfig, UserAgent
from gfruntime.request.headers import http_headers

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping

    from gfruntime.frames.data import Frame

ModelT = TypeVar("ModelT")
OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """The range of a panel or an alert rule, both ends aware UTC datetimes."""

    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        """Tell how long the range is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks; absent for alert rules and other calls that Grafana makes on its own."""

    login: str = ""
    name: str = ""
    email: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginContext:
    """Where a request comes from. `config` holds Grafana's settings for plugins, which may carry secrets.

    `namespace` tells organisations or stacks apart and replaces `org_id`. `api_version` is that of the settings.
    """

    org_id: int = 0
    plugin_id: str = ""
    plugin_version: str = ""
    user: User | None = None
    config: GrafanaConfig = field(default_factory=GrafanaConfig)
    namespace: str = ""
    user_agent: str = ""
    api_version: str = ""

    @property
    def grafana(self) -> UserAgent:
        """Tell which Grafana asks."""
        return UserAgent.parse(self.user_agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Generic[OptionsT]):
    """One configured data source; `secrets` are the decrypted values and never show in a repr.

    `json_data` is what the options were decoded from: it also holds what Grafana's own HTTP settings editor saves (see
    `HttpSettings`). `config` is Grafana's configuration; another one makes another instance.
    """

    options: OptionsT
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    uid: str = ""
    name: str = ""
    url: str = ""
    user: str = ""
    database: str = ""
    basic_auth_enabled: bool = False
    basic_auth_user: str = ""
    updated: datetime | None = None
    json_data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: GrafanaConfig = field(default_factory=GrafanaConfig)
    api_version: str = ""

    def __repr__(self) -> str:
        """Show what tells it from others; a password may be part of a URL, in the options too."""
        shown = f"Settings(uid={self.uid!r}, name={self.name!r}, url={self.url!r}, options={self.options!r})"
        return masking.hide(shown)


@dataclass(frozen=True, kw_only=True)
class Query(Generic[ModelT]):
    """One query of a panel, an alert rule or an expression.

    `max_data_points` and `interval` are hints. The former is at most 1,000,000, and 0 where none was sent: panels ask
    for their width in pixels, alert rules for 43,200. The latter is above 0, and a second where none was sent.

    `cancel` is set when Grafana no longer wants the answer: long work in a `def` handler may look at it (`async def`
    handlers are cancelled).
    """

    model: ModelT
    time_range: TimeRange
    ref_id: str = "A"
    interval: timedelta = timedelta(seconds=1)
    max_data_points: int = 0
    query_type: str = ""
    from_alert: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    context: PluginContext = field(default_factory=PluginContext)
    cancel: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    @property
    def http_headers(self) -> dict[str, str]:
        """Collect the HTTP headers that Grafana forwards."""
        return http_headers(self.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The answer to "Save & test". `details` is a JSON object; the config page shows its `verboseMessage`."""

    status: Literal["ok", "error", "unknown"]
    message: str = ""
    details: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def ok(cls, message: str = "", *, details: Mapping[str, object] | None = None) -> Health:
        """Say that the data source works."""
        return cls(status="ok", message=message, details=details or {})

    @classmethod
    def error(cls, message: str, *, details: Mapping[str, object] | None = None) -> Health:
        """Say what is wrong."""
        return cls(status="error", message=message, details=details or {})


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request to the data source's own resources. `path` has no leading slash and no query string."""

    path: str
    method: str = "GET"
    url: str = ""
    headers: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    context: PluginContext = field(default_factory=PluginContext)
    cancel: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

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
    """

    body: bytes | str | Iterable[bytes] | AsyncIterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)

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
class StreamRequest:
    """One call about a channel: somebody subscribes, publishes, or its packets are wanted.

    `path` is the channel's part after the data source; `data` is what the frontend sent along, usually the query.
    `cancel` is set when nobody reads any more: a sync generator waits by `request.cancel.wait(seconds)`.
    """

    path: str
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    context: PluginContext = field(default_factory=PluginContext)
    cancel: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

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
    """

    status: Literal["ok", "not found", "permission denied"]
    data: object = None

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
    """A frame sent without its schema: smaller packets, for subscribers who have the schema from the first data."""

    frame: Frame
