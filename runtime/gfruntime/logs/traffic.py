"""The traffic of one call: collected while it is answered, within bounds, and written as a HAR document.

Source: grafana-plugin-sdk-go v0.299.0, backend/harcapture/harcapture.go.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from gfruntime.logs import har, redaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfruntime.logs.redaction import Pairs

MOST_BODY = 64 << 20
"""Bytes of one body that are kept."""

MOST_TOTAL = 256 << 20
"""Bytes that the bodies and statements of one call may take, written as JSON."""

_UNTOLD = "the driver does not tell the statement"
_EXPANDED = "what macros gave; whether it was sent is not seen"
_ESCAPED_IN_2 = b'"\\\b\f\n\r\t'
_ESCAPED_IN_6 = b"<>&" + bytes({*range(32)} - {*_ESCAPED_IN_2})
_WIDE_ESCAPED_IN_6 = ("\u2028", "\u2029", "\ufffd")


class Traffic:
    """The traffic of one call; several threads may add to it. Once it is closed it keeps nothing."""

    def __init__(self, *, uid: str = "", plugin_id: str = "", name: str = "", most_body: int = MOST_BODY) -> None:
        """Begin empty; statements are those of this data source."""
        self.most_body = most_body
        self._source = har.Source(uid=uid, plugin_id=plugin_id, name=name)
        self._left = MOST_TOTAL
        self._entries: list[har.Entry] = []
        self._is_open = True
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._entries)

    def begin(self, method: str, url: str, headers: Pairs, body: bytes) -> har.Exchange:
        """Begin an exchange by HTTP with what is sent."""
        return har.Exchange(self._add, self.most_body, method=method, url=url, headers=headers, body=body)

    def add_expanded(self, text: str, *, ref_id: str) -> None:
        """Add SQL that macros gave."""
        self._add(har.Statement(text, ref_id).entry(self._source, kind="sql.macros", comment=_EXPANDED))

    @contextlib.contextmanager
    def statement(self, text: str, *, ref_id: str) -> Iterator[har.Statement]:
        """Add a statement whose rows the block reads and counts; its text is empty where it is not known."""
        statement = har.Statement(text, ref_id)
        try:
            yield statement
        except Exception as error:
            statement.error = redaction.hide(str(error) or type(error).__name__)
            raise
        finally:
            self._add(statement.entry(self._source, kind="sql.query", comment="" if text else _UNTOLD))

    def document(self) -> str:
        """Write the HAR document; secrets that came up during the call, such as its tokens, are hidden too."""
        with self._lock:
            entries = list(self._entries)
        creator = {"name": "gfruntime", "version": "1.0"}
        log = {"version": "1.2", "creator": creator, "entries": redaction.hide_all(entries)}
        return msgspec.json.encode({"log": log}).decode()

    def close(self) -> None:
        """Keep nothing from now on: what the call has started may outlive it."""
        with self._lock:
            self._is_open = False
            self._entries.clear()

    def _add(self, entry: har.Entry) -> None:
        """Add an entry; when there is no room for its texts, without them."""
        parts: list[dict[str, Any]] = [entry["response"]["content"]]
        parts += [entry["request"]["postData"]] if "postData" in entry["request"] else []
        size = sum(json_size(part["text"]) for part in parts) + json_size(entry.get("_query", {}).get("error", ""))
        with self._lock:
            if not self._is_open:
                return
            if size <= self._left:
                self._left -= size
            else:
                for part in parts:
                    part["text"] = ""
                    part.pop("encoding", None)
            self._entries.append(entry)


def json_size(text: str) -> int:
    """Return the bytes that a text takes in JSON as Go writes it, or a few more."""
    data = text.encode("utf-8", "replace")
    short, long = (len(data) - len(data.translate(None, each)) for each in (_ESCAPED_IN_2, _ESCAPED_IN_6))
    return 2 + len(data) + short + 5 * long + 3 * sum(map(text.count, _WIDE_ESCAPED_IN_6))
