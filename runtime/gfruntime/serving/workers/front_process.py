"""The front process, seen from a process that loads the author's code for it: neither may continue without the other.

Imports may take minutes, and nothing reads the channel meanwhile. The front process sends nothing before it has read
`loaded`, so the only event on the channel is its end.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK = 0.25  # seconds between two checks of the thread


@contextmanager
def watch(end: socket.socket) -> Iterator[None]:
    """End this process if the other end of its channel closes before the `with` block ends."""
    if sys.platform == "linux":
        with watch_by_signal(end):
            yield
    else:
        with watch_in_thread(end):
            yield


if sys.platform == "linux":
    import fcntl

    @contextmanager
    def watch_by_signal(end: socket.socket) -> Iterator[None]:
        """Let the kernel send SIGKILL to this process, not to its children, at any event on the channel.

        This works while C code holds the interpreter, and needs no thread: a process with threads should not fork.
        Source: Linux, fcntl(2), "Managing signals".
        """
        flags = fcntl.fcntl(end, fcntl.F_GETFL)
        fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(end, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(end, fcntl.F_SETFL, flags | os.O_ASYNC)
        if _is_closed(end):  # it was closed before the signal was set up
            os._exit(0)
        try:
            yield
        finally:
            fcntl.fcntl(end, fcntl.F_SETFL, flags)


@contextmanager
def watch_in_thread(end: socket.socket) -> Iterator[None]:
    """Look at the channel in a thread, which ends before the block ends."""
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(_LOOK):
            if _is_closed(end):
                os._exit(0)

    thread = threading.Thread(target=look, name="front process", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _is_closed(end: socket.socket) -> bool:
    """Tell whether the other end is closed; sent messages can still be read."""
    if not select.select([end], [], [], 0)[0]:
        return False
    try:
        return not end.recv(1, socket.MSG_PEEK)
    except ConnectionError:
        return True
