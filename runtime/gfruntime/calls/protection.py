"""Queries of a class that protects its upstream: equal ones are asked once, answers are kept, so many run at once.

A query is decoded where the author's method belongs, as its model may be the author's code; what is known then decides
on the control loop: a kept answer, one that is being asked for, or an ask of its own. So nobody who waits for another's
answer, or for a place, holds a thread. All of this is of one process: each worker has its own.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gfruntime.calls import answers, convert, query_keys
from gfruntime.calls.answer_cache import AnswerCache
from gfruntime.calls.flights import Ask, Decoded, Flight, Waiter
from gfruntime.calls.queries import Queries, side_by_side
from gfruntime.calls.query_keys import Key
from gfruntime.request import incoming
from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pluginv2 import backend_pb2 as pb

    from gfruntime.calls.answers import EncodedAnswer
    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.gates import Gates, Place
    from gfruntime.calls.queries import Encoded, Group
    from gfruntime.calls.runner import Runner

_MUCH_LONGER = 1.0
"""Seconds that a caller must have left, when another's deadline ended an ask, to ask again."""

_NEARLY = 0.1  # seconds before a deadline at which what failed, failed for it

_results = metrics.Family(
    "counter",
    "gfruntime_query_cache_total",
    "Queries of classes with a cache: answered from it (hit), by asking (miss), by another's asking (shared).",
    "result",
)


class ProtectedQueries(Queries):
    """Answers queries as `Queries` does, and asks the author's method as seldom as the class allows."""

    def __init__(self, runner: Runner, gates: Gates) -> None:
        """Begin with nothing kept."""
        super().__init__(runner)
        self._gates = gates
        self._cache = cache = runner.author.cache
        self._kept = None
        if cache is not None and cache.seconds:
            self._kept = AnswerCache(seconds=cache.seconds, max_count=cache.max_count, max_bytes=cache.max_bytes)
        self._flights: dict[Key, Flight] = {}

    async def _answer_groups(self, groups: list[Group], call: ActiveCall) -> Encoded:
        answer = self._answer_in_turn if self._cache is None else self._answer_shared
        works = [partial(answer, method, group, call) for method, group in groups]
        return await side_by_side(works, self._runner.author.concurrent_query_count)

    async def _answer_in_turn(self, method: str, messages: list[pb.DataQuery], call: ActiveCall) -> Encoded:
        """Answer queries as without protection, once there is a place."""
        return await self._run_in_place(
            method, partial(self._answer, method, messages, call), await self._gates.enter(call.source)
        )

    async def _answer_shared(self, method: str, messages: list[pb.DataQuery], call: ActiveCall) -> Encoded:
        """Answer queries: with what is kept, with what others ask, and by one ask for the rest."""
        decode = partial(self._decode_keyed, method, messages, call)
        decoded, encoded = await self._runner.run(method, decode)
        ask, waiter, flights = Ask(method, call.source, call.is_json), Waiter(call), list[Flight]()
        for each in decoded:
            kept = self._find_kept(each)
            if kept is not None:
                encoded[each.query.ref_id] = kept
            else:
                flights.append(self._join(each, ask))
        for flight in flights:
            flight.waiters.append(waiter)
        if ask.flights:
            ask.task = asyncio.create_task(self._run(ask))
        try:
            if flights:
                await asyncio.wait([flight.answer for flight in flights])  # which cancels none of them
            return encoded | {flight.query.ref_id: flight.answer.result() for flight in flights}
        finally:
            for flight in flights:
                flight.waiters.remove(waiter)
                if flight.ask.end_if_unwanted():
                    self._remove(flight.ask)  # at once: nobody can join what ends

    def _join(self, decoded: Decoded, ask: Ask) -> Flight:
        """Find what is being asked already, else make it a part of an ask."""
        key = decoded.key
        flight = self._flights.get(key) if key is not None else None
        if key is not None:
            _results.add("miss" if flight is None else "shared")
        if flight is None:
            flight = Flight(decoded.query, key, ask)
            ask.flights.append(flight)
            if key is not None:
                self._flights[key] = flight
        return flight

    def _find_kept(self, decoded: Decoded) -> EncodedAnswer | None:
        if self._kept is None or decoded.key is None or decoded.wants_fresh:
            return None
        kept = self._kept.get(decoded.key)
        if kept is not None:
            _results.add("hit")
        return kept

    async def _decode_keyed(
        self, method: str, messages: list[pb.DataQuery], call: ActiveCall
    ) -> tuple[list[Decoded], Encoded]:
        """Decode queries and make their keys, where the author's method belongs."""
        queries, encoded = self._decode(messages, call)
        source, texts = query_keys.source_number(call.source), {message.refId: message.json for message in messages}
        cache, decoded = self._cache, list[Decoded]()
        assert cache is not None  # noqa: S101  # else nothing is shared
        for query in map(query_keys.aligned, queries) if cache.align else queries:
            base = Key(source, method, query.query_type, query.ref_id, call.is_json, query.from_alert)
            try:
                key = query_keys.complete(base, query, cache, raw=texts[query.ref_id])
            except BaseException as error:  # noqa: BLE001  # one failing query never sinks the others
                encoded[query.ref_id] = answers.encode_failure(error, ref_id=query.ref_id, is_json=call.is_json)
            else:
                decoded.append(Decoded(query, key, query_keys.wants_fresh(query, cache)))
        return decoded, encoded

    async def _run(self, ask: Ask) -> None:
        """Ask, and deliver; once more for those who have time left when the deadline of another has ended it."""
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
                flight.answer.cancel()  # nothing to one that is there

    async def _attempt(self, ask: Ask, flights: list[Flight]) -> list[Flight]:
        """Ask on behalf of who waits longest, and deliver; return what is to be asked again."""
        place = await self._gates.enter(ask.source)
        waiter = max((each for flight in flights for each in flight.waiters), key=lambda each: each.deadline)
        calling = asyncio.create_task(self._call(ask, flights, waiter.call, place), context=waiter.context)
        try:
            encoded = await calling
        except BaseException:
            if place is not None:
                place.abandon()  # it may not have begun to call
            raise
        return [flight for flight in flights if not self._deliver(flight, encoded[flight.query.ref_id], waiter)]

    async def _call(self, ask: Ask, flights: list[Flight], call: ActiveCall, place: Place | None) -> Encoded:
        """Call the author's method, in the context of one of the callers."""
        deadline = convert.moment(call.incoming.deadline)
        queries = [replace(flight.query, cancel=ask.cancel, deadline=deadline) for flight in flights]
        if self._cache is not None and not self._cache.per_user:
            incoming.share_answers()

        async def work() -> Encoded:
            encoded = await self._ask(ask.method, queries, call, ask.cancel)
            return {ref_id: self._copied(answer) for ref_id, answer in encoded.items()}

        return await self._run_in_place(ask.method, work, place)

    async def _run_in_place(
        self, method: str, work: Callable[[], Coroutine[Any, Any, Encoded]], place: Place | None
    ) -> Encoded:
        """Run where a method belongs, and hold the place until the work has ended there."""
        if place is None:
            return await self._runner.run(method, work)
        try:
            return await self._runner.run(method, partial(place.during, work))
        except BaseException:
            place.abandon()
            raise

    def _copied(self, answer: EncodedAnswer) -> EncodedAnswer:
        """Copy what may be kept: an array of the author's that it lends memory from may change."""
        if self._kept is None or answer.failure is not None:
            return answer
        return answer._replace(parts=[b"".join(answer.parts)])

    def _deliver(self, flight: Flight, answer: EncodedAnswer, waiter: Waiter) -> bool:
        """Deliver an answer, and keep it; but no failure for want of time while somebody has much more of it."""
        now = time.monotonic()
        is_late = answer.failure is not None and now >= waiter.deadline - _NEARLY
        if is_late and any(each.deadline > now + _MUCH_LONGER for each in flight.waiters):
            return False
        flight.answer.set_result(answer)
        if self._kept is not None and flight.key is not None and answer.failure is None and self._keeps(flight.key):
            self._kept.put(flight.key, answer)
        return True

    def _keeps(self, key: Key) -> bool:
        return self._cache is not None and (self._cache.alerts or not key.from_alert)

    def _remove(self, ask: Ask) -> None:
        """Let nobody join an ask any more."""
        for flight in ask.flights:
            if flight.key is not None and self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
