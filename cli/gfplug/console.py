"""The only code that writes to the terminal: results to stdout, everything else to stderr."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gfplug.errors import GfplugError

_SECOND = 1.0
_CLEAR = "\r\x1b[2K"
_LEVELS = {-1: logging.ERROR, 0: logging.INFO}


class _LineHandler(logging.Handler):
    """One plain line per record; on a terminal, a stage that runs has a line that counts its seconds until its end."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: _Waiting | None = None

    def emit(self, record: logging.LogRecord) -> None:
        stream = sys.stderr  # looked up each time: it may be exchanged, and the old one closed
        is_transient = getattr(record, "transient", False)
        if is_transient and not stream.isatty():
            return
        self.clear()
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            text = f"{record.levelname.lower()}: {text}"
        if is_transient:
            self._waiting = _Waiting(stream, text)
        else:
            stream.write(f"{text}\n")
            stream.flush()

    def clear(self) -> None:
        """Remove the line of a stage, if one is shown."""
        if self._waiting:
            self._waiting.end()
            self._waiting = None


class _Waiting:
    """A line that is overwritten each second: what goes on, and for how long."""

    def __init__(self, stream: TextIO, text: str) -> None:
        self._stream, self._text, self._began = stream, text, time.monotonic()
        self._over = threading.Event()
        self._write(f"{text} …")
        self._thread = threading.Thread(target=self._count, name="seconds on the terminal", daemon=True)
        self._thread.start()

    def _count(self) -> None:
        while not self._over.wait(_SECOND):
            self._write(f"{_CLEAR}{self._text} … {time.monotonic() - self._began:.0f} s")

    def end(self) -> None:
        self._over.set()
        self._thread.join()
        self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def setup(verbosity: int = 0) -> None:
    """Show gfplug's log on stderr; -1 is errors only, 0 one line per stage, 1 everything."""
    logger = logging.getLogger("gfplug")
    logger.handlers = [_LineHandler()]
    logger.setLevel(_LEVELS.get(verbosity, logging.DEBUG))
    logger.propagate = False
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="surrogateescape")  # a path that is no Unicode is printed as it is


def result(text: object, *, end: str = "\n") -> None:
    """Write the command's result, and nothing else, to stdout."""
    sys.stdout.write(f"{text}{end}")


def result_json(value: Any) -> None:  # noqa: ANN401 - JSON
    """Write the command's result as one JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout: aligned columns, one line per row, readable by `cut` and by people."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


def note(text: str) -> None:
    """Write one line for a person to stderr."""
    _clear()
    sys.stderr.write(f"{text}\n")


def ask(question: str, default: str) -> str:
    """Ask a person on stderr, and return one line of stdin, or the default for an empty one.

    Raises: KeyboardInterrupt if stdin ends.
    """
    sys.stderr.write(f"{question} [{default}]: ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt
    return line.strip() or default


def fail(error: GfplugError) -> None:
    """Say what failed, show what the other program said, and name the next step."""
    _clear()
    if error.details:
        sys.stderr.write(error.details.rstrip() + "\n\n")
    mark = "\x1b[31merror:\x1b[0m" if has_colour(sys.stderr) else "error:"
    sys.stderr.write(f"{mark} {error.message}\n")
    if error.hint:
        sys.stderr.write(f"hint: {error.hint}\n")


def _clear() -> None:
    for handler in logging.getLogger("gfplug").handlers:
        if isinstance(handler, _LineHandler):
            handler.clear()


def has_colour(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that wants colour (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_interactive() -> bool:
    """Tell whether a question may be asked: a terminal on stdin, and not in CI."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")
