"""The results of the author's methods → bytes of pluginv2 messages; a failure affects only its query."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from gfruntime import wire
from gfruntime.calls import rulecheck
from gfruntime.errors import Failure, failure_of, sentence
from gfruntime.frames import arrow, contract, frametext
from gfruntime.frames.data import Frame
from gfruntime.logs import log, masking
from gfruntime.request.incoming import current_call
from gfruntime.request.vocabulary import Health

if TYPE_CHECKING:
    from gfruntime.request.services import Response
    from gfruntime.wire import Parts

_STATUS = {"unknown": 0, "ok": 1, "error": 2}
_PART = 1 << 20
_MIN_PARALLEL_ROWS = 10_000  # with fewer rows, encoding holds the interpreter lock; with more, Arrow works without it
_NO_LOCK = contextlib.nullcontext()


class FairLock:
    """A first-come, first-served lock for short CPU-bound work.

    Without it, threads that get their upstream's response at the same time would hand the interpreter lock to one
    another at every call that releases it, and all of them would finish at about the same time.
    """

    def __init__(self) -> None:
        """Create an unlocked lock."""
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_locked = False

    def __enter__(self) -> None:
        """Wait until all earlier callers have released the lock."""
        with self._lock:
            if not self._is_locked:
                self._is_locked = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def __exit__(self, *_failure: object) -> None:
        """Hand the lock to the thread that has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_locked = False


_encoding_lock = FairLock()


class EncodedAnswer(NamedTuple):
    """The answer to one query: the buffers of its DataResponse, and the values that the log shows."""

    parts: Parts
    failure: Failure | None = None


def frames_of(result: object) -> list[Frame]:
    """Convert a query's result to frames: a frame, a table with the Arrow interface, or a list of these.

    Raises: TypeError naming the result's type if it is none of these.
    """
    if isinstance(result, Frame):
        return [result]
    if isinstance(result, (list, tuple)):
        return [frame for item in result for frame in frames_of(item)]
    if hasattr(result, "__arrow_c_stream__") or hasattr(result, "__arrow_c_array__"):
        return [Frame.from_arrow(result)]
    name = "nothing" if result is None else type(result).__name__
    raise TypeError(f"the query returned {name}; expected a Frame or a list of frames")


def check_for_alerts(frames: list[Frame], *, ref_id: str) -> list[Frame]:
    """Check the frames of an alert rule's query as `rulecheck` does.

    Raises: QueryError for logs, traces and tables that no rule can read.
    """
    call = current_call()
    if call is None or not call.from_alert:
        return frames
    return rulecheck.check(frames, ref_id=ref_id, has_sql=call.context.config.is_enabled(rulecheck.SQL))


def encode(result: object, *, ref_id: str, is_json: bool) -> EncodedAnswer:
    """Encode a query's result; an exception, as the result or while encoding, becomes the query's error."""
    if isinstance(result, BaseException):
        return encode_failure(result, ref_id=ref_id, is_json=is_json)
    try:
        frames = check_for_alerts(contract.set_types(frames_of(result)), ref_id=ref_id)
        parts = _encode_frames(frames, ref_id=ref_id, is_json=is_json)
    except BaseException as error:  # noqa: BLE001  # one failing query never sinks the others
        return encode_failure(error, ref_id=ref_id, is_json=is_json)
    return EncodedAnswer(wire.data_response(parts, is_json=is_json))


def encode_untyped(frame: Frame, *, ref_id: str, is_json: bool) -> EncodedAnswer:
    """Encode a frame without setting `meta.type`, for frames that neither panels nor rules read."""
    return EncodedAnswer(wire.data_response(_encode_frames([frame], ref_id=ref_id, is_json=is_json), is_json=is_json))


def encode_failure(error: BaseException, *, ref_id: str, is_json: bool = False) -> EncodedAnswer:
    """Turn an exception into a query's error, with the frames that it has."""
    failure = query_failure(error, ref_id=ref_id)
    parts: list[Parts] = []
    try:
        parts = _encode_frames(partial_frames(failure), ref_id=ref_id, is_json=is_json)
    except BaseException as broken:  # noqa: BLE001  # the error counts more than its frames
        failure = with_broken_frames(failure, broken, ref_id=ref_id)
    response = wire.data_response(
        parts, error=failure.message, status=failure.status, source=failure.source, is_json=is_json
    )
    return EncodedAnswer(response, replace(failure, frames=()))


def partial_frames(failure: Failure) -> list[Frame]:
    """List the frames of a failure, typed. They are not checked for alert rules, which do not read them."""
    return contract.set_types(frames_of(failure.frames))


def with_broken_frames(failure: Failure, error: BaseException, *, ref_id: str) -> Failure:
    """Add a sentence to a failure: its frames can't be shown; log the reason."""
    log.failure(f"Query {ref_id} failed", error)
    return replace(failure, message=f"{failure.message} (the frames of this error can't be shown: {sentence(error)})")


def _encode_frames(frames: list[Frame], *, ref_id: str, is_json: bool) -> list[Parts]:
    is_small = sum(map(len, frames)) < _MIN_PARALLEL_ROWS
    with _encoding_lock if is_small else _NO_LOCK:  # no author code and no logging runs here
        if is_json:
            return [[frametext.encode(frame, ref_id=ref_id)] for frame in frames]
        return [arrow.encode(frame, ref_id=ref_id) for frame in frames]


def query_failure(error: BaseException, *, ref_id: str) -> Failure:
    """Convert an exception of a query to a failure; log the traceback unless the author raised it on purpose."""
    failure = failure_of(error)
    if not failure.is_expected:
        log.failure(f"Query {ref_id} failed", error)
    return failure


def health(result: object) -> bytes:
    """Encode a health check's result.

    Raises: TypeError if the result is not a Health, ValueError if its status is unknown.
    """
    if not isinstance(result, Health):
        raise TypeError(f"check_health returned {type(result).__name__}; expected a Health")
    if result.status not in _STATUS:
        raise ValueError(f"Health.status must be ok, error or unknown; got {result.status!r}")
    details = json.dumps(dict(result.details), default=str) if result.details else ""
    return wire.health_response(
        status=_STATUS[result.status],
        message=masking.hide(result.message),
        details=_mask_secrets(details).encode("utf-8", "replace") if details else b"",
    )


def _mask_secrets(details: str) -> str:
    """Mask secrets in the keys and values of JSON, so that the document stays valid JSON; NaN becomes null."""

    def mask(value: Any) -> Any:  # noqa: ANN401  # JSON
        if isinstance(value, dict):
            return {masking.hide(key): mask(item) for key, item in value.items()}
        if isinstance(value, list):
            return [mask(item) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return masking.hide_number(value)
        return masking.hide(value) if isinstance(value, str) else value

    return json.dumps(mask(json.loads(details, parse_constant=lambda _: None)), ensure_ascii=False)


def resource_head(response: Response) -> bytes:
    """Encode code and headers, which only the first message of a resource's answer has."""
    return wire.integer(1, response.status) + _headers(response)


def resource_body(body: bytes | bytearray | memoryview | str) -> list[bytes]:
    """Encode a body in parts of 1 MiB; an empty body is one empty part."""
    whole = body.encode() if isinstance(body, str) else bytes(body)
    return [_body(whole[start : start + _PART]) for start in range(0, len(whole), _PART)] or [b""]


def resource_error(status: int, message: str) -> bytes:
    """Encode a failed resource call as JSON."""
    body = json.dumps({"message": message}, ensure_ascii=False).encode("utf-8", "replace")
    return wire.resource_response(code=status, content_type="application/json", body=body)


def _body(body: bytes) -> bytes:
    return wire.length_delimited(3, body) if body else b""


def _headers(response: Response) -> bytes:
    return b"".join(wire.length_delimited(2, _header(name, value)) for name, value in response.headers.items())


def _header(name: str, value: Any) -> bytes:  # noqa: ANN401  # a text or a list of texts
    values = [value] if isinstance(value, str) else list(value)
    value_fields = b"".join(wire.length_delimited(1, item.encode()) for item in values)
    return wire.text(1, name) + wire.length_delimited(2, value_fields)
