"""A plugin's stderr, line by line, with the level that Grafana would log; a traceback is never lost."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LEVELS = ("trace", "debug", "info", "warn", "error")
_PANICS = ("panic: ", "fatal error: ", "Fatal Python error: ", "Traceback (most recent call last):")
_REPEATED = re.compile(
    r"Plugin Request (Started|Completed)|Partial data response error|Query .* failed|"
    r"(checkHealth|queryData|queryChunkedData|callResource|subscribeStream|publishStream|runStream) failed",
    re.DOTALL,
)
"""Log lines of the Go SDK and gfruntime about each call, and about failures that the call's answer also has."""

_MAX_LINE_BYTES = 64 * 1024
_MOST_LINES = 20_000
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a plugin's log; `danger` is empty, or says what is wrong with it and what Grafana then does."""

    level: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    danger: str = ""

    @property
    def repeats_answer(self) -> bool:
        """Tell whether the call's answer has the same information."""
        return not self.danger and _REPEATED.fullmatch(self.message) is not None

    def __str__(self) -> str:
        """Write the message, its short fields on the same line, and fields of several lines below."""
        values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in self.fields.items()}
        short = [f"{key}={_quote(value)}" for key, value in values.items() if "\n" not in value]
        long = [f"{key}:\n{value.rstrip()}" for key, value in values.items() if "\n" in value]
        return "\n".join([" ".join([self.message, *short]), *long])


class Logs:
    """Collects the lines of one plugin; one thread calls `add`, any thread the other methods."""

    def __init__(self, watch: Callable[[LogLine], None] | None = None) -> None:
        """Store lines, and pass each to `watch` as it arrives."""
        self._lines: deque[LogLine] = deque(maxlen=_MOST_LINES)
        self._lock = threading.Lock()
        self._rest = b""
        self._panics = False
        self._watch = watch

    def add(self, data: bytes) -> None:
        """Add bytes of stderr; a line is added when it is complete."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._keep(line)

    def end(self) -> None:
        """Add the remaining text, which has no line end."""
        rest, self._rest = self._rest, b""
        self._keep(rest)

    @property
    def lines(self) -> list[LogLine]:
        """The lines so far, oldest first."""
        with self._lock:
            return list(self._lines)

    def tail(self, count: int = 100) -> str:
        """Return the last lines as text, at most `count`, without lines that repeat an answer."""
        texts = (str(line) for line in self.lines if not line.repeats_answer)
        return "\n".join("\n".join(texts).splitlines()[-count:])

    def places(self) -> str:
        """List the places where the author's code failed or was cancelled; empty if no line has a place."""
        return "; ".join(dict.fromkeys(str(line.fields["at"]) for line in self.lines if line.fields.get("at")))

    def wait_for_places(self, seconds: float) -> str:
        """Wait at most `seconds` for a line with a place in the author's code, and list the places."""
        end = time.monotonic() + seconds
        while not (places := self.places()) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
        return places

    def hint(self) -> str:
        """Return where to find more about a failure."""
        places = self.places()
        return f"raised in {places}; -v shows the traceback" if places else "-v shows the plugin's whole log"

    def _keep(self, raw: bytes) -> None:
        text = raw.decode(errors="replace").rstrip("\r")
        if not text.strip():
            return
        line = parse(text, panics=self._panics)
        self._panics = self._panics or text.startswith(_PANICS)
        with self._lock:
            self._lines.append(line)
        if self._watch:
            self._watch(line)


def parse(text: str, *, panics: bool = False) -> LogLine:
    """Parse one line as go-plugin does; `panics` means that a panic or a traceback began in an earlier line.

    Source: hashicorp/go-plugin v1.8.0, client.go, logStderr; log_entry.go. Here a traceback counts as a panic, because
    Grafana logs its lines at debug level, which is off by default.
    """
    if len(text.encode()) >= _MAX_LINE_BYTES:
        return LogLine(
            level="debug", message=text, danger="longer than 64 KiB: Grafana logs it in pieces, without parsing them"
        )
    entry = _entry(text)
    if entry is None:
        return LogLine(level=_raw_level(text, panics=panics), message=text)
    wrong = [key for key in ("@message", "@level", "@timestamp") if not isinstance(entry.get(key, ""), str)]
    if wrong:
        return LogLine(level="error", message=text, danger=f"{wrong[0]} is not text: this line crashes Grafana")
    level = str(entry.pop("@level", "")).strip().lower()
    if level not in _LEVELS or not _is_timestamp(entry.pop("@timestamp", None)):
        return LogLine(level=_raw_level(text, panics=panics), message=text)
    message = str(entry.pop("@message", ""))
    fields = {key: value for key, value in entry.items() if not key.startswith("@")}
    return LogLine(level=level, message=message, fields=fields)


def _entry(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        entry = documents.parse_json(text)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _raw_level(text: str, *, panics: bool) -> str:
    for level in _LEVELS:
        if text.startswith(f"[{level.upper()}]"):
            return level
    return "error" if panics or text.startswith(_PANICS) else "debug"


def _is_timestamp(value: Any) -> bool:  # noqa: ANN401 - JSON
    if value is None:
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _quote(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if " " in value or not value else value
