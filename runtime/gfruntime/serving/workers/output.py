"""What a process writes, as the front process hands it on: log lines, and what comes before it logs, or of a crash."""

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
    """Hands on what a process writes, line by line, and keeps the last ones."""

    def __init__(
        self, pipe: io.BufferedReader | IO[bytes], name: str, tell: Callable[[bytes], None], *, is_mixed: bool = False
    ) -> None:
        """Read in a thread until the end; `is_mixed` if there may be other text between log lines."""
        self._pipe, self._tell, self._is_mixed = pipe, tell, is_mixed
        self._last: deque[bytes] = deque(maxlen=_LAST_LINES)
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the last line, but not for long: a child of the process may hold the pipe."""
        self._thread.join(1.0)

    @property
    def last(self) -> str:
        """What the process said last: an exception's line when Python itself gave up."""
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
    """Tell whether Grafana could read a line: it panics where one of these is no text."""
    try:
        fields = json.loads(line) if line.startswith(b"{") else {}
    except ValueError:
        return False
    return all(isinstance(fields.get(key), str) for key in ("@message", "@level", "@timestamp"))
