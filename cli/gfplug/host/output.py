"""The two output pipes of a plugin, each read to its end by its own thread, even if a child process keeps it open."""

from __future__ import annotations

import os
import queue
import selectors
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from gfplug.errors import ToolError
from gfplug.host.logs import Logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gfplug.host.logs import LogLine

_PIECE = 64 * 1024
_POLL_SECONDS = 0.1
_MAX_LINE_BYTES = 64 * 1024
_LARGEST_STATUS = 0xFFFF


@dataclass(frozen=True, slots=True)
class _Line:
    text: str | None  # None: stdout ended without a line
    at: float


class LateError(ToolError):
    """The plugin did not write, or did not answer, in time."""


class Output:
    """Reads stdout and stderr of a plugin from its start until `close`."""

    def __init__(self, process: subprocess.Popen[bytes], watch: Callable[[LogLine], None] | None = None) -> None:
        """Start reading."""
        self.logs = Logs(watch)
        self._process = process
        self._first: queue.Queue[_Line] = queue.Queue()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._read_stdout, name="plugin-stdout", daemon=True),
            threading.Thread(target=self._read_stderr, name="plugin-stderr", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def first_line(self, *, timeout: float) -> tuple[str, float]:
        """Return the first line of stdout and its `perf_counter` time.

        Raises: ToolError if stdout ends before a line, or no line arrives in time.
        """
        try:
            line = self._first.get(timeout=timeout)
        except queue.Empty:
            raise LateError(
                f"the plugin wrote no handshake line within {timeout:g} s",
                hint="Grafana gives up after 60 s; import heavy modules after serving has begun",
                details=self.logs.tail(),
            ) from None
        if line.text is None:
            raise ToolError(f"the plugin ended before its handshake line: {self._ending()}", details=self.logs.tail())
        return line.text, line.at

    def ended_within(self, seconds: float) -> bool:
        """Wait for the end of both pipes, as go-plugin does; return whether both ended in time."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Stop reading and close the pipes, even if a descendant of the plugin still has them open."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5 * _POLL_SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()

    def _ending(self) -> str:
        """Describe how the process ended; stdout closes first, so wait a moment for the process and the log."""
        self.ended_within(1.0)
        try:
            return describe_exit(self._process.wait(timeout=1.0))
        except subprocess.TimeoutExpired:
            return "it closed stdout but is still running"

    def _read_stdout(self) -> None:
        line, is_whole = b"", False
        for data in self._pieces(self._process.stdout):
            if not is_whole:
                line, newline, _ = (line + data).partition(b"\n")
                is_whole = bool(newline)
                if is_whole:
                    self._first.put(_Line(line.decode(errors="replace"), time.perf_counter()))
                line = line[-_MAX_LINE_BYTES:]
        if not is_whole:
            text = line.decode(errors="replace") if line.strip() else None
            self._first.put(_Line(text, time.perf_counter()))

    def _read_stderr(self) -> None:
        for data in self._pieces(self._process.stderr):
            self.logs.add(data)
        self.logs.end()

    def _pieces(self, stream: IO[bytes] | None) -> Iterator[bytes]:
        assert stream is not None  # noqa: S101 - both were opened as pipes
        handle = stream.fileno()
        with selectors.DefaultSelector() as selector:
            if os.name == "posix":  # other systems can read pipes, but not poll them
                selector.register(handle, selectors.EVENT_READ)
            while not self._stop.is_set():
                if os.name == "posix" and not selector.select(_POLL_SECONDS):
                    continue
                data = os.read(handle, _PIECE)
                if not data:
                    return
                yield data


def describe_exit(code: int) -> str:
    """Describe an exit code: `exit code 1`, the signal, or Windows's own code, such as 0xC0000005."""
    import signal  # noqa: PLC0415 - only failures need its names

    if code >= 0:
        return f"exit code {code:#010X}".replace("X", "x") if code > _LARGEST_STATUS else f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
