"""QueryChunkedData: answers in parts, sent while the author's generators produce them.

`query_chunked` yields frames; each has the next rows of one frame. If a query answers several frames, it yields pairs
`(frame id, frame)`. In Arrow every part is a whole file; in JSON only the first part of a frame has the schema.
Source: grafana-plugin-sdk-go v0.298.0, backend/chunked.go.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime import wire
from gfruntime.calls import answers, convert, iterate, tags
from gfruntime.errors import FrameError
from gfruntime.frames import arrow, contract, frametext
from gfruntime.frames.data import Frame

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pluginv2 import backend_pb2 as pb

    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.gates import Gates
    from gfruntime.calls.runner import Runner
    from gfruntime.errors import Failure

_DEFAULT_ID = "0"
_PAIR = 2
_NO_ROWS = pa.nulls(0, pa.int64())


class Chunked:
    """Answers queries with the author's `query_chunked`."""

    def __init__(self, runner: Runner, gates: Gates) -> None:
        """Prepare the decoder for the author's model."""
        self._runner = runner
        self._gates = gates
        self._decode_model = convert.model_decoder(runner.author.model)
        self._read_filters = tags.filters_reader(runner.author)

    async def answer(self, call: ActiveCall) -> AsyncGenerator[bytes, None]:
        """Yield the chunks of all queries in the order in which they are produced."""
        messages = {message.refId: message for message in call.request.queries}
        chunks = [self._chunks(message, call) for message in messages.values()]
        at_once = self._runner.author.concurrent_query_count
        async with aclosing(iterate.merge(chunks, at_once=at_once)) as merged:
            async for chunk in merged:
                yield chunk

    async def _chunks(self, message: pb.DataQuery, call: ActiveCall) -> AsyncGenerator[bytes, None]:
        """Yield the chunks of one query; a failure is its last chunk and does not affect other queries."""
        writer = _Writer(ref_id=message.refId, is_json=call.is_json)
        try:
            query = convert.query(
                message,
                decode_model=self._decode_model,
                call=call.incoming,
                cancel=call.cancel,
                filters=self._read_filters(message.json),
            )
            place = await self._gates.enter(call.source)
            lists = iterate.call(
                "query_chunked", call.source, query, runner=self._runner, encode=writer.chunks, place=place
            )
            async with aclosing(lists):
                async for chunks in lists:
                    for chunk in chunks:
                        yield chunk
        except Exception as error:  # noqa: BLE001  # one failing query never sinks the others
            failure = answers.query_failure(error, ref_id=message.refId)
            for chunk in await self._runner.run("query_chunked", partial(writer.failure, failure)):
                yield chunk
            call.record_query_failure(message.refId, failure)


@dataclass(slots=True, kw_only=True)
class _Writer:
    """Encodes the chunks of one query; stores each frame's first part, without its rows."""

    ref_id: str
    is_json: bool
    first: dict[str, Frame] = field(default_factory=dict)

    def chunks(self, item: object) -> list[bytes]:
        """Encode an item of the generator; each of several frames without an id gets its own id."""
        if isinstance(item, tuple) and len(item) == _PAIR and isinstance(item[0], str):
            frames = answers.check_for_alerts(answers.frames_of(item[1]), ref_id=self.ref_id)
            return [self._chunk(item[0], frame) for frame in frames]
        frames = answers.check_for_alerts(contract.set_types(answers.frames_of(item)), ref_id=self.ref_id)
        return [self._chunk(str(place), frame) for place, frame in enumerate(frames)]

    async def failure(self, failure: Failure) -> list[bytes]:
        """Encode the frames of an error, then the error."""
        chunks: list[bytes] = []
        try:
            frames = answers.partial_frames(failure)
            chunks = [self._chunk(str(place), frame) for place, frame in enumerate(frames)]
        except BaseException as error:  # noqa: BLE001  # the error counts more than its frames
            failure = answers.with_broken_frames(failure, error, ref_id=self.ref_id)
        return [*chunks, self._error(failure)]

    def _error(self, failure: Failure) -> bytes:
        """Encode the query's error; in Arrow it has a frame, because some hosts can't read it without a frame."""
        return wire.chunk(
            [] if self.is_json else arrow.encode(Frame(), ref_id=self.ref_id),
            ref_id=self.ref_id,
            frame_id="" if self.is_json else _DEFAULT_ID,
            error=failure.message,
            status=failure.status,
            source=failure.source,
            is_json=self.is_json,
        )

    def _chunk(self, frame_id: str, frame: Frame) -> bytes:
        frame_id = frame_id or _DEFAULT_ID
        first = self.first.get(frame_id)
        if first is not None and _columns(frame) != _columns(first):
            raise FrameError(
                f"the parts of frame {frame_id!r} have different columns: {_columns(first)} and {_columns(frame)}"
            )
        owned = replace(frame, ref_id=self.ref_id, meta=frame.meta if first is None else first.meta)
        buffers = self._text(owned, is_first=first is None) if self.is_json else arrow.encode(owned, ref_id=self.ref_id)
        self.first.setdefault(frame_id, owned.take(_NO_ROWS))
        return wire.chunk(buffers, ref_id=self.ref_id, frame_id=frame_id, is_json=self.is_json)

    def _text(self, frame: Frame, *, is_first: bool) -> wire.Parts:
        """Write JSON on one line, because hosts send it as JSON lines; in JSON a line break only means a space."""
        text = frametext.encode(frame) if is_first else msgspec.json.encode({"data": frametext.data(frame)})
        return [text.replace(b"\n", b" ").replace(b"\r", b" ")]


def _columns(frame: Frame) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in frame.fields]
