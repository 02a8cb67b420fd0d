"""Processes that run the author's code, as the front process sees them; their log lines become its own.

Each has a channel. It is told to end by the end of its channel, answers what it has to answer, and goes.
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
_PARTING = 2.0
_TOLD = 0.5  # seconds in which a template tells how a worker ended


class StartError(Exception):
    """The process ended, or said nothing, before it had loaded the author's code."""


class Report(NamedTuple):
    """What a process said once it had tried to load the author's code; `details` are health's, JSON."""

    problem: str
    details: bytes
    can_fork: bool


class Child:
    """A started process. One of a kind that waits for a line on stdin begins to load with `load`."""

    def __init__(self, kind: str, tell: Callable[[bytes], None], command: Sequence[str] = ()) -> None:
        """Start it as a `worker` or a `template`; `command` is this program's own without one.

        Raises: OSError if that can't be done.
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
        self._offer.let_go()
        self.pid = self._process.pid
        self._end: socket.socket | None = None
        self._ends: dict[int, int] = {}  # the statuses of workers that this template forked
        self._asking = threading.Lock()
        self._caller: Caller | None = None
        assert self._process.stdin is not None  # noqa: S101  # for mypy: they are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._stdin = self._process.stdin
        self._output = Output(self._process.stdout, f"log of {self.pid}", tell, is_mixed=True)

    @property
    def status(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.poll()

    @property
    def caller(self) -> Caller:
        """What asks it, once it has loaded."""
        assert self._caller is not None  # noqa: S101  # as said
        return self._caller

    def load(self) -> Report:
        """Let it load the author's code, and wait until it has.

        Raises: StartError.
        """
        with suppress(OSError):  # it has ended: the channel says so
            self._stdin.write(b"\n")
            self._stdin.close()
        try:
            end = self._end = self._offer.accept()
            end.settimeout(_LOAD)
            message = channel.read(end)
        except OSError as error:
            self.kill()
            raise StartError(f"it said nothing while it was loading: {error}") from error
        if message is None or message[0] != "loaded":
            words = self._output.last
            raise StartError(f"it {self.ending()} while it was loading" + (f": {words}" if words else ""))
        end.settimeout(None)
        self._caller = Caller(end, self.pid)
        return Report(*message[1:])

    def fork(self, tell: Callable[[bytes], None]) -> Fork:
        """Let a template that has loaded fork a worker.

        Raises: StartError if it does not, or is gone.
        """
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe()
        pid = None
        if self._end is not None:
            with suppress(OSError), theirs, self._asking:
                self._end.settimeout(_FORK)
                socket.send_fds(self._end, [b"f"], [theirs.fileno(), writer])
                pid = self._hear("forked", 0)
        os.close(writer)
        if pid is None or pid < 0:
            ours.close()
            os.close(reader)
            raise StartError("the system starts no more processes" if pid else "the template process is gone")
        return Fork(pid, self, ours, Output(os.fdopen(reader, "rb"), f"log of {pid}", tell))

    def status_of(self, pid: int, seconds: float) -> int | None:
        """Return how a worker that this template forked has ended; None if it does not say so in time."""
        if self._end is None:
            return None
        with suppress(OSError), self._asking:
            self._end.settimeout(seconds)
            return self._hear("ended", pid)
        return None

    def _hear(self, kind: str, pid: int) -> int | None:
        """Wait for a template's message: `forked` gives a number, `ended` the status of the worker of this number."""
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
        """Tell how the process ended; if it has only closed its channel, end it."""
        if not self.wait(_PARTING):
            self.kill()
            return "closed its channel"
        self._output.join()
        return describe(self._process.returncode)

    def wait(self, seconds: float) -> bool:
        """Wait for the end, and tell whether it came in time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def retire(self, *, patience: float) -> None:
        """End the process once it has answered its calls or `patience` seconds have passed; return when it is gone."""
        end = time.monotonic() + patience
        while self._caller is not None and self._caller.calls and time.monotonic() < end and self.status is None:
            time.sleep(0.02)
        self.part()
        if not self.wait(_PARTING):
            self.kill()
        self._output.join()
        if self._caller is None:
            self._offer.withdraw()

    def part(self) -> None:
        """Tell the process to end; it may answer for a while what it was asked."""
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
        """Keep what belongs to it."""
        self.pid = pid
        self.caller = Caller(end, pid)
        self._template, self._end, self._output = template, end, output
        self._status: int | None = None

    def ending(self) -> str:
        """Tell how it ended; the template knows, unless it is gone itself."""
        self.wait(_TOLD)
        self._output.join()
        return describe(self._status) if self._status is not None else "has ended"

    def wait(self, seconds: float) -> bool:
        """Wait for the end, and tell whether it came in time."""
        if self._status is None:
            self._status = self._template.status_of(self.pid, seconds)
        return self._status is not None

    def part(self) -> None:
        """Tell it to end."""
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """End it now, unless it has ended."""
        if self._status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait(_TOLD)


def describe(status: int) -> str:
    """Say how a process ended: `ended with status 3`, `was killed by SIGKILL`.

    >>> describe(-9)
    'was killed by SIGKILL'
    """
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _own_command() -> list[str]:
    """Return the command that started this process."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, *sys.orig_argv[1:]]
