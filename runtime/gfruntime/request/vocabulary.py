"""The types of a data source's interface: Grafana's requests and the author's answers.

Uses plain types only: no gRPC, protobuf or Arrow. Times are aware UTC datetimes.
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
    """The range of a panel or an alert rule; both ends are aware UTC datetimes.

    >>> TimeRange(start=start, end=start + timedelta(hours=1)).duration
    datetime.timedelta(seconds=3600)
    """

    start: datetime
    """The first instant."""

    end: datetime
    """The last instant."""

    @property
    def duration(self) -> timedelta:
        """Return the length of the range."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The user who sent the request; alert rules and Grafana's own calls have no user.

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
    """The origin of a request: organisation, user, Grafana. `config` has Grafana's settings, which may have secrets.

    `namespace` identifies the organisation or stack and replaces `org_id`. `api_version` is that of the request.

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
    """The user; None for alert rules and Grafana's own calls."""

    config: GrafanaConfig = field(default_factory=GrafanaConfig)
    """Grafana's settings for plugins."""

    namespace: str = ""
    """The organisation or stack, as text."""

    user_agent: str = ""
    """Grafana's user agent: its name and version."""

    api_version: str = ""
    """The requested API version, such as `v0alpha1`; empty if Grafana does not send it."""

    @property
    def grafana(self) -> UserAgent:
        """Return Grafana's version and platform."""
        return UserAgent.parse(self.user_agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Generic[OptionsT]):
    """One configured data source; `secrets` are the decrypted values, which the repr hides.

    `json_data` is the JSON from which the options were decoded: it also has the values of Grafana's HTTP settings
    editor (see `HttpSettings`). `config` is Grafana's configuration; if it changes, a new instance is created.

    >>> Settings(options=options, url="http://localhost:8000").url
    'http://localhost:8000'
    """

    options: OptionsT
    """The saved options, decoded into the author's dataclass."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The decrypted secrets by name."""

    uid: str = ""
    """The data source's uid."""

    name: str = ""
    """The data source's name."""

    url: str = ""
    """The URL of a field with `Ui(store="url")`, or of Grafana's HTTP settings."""

    user: str = ""
    """The user in Grafana's database settings."""

    database: str = ""
    """The database in Grafana's database settings."""

    basic_auth_enabled: bool = False
    """Whether basic authentication is on in Grafana's HTTP settings."""

    basic_auth_user: str = ""
    """The user of basic authentication."""

    updated: datetime | None = None
    """When the settings were last saved; None if Grafana does not send it."""

    json_data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The JSON values from which the options were decoded."""

    config: GrafanaConfig = field(default_factory=GrafanaConfig)
    """Grafana's settings for plugins."""

    api_version: str = ""
    """The API version when the settings were saved, perhaps an older one; empty if Grafana does not send it."""

    def __repr__(self) -> str:
        """Show uid, name, URL and options; a password in the URL or the options is hidden."""
        text = f"Settings(uid={self.uid!r}, name={self.name!r}, url={self.url!r}, options={self.options!r})"
        return masking.hide(text)


@dataclass(frozen=True, kw_only=True)
class Query(Cancellable, Generic[ModelT]):
    """One query of a panel, an alert rule or an expression.

    `max_data_points` and `interval` are hints. `max_data_points` is at most 1,000,000, and 0 if it was not sent: panels
    send their width in pixels, alert rules 43,200. `interval` is above 0, and one second if it was not sent.

    `cancel` is set when Grafana cancels the query: long work in a `def` handler checks it, or registers a function with
    `on_cancel` that ends the work (`async def` handlers are cancelled). `time_left` is the time that Grafana will still
    wait.

    >>> Query(model=model, time_range=time_range).ref_id
    'A'
    """

    model: ModelT
    """The saved query, decoded into the author's dataclass."""

    time_range: TimeRange
    """The range of the panel or alert rule."""

    ref_id: str = "A"
    """The query's letter."""

    interval: timedelta = timedelta(seconds=1)
    """The time between two points that suits the panel; a hint, above 0."""

    max_data_points: int = 0
    """The number of points that the panel can show; a hint, at most 1,000,000, 0 if it was not sent."""

    query_type: str = ""
    """The value of `queryType`; `variable` and `annotation` have separate methods."""

    from_alert: bool = False
    """Whether the query comes from an alert rule."""

    filters: Sequence[AdHocFilter] = ()
    """The ad hoc filters of the dashboard, all of which apply; only for a class that has `get_tag_keys`."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers as Grafana sent them."""

    context: PluginContext = field(default_factory=PluginContext)
    """The plugin context of the query."""

    cancel: threading.Event = field(default_factory=Cancellation, repr=False, compare=False)
    """An event that is set when Grafana cancels the query."""

    deadline: datetime | None = None
    """When Grafana stops waiting for the answer, in UTC; None if unknown."""

    @property
    def time_left(self) -> timedelta | None:
        """Return how long Grafana will still wait, at least 0; None if unknown."""
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
    """The sentence that the config page shows."""

    details: Mapping[str, object] = field(default_factory=dict)
    """A JSON object; the config page shows its `verboseMessage`."""

    @classmethod
    def ok(cls, message: str = "", *, details: Mapping[str, object] | None = None) -> Health:
        """Report that the data source works."""
        return cls(status="ok", message=message, details=details or {})

    @classmethod
    def error(cls, message: str, *, details: Mapping[str, object] | None = None) -> Health:
        """Report a problem."""
        return cls(status="error", message=message, details=details or {})
