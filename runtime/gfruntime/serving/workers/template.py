"""A process that loads the author's code, and forks workers, which share its memory, and start at once.

Only a process with one thread can be forked safely; if loading has started threads, as some libraries do, this process
becomes a worker itself. macOS's libraries do not support fork, and Windows has none.
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
from gfruntime.serving.workers import channel, front_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.serving.methods import Application

TEMPLATE, WORKER = "template", "worker"
"""The kinds of processes that the front process starts."""

CAN_FORK = sys.platform == "linux"
_BEAR_FORKS = ("jemalloc_bg_thd",)
"""Threads that their library stops before a fork and restarts after it: those of pyarrow's allocator."""


def load(end: socket.socket, make: Callable[[], Application]) -> Application:
    """Load the author's code, and report to the front process.

    Raises: the exceptions of `process.load_or_fail`.
    """
    return _load(end, make)[0]


def serve(end: socket.socket, make: Callable[[], Application]) -> tuple[socket.socket, Application]:
    """Load the author's code, then fork at each request of the front process; return only in the workers.

    If the process can't be forked, return at once, with its own channel.
    """
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal sends SIGINT to the whole process group
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # without it numpy starts threads; the workers use the cores
    application, can_fork = _load(end, make)
    if not can_fork:
        return end, application
    gc.collect()
    gc.freeze()  # without it the first collection in a worker writes to all pages
    return _fork_on_demand(end), application


def _load(end: socket.socket, make: Callable[[], Application]) -> tuple[Application, bool]:
    with front_process.watch(end):
        application, error = process.load_or_fail(make)
    can_fork = CAN_FORK and _threads() == 1
    problem, details = (sentence(error), failed.details_of(error)) if error is not None else ("", b"")
    channel.write(end, "loaded", problem, details, can_fork)
    return application, can_fork


def _threads() -> int:
    """Count the threads of this process, also those of C libraries, except those that support a fork."""
    try:
        names = [(task / "comm").read_text(encoding="utf-8").strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:
        return 0
    return sum(name not in _BEAR_FORKS for name in names)


def _fork_on_demand(end: socket.socket) -> socket.socket:
    """Fork for each received pair of descriptors, a channel and one for logs; return the channel in the worker.

    The front process receives the number of each worker, and its exit status. This process ends when its channel
    closes.
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
    """Fork; return 0 in the child, and -1 if the system has no memory or process for it."""
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
