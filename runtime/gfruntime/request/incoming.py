"""The current call, for the author's code, the log and the HTTP client.

The call is in a context variable: it is set in the handler, in its tasks, and in threads of `asyncio.to_thread`.
"""

from __future__ import annotations

import contextvars
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gfruntime.request.headers import http_headers
from gfruntime.request.vocabulary import PluginContext

if TYPE_CHECKING:
    from collections.abc import Mapping

FROM_ALERT = "FromAlert"
_PROPAGATED = ("traceparent", "tracestate", "baggage", "uber-trace-id")
_TRACE_ID = 1  # place in a W3C traceparent: version, trace id, span id, flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One call. `headers` are raw, as Grafana sent them; `metadata` is gRPC's metadata; `deadline` is a monotonic time.

    >>> Incoming(endpoint="queryData", headers={"FromAlert": "true"}).from_alert
    True
    """

    endpoint: str
    """The called method, such as `queryData`."""

    context: PluginContext = field(default_factory=PluginContext)
    """The plugin context of the call."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers as Grafana sent them."""

    metadata: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    """gRPC's metadata."""

    data_source: str = ""
    """The data source's name; empty for a call without a data source."""

    data_source_uid: str = ""
    """The data source's uid; empty for a call without a data source."""

    deadline: float | None = None
    """The monotonic time at which the caller stops waiting; None if unknown."""

    @property
    def from_alert(self) -> bool:
        """Tell whether the call comes from an alert rule."""
        return self.headers.get(FROM_ALERT) == "true"

    @property
    def http_headers(self) -> dict[str, str]:
        """Collect the HTTP headers that Grafana forwards, including those with the user's identity."""
        return http_headers(self.headers)

    @property
    def tenant(self) -> str:
        """Return the tenant, on a host with several tenants."""
        return ",".join(self.metadata.get("tenantid", []))

    @property
    def trace_id(self) -> str:
        """Return the id of the call's trace; empty for a call without a trace."""
        parts = self.metadata.get("traceparent", [""])[0].split("-")
        if len(parts) > _TRACE_ID:
            return parts[_TRACE_ID]
        return self.metadata.get("uber-trace-id", [""])[0].partition(":")[0]

    @property
    def propagated(self) -> dict[str, str]:
        """Return the headers that continue the trace in the next system."""
        return {name: self.metadata[name][0] for name in _PROPAGATED if self.metadata.get(name)}


_current: contextvars.ContextVar[Incoming | None] = contextvars.ContextVar("gfruntime_incoming", default=None)
_is_shared: contextvars.ContextVar[bool] = contextvars.ContextVar("gfruntime_is_shared", default=False)


def current_call() -> Incoming | None:
    """Return the current call; None outside of a call.

    >>> current_call() is None  # outside of a call
    True
    """
    return _current.get()


def enter(call: Incoming) -> None:
    """Set the current call of this context."""
    _current.set(call)


def share_answers() -> None:
    """Mark this context: its answer also goes to other users."""
    _is_shared.set(True)


def is_shared() -> bool:
    """Tell whether the answer also goes to other users, so that no user's identity may be used for it."""
    return _is_shared.get()
