"""Queries that are being asked, and the calls that wait for the answers: an ask goes on as long as one waits."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfruntime.request.cancellation import Cancellation

if TYPE_CHECKING:
    from gfruntime.calls.answers import EncodedAnswer
    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.instances import Source
    from gfruntime.calls.query_keys import Key
    from gfruntime.request.vocabulary import Query


@dataclass(slots=True, eq=False)
class Decoded:
    """A query, decoded, and what it has in common with others; None for one that is asked by itself."""

    query: Query[Any]
    key: Key | None = None
    wants_fresh: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Waiter:
    """A call that waits for an answer, and the context that the author's code runs in if it runs on its behalf."""

    call: ActiveCall
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    @property
    def deadline(self) -> float:
        """When it stops waiting, as a monotonic time."""
        deadline = self.call.incoming.deadline
        return float("inf") if deadline is None else deadline


@dataclass(slots=True, eq=False)
class Flight:
    """A query that is being asked, and those who wait for its answer."""

    query: Query[Any]
    key: Key | None
    ask: Ask
    answer: asyncio.Future[EncodedAnswer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    waiters: list[Waiter] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Ask:
    """One call of the author's method for one query or, of `query_batch`, several: what ends it is its own."""

    method: str
    source: Source
    is_json: bool
    cancel: Cancellation = field(default_factory=Cancellation)
    flights: list[Flight] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def end_if_unwanted(self) -> bool:
        """Cancel the work if all its callers have left; return whether they have."""
        if self.task is None or self.task.done() or any(flight.waiters for flight in self.flights):
            return False
        self.cancel.set()
        self.task.cancel()
        return True
