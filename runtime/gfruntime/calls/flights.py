"""Queries that run, and the calls that wait for their answers: a query runs as long as a call waits for it."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfruntime.request.cancellation import Cancellation

if TYPE_CHECKING:
    from gfruntime.calls.answers import EncodedAnswer
    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.instances import InstanceSource
    from gfruntime.calls.query_keys import CacheKey
    from gfruntime.request.vocabulary import Query


@dataclass(slots=True, eq=False)
class KeyedQuery:
    """A decoded query, and its cache key; the key is None for a query that shares no answer."""

    query: Query[Any]
    key: CacheKey | None = None
    wants_fresh: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Waiter:
    """A call that waits for an answer, and the context for the author's code if it runs for this call."""

    call: ActiveCall
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    @property
    def deadline(self) -> float:
        """The monotonic time at which the call stops waiting."""
        deadline = self.call.incoming.deadline
        return float("inf") if deadline is None else deadline


@dataclass(slots=True, eq=False)
class Flight:
    """A query that runs, and the calls that wait for its answer."""

    query: Query[Any]
    key: CacheKey | None
    ask: Ask
    answer: asyncio.Future[EncodedAnswer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    waiters: list[Waiter] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Ask:
    """One call of the author's method for one query or, with `query_batch`, several; it has its own cancellation."""

    method: str
    source: InstanceSource
    is_json: bool
    cancel: Cancellation = field(default_factory=Cancellation)
    flights: list[Flight] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def cancel_if_abandoned(self) -> bool:
        """Cancel the work if all its callers have left; return whether it is cancelled."""
        if self.task is None or self.task.done() or any(flight.waiters for flight in self.flights):
            return False
        self.cancel.set()
        self.task.cancel()
        return True
