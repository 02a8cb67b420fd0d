"""The only code that writes to the terminal: results to stdout, everything else to stderr.

Text of other programs and of data sources is escaped here, so that it can't control the terminal.
"""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from gfplug import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from gfplug.errors import GfplugError
    from gfplug.terminal import Part

_PLAIN_WIDTH = 100
_PLAIN_HEIGHT = 30
_MAX_WIDTH = 100_000
_LEVELS = {-1: logging.ERROR, 0: logging.INFO}
_MARKS = {logging.WARNING: ("warning:", "yellow"), logging.ERROR: ("error:", "red")}


class _LineHandler(logging.Handler):
    """One plain line per record; on a terminal, a running stage shows a line with its seconds."""

    _stage: Live | None = None

    def emit(self, record: logging.LogRecord) -> None:
        is_stage = getattr(record, "transient", False)
        if is_stage and (not has_cursor(sys.stderr) or os.environ.get("CI")):
            return
        self.clear()
        if is_stage:
            self._stage = _count_seconds(record.getMessage())
        elif record.levelno in _MARKS:
            _write(sys.stderr, _MARKS[record.levelno], f" {record.getMessage()}\n")
        else:
            _write(sys.stderr, f"{record.getMessage()}\n")

    def clear(self) -> None:
        """Remove the line of a stage, if it is shown."""
        if self._stage:
            self._stage.stop()
            self._stage = None


def use_utf8() -> None:
    """Write UTF-8 to pipes and files on Windows, whose code page lacks most letters. PYTHONIOENCODING has priority."""
    has_code_page = sys.platform == "win32" and not os.environ.get("PYTHONIOENCODING")
    for stream in (sys.stdout, sys.stderr):
        if has_code_page and isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors=stream.errors)


def setup(verbosity: int = 0) -> None:
    """Show gfplug's log on stderr; -1 is errors only, 0 one line per stage, 1 everything."""
    logger = logging.getLogger("gfplug")
    logger.handlers = [_LineHandler()]
    logger.setLevel(_LEVELS.get(verbosity, logging.DEBUG))
    logger.propagate = False
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="surrogateescape")  # prints a path that is not valid Unicode as its bytes


def result(*parts: object, end: str = "\n") -> None:
    """Write the command's result, and nothing else, to stdout; a pair is a text and its style."""
    _write(sys.stdout, *(part if isinstance(part, tuple) else str(part) for part in parts), end)


def result_json(value: Any, *, indent: int | None = 2) -> None:  # noqa: ANN401 - JSON
    """Write the command's result as one JSON document; characters that stdout can't show become JSON escapes."""
    from gfplug import files  # noqa: PLC0415 - `--help` writes no JSON

    text = files.json_text(value, indent=indent)
    escaped_text = terminal.escape(text) if sys.stdout.isatty() else text
    if escaped_text != text or _encodable(sys.stdout, text) != text:
        text = json.dumps(value, indent=indent).replace("\x7f", "\\u007f")
    result(text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout: aligned columns, one line per row, readable by `cut` and by people."""
    lines = [[terminal.escape(str(cell), keep="") for cell in row] for row in (head, *rows)]
    result("\n".join(terminal.columns(lines)))


@contextmanager
def live_drawing() -> Iterator[Callable[[Sequence[Part]], None]]:
    """Let each drawing replace the previous one; stdout must have a cursor."""
    from rich.live import Live  # noqa: PLC0415 - most commands draw nothing

    with Live(console=_screen(sys.stdout), auto_refresh=False, redirect_stderr=sys.stderr.isatty()) as live:
        yield lambda parts: live.update(_styled(parts, sys.stdout), refresh=True)


def clear() -> None:
    """Clear the screen, if stdout is a terminal with a cursor."""
    if has_cursor(sys.stdout):
        _screen(sys.stdout).clear()


def note(text: str) -> None:
    """Write one line for a person to stderr."""
    end_stage()
    _write(sys.stderr, f"{text}\n")


def ask(question: str, default: str) -> str:
    """Ask a person on stderr, and return one line of stdin, or the default for an empty one.

    Raises: KeyboardInterrupt if stdin ends.
    """
    _write(sys.stderr, f"{question} [{default}]: ")
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt
    return line.strip() or default


def fail(error: GfplugError) -> None:
    """Print what the other program printed, what failed, and the next step."""
    end_stage()
    details = f"{error.details.rstrip()}\n\n" if error.details else ""
    hint = f"hint: {error.hint}\n" if error.hint else ""
    _write(sys.stderr, details, _MARKS[logging.ERROR], f" {error.message}\n{hint}")


def end_stage() -> None:
    """Remove the line of a running stage, if it is shown."""
    for handler in logging.getLogger("gfplug").handlers:
        if isinstance(handler, _LineHandler):
            handler.clear()


def width() -> int:
    """Return how many cells a line of stdout has; without a terminal, `_PLAIN_WIDTH`."""
    if not sys.stdout.isatty():
        return _PLAIN_WIDTH
    return min(shutil.get_terminal_size((_PLAIN_WIDTH, 0)).columns, _MAX_WIDTH)


def height() -> int:
    """Return how many lines the terminal has; without a terminal, `_PLAIN_HEIGHT`."""
    return shutil.get_terminal_size((0, _PLAIN_HEIGHT)).lines if sys.stdout.isatty() else _PLAIN_HEIGHT


def has_cursor(stream: TextIO) -> bool:
    """Tell whether a stream lets a program overwrite its lines."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that should show colour (https://no-color.org)."""
    return has_cursor(stream) and not os.environ.get("NO_COLOR")


def has_unicode() -> bool:
    """Tell whether stdout can show all characters; if not, make it show question marks instead of failing."""
    if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8":
        return True
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return False


def is_interactive() -> bool:
    """Tell whether gfplug may ask a question: stdin is a terminal, and this is not CI."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def _write(stream: TextIO, *parts: Part) -> None:
    """Write parts, in colour if the terminal shows it; while a live display runs, rich writes them above it."""
    is_above_picture = hasattr(stream, "rich_proxied_file")
    if has_colour(stream) and not is_above_picture and any(isinstance(part, tuple) for part in parts):
        _screen(stream).print(_styled(parts, stream), end="", soft_wrap=True)
        return
    text = terminal.plain(parts)
    stream.write(_encodable(stream, terminal.escape(text) if stream.isatty() or stream is sys.stderr else text))
    if stream is sys.stderr:
        stream.flush()


def _encodable(stream: TextIO, text: str) -> str:
    """Return a text as a stream can write it: with a question mark for each character that its encoding lacks."""
    encoding, errors = stream.encoding, stream.errors or "strict"
    if not encoding:  # the stream is not a file
        return text
    try:
        text.encode(encoding, errors)
    except UnicodeEncodeError:
        return text.encode(encoding, "replace").decode(encoding)
    return text


def _screen(stream: TextIO) -> Console:
    """Return rich's view of a terminal: its colours, its width and its cursor."""
    from rich.console import Console  # noqa: PLC0415 - 80 ms, and most commands draw nothing

    return Console(file=stream, force_terminal=True, highlight=False, markup=False, emoji=False)


def _styled(parts: Sequence[Part], stream: TextIO) -> Text:
    from rich.text import Text  # noqa: PLC0415 - as above

    text = Text()
    for part in parts:
        words, style = part if isinstance(part, tuple) else (part, "")
        text.append(_encodable(stream, terminal.escape(words)), style)
    return text


def _count_seconds(text: str) -> Live:
    """Show a line that counts the seconds until it is stopped."""
    from rich.live import Live  # noqa: PLC0415 - as above

    start = time.monotonic()
    live = Live(
        get_renderable=lambda: _styled([f"{text} … {time.monotonic() - start:.0f} s"], sys.stderr),
        console=_screen(sys.stderr),
        refresh_per_second=1,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    live.start()
    return live
