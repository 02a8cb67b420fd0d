"""Events that the server sends to pages: log lines, reloads, packets of streams; one event stream for each page.

A page has only one stream, because a browser opens at most six connections to a server.
Source: WHATWG HTML, Server-sent events, 9.2.6 Interpreting an event stream.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gfplug.host.logs import LogLine

_KEPT_LINES = 500
_MOST_WAITING = 5000
_MOST_BYTES = 64 << 20
_BEAT_SECONDS = 5.0


class Listener:
    """One open page: its events wait here until its connection sends them."""

    def __init__(self) -> None:
        """Create the queue, with an id that nobody can guess."""
        self.id = secrets.token_urlsafe(12)
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._has_ended = False
        self._condition = threading.Condition()

    def send(self, event: str, value: Any, *, patience: float = 0.0) -> bool:  # noqa: ANN401 - JSON
        """Add an event; False if the queue stays full for `patience` seconds, or if its connection must end."""
        part = f"event: {event}\ndata: {files.json_text(value)}\n\n".encode()

        def has_room() -> bool:
            return not self._waiting or (len(self._waiting) < _MOST_WAITING and self._bytes + len(part) <= _MOST_BYTES)

        with self._condition:
            if patience:
                self._condition.wait_for(lambda: self._has_ended or has_room(), patience)
            if self._has_ended or not has_room():
                return False
            self._waiting.append(part)
            self._bytes += len(part)
            self._condition.notify_all()
        return True

    def end(self) -> None:
        """End the connection after the waiting events; an open page then connects again, and reloads its state."""
        with self._condition:
            self._has_ended = True
            self._condition.notify_all()

    def parts(self) -> Iterator[bytes]:
        """Yield the events as they arrive, and regularly a comment, which shows whether the page is still open."""
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._has_ended or self._waiting, _BEAT_SECONDS)
                if not self._waiting and self._has_ended:
                    return
                part = self._waiting.popleft() if self._waiting else b""
                self._bytes -= len(part)
                self._condition.notify_all()
            yield part or b": here\n\n"


class EventFeed:
    """The events for all pages; the last log lines are kept for pages that open later."""

    def __init__(self, mask: Callable[[Any], Any]) -> None:
        """Start without pages; `mask` removes secrets from events."""
        self._mask = mask
        self._lock = threading.Lock()
        self._listeners: dict[str, Listener] = {}
        self._lines: deque[tuple[int, dict[str, Any]]] = deque(maxlen=_KEPT_LINES)
        self._count = 0

    def open(self) -> Listener:
        """Add a page, and send it the event `hello`."""
        listener = Listener()
        listener.send("hello", {"client": listener.id})
        with self._lock:
            self._listeners[listener.id] = listener
        return listener

    def close(self, listener: Listener) -> None:
        """Remove a page."""
        with self._lock:
            self._listeners.pop(listener.id, None)

    def close_all(self) -> None:
        """End every connection."""
        for listener in self._all():
            listener.end()

    def listener(self, client: object) -> Listener:
        """Return an open page by its id.

        Raises: UsageError if there is no such page.
        """
        with self._lock:
            listener = self._listeners.get(client) if isinstance(client, str) else None
        if listener is None:
            raise UsageError("`client` is not the id of an open page", hint="take the id from the event `hello`")
        return listener

    def publish(self, event: str, value: Any) -> None:  # noqa: ANN401 - JSON
        """Send an event to every page; a page with thousands of waiting events must connect again."""
        for listener in self._all():
            if not listener.send(event, value):
                listener.end()

    def publish_masked(self, event: str, value: Any) -> None:  # noqa: ANN401 - JSON
        """Send an event to every page, with the secrets in its texts masked."""
        self.publish(event, self._mask(value))

    def add_line(self, line: LogLine) -> None:
        """Store a line of the plugin's log, and send it to every page."""
        entry: dict[str, Any] = self._mask(
            {
                "time": int(time.time() * 1000),
                "level": line.level,
                "message": line.message,
                "fields": dict(line.fields),
                "danger": line.danger,
            }
        )
        with self._lock:
            self._count += 1
            self._lines.append((self._count, entry))
        self.publish("log", entry)

    def lines(self) -> list[dict[str, Any]]:
        """Return the last lines, oldest first."""
        with self._lock:
            return [line for _, line in self._lines]

    def mark(self) -> int:
        """Return the number of all lines so far."""
        with self._lock:
            return self._count

    def places_since(self, mark: int) -> str:
        """List the places where the author's code failed, from the lines after a mark."""
        with self._lock:
            fields = [line["fields"] for count, line in self._lines if count > mark]
        return "; ".join(dict.fromkeys(str(each["at"]) for each in fields if each.get("at")))

    def _all(self) -> list[Listener]:
        with self._lock:
            return list(self._listeners.values())
