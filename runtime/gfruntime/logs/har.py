"""Entries of HAR documents, in the form that the Go SDK writes.

An HTTP exchange is an entry of HAR 1.2. A database statement is an entry with the method `QUERY` and the details in
`_query`. `redaction` removes secrets from both; a body that its sender has compressed can't be searched for secrets, so
it is left out.
Source: grafana-plugin-sdk-go v0.299.0, backend/harcapture, backend/querycapture.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from gfruntime.logs import redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gfruntime.logs.redaction import Pairs

    Entry = dict[str, Any]

MOST_STATEMENT = 64 << 10
"""The most bytes of one statement that are kept."""

_COMPRESSED = "the body is compressed: it can't be searched for secrets, so it is left out"


@dataclass(slots=True)
class Clock:
    """The start time of an exchange or a statement."""

    began: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.timezone.utc))  # noqa: UP017  # Python 3.10
    _began: float = field(default_factory=time.perf_counter)

    @property
    def milliseconds(self) -> float:
        """Return the milliseconds since the start."""
        return (time.perf_counter() - self._began) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSource:
    """The data source of the statements."""

    uid: str
    plugin_id: str
    name: str


@dataclass(slots=True)
class Statement:
    """A statement and its rows; `rows` is -1 until they are counted."""

    text: str
    ref_id: str
    rows: int = -1
    error: str = ""
    clock: Clock = field(default_factory=Clock)

    def entry(self, source: StatementSource, *, kind: str, comment: str) -> Entry:
        """Return the HAR entry of the statement."""
        data = self.text.encode("utf-8", "replace")
        is_cut = len(data) > MOST_STATEMENT
        details: Entry = {
            "datasourceUid": source.uid,
            "datasourceType": source.plugin_id,
            "datasourceName": source.name,
        }
        details |= {"refId": self.ref_id, "statementTruncated": is_cut, "error": self.error}
        query = {"version": 1, "kind": kind, **{key: value for key, value in details.items() if value}}
        query |= {"frameCount": int(self.rows >= 0), "rowCount": self.rows}
        place = f"{quote(source.plugin_id or 'datasource')}/{quote(source.uid)}"
        request = {
            "method": "QUERY",
            "url": f"sql://{place}" + (f"?{urlencode({'refId': self.ref_id})}" if self.ref_id else ""),
            "httpVersion": "",
            "headers": [],
            "queryString": [],
            "cookies": [],
            "postData": {"mimeType": "application/sql", **redaction.body(data, MOST_STATEMENT)},
            "bodySize": -1 if is_cut else len(data),
            "headersSize": -1,
        }
        response = _no_response()
        if self.rows >= 0 and not self.error:
            counts = f'{{"frameCount":1,"rowCount":{self.rows}}}'
            response |= {"status": 200, "statusText": "OK", "bodySize": len(counts)}
            response["content"] = {"size": len(counts), "mimeType": "application/json", "text": counts}
        comment = f"query error: {self.error}" if self.error else comment
        return _entry(self.clock, request, response, self.clock.milliseconds, comment=comment) | {"_query": query}


class HarExchange:
    """An HTTP exchange: call `answer` with the head of the response, then `end`; or `fail`."""

    def __init__(
        self, add: Callable[[Entry], None], most_body: int, *, method: str, url: str, headers: Pairs, body: bytes
    ) -> None:
        """Describe the request, and start the clock; `add` receives the entry at the end."""
        self._add, self._most_body = add, most_body
        self._waited_ms: float | None = None
        self._comment = ""
        self._response = _no_response()
        self._request: dict[str, Any] = {
            "method": method,
            "url": redaction.address(url),
            "httpVersion": "HTTP/1.1",
            "headers": redaction.headers(headers),
            "queryString": redaction.parameters(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
            "cookies": redaction.cookies(_values(headers, "cookie")),
            **({"postData": self._content(body, headers)} if body else {}),
            "bodySize": self._size(body),
            "headersSize": -1,
        }
        self._clock = Clock()

    def answer(self, status: int, reason: str, version: str, headers: Pairs) -> None:
        """Store the head of the response."""
        self._waited_ms = self._clock.milliseconds
        self._response |= {
            "status": status,
            "statusText": redaction.hide(f"{status} {reason}".strip()),
            "httpVersion": version,
            "headers": redaction.headers(headers),
            "cookies": redaction.cookies(value.partition(";")[0] for value in _values(headers, "set-cookie")),
            "redirectURL": redaction.address(_value(headers, "location")),
        }

    def end(self, body: bytes, headers: Pairs) -> None:
        """Add the exchange with its response; `headers` must describe this body."""
        content = {"size": min(len(body), self._most_body), **self._content(body, headers)}
        self._response |= {"headers": redaction.headers(headers), "content": content, "bodySize": self._size(body)}
        self._finish()

    def fail(self, reason: str) -> None:
        """Add the exchange with an error: no response arrived, or its body could not be read."""
        what = "transport error" if self._waited_ms is None else "the body was not read completely"
        self._comment = f"{what}: {redaction.hide(reason)}"
        self._finish()

    def _finish(self) -> None:
        passed_ms = self._clock.milliseconds
        waited_ms = passed_ms if self._waited_ms is None else self._waited_ms
        received_ms = passed_ms - waited_ms
        entry = _entry(
            self._clock, self._request, self._response, waited_ms, received_ms=received_ms, comment=self._comment
        )
        self._add(entry)

    def _content(self, body: bytes, headers: Pairs) -> dict[str, Any]:
        mime_type = {"mimeType": _value(headers, "content-type")}
        if body and _value(headers, "content-encoding").lower() not in ("", "identity"):
            self._comment = _COMPRESSED
            return {**mime_type, "text": ""}
        return {**mime_type, **redaction.body(body, self._most_body)}

    def _size(self, body: bytes) -> int:
        """Return a body's size; -1 if only its first bytes are kept."""
        return len(body) if len(body) <= self._most_body else -1


def _entry(
    clock: Clock,
    request: Mapping[str, Any],
    response: Mapping[str, Any],
    waited_ms: float,
    *,
    received_ms: float = 0.0,
    comment: str,
) -> Entry:
    entry = {
        "startedDateTime": clock.began.isoformat().replace("+00:00", "Z"),
        "time": waited_ms + received_ms,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": waited_ms, "receive": received_ms},
    }
    return entry | ({"comment": comment} if comment else {})


def _no_response() -> dict[str, Any]:
    """Return the HAR response of an exchange that got no response."""
    return {
        "status": 0,
        "statusText": "",
        "httpVersion": "",
        "headers": [],
        "cookies": [],
        "content": {"size": 0, "mimeType": "", "text": ""},
        "redirectURL": "",
        "bodySize": -1,
        "headersSize": -1,
    }


def _values(headers: Pairs, name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name]


def _value(headers: Pairs, name: str) -> str:
    return next(iter(_values(headers, name)), "")
