"""Ad hoc filters, with which viewers of a dashboard filter all its queries; plain types, as in `vocabulary`."""

from __future__ import annotations

from dataclasses import dataclass

SEVERAL = ("=|", "!=|")
"""The operators that compare with several values: equal to one of them, equal to none of them."""


@dataclass(frozen=True, slots=True)
class AdHocFilter:
    """One ad hoc filter of a dashboard. A row must match all filters of a query.

    `operator` is an operator of Grafana: `=`, `!=`, `=~` and `!~` (regular expressions), `<`, `<=`, `>`, `>=`; and, if
    plugin.json has `"multiValueFilterOperators": true`, `=|` (one of the values) and `!=|` (none of them). If a filter
    can't be applied, fail the query: without the filter, the answer would be wrong.

    >>> AdHocFilter("region", "=|", ("eu", "us")).values
    ('eu', 'us')
    """

    key: str
    """The key to compare: from `get_tag_keys`, or typed by the user."""

    operator: str
    """The comparison operator."""

    values: tuple[str, ...]
    """The values to compare with: one value, or any number of values for `=|` and `!=|`."""

    @property
    def value(self) -> str:
        """Return the first value; empty if there are no values."""
        return self.values[0] if self.values else ""
