"""Ad hoc filters: what the viewers of a dashboard narrow all its queries by, and what is asked about them.

Plain types, as in `vocabulary`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfruntime.request.vocabulary import PluginContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfruntime.request.vocabulary import TimeRange

SEVERAL = ("=|", "!=|")
"""The operators that compare with several values: one of them, none of them."""


@dataclass(frozen=True, slots=True)
class AdHocFilter:
    """One ad hoc filter of a dashboard. All filters of a query hold together.

    `operator` is Grafana's: `=`, `!=`, `=~` and `!~` (regular expressions), `<`, `<=`, `>`, `>=`; and, where
    plugin.json says `"multiValueFilterOperators": true`, `=|` (one of the values) and `!=|` (none of them). A filter
    that can't be applied must fail the query: left out, it would show what nobody asked for.

    >>> AdHocFilter("region", "=|", ("eu", "us")).values
    ('eu', 'us')
    """

    key: str
    """What to compare: one of those that `get_tag_keys` lists, or what somebody typed."""

    operator: str
    """How to compare."""

    values: tuple[str, ...]
    """What to compare with: one value, or for `=|` and `!=|` any number of them."""

    @property
    def value(self) -> str:
        """Return the first value; empty if there is none."""
        return self.values[0] if self.values else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRequest:
    """What is asked of `get_tag_keys` and `get_tag_values`: for which dashboard to list keys or values.

    >>> TagRequest(filters=[AdHocFilter("region", "=", ("eu",))]).filters[0].value
    'eu'
    """

    filters: Sequence[AdHocFilter] = ()
    """The dashboard's other filters: what is listed may keep to them."""

    time_range: TimeRange | None = None
    """The range of the dashboard; None where Grafana does not say."""

    queries: Sequence[Mapping[str, Any]] = ()
    """The queries that will be filtered, as JSON; empty where Grafana does not say."""

    context: PluginContext = field(default_factory=PluginContext)
    """Where the request comes from."""
