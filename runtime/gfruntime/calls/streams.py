"""The Stream service: who may subscribe and publish, and the packets of a channel.

A class with `run_stream` has channels. Without `subscribe_stream` everybody who may read the data source may subscribe;
without `publish_stream` nobody may publish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gfruntime import wire
from gfruntime.calls.caller import call_error
from gfruntime.errors import failure_of
from gfruntime.frames import frametext
from gfruntime.frames.data import Frame
from gfruntime.request.vocabulary import DataOnly, StreamResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gfruntime.calls.caller import Caller
    from gfruntime.calls.observe import call as Observed  # noqa: N812
    from gfruntime.calls.sources import Source
    from gfruntime.request.vocabulary import StreamRequest

_STATUS = {"ok": 0, "not found": 1, "permission denied": 2}
_DEFAULTS = {"subscribe_stream": StreamResponse.ok(), "publish_stream": StreamResponse.denied()}


class Streams:
    """Answers calls about channels."""

    def __init__(self, caller: Caller) -> None:
        """Keep how to call."""
        self._caller = caller

    async def respond(self, name: str, request: StreamRequest, source: Source, seen: Observed) -> bytes:
        """Answer a subscriber or publisher.

        Raises: CallError with the author's exception.
        """
        try:
            result: object = _DEFAULTS[name]
            if name in self._caller.author.methods:
                result = await self._caller.ask(name, source, request)
            if not isinstance(result, StreamResponse):
                raise TypeError(f"{name} returned {type(result).__name__}; expected a StreamResponse")  # noqa: TRY301
            data = b"" if result.data is None else packet(result.data)
        except Exception as error:
            seen.failed(failure_of(error), error)
            raise call_error(error) from error
        return wire.integer(1, _STATUS[result.status]) + (wire.length_delimited(2, data) if data else b"")

    async def run(self, request: StreamRequest, source: Source, seen: Observed) -> AsyncIterator[bytes]:
        """Give the packets of a channel until nobody reads them.

        Raises: CallError with the author's exception: Grafana then starts the stream again.
        """
        packets = self._caller.iterate("run_stream", source, request, encode=_stream_packet)
        try:
            async for message in packets:
                yield message
        except Exception as error:
            seen.failed(failure_of(error), error)
            raise call_error(error) from error
        finally:
            request.cancel.set()
            await packets.aclose()  # type: ignore[attr-defined]  # a generator


def packet(item: object) -> bytes:
    """Write one packet as JSON: a frame with its schema, a frame's data alone, or any JSON value; NaN becomes null.

    Raises: ValueError when bytes are not JSON, TypeError when a value can't be written as JSON.
    """
    if isinstance(item, Frame):
        return frametext.encode(item)
    if isinstance(item, DataOnly):
        return msgspec.json.encode({"data": frametext.data(item.frame)})
    if not isinstance(item, (bytes, bytearray)):
        return msgspec.json.encode(item)
    try:
        msgspec.json.decode(item)
    except msgspec.DecodeError as error:
        raise ValueError(f"a packet of bytes must be JSON: {error}") from error
    return bytes(item)


def _stream_packet(item: object) -> bytes:
    return wire.length_delimited(1, packet(item))
