"""Processes that run the author's code, seen from the front process; their log lines are passed on.

Each has a channel. When its channel closes, it finishes its answers, and ends.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from gfruntime.serving.workers import channel
from gfruntime.serving.workers.caller import Caller
from gfruntime.serving.workers.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NOT_FOR_CHILDREN = (
    "PLUGIN_CLIENT_CERT",
    "PLUGIN_UNIX_SOCKET_DIR",
    "PLUGIN_UNIX_SOCKET_GROUP",
    "PLUGIN_MULTIPLEX_GRPC",
)
_LOAD = 180.0  # seconds for the author's imports
_FORK = 10.0
_END_SECONDS = 2.0
_LARGEST_STATUS = 0xFFFF  # larger statuses are Windows's codes of crashes
_REPORT_SECONDS = 0.5  # seconds in which a template reports how a worker ended


class StartError(Exception):
    """The process ended, or sent no report, before it had loaded the author's code."""


class Report(NamedTuple):
    """A process's report after loading the author's code; `details` is JSON for the health response."""

    problem: str
    details: bytes
    can_fork: bool


class Child:
    """A started process. A template waits for a line on stdin; `load` sends it."""

    def __init__(self, kind: str, tell: Callable[[bytes], None], command: Sequence[str] = ()) -> None:
        """Start the process as a `worker` or a `template`; the default `command` is that of this program.

        Raises: OSError if the process can't be started.
        """
        self._offer = channel.Offer()
        environment = {key: value for key, value in os.environ.items() if key not in _NOT_FOR_CHILDREN}
        environment[channel.VARIABLE] = f"{kind} {self._offer.value}"
        try:
            self._process = subprocess.Popen(  # noqa: S603  # this program
                command or _own_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=self._offer.descriptors,
            )
        except OSError:
            self._offer.withdraw()
            raise
        self._offer.close_child_end()
        self.pid = self._process.pid
        self._end: socket.socket | None = None
        self._ends: dict[int, int] = {}  # exit statuses of workers that this template forked
        self._asking = threading.Lock()
        self._caller: Caller | None = None
        assert self._process.stdin is not None  # noqa: S101  # for mypy: they are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._stdin = self._process.stdin
        self._output = Output(self._process.stdout, f"log of {self.pid}", tell, is_mixed=True)

    @property
    def status(self) -> int | None:
        """The process's exit status; None while it runs."""
        return self._process.poll()

    @property
    def caller(self) -> Caller:
        """The object that calls the process, after loading."""
        assert self._caller is not None  # noqa: S101  # `load` has set it
        return self._caller

    def load(self) -> Report:
        """Make the process load the author's code, and wait for the end of loading.

        Raises: StartError.
        """
        with suppress(OSError):  # the process has ended: reading the channel fails then
            self._stdin.write(b"\n")
            self._stdin.close()
        try:
            end = self._end = self._offer.accept(lambda: self.status is None)
            end.settimeout(_LOAD)
            message = channel.read(end)
        except OSError as error:
            if self.status is None:
                self.kill()
                raise StartError(f"it did not answer while it was loading: {error}") from error
            message = None
        if message is None or message[0] != "loaded":
            words = self._output.last
            raise StartError(f"it {self.ending()} while it was loading" + (f": {words}" if words else ""))
        end.settimeout(None)
        self._caller = Caller(end, self.pid)
        return Report(*message[1:])

    def fork(self, tell: Callable[[bytes], None]) -> Fork:
        """Make a loaded template fork a worker.

        Raises: StartError if the template does not fork, or has ended.
        """
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe()
        pid = None
        if sys.platform == "linux" and self._end is not None:
            with suppress(OSError), theirs, self._asking:
                self._end.settimeout(_FORK)
                socket.send_fds(self._end, [b"f"], [theirs.fileno(), writer])
                pid = self._wait_for_message("forked", 0)
        os.close(writer)
        if pid is None or pid < 0:
            ours.close()
            os.close(reader)
            raise StartError("the system starts no more processes" if pid else "the template process is gone")
        return Fork(pid, self, ours, Output(os.fdopen(reader, "rb"), f"log of {pid}", tell))

    def status_of(self, pid: int, seconds: float) -> int | None:
        """Return the exit status of a worker that this template forked; None without a report in time."""
        if self._end is None:
            return None
        with suppress(OSError), self._asking:
            self._end.settimeout(seconds)
            return self._wait_for_message("ended", pid)
        return None

    def _wait_for_message(self, kind: str, pid: int) -> int | None:
        """Wait for a template's message: `forked` has a number, `ended` has the status of this worker."""
        assert self._end is not None  # noqa: S101  # both callers look
        while pid not in self._ends:
            message = channel.read(self._end)
            if message is None:
                return None
            if message[0] == "ended":
                self._ends[message[1]] = message[2]
            elif kind == message[0]:
                return int(message[1])
        return self._ends.pop(pid)

    def ending(self) -> str:
        """Describe how the process ended; if it has only closed its channel, end it."""
        if not self.wait(_END_SECONDS):
            self.kill()
            return "closed its channel"
        self._output.join()
        return describe(self._process.returncode)

    def wait(self, seconds: float) -> bool:
        """Wait for the end; return whether the process ended in time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def retire(self, *, patience: float) -> None:
        """End the process once it has answered its calls, or after `patience` seconds; return when it has ended."""
        end = time.monotonic() + patience
        while self._caller is not None and self._caller.calls and time.monotonic() < end and self.status is None:
            time.sleep(0.02)
        self.part()
        if not self.wait(_END_SECONDS):
            self.kill()
        self._output.join()
        if self._caller is None:
            self._offer.withdraw()

    def part(self) -> None:
        """Ask the process to end; it may still finish its answers."""
        with suppress(OSError):
            self._stdin.close()
        if self._end is not None:
            with suppress(OSError):
                self._end.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.wait()


class Fork:
    """A worker that a template forked."""

    def __init__(self, pid: int, template: Child, end: socket.socket, output: Output) -> None:
        """Store the worker's number, template, channel and output."""
        self.pid = pid
        self.caller = Caller(end, pid)
        self._template, self._end, self._output = template, end, output
        self._status: int | None = None

    def ending(self) -> str:
        """Describe how the worker ended; the template reports it, unless the template has ended."""
        self.wait(_REPORT_SECONDS)
        self._output.join()
        return describe(self._status) if self._status is not None else "has ended"

    def wait(self, seconds: float) -> bool:
        """Wait for the end; return whether the process ended in time."""
        if self._status is None:
            self._status = self._template.status_of(self.pid, seconds)
        return self._status is not None

    def part(self) -> None:
        """Ask the worker to end."""
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """End the worker now, unless it has ended."""
        if sys.platform == "linux" and self._status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait(_REPORT_SECONDS)


def describe(status: int) -> str:
    """Describe an exit status: `ended with status 3`, `was killed by SIGKILL`, or Windows's own, such as 0xC0000005.

    >>> describe(-9)
    'was killed by SIGKILL'
    """
    if status > _LARGEST_STATUS:
        return f"ended with status 0x{status:08X}"
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _own_command() -> list[str]:
    """Return the command that started this process."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, *sys.orig_argv[1:]]
