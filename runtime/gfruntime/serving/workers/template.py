"""A process that loads the author's code, and forks workers: they share in memory what it holds, and start at once.

Only a process with one thread can be forked safely; where loading has started others, as some libraries do, this one
becomes a worker itself. macOS' own libraries do not bear it, and Windows has no fork.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gfruntime.errors import sentence
from gfruntime.serving import failed, forks, process
from gfruntime.serving.workers import channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.serving.methods import Application

TEMPLATE, WORKER = "template", "worker"
"""What a process that the front process starts may become."""

CAN_FORK = sys.platform == "linux"
_BEAR_FORKS = ("jemalloc_bg_thd",)
"""Threads whose library stops them before a fork, and starts them after it: those of pyarrow's allocator."""


def load(end: socket.socket, make: Callable[[], Application]) -> Application:
    """Load the author's code, and tell the front process.

    Raises: as `process.load_or_fail`.
    """
    return _load(end, make)[0]


def serve(end: socket.socket, make: Callable[[], Application]) -> tuple[socket.socket, Application]:
    """Load the author's code, then fork whenever the front process wants it; returns in each worker alone.

    In a process that can't be forked it returns at once, with its own channel.
    """
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal sends it to the whole group
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # else numpy starts threads; the workers are for the cores
    application, can_fork = _load(end, make)
    if not can_fork:
        return end, application
    gc.collect()
    gc.freeze()  # else the first collection in a worker would write to all pages
    return _fork_on_demand(end), application


def _load(end: socket.socket, make: Callable[[], Application]) -> tuple[Application, bool]:
    application, error = process.load_or_fail(make)
    can_fork = CAN_FORK and _threads() == 1
    problem, details = (sentence(error), failed.details_of(error)) if error is not None else ("", b"")
    channel.write(end, "loaded", problem, details, can_fork)
    return application, can_fork


def _threads() -> int:
    """Count the threads of this process, those of C libraries too, unless they are known to bear a fork."""
    try:
        names = [(task / "comm").read_text(encoding="utf-8").strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:
        return 0
    return sum(name not in _BEAR_FORKS for name in names)


def _fork_on_demand(end: socket.socket) -> socket.socket:
    """Fork for each pair of descriptors that comes, a channel and one for logs; return the channel in the worker.

    The front process hears the number of each worker, and how it ended. This process ends when its channel does.
    """
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([end.fileno(), wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _tell_ends(end)
        if end.fileno() not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(end, 1, 2)
        if not request:
            os._exit(0)
        if (pid := _fork()) == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            end.close()
            os.close(wake)
            os.close(woken)
            return _become_worker(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        channel.write(end, "forked", pid)


def _fork() -> int:
    """Fork; return 0 in the child, and -1 where the system has no room for it."""
    try:
        return os.fork()
    except OSError:
        return -1


def _become_worker(own: int, logs: int) -> socket.socket:
    for standard in (1, 2):
        os.dup2(logs, standard)
    os.close(logs)
    forks.become_plugin()
    random = sys.modules.get("numpy.random")
    if random is not None:  # Python's own generator does this itself
        random.seed()
    return socket.socket(fileno=own)


def _tell_ends(end: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        channel.write(end, "ended", pid, os.waitstatus_to_exitcode(status))
