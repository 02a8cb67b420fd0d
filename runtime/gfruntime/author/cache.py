"""The class attribute `cache`: which queries are equal, and how long their answers are kept.

`calls/protection.py` implements it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from gfruntime.request.vocabulary import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Sends equal queries to the upstream once, and keeps their answers: `cache = Cache(seconds=30)`.

    Queries are equal if the author's method receives the same: model, time range to the millisecond, interval, points,
    query type, ref id, the data source with its settings, whether it is an alert rule, the user, and the headers that
    Grafana forwards (except those that only name the panel or rule). If a query fails, all callers that wait for it get
    the error, which is not kept. Each process has its own cache, and each worker is a process.

    >>> class Datasource:
    ...     cache = Cache(seconds=30, key=lambda query: (query.model.table, query.time_range))
    """

    seconds: float = 0
    """How long an answer is kept; with 0, only queries that run at the same time share an answer."""

    key: Callable[[Query[Any]], Hashable | None] | None = None
    """Replaces model, time range, interval and points in the comparison.

    If it returns None, the query shares no answer.
    """

    per_user: bool = True
    """Whether each user gets their own answers; False means that the upstream gives all users the same answer."""

    alerts: bool = False
    """Whether a kept answer may also answer an alert rule; Grafana asks for fresh answers (`X-Cache-Skip`)."""

    align: bool = False
    """Whether both ends of a query's time range are moved back to a multiple of its interval."""

    max_count: int = 1000
    """The number of answers that are kept in a process; the least recently used ones are removed first."""

    max_bytes: int = 64 << 20
    """The bytes that all kept answers may have together, encoded."""

    def __post_init__(self) -> None:
        """Check that the limits allow an answer to be stored.

        Raises: ValueError naming the limit.
        """
        if not 0 <= self.seconds < float("inf"):
            raise ValueError(f"Cache(seconds={self.seconds!r}): expected a number of seconds, 0 or more")
        for name in ("max_count", "max_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"Cache({name}={getattr(self, name)!r}): expected a number above 0")


def cache_of(datasource: Any) -> Cache | None:  # noqa: ANN401  # a class, or a function that makes an instance
    """Read the class attribute `cache`; an attribute of another type is ignored.

    Raises: TypeError if it is the class Cache itself.
    """
    cache = getattr(datasource, "cache", None)
    if cache is Cache:
        raise TypeError("the attribute cache is the class Cache; write cache = Cache(seconds=30)")
    return cache if isinstance(cache, Cache) else None
