"""The output of a process, which the front process passes on: log lines, early output, and crash reports."""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import IO, TYPE_CHECKING

from gfruntime.logs.lines import encode

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

_LAST_LINES = 20


class Output:
    """Passes on a process's output, line by line, and keeps the last lines."""

    def __init__(
        self, pipe: io.BufferedReader | IO[bytes], name: str, tell: Callable[[bytes], None], *, is_mixed: bool = False
    ) -> None:
        """Start a thread that reads until the end; `is_mixed` means that other text may be between log lines."""
        self._pipe, self._tell, self._is_mixed = pipe, tell, is_mixed
        self._last: deque[bytes] = deque(maxlen=_LAST_LINES)
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait briefly for the last line: a child of the process may keep the pipe open."""
        self._thread.join(1.0)

    @property
    def last(self) -> str:
        """The last line of the output; an exception's line if Python itself failed."""
        line = next((line.strip() for line in reversed(self._last) if line.strip()), b"")
        try:
            return str(json.loads(line)["@message"])
        except (ValueError, KeyError, TypeError):
            return line.decode("utf-8", "replace")

    def _read(self) -> None:
        with self._pipe:
            for line in self._pipe:
                self._last.append(line)
                if line.endswith(b"\n") and not (self._is_mixed and not _is_log_line(line)):
                    self._tell(line)
                elif line.strip():
                    self._tell(encode("info", line.decode("utf-8", "replace").rstrip(), {"@module": "stderr"}))


def _is_log_line(line: bytes) -> bool:
    """Tell whether a line is a valid log line: Grafana panics if one of these keys is not a text."""
    try:
        fields = json.loads(line) if line.startswith(b"{") else {}
    except ValueError:
        return False
    return all(isinstance(fields.get(key), str) for key in ("@message", "@level", "@timestamp"))
