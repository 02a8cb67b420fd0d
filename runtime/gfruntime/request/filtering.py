"""Ad hoc filters: what the viewers of a dashboard narrow all its queries by. A plain type, as in `vocabulary`."""

from __future__ import annotations

from dataclasses import dataclass

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
