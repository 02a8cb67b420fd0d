"""A terminal for a test: a program runs on a pseudo-terminal, and the test reads its screen as a list of lines."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Any, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PATIENCE_S = 60.0
_CONTROLLED = """\
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)  # the parent of the tests may ignore it, as a shell does in the background
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """Runs one program, and ends it at the end of the block."""

    def __init__(self, command: Sequence[str], *, columns: int = 80, rows: int = 30) -> None:
        """Start the program, its standard streams on a screen of this size."""
        self.screen = pyte.Screen(columns, rows)
        self.output = b""
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {key: text for key, text in os.environ.items() if key not in {"COLUMNS", "LINES", "NO_COLOR"}}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CONTROLLED, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        """Return the running terminal."""
        return self

    def __exit__(self, *exc: object) -> None:
        """End the program."""
        self.process.kill()
        self.process.wait(10)
        os.close(self._master)

    def lines(self) -> list[str]:
        """Return the lines of the screen, without the empty lines at its end."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip().split("\n")

    def wait_for(self, is_seen: Callable[[str], Any]) -> list[str]:
        """Read until the screen shows a text, and return its lines."""
        deadline = time.monotonic() + _PATIENCE_S
        while not is_seen("\n".join(self.lines())):
            assert time.monotonic() < deadline, self.lines()
            self._read(0.1)
        return self.lines()

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def end(self) -> int:
        """Read until the program ends, and return its exit code."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.lines()
            self._read(0.05)
        self._read(0.05)
        return self.process.returncode

    def _read(self, seconds: float) -> None:
        while select.select([self._master], [], [], seconds)[0]:
            try:
                content = os.read(self._master, 65536)
            except OSError:  # Linux raises this when the program has closed its side
                time.sleep(seconds)
                return
            if not content:
                return
            self.output += content
            self._stream.feed(content)
            seconds = 0
