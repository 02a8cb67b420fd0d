"""A process that loads the author's code, and forks workers, which share its memory, and start at once.

Only a process with one thread can be forked safely; if loading has started threads, as some libraries do, this process
becomes a worker itself. macOS's libraries do not support fork, and Windows has no fork.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gfruntime.errors import sentence
from gfruntime.serving import failed, process
from gfruntime.serving.workers import channel, front_process

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gfruntime.serving.methods import Application

TEMPLATE, WORKER = "template", "worker"
"""The kinds of processes that the front process starts."""

CAN_FORK = sys.platform == "linux"
_FORK_SAFE_THREADS = ("jemalloc_bg_thd",)
"""Threads that their library stops before a fork and restarts after it: those of pyarrow's allocator."""


def load(end: socket.socket, make: Callable[[], Application]) -> Application:
    """Load the author's code, and report to the front process.

    Raises: the exceptions of `process.load_or_fail`.
    """
    return _load(end, make)[0]


def serve(end: socket.socket, make: Callable[[], Application]) -> tuple[socket.socket, Application]:
    """Load the author's code, then fork at each request of the front process; return only in the workers.

    If the process can't be forked, return at once, with the process's channel.
    """
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal sends SIGINT to the whole process group
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # otherwise numpy starts threads; the workers use the cores
    application, can_fork = _load(end, make)
    if sys.platform != "linux" or not can_fork:  # CAN_FORK includes the first condition, which is for mypy
        return end, application
    from gfruntime.serving.workers import fork_server  # noqa: PLC0415  # a module for Linux only

    gc.collect()
    gc.freeze()  # otherwise the first collection in a worker writes to all pages
    return fork_server.serve(end), application


def _load(end: socket.socket, make: Callable[[], Application]) -> tuple[Application, bool]:
    with front_process.watch(end):
        application, error = process.load_or_fail(make)
    can_fork = CAN_FORK and _threads() == 1
    problem, details = (sentence(error), failed.details_of(error)) if error is not None else ("", b"")
    channel.write(end, "loaded", problem, details, can_fork)
    return application, can_fork


def _threads() -> int:
    """Count the threads of this process, including threads of C libraries, except threads that support a fork."""
    try:
        names = [(task / "comm").read_text(encoding="utf-8").strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:
        return 0
    return sum(name not in _FORK_SAFE_THREADS for name in names)
