"""Queries of a class that protects its upstream: equal queries run once, answers are cached, concurrency is limited.

A query is decoded where the author's method runs, because its model may be the author's code. The control loop then
chooses: a cached answer, the answer of an equal query that runs, or a new run. So a call that waits for the answer of
another call, or for a place, holds no thread. Each process, also each worker, has its own cache.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gfruntime.calls import answers, convert, query_keys
from gfruntime.calls.answer_cache import AnswerCache
from gfruntime.calls.flights import Ask, Flight, KeyedQuery, Waiter
from gfruntime.calls.queries import Queries, run_concurrently
from gfruntime.calls.query_keys import CacheKey
from gfruntime.request import incoming
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pluginv2 import backend_pb2 as pb

    from gfruntime.calls.answers import EncodedAnswer
    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.gates import GatePlace, Gates
    from gfruntime.calls.queries import AnswersById, Group
    from gfruntime.calls.runner import Runner

_MIN_SECONDS_FOR_RETRY = 1.0
"""The seconds that a caller must have left to run the query again, if the deadline of another caller ended it."""

_DEADLINE_TOLERANCE_SECONDS = 0.1  # a failure within this many seconds of the deadline counts as caused by it

_results = metrics.MetricFamily(
    "counter",
    "gfruntime_query_cache_total",
    "Queries of classes with a cache: answered from it (hit), by a new run (miss), by an equal query (shared).",
    "result",
)


class ProtectedQueries(Queries):
    """Answers queries like `Queries`, and calls the author's method only if necessary."""

    def __init__(self, runner: Runner, gates: Gates) -> None:
        """Start with an empty cache."""
        super().__init__(runner)
        self._gates = gates
        self._cache = cache = runner.author.cache
        self._answer_cache = None
        if cache is not None and cache.seconds:
            self._answer_cache = AnswerCache(
                seconds=cache.seconds, max_count=cache.max_count, max_bytes=cache.max_bytes
            )
        self._flights: dict[CacheKey, Flight] = {}

    async def _answer_groups(self, groups: list[Group], call: ActiveCall) -> AnswersById:
        answer = self._answer_in_turn if self._cache is None else self._answer_shared
        works = [partial(answer, method, group, call) for method, group in groups]
        return await run_concurrently(works, self._runner.author.concurrent_query_count)

    async def _answer_in_turn(self, method: str, messages: list[pb.DataQuery], call: ActiveCall) -> AnswersById:
        """Answer queries without a cache, once a place is free."""
        return await self._run_in_place(
            method, partial(self._answer, method, messages, call), await self._gates.enter(call.source)
        )

    async def _answer_shared(self, method: str, messages: list[pb.DataQuery], call: ActiveCall) -> AnswersById:
        """Answer queries from the cache, by joining equal queries that run, and by one new run for the others."""
        decode = partial(self._decode_keyed, method, messages, call)
        keyed_queries, by_id = await self._runner.run(method, decode)
        ask, waiter, flights = Ask(method, call.source, call.is_json), Waiter(call), list[Flight]()
        for each in keyed_queries:
            cache_entry = self._find_cached(each)
            if cache_entry is not None:
                by_id[each.query.ref_id] = cache_entry
            else:
                flights.append(self._join(each, ask))
        for flight in flights:
            flight.waiters.append(waiter)
        if ask.flights:
            ask.task = asyncio.create_task(self._run(ask))
        try:
            if flights:
                await asyncio.wait([flight.answer for flight in flights])  # `wait` does not cancel them
            return by_id | {flight.query.ref_id: flight.answer.result() for flight in flights}
        finally:
            for flight in flights:
                flight.waiters.remove(waiter)
                if flight.ask.cancel_if_abandoned():
                    self._remove(flight.ask)  # remove it now, so that no other call joins it

    def _join(self, keyed: KeyedQuery, ask: Ask) -> Flight:
        """Join an equal query that runs, or add the query to a new run."""
        key = keyed.key
        flight = self._flights.get(key) if key is not None else None
        if key is not None:
            _results.add("miss" if flight is None else "shared")
        if flight is None:
            flight = Flight(keyed.query, key, ask)
            ask.flights.append(flight)
            if key is not None:
                self._flights[key] = flight
        return flight

    def _find_cached(self, keyed: KeyedQuery) -> EncodedAnswer | None:
        if self._answer_cache is None or keyed.key is None or keyed.wants_fresh:
            return None
        answer = self._answer_cache.get(keyed.key)
        if answer is not None:
            _results.add("hit")
        return answer

    async def _decode_keyed(
        self, method: str, messages: list[pb.DataQuery], call: ActiveCall
    ) -> tuple[list[KeyedQuery], AnswersById]:
        """Decode queries and make their keys, where the author's method runs."""
        queries, failures = self._decode(messages, call)
        source, texts = query_keys.source_number(call.source), {message.refId: message.json for message in messages}
        cache, keyed_queries = self._cache, list[KeyedQuery]()
        assert cache is not None  # noqa: S101  # else nothing is shared
        for query in map(query_keys.align, queries) if cache.align else queries:
            base = CacheKey(source, method, query.query_type, query.ref_id, call.is_json, query.from_alert)
            try:
                key = query_keys.complete(base, query, cache, raw=texts[query.ref_id])
            except BaseException as error:  # noqa: BLE001  # one failing query never sinks the others
                failures[query.ref_id] = answers.encode_failure(error, ref_id=query.ref_id, is_json=call.is_json)
            else:
                keyed_queries.append(KeyedQuery(query, key, query_keys.wants_fresh(query, cache)))
        return keyed_queries, failures

    async def _run(self, ask: Ask) -> None:
        """Run, and deliver; if another caller's deadline ended the run, run again for the callers with time left."""
        pending = list(ask.flights)
        try:
            while pending:
                pending = await self._attempt(ask, pending)
        except Exception as error:  # noqa: BLE001  # no thread for it, no memory for its answer
            for flight in (each for each in pending if not each.answer.done()):
                failure = answers.encode_failure(error, ref_id=flight.query.ref_id, is_json=ask.is_json)
                flight.answer.set_result(failure)
        finally:
            self._remove(ask)
            for flight in ask.flights:
                flight.answer.cancel()  # does nothing if the answer is already set

    async def _attempt(self, ask: Ask, flights: list[Flight]) -> list[Flight]:
        """Run for the caller that waits longest, and deliver; return the queries to run again."""
        place = await self._gates.enter(ask.source)
        waiter = max((each for flight in flights for each in flight.waiters), key=lambda each: each.deadline)
        calling = asyncio.create_task(self._call(ask, flights, waiter.call, place), context=waiter.context)
        try:
            by_id = await calling
        except BaseException:
            if place is not None:
                place.abandon()  # the call may not have begun
            raise
        return [flight for flight in flights if not self._deliver(flight, by_id[flight.query.ref_id], waiter)]

    async def _call(self, ask: Ask, flights: list[Flight], call: ActiveCall, place: GatePlace | None) -> AnswersById:
        """Call the author's method, in the context of one of the callers."""
        deadline = convert.moment(call.incoming.deadline)
        queries = [replace(flight.query, cancel=ask.cancel, deadline=deadline) for flight in flights]
        if self._cache is not None and not self._cache.per_user:
            incoming.share_answers()

        async def work() -> AnswersById:
            by_id = await self._ask(ask.method, queries, call, ask.cancel)
            return {ref_id: self._copy(answer) for ref_id, answer in by_id.items()}

        return await self._run_in_place(ask.method, work, place)

    async def _run_in_place(
        self, method: str, work: Callable[[], Coroutine[Any, Any, AnswersById]], place: GatePlace | None
    ) -> AnswersById:
        """Run where a method belongs, and hold the place until the work there has ended."""
        if place is None:
            return await self._runner.run(method, work)
        try:
            return await self._runner.run(method, partial(place.run, work))
        except BaseException:
            place.abandon()
            raise

    def _copy(self, answer: EncodedAnswer) -> EncodedAnswer:
        """Copy an answer that may be cached: it may share memory with an array that the author changes."""
        if self._answer_cache is None or answer.failure is not None:
            return answer
        return answer._replace(parts=[b"".join(answer.parts)])

    def _deliver(self, flight: Flight, answer: EncodedAnswer, waiter: Waiter) -> bool:
        """Deliver an answer, and cache it; but do not deliver a timeout to callers that have much more time."""
        now = time.monotonic()
        is_late = answer.failure is not None and now >= waiter.deadline - _DEADLINE_TOLERANCE_SECONDS
        if is_late and any(each.deadline > now + _MIN_SECONDS_FOR_RETRY for each in flight.waiters):
            return False
        flight.answer.set_result(answer)
        if (
            self._answer_cache is not None
            and flight.key is not None
            and answer.failure is None
            and self._is_cached(flight.key)
        ):
            self._answer_cache.put(flight.key, answer)
        return True

    def _is_cached(self, key: CacheKey) -> bool:
        return self._cache is not None and (self._cache.alerts or not key.from_alert)

    def _remove(self, ask: Ask) -> None:
        """Stop other calls from joining a run."""
        for flight in ask.flights:
            if flight.key is not None and self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
