"""The queries of one request: each on its own, side by side, and none sinking the others."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfruntime.author.author_class import OWN_QUERIES
from gfruntime.calls import answers, convert, decode
from gfruntime.frames.data import Frame

if TYPE_CHECKING:
    import threading
    from collections.abc import Awaitable, Callable

    from pluginv2 import backend_pb2 as pb

    from gfruntime.author.author_class import Author
    from gfruntime.calls.answers import EncodedAnswer
    from gfruntime.calls.sources import Source
    from gfruntime.request.vocabulary import PluginContext, Query
    from gfruntime.serving.workers import Pool, UserLoop

_AT_ONCE = 10  # queries of one request, as the Go SDK's concurrent.QueryData
_JSON = 1  # pluginv2.DataFrameFormat
_BIG = 50_000  # rows from which encoding would delay the other async handlers


@dataclass(frozen=True, slots=True)
class _Job:
    """What the queries of one request have in common."""

    source: Source
    context: PluginContext
    headers: Mapping[str, str]
    cancel: threading.Event
    is_json: bool


class Queries:
    """Answers queries with the author's `query` or `query_batch`; variables and annotations perhaps with their own."""

    def __init__(self, author: Author, *, pool: Pool, loop: UserLoop) -> None:
        """Prepare the decoder for the author's model."""
        self._pool = pool
        self._loop = loop
        self._decode = decode.decoder(author.model, what="the query")
        self._own = {kind: decode.decoder(model, what="the query") for kind, model in author.own_models.items()}
        self._async_methods = author.async_methods
        self._name = "query_batch" if "query_batch" in author.methods else "query"
        self._is_async = self._name in author.async_methods

    async def answer(
        self,
        request: pb.QueryDataRequest,
        source: Source,
        *,
        context: PluginContext,
        headers: Mapping[str, str],
        cancel: threading.Event,
    ) -> dict[str, EncodedAnswer]:
        """Answer every query by its ref id; of two queries with one ref id the later is answered."""
        messages = {message.refId: message for message in request.queries}
        job = _Job(
            source=source,
            context=context,
            headers=headers,
            cancel=cancel,
            is_json=getattr(request, "format", 0) == _JSON,
        )
        own = {ref_id: message for ref_id, message in messages.items() if message.queryType in self._own}
        if not own:
            return await self._answer(messages, job)
        found = await self._side_by_side(own, lambda message: self._ask(message, job))
        rest = {ref_id: message for ref_id, message in messages.items() if ref_id not in own}
        return found | (await self._answer(rest, job) if rest else {})

    async def _answer(self, messages: Mapping[str, pb.DataQuery], job: _Job) -> dict[str, EncodedAnswer]:
        """Answer the queries of panels and alert rules."""
        if self._name == "query_batch":
            batch = self._batch_async(messages, job) if self._is_async else None
            return await (self._loop.run(batch) if batch else self._pool.run(self._batch, messages, job))
        if self._is_async:
            return await self._loop.run(self._side_by_side(messages, lambda message: self._one_async(message, job)))
        return await self._side_by_side(messages, lambda message: self._pool.run(self._one, message, job))

    async def _side_by_side(
        self, messages: Mapping[str, pb.DataQuery], ask: Callable[[pb.DataQuery], Awaitable[EncodedAnswer]]
    ) -> dict[str, EncodedAnswer]:
        if len(messages) == 1:  # as nearly always
            return {ref_id: await ask(message) for ref_id, message in messages.items()}
        seats = asyncio.Semaphore(_AT_ONCE)

        async def seated(message: pb.DataQuery) -> EncodedAnswer:
            async with seats:
                return await ask(message)

        found = await asyncio.gather(*map(seated, messages.values()))
        return dict(zip(messages, found, strict=True))

    async def _ask(self, message: pb.DataQuery, job: _Job) -> EncodedAnswer:
        """Answer one query of a variable or an annotation that has a method of its own."""
        if OWN_QUERIES[message.queryType] in self._async_methods:
            return await self._loop.run(self._one_async(message, job))
        return await self._pool.run(self._one, message, job)

    def _method(self, message: pb.DataQuery) -> str:
        return OWN_QUERIES[message.queryType] if message.queryType in self._own else "query"

    def _one(self, message: pb.DataQuery, job: _Job) -> EncodedAnswer:
        """Answer one query in a worker thread, encoding included."""
        try:
            method = getattr(job.source.acquire(), self._method(message))
            result = method(self._query(message, job))
            if inspect.isawaitable(result):  # an async method behind a decorator
                result = self._loop.run_blocking(result)
        except BaseException as error:  # noqa: BLE001  # one failing query never sinks the others
            return answers.failed(error, ref_id=message.refId)
        return answers.answer(result, ref_id=message.refId, is_json=job.is_json)

    async def _one_async(self, message: pb.DataQuery, job: _Job) -> EncodedAnswer:
        """Answer one query on the authors' loop; a large frame is encoded in a worker thread."""
        try:
            instance = await job.source.acquire_async(self._pool)
            result = await getattr(instance, self._method(message))(self._query(message, job))
        except BaseException as error:  # noqa: BLE001
            _reraise_cancellation(error)
            return answers.failed(error, ref_id=message.refId)
        return await self._encoded(result, message.refId, job)

    def _batch(self, messages: Mapping[str, pb.DataQuery], job: _Job) -> dict[str, EncodedAnswer]:
        """Answer all queries with one call, in a worker thread."""
        queries, answered = self._decoded(messages, job)
        try:
            results = job.source.acquire().query_batch(queries) if queries else {}
            if inspect.isawaitable(results):
                results = self._loop.run_blocking(results)
        except BaseException as error:  # noqa: BLE001
            results = dict.fromkeys((query.ref_id for query in queries), error)
        for query in queries:
            found = _found(results, query.ref_id)
            answered[query.ref_id] = answers.answer(found, ref_id=query.ref_id, is_json=job.is_json)
        return {ref_id: answered[ref_id] for ref_id in messages}

    async def _batch_async(self, messages: Mapping[str, pb.DataQuery], job: _Job) -> dict[str, EncodedAnswer]:
        """Answer all queries with one call, on the authors' loop."""
        queries, answered = self._decoded(messages, job)
        try:
            instance = await job.source.acquire_async(self._pool)
            results = await instance.query_batch(queries) if queries else {}
        except BaseException as error:  # noqa: BLE001
            _reraise_cancellation(error)
            results = dict.fromkeys((query.ref_id for query in queries), error)
        for query in queries:
            found = _found(results, query.ref_id)
            answered[query.ref_id] = await self._encoded(found, query.ref_id, job)
        return {ref_id: answered[ref_id] for ref_id in messages}

    def _decoded(
        self, messages: Mapping[str, pb.DataQuery], job: _Job
    ) -> tuple[list[Query[Any]], dict[str, EncodedAnswer]]:
        """Decode what can be decoded; the rest is answered with its error."""
        queries, answered = [], {}
        for ref_id, message in messages.items():
            try:
                queries.append(self._query(message, job))
            except Exception as error:  # noqa: BLE001
                answered[ref_id] = answers.failed(error, ref_id=ref_id)
        return queries, answered

    def _query(self, message: pb.DataQuery, job: _Job) -> Query[Any]:
        model = self._own.get(message.queryType, self._decode)
        return convert.query(message, decode_model=model, headers=job.headers, context=job.context, cancel=job.cancel)

    async def _encoded(self, result: object, ref_id: str, job: _Job) -> EncodedAnswer:
        if _rows(result) < _BIG:
            return answers.answer(result, ref_id=ref_id, is_json=job.is_json)
        return await self._pool.run(lambda: answers.answer(result, ref_id=ref_id, is_json=job.is_json))


def _rows(result: object) -> int:
    """Count the rows of what a query returned, as far as they are known cheaply."""
    frames = result if isinstance(result, (list, tuple)) else [result]
    return sum(len(frame) if isinstance(frame, Frame) else _BIG for frame in frames)


def _found(results: object, ref_id: str) -> object:
    """Find a query's answer in what `query_batch` returned, else an exception that says what is wrong with that."""
    if not isinstance(results, Mapping):
        return TypeError(f"query_batch returned {type(results).__name__}; expected a dict of answers by ref id")
    return results.get(ref_id, TypeError(f"query_batch returned nothing for query {ref_id}"))


def _reraise_cancellation(error: BaseException) -> None:
    """Let the host's cancellation through; one that the author's code raised by itself is a failure like others."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error
