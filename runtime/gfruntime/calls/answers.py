"""What the author's methods returned → bytes of pluginv2 messages, each failure on its own query."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

from gfruntime import wire
from gfruntime.calls import rulecheck
from gfruntime.calls.turns import Turns
from gfruntime.errors import Failure, failure_of
from gfruntime.frames import arrow, contract, frametext
from gfruntime.frames.data import Frame
from gfruntime.logs import masking
from gfruntime.request.vocabulary import Health

if TYPE_CHECKING:
    from gfruntime.request.vocabulary import Response
    from gfruntime.wire import Parts

_LOGGER = logging.getLogger("gfruntime")
_STATUS = {"unknown": 0, "ok": 1, "error": 2}
_PART = 1 << 20
_FEW = 10_000  # rows below which encoding is work for the interpreter; with more it is Arrow's, which runs side by side
_NO_TURNS = contextlib.nullcontext()
_turns = Turns()


class EncodedAnswer:
    """The encoded answer to one query, and what the log says about it."""

    __slots__ = ("failure", "parts")

    def __init__(self, parts: Parts, failure: Failure | None = None) -> None:
        """Keep the DataResponse's buffers."""
        self.parts = parts
        self.failure = failure


def frames_of(result: object) -> list[Frame]:
    """Accept what a query may return: a frame, a table that speaks Arrow, or a list of these.

    Raises: TypeError naming what was returned instead.
    """
    if isinstance(result, Frame):
        return [result]
    if isinstance(result, (list, tuple)):
        return [frame for item in result for frame in frames_of(item)]
    if hasattr(result, "__arrow_c_stream__") or hasattr(result, "__arrow_c_array__"):
        return [Frame.from_arrow(result)]
    told = "nothing" if result is None else type(result).__name__
    raise TypeError(f"the query returned {told}; expected a Frame or a list of frames")


def answer(result: object, *, ref_id: str, is_json: bool) -> EncodedAnswer:
    """Encode what a query returned; an exception, returned or raised here, becomes the query's error."""
    try:
        if isinstance(result, BaseException):
            raise result  # noqa: TRY301  # one place turns failures into answers
        frames = rulecheck.check_for_alerts(contract.typed(frames_of(result)), ref_id=ref_id)
        with _turns if sum(map(len, frames)) < _FEW else _NO_TURNS:  # nothing of the author's runs here, nothing logs
            encoded = _encoded(frames, ref_id=ref_id, is_json=is_json)
    except BaseException as error:  # noqa: BLE001  # one failing query never sinks the others
        return failed(error, ref_id=ref_id)
    return EncodedAnswer(wire.data_response(encoded, is_json=is_json))


def _encoded(frames: list[Frame], *, ref_id: str, is_json: bool) -> list[Parts]:
    if is_json:
        return [[frametext.encode(frame, ref_id=ref_id)] for frame in frames]
    return [arrow.encode(frame, ref_id=ref_id) for frame in frames]


def failed(error: BaseException, *, ref_id: str) -> EncodedAnswer:
    """Turn an exception into a query's error; one that the author didn't mean is logged with its traceback."""
    failure = failure_of(error)
    if not failure.is_expected:
        _LOGGER.error("Query %s failed", ref_id, exc_info=(type(error), error, error.__traceback__))
    parts = wire.data_response(error=failure.message, status=failure.status, source=failure.source)
    return EncodedAnswer(parts, failure)


def health(result: object) -> bytes:
    """Encode a health check's result.

    Raises: TypeError when it is none.
    """
    if not isinstance(result, Health):
        raise TypeError(f"check_health returned {type(result).__name__}; expected a Health")
    details = _without_secrets(
        json.dumps(dict(result.details), ensure_ascii=False, default=str) if result.details else ""
    )
    return wire.health_response(
        status=_STATUS[result.status],
        message=masking.hide(result.message),
        details=details.encode("utf-8", "replace"),
    )


def _without_secrets(details: str) -> str:
    """Hide secrets in the texts of a JSON document, and in nothing else, lest it be none any more."""

    def hidden(value: Any) -> Any:  # noqa: ANN401  # JSON
        if isinstance(value, dict):
            return {masking.hide(key): hidden(item) for key, item in value.items()}
        if isinstance(value, list):
            return [hidden(item) for item in value]
        return masking.hide(value) if isinstance(value, str) else value

    if masking.hide(details) == details:
        return details
    return json.dumps(hidden(json.loads(details)), ensure_ascii=False)


def resource_head(response: Response) -> bytes:
    """Encode what only the first message of a resource's answer has: code and headers."""
    return wire.integer(1, response.status) + _headers(response)


def resource_body(body: bytes | bytearray | memoryview | str) -> list[bytes]:
    """Encode a body in parts of 1 MiB; an empty one is one empty part."""
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
    listed = b"".join(wire.length_delimited(1, item.encode()) for item in values)
    return wire.text(1, name) + wire.length_delimited(2, listed)
