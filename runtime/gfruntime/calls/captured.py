"""The traffic of a QueryData call, added to the answer as a frame when Grafana asks for it.

Only the header `X-Grafana-HAR-Capture: true`, in this exact spelling, requests the frame. The frame has no fields, is
named `__har__` plus the data source's uid, and has the text of a HAR document in `meta.custom.har`. Without traffic
there is no frame.
Source: grafana-plugin-sdk-go v0.299.0, backend/har_capture_middleware.go.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from gfruntime.calls import answers
from gfruntime.frames.data import Frame
from gfruntime.logs import capture, log
from gfruntime.serving.threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gfruntime.calls.answers import EncodedAnswer
    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.logs.traffic import Traffic

    AnswersById = dict[str, EncodedAnswer]  # by ref id

_HEADER = "X-Grafana-HAR-Capture"
_PREFIX = "__har__"
_NOTHING = "HAR capture: the call used no HttpClient, no cursor and no SQL macro, so there is nothing to show"
_LOGGER = logging.getLogger("gfruntime")


def wants_traffic(call: ActiveCall) -> bool:
    """Tell whether Grafana asks for the traffic of this call."""
    return call.incoming.headers.get(_HEADER) == "true"


async def capture_traffic(answer: Callable[[ActiveCall], Awaitable[AnswersById]], call: ActiveCall) -> AnswersById:
    """Answer the queries of a call; add the frame with the traffic, if there was traffic."""
    from gfruntime.logs.traffic import Traffic  # noqa: PLC0415  # nearly no call asks

    incoming = call.incoming
    plugin_id = incoming.context.plugin_id
    traffic = Traffic(uid=incoming.data_source_uid, plugin_id=plugin_id, name=incoming.data_source)
    capture.traffic.set(traffic)
    try:
        by_id = await answer(call)
        return by_id | await _encode(traffic, call, by_id=by_id)
    finally:
        capture.traffic.set(None)
        traffic.close()  # tasks of the author's code may still run


async def _encode(traffic: Traffic, call: ActiveCall, *, by_id: AnswersById) -> AnswersById:
    """Encode the frame, unless there is no traffic, or a query uses its ref id."""
    ref_id = f"{_PREFIX}{call.incoming.data_source_uid}"
    if not len(traffic):
        _LOGGER.info(_NOTHING)
        return {}
    if ref_id in by_id:
        _LOGGER.warning("HAR capture: a query uses the capture's ref id %s, so the traffic is not shown", ref_id)
        return {}
    try:
        work = partial(_encode_frame, traffic, ref_id, is_json=call.is_json)
        return {ref_id: await run_in_thread(work, name="capture")}
    except Exception as error:  # noqa: BLE001  # the answers count more
        log.failure("HAR capture: the traffic can't be shown", error)
        return {}


def _encode_frame(traffic: Traffic, ref_id: str, *, is_json: bool) -> EncodedAnswer:
    frame = Frame(name=ref_id, meta={"custom": {"har": traffic.document()}})
    return answers.encode_untyped(frame, ref_id=ref_id, is_json=is_json)
