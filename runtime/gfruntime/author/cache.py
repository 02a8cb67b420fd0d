"""What the author says about equal queries and their answers, by the class attribute `cache`.

What it does is in `calls/protection.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from gfruntime.request.vocabulary import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Asks the upstream once for equal queries, and keeps their answers for a time: `cache = Cache(seconds=30)`.

    Queries are equal when the author's method sees the same: model, time range to the millisecond, interval, points,
    query type, ref id, the data source with its settings, whether an alert rule asks, who asks, and the headers that
    Grafana forwards (but for those that only tell which panel or rule it is). Errors are shared by those who wait, and
    never kept. Each process keeps its own: with several workers, each worker.

    >>> class Datasource:
    ...     cache = Cache(seconds=30, key=lambda query: (query.model.table, query.time_range))
    """

    seconds: float = 0
    """How long an answer is kept; with 0 only queries that are in flight at the same time share one."""

    key: Callable[[Query[Any]], Hashable | None] | None = None
    """What stands for model, time range, interval, points in the comparison; for None the query is asked by itself."""

    per_user: bool = True
    """Whether users have answers of their own; False says that the upstream answers them all alike."""

    alerts: bool = False
    """Whether a kept answer may answer an alert rule, too; Grafana asks that none does (`X-Cache-Skip`)."""

    align: bool = False
    """Whether both ends of a query's time range are moved back to a multiple of its interval."""

    max_count: int = 1000
    """How many answers are kept, of all data sources of a process; those that were not used for longest go first."""

    max_bytes: int = 64 << 20
    """How many bytes the kept answers may have together, encoded."""

    def __post_init__(self) -> None:
        """Refuse bounds that keep nothing.

        Raises: ValueError naming the bound.
        """
        if not 0 <= self.seconds < float("inf"):
            raise ValueError(f"Cache(seconds={self.seconds!r}): it is a number of seconds, 0 or more")
        for name in ("max_count", "max_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"Cache({name}={getattr(self, name)!r}): it is above 0")


def cache_of(datasource: Any) -> Cache | None:  # noqa: ANN401  # a class, or a function that makes an instance
    """Read the class attribute `cache`; what is no Cache is the author's own.

    Raises: TypeError if it is the class Cache itself.
    """
    cache = getattr(datasource, "cache", None)
    if cache is Cache:
        raise TypeError("the attribute cache is the class Cache; write cache = Cache(seconds=30)")
    return cache if isinstance(cache, Cache) else None
