"""The traffic of one call: collected within limits while the call runs, and written as a HAR document.

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
"""The most bytes of one body that are kept."""

MOST_TOTAL = 256 << 20
"""The most bytes of all bodies and statements of one call, written as JSON."""

_UNKNOWN_STATEMENT = "the driver does not provide the statement"
_MACRO_OUTPUT = "the output of macros; it is unknown whether it was sent"
_ESCAPED_IN_2 = b'"\\\b\f\n\r\t'
_ESCAPED_IN_6 = b"<>&" + bytes({*range(32)} - {*_ESCAPED_IN_2})
_WIDE_ESCAPED_IN_6 = ("\u2028", "\u2029", "\ufffd")


class Traffic:
    """The traffic of one call; several threads may add to it. After `close` it ignores new entries."""

    def __init__(self, *, uid: str = "", plugin_id: str = "", name: str = "", most_body: int = MOST_BODY) -> None:
        """Start without entries; statements belong to this data source."""
        self.most_body = most_body
        self._source = har.StatementSource(uid=uid, plugin_id=plugin_id, name=name)
        self._free_bytes = MOST_TOTAL
        self._entries: list[har.Entry] = []
        self._is_open = True
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._entries)

    def begin(self, method: str, url: str, headers: Pairs, body: bytes) -> har.HarExchange:
        """Start an HTTP exchange with its request."""
        return har.HarExchange(self._add, self.most_body, method=method, url=url, headers=headers, body=body)

    def add_expanded(self, text: str, *, ref_id: str) -> None:
        """Add SQL from macros."""
        self._add(har.Statement(text, ref_id).entry(self._source, kind="sql.macros", comment=_MACRO_OUTPUT))

    @contextlib.contextmanager
    def statement(self, text: str, *, ref_id: str) -> Iterator[har.Statement]:
        """Add a statement whose rows the block reads and counts; its text is empty if unknown."""
        statement = har.Statement(text, ref_id)
        try:
            yield statement
        except Exception as error:
            statement.error = redaction.hide(str(error) or type(error).__name__)
            raise
        finally:
            self._add(statement.entry(self._source, kind="sql.query", comment="" if text else _UNKNOWN_STATEMENT))

    def document(self) -> str:
        """Write the HAR document; also mask secrets that appeared during the call, such as its tokens."""
        with self._lock:
            entries = list(self._entries)
        creator = {"name": "gfruntime", "version": "1.0"}
        log = {"version": "1.2", "creator": creator, "entries": redaction.hide_all(entries)}
        return msgspec.json.encode({"log": log}).decode()

    def close(self) -> None:
        """Ignore entries from now on: work that the call started may continue after it."""
        with self._lock:
            self._is_open = False
            self._entries.clear()

    def _add(self, entry: har.Entry) -> None:
        """Add an entry; without its texts if they exceed the limit."""
        parts: list[dict[str, Any]] = [entry["response"]["content"]]
        parts += [entry["request"]["postData"]] if "postData" in entry["request"] else []
        size = sum(json_size(part["text"]) for part in parts) + json_size(entry.get("_query", {}).get("error", ""))
        with self._lock:
            if not self._is_open:
                return
            if size <= self._free_bytes:
                self._free_bytes -= size
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
