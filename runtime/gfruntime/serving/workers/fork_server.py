"""Forks of a process that has loaded the author's code, each for a request of the front process. Linux only."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys

from gfruntime.serving import forks
from gfruntime.serving.workers import channel

assert sys.platform == "linux"  # noqa: S101  # for mypy, which then skips this module elsewhere


def serve(end: socket.socket) -> socket.socket:
    """Fork for each received pair of descriptors, for a channel and for logs; return the channel in the worker.

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
            _report_ended_workers(end)
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
    if random is not None:  # Python's random generator does this itself
        random.seed()
    return socket.socket(fileno=own)


def _report_ended_workers(end: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        channel.write(end, "ended", pid, os.waitstatus_to_exitcode(status))
