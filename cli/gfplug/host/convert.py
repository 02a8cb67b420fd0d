"""Requests and answers as plain types, and their conversion from and to the messages of any proto version."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfplug.errors import ToolError
from gfplug.host import frame_json
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from gfplug.host.settings import Settings
    from gfplug.host.target import Target

_HEALTH = {0: "UNKNOWN", 1: "OK", 2: "ERROR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query as a panel or the alert engine sends it.

    Units: `start` and `end` are aware datetimes.
    """

    start: datetime
    end: datetime
    interval: timedelta
    max_data_points: int
    ref_id: str = "A"
    model: Mapping[str, Any] = field(default_factory=dict)
    query_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswer:
    """A plugin's answer for one ref id; `frames` are in Grafana's frame JSON."""

    ref_id: str
    status: int
    error: str = ""
    error_source: str = ""
    frames: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the answer in the form of `/api/ds/query`, with the same order of keys."""
        failure = {"error": self.error, "errorSource": self.error_source or "plugin"} if self.error else {}
        return {**failure, "status": self.status, "frames": self.frames}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One part of a chunked answer: rows of a frame, or the error that ends a query."""

    frame_id: str
    answer: QueryAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A plugin's health: `OK`, `ERROR` or `UNKNOWN`."""

    status: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceAnswer:
    """An HTTP-like answer of a plugin."""

    status: int
    headers: dict[str, list[str]]
    body: bytes = field(repr=False)


def query_type_of(model: Mapping[str, Any]) -> str:
    """Return the type in a query's model; empty if it is not text, as in Grafana."""
    value = model.get("queryType")
    return value if isinstance(value, str) else ""


def query_values(query: Query, settings: Settings, target: Target) -> dict[str, Any]:
    """Return the values of a DataQuery; its `json` has the model and the keys that Grafana's frontend adds."""
    interval_ms = max(1, round(query.interval.total_seconds() * 1000))
    model = {
        **query.model,
        "refId": query.ref_id,
        "datasource": {"type": target.plugin_id, "uid": settings.uid},
        "intervalMs": interval_ms,
        "maxDataPoints": query.max_data_points,
    }
    return {
        "refId": query.ref_id,
        "maxDataPoints": query.max_data_points,
        "intervalMS": interval_ms,
        "timeRange": {"fromEpochMS": _milliseconds(query.start), "toEpochMS": _milliseconds(query.end)},
        "json": json.dumps(model).encode(),
        "queryType": query.query_type,
    }


def answer(ref_id: str, response: Any) -> QueryAnswer:  # noqa: ANN401 - a dynamic message
    """Read a DataResponse of any proto version.

    Raises: ToolError if Grafana could not read a frame.
    """
    is_json = getattr(response, "format", 0) == 1
    decode = frame_json.from_json if is_json else frame_json.from_arrow
    return QueryAnswer(
        ref_id=ref_id,
        status=_status(response),
        error=response.error,
        error_source=getattr(response, "errorSource", ""),
        frames=[decode(frame, place=f"{ref_id}, frame {at}") for at, frame in enumerate(response.frames)],
    )


def chunk(response: Any, number: int) -> Chunk:  # noqa: ANN401 - a dynamic message
    """Read a QueryChunkedDataResponse; `number` is its number.

    Raises: ToolError if Grafana could not read the frame.
    """
    decode = frame_json.from_json if response.format == 1 else frame_json.from_arrow
    place = f"{response.refId}, part {number}"
    result = QueryAnswer(
        ref_id=response.refId,
        status=_status(response),
        error=response.error,
        error_source=response.errorSource,
        frames=[decode(response.frame, place=place)] if response.frame else [],
    )
    return Chunk(frame_id=response.frameId, answer=result)


def health(response: Any) -> Health:  # noqa: ANN401 - a dynamic message
    """Read a CheckHealthResponse.

    Raises: ToolError if the details are not a JSON object.
    """
    try:
        details = documents.parse_json(response.jsonDetails) if response.jsonDetails.strip() else {}
    except ValueError:
        details = None
    if not isinstance(details, dict):
        raise ToolError("the plugin's health details are not a JSON object: Grafana answers 500")
    return Health(status=_HEALTH.get(response.status, "UNKNOWN"), message=response.message, details=details)


def resource(parts: Sequence[Any]) -> ResourceAnswer:
    """Join the messages of a CallResource stream; the first message has the status code and the headers."""
    headers = {name: list(parts[0].headers[name].values) for name in sorted(parts[0].headers)}
    return ResourceAnswer(status=parts[0].code, headers=headers, body=b"".join(part.body for part in parts))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _status(response: Any) -> int:  # noqa: ANN401 - a dynamic message
    status = getattr(response, "status", None)
    if status is None:  # old protos have no status
        return 500 if response.error else 200
    return int(status) if 100 <= status <= 599 else 500  # noqa: PLR2004 - Grafana reads all but HTTP's range as 500
