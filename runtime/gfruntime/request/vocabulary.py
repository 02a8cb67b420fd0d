"""The words a data source speaks: what Grafana asks and what the author answers.

Owns plain types only: nothing here knows of gRPC, protobuf or Arrow. Times are aware UTC datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from gfruntime.logs import masking
from gfruntime.request.cancellation import Cancellable, Cancellation
from gfruntime.request.config import GrafanaConfig, UserAgent
from gfruntime.request.headers import http_headers

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from gfruntime.request.filtering import AdHocFilter


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

    filters: Sequence[AdHocFilter] = ()
    """The ad hoc filters of the dashboard, which all hold; only for a class that has `get_tag_keys`."""

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
