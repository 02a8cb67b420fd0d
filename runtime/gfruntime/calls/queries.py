"""QueryData: the queries of one request run at once, and a failing query does not affect the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gfruntime import wire
from gfruntime.author.author_class import OWN_QUERIES
from gfruntime.calls import answers, captured, convert, tags
from gfruntime.errors import PluginError
from gfruntime.frames.data import Frame
from gfruntime.logs import capture, places

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from pluginv2 import backend_pb2 as pb

    from gfruntime.calls.answers import EncodedAnswer
    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.runner import Runner
    from gfruntime.request.cancellation import Cancellation
    from gfruntime.request.vocabulary import Query

    Group = tuple[str, list[pb.DataQuery]]  # a method, and the queries that one call of it answers
    AnswersById = dict[str, EncodedAnswer]  # by ref id

_LOGGER = logging.getLogger("gfruntime")
_MIN_ROWS_FOR_THREAD = 50_000  # rows from which encoding would delay the other async handlers


class Queries:
    """Answers queries with the author's `query` or `query_batch`, or with the methods for variables and annotations."""

    def __init__(self, runner: Runner) -> None:
        """Prepare the decoders for the author's models."""
        author = runner.author
        self._runner = runner
        self._has_batch = "query_batch" in author.methods
        self._decode_model = convert.model_decoder(author.model)
        self._read_filters = tags.filters_reader(author)
        self._decode_own = {kind: convert.model_decoder(model) for kind, model in author.own_models.items()}

    async def answer(self, call: ActiveCall) -> bytes:
        """Answer every query by its ref id; of two queries with one ref id, the later one is answered."""
        has_traffic = captured.wants_traffic(call)
        by_id = await (captured.capture_traffic(self._encode, call) if has_traffic else self._encode(call))
        return wire.query_data_response((ref_id, answer.parts) for ref_id, answer in by_id.items())

    async def _encode(self, call: ActiveCall) -> AnswersById:
        messages = {message.refId: message for message in call.request.queries}
        try:
            by_id = await self._answer_groups(self._groups(messages.values()), call)
        except Exception as error:  # noqa: BLE001  # no thread for them, no memory for their answers
            by_id = {ref_id: answers.encode_failure(error, ref_id=ref_id, is_json=call.is_json) for ref_id in messages}
        for ref_id, answer in by_id.items():
            if answer.failure is not None:
                call.record_query_failure(ref_id, answer.failure)
        return by_id

    def _groups(self, messages: Iterable[pb.DataQuery]) -> list[Group]:
        """List the author's methods to call, and the queries for each."""
        own: list[Group] = []
        others: list[pb.DataQuery] = []
        for message in messages:
            if message.queryType in self._decode_own:
                own.append((OWN_QUERIES[message.queryType], [message]))
            else:
                others.append(message)
        if self._has_batch:
            return [*own, ("query_batch", others)] if others else own
        return [*own, *(("query", [message]) for message in others)]

    async def _answer_groups(self, groups: list[Group], call: ActiveCall) -> AnswersById:
        """Answer each group where its method runs; groups of `async def` methods are sent to the loop together."""
        works = [(method, partial(self._answer, method, group, call)) for method, group in groups]
        at_once = self._runner.author.concurrent_query_count
        if len(works) > 1 and all(method in self._runner.author.async_methods for method, _ in works):
            return await self._runner.run(works[0][0], partial(run_concurrently, [work for _, work in works], at_once))
        return await run_concurrently([partial(self._runner.run, method, work) for method, work in works], at_once)

    async def _answer(self, method: str, messages: list[pb.DataQuery], call: ActiveCall) -> AnswersById:
        """Answer queries with one call of a method, decoding and encoding included, where that method runs."""
        queries, by_id = self._decode(messages, call)
        return by_id | await self._ask(method, queries, call, call.cancel) if queries else by_id

    def _decode(self, messages: list[pb.DataQuery], call: ActiveCall) -> tuple[list[Query[Any]], AnswersById]:
        """Decode queries; a query that can't be decoded gets an error as its answer."""
        queries: list[Query[Any]] = []
        failures: AnswersById = {}
        for message in messages:
            decode = self._decode_own.get(message.queryType, self._decode_model)
            try:
                query = convert.query(
                    message,
                    decode_model=decode,
                    call=call.incoming,
                    cancel=call.cancel,
                    filters=self._read_filters(message.json),
                )
                queries.append(query)
            except BaseException as error:  # noqa: BLE001  # one failing query never sinks the others
                failures[message.refId] = answers.encode_failure(error, ref_id=message.refId, is_json=call.is_json)
        return queries, failures

    async def _ask(self, method: str, queries: list[Query[Any]], call: ActiveCall, cancel: Cancellation) -> AnswersById:
        """Call the method, and encode its results; `cancel` is the cancellation of the queries."""
        if capture.traffic.get() is not None and len(queries) == 1:
            capture.ref_id.set(queries[0].ref_id)
        by_id: AnswersById = {}
        results = await self._results(method, queries, call, cancel)
        for ref_id, result in results.items():
            if self._runner.loop.is_current() and _count_rows(result) >= _MIN_ROWS_FOR_THREAD:
                encode = partial(answers.encode, result, ref_id=ref_id, is_json=call.is_json)
                by_id[ref_id] = await self._runner.block(encode, method)
            else:
                by_id[ref_id] = answers.encode(result, ref_id=ref_id, is_json=call.is_json)
        return by_id

    async def _results(
        self, method: str, queries: list[Query[Any]], call: ActiveCall, cancel: Cancellation
    ) -> dict[str, object]:
        """Call the method; an exception is the result of all its queries, without frames for several queries."""
        try:
            instance = await self._runner.instance(call.source, method)
            if method == "query_batch":
                results = await self._runner.await_if_needed(instance.query_batch(queries))
                return {query.ref_id: _pick(results, query.ref_id) for query in queries}
            (query,) = queries
            return {query.ref_id: await self._runner.await_if_needed(getattr(instance, method)(query))}
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and self._is_cancelled():
                raise
            if len(queries) > 1 and isinstance(error, PluginError) and error.frames is not PluginError.frames:
                _LOGGER.warning(
                    "query_batch raised an error with frames, which are dropped: return the error by its ref id"
                )
                error.frames = ()
            return dict.fromkeys((query.ref_id for query in queries), error)
        finally:
            for query in queries:
                cancel.forget(query)

    def _is_cancelled(self) -> bool:
        """Tell whether the host cancelled this call; a cancellation by the author's code is a failure."""
        task = asyncio.current_task() if self._runner.loop.is_current() else None
        return task is not None and task.cancelling() > 0


async def run_concurrently(works: Sequence[Callable[[], Awaitable[AnswersById]]], at_once: int) -> AnswersById:
    """Run the functions, at most `at_once` at a time."""
    if len(works) == 1:  # the usual case
        return await works[0]()
    limit = asyncio.Semaphore(at_once)

    runs = places.current()

    async def bounded(work: Callable[[], Awaitable[AnswersById]]) -> AnswersById:
        async with limit:
            run = None if runs is None else runs.begin()  # this runs as a separate task
            try:
                return await work()
            finally:
                if runs is not None and run is not None:
                    runs.end(run)

    parts = await asyncio.gather(*map(bounded, works))
    return {ref_id: answer for part in parts for ref_id, answer in part.items()}


def _count_rows(result: object) -> int:
    """Count the rows of a query's result, if counting is cheap; 0 for a failure."""
    if isinstance(result, BaseException):
        return _count_rows(result.frames) if isinstance(result, PluginError) else 0
    results = result if isinstance(result, (list, tuple)) else [result]
    return sum(len(frame) if isinstance(frame, Frame) else _MIN_ROWS_FOR_THREAD for frame in results)


def _pick(results: object, ref_id: str) -> object:
    """Return a query's result from the result of `query_batch`, or an exception if the result is missing."""
    if not isinstance(results, Mapping):
        return TypeError(f"query_batch returned {type(results).__name__}; expected a dict of answers by ref id")
    return results.get(ref_id, TypeError(f"query_batch returned nothing for query {ref_id}"))
