"""Data sources that protect their upstream and record its queries, and many calls on one event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from calls import Plain, Services, queries
from pluginv2 import backend_pb2 as pb

from gfruntime import Cache, DownstreamError, Frame, Query
from gfruntime.serving.methods import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class CountingSource(Plain):
    """Records its queries, counts concurrent and cancelled ones; a `gate` stops them until it is open."""

    cache: Any = Cache()
    concurrency: Any = None
    gate: threading.Event | None = None
    queries: list[Query[Any]]
    running: int
    most: int
    cancellations: int

    def __init_subclass__(cls, **options: Any) -> None:
        """Give each class its own counters."""
        super().__init_subclass__(**options)
        cls.queries, cls.running, cls.most, cls.cancellations = [], 0, 0, 0
        cls.lock = threading.Lock()  # type: ignore[attr-defined]

    def begin(self, query: Query[Any]) -> None:
        """Record a query."""
        kind: Any = type(self)
        with kind.lock:
            kind.queries.append(query)
            kind.running += 1
            kind.most = max(kind.most, kind.running)

    def end(self, query: Query[Any]) -> Frame:
        """Count the end of a query, and answer it."""
        kind: Any = type(self)
        with kind.lock:
            kind.running -= 1
        if query.model.get("do") == "fail":
            raise DownstreamError("the upstream is busy", status=503)
        return Frame.of(number=[len(kind.queries)], seen=[repr(query.model)])

    def query(self, query: Query[dict[str, Any]]) -> Any:
        """Wait until the gate is open, or the query is cancelled."""
        self.begin(query)
        is_held = self.holder(query)
        while is_held():
            if query.cancel.wait(0.005):
                type(self).cancellations += 1
                break
        return self.end(query)

    def holder(self, query: Query[dict[str, Any]]) -> Callable[[], bool]:
        """Return a function that is true while a query waits: for its model's seconds, else until the gate is open."""
        if "seconds" in query.model:
            end = time.monotonic() + query.model["seconds"]
            return lambda: time.monotonic() < end
        gate = self.gate
        return lambda: gate is not None and not gate.is_set()


class AsyncCountingSource(CountingSource):
    """The same on a loop."""

    async def query(self, query: Query[dict[str, Any]]) -> Any:  # type: ignore[override]  # async
        self.begin(query)
        try:
            await until_not(self.holder(query))
        except asyncio.CancelledError:
            type(self).cancellations += 1
            self.end(query)
            raise
        return self.end(query)


class BatchSource(CountingSource):
    """Answers all queries of a request together; `queries` has each of them."""

    batches: list[list[str]]

    def __init_subclass__(cls, **options: Any) -> None:
        """Give each class its own lists."""
        super().__init_subclass__(**options)
        cls.batches = []

    def query_batch(self, queries: list[Query[dict[str, Any]]]) -> Mapping[str, Any]:
        """Answer each, one after the other."""
        self.batches.append([query.ref_id for query in queries])
        return self.answer_all(queries)

    def answer_all(self, queries: list[Query[dict[str, Any]]]) -> Mapping[str, Any]:
        """Return one frame for each ref id."""
        results: dict[str, Any] = {}
        for query in queries:
            try:
                results[query.ref_id] = self.query(query)
            except DownstreamError as error:
                results[query.ref_id] = error
        return results


class AsyncBatchSource(BatchSource):
    """The same on a loop."""

    async def query_batch(self, queries: list[Query[dict[str, Any]]]) -> Any:  # type: ignore[override]  # async
        self.batches.append([query.ref_id for query in queries])
        await until_not(self.holder(queries[0]))
        return self.answer_all(queries)


def make_class(base: type[CountingSource], **attributes: Any) -> Any:
    """Make a class with its own counters."""
    return type(base.__name__, (base,), attributes)


class Callers:
    """Calls of one class, at once and one after the other, on the running loop."""

    def __init__(self, kind: type) -> None:
        """Inspect the class."""
        self._answer = Services(kind).application.unary["/pluginv2.Data/QueryData"]

    def start(self, request: pb.QueryDataRequest, call: Call | None = None) -> asyncio.Task[dict[str, pb.DataResponse]]:
        """Begin a call."""
        return asyncio.create_task(self.ask(request, call))

    async def ask(self, request: pb.QueryDataRequest, call: Call | None = None) -> dict[str, pb.DataResponse]:
        """Ask, and wait."""
        call = call or Call()
        try:
            answer = await self._answer(request.SerializeToString(), call)
        except asyncio.CancelledError:
            call.cancel.set()  # as the dispatcher does
            raise
        return dict(pb.QueryDataResponse.FromString(bytes(answer)).responses)


def request(*models: dict[str, Any], login: str = "ada", **headers: str) -> pb.QueryDataRequest:
    """Make a request of a user."""
    message = queries(*models)
    message.pluginContext.user.login = login
    message.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return message


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true, for at most five seconds."""
    await asyncio.wait_for(until_not(lambda: not condition()), 5)


async def until_not(condition: Callable[[], object]) -> None:
    """Wait until a condition is false."""
    while condition():  # noqa: ASYNC110  # it is of other threads
        await asyncio.sleep(0.002)
