"""The Stream service: the permission to subscribe and publish, and the packets of a channel.

A class with `run_stream` has channels. Without `subscribe_stream` every user who can read the data source may
subscribe; without `publish_stream` no user may publish.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import msgspec

from gfruntime import wire
from gfruntime.calls import iterate
from gfruntime.calls.endpoint import call_error
from gfruntime.frames import frametext, json_text
from gfruntime.frames.data import Frame
from gfruntime.request.services import DataOnly, StreamRequest, StreamResponse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.runner import Runner

_STATUS = {"ok": 0, "not found": 1, "permission denied": 2}
_DEFAULTS = {"subscribe_stream": StreamResponse.ok(), "publish_stream": StreamResponse.denied()}


class Streams:
    """Answers calls about channels."""

    def __init__(self, runner: Runner) -> None:
        """Store the runner, which calls the author's methods."""
        self._runner = runner

    async def respond(self, method: str, call: ActiveCall) -> bytes:
        """Answer a request to subscribe or publish to a channel.

        Raises: CallError with the author's exception.
        """
        try:
            result: object = _DEFAULTS[method]
            if method in self._runner.author.methods:
                result = await self._runner.call(method, call.source, _request(call))
            if not isinstance(result, StreamResponse):
                raise TypeError(f"{method} returned {type(result).__name__}; expected a StreamResponse")  # noqa: TRY301
            data = b"" if result.data is None else packet(result.data)
        except Exception as error:
            call.record_failure(error)
            raise call_error(error) from error
        return wire.integer(1, _STATUS[result.status]) + (wire.length_delimited(2, data) if data else b"")

    async def run(self, call: ActiveCall) -> AsyncGenerator[bytes, None]:
        """Yield the packets of a channel until the host stops reading.

        Raises: CallError with the author's exception; Grafana then starts the stream again.
        """
        packets = iterate.call("run_stream", call.source, _request(call), runner=self._runner, encode=_stream_packet)
        try:
            async with aclosing(packets):
                async for message in packets:
                    yield message
        except Exception as error:
            call.record_failure(error)
            raise call_error(error) from error
        finally:
            call.cancel.set()


def packet(item: object) -> bytes:
    """Encode one packet as JSON: a frame with its schema, only a frame's data, or any JSON value; NaN becomes null.

    Raises: ValueError if bytes are not JSON, TypeError if a value can't be written as JSON.
    """
    if isinstance(item, Frame):
        return frametext.encode(item)
    if isinstance(item, DataOnly):
        return msgspec.json.encode({"data": frametext.data(item.frame)})
    if not isinstance(item, (bytes, bytearray)):
        return json_text.encode(item)
    try:
        msgspec.json.decode(item)
    except msgspec.DecodeError as error:
        raise ValueError(f"a packet of bytes must be JSON: {error}") from error
    return bytes(item)


def _stream_packet(item: object) -> bytes:
    return wire.length_delimited(1, packet(item))


def _request(call: ActiveCall) -> StreamRequest:
    """Convert a call about a channel; protos before v0.121.0 have no data, before v0.272.0 no headers."""
    return StreamRequest(
        path=call.request.path,
        data=getattr(call.request, "data", b""),
        headers=dict(getattr(call.request, "headers", {})),
        context=call.incoming.context,
        cancel=call.cancel,
    )
