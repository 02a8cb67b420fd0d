"""How the process ends: always, soon, and without losing an answer that could still be given.

Grafana kills a plugin 2 s after Shutdown was answered or the connection was lost; SIGTERM and the host's death are
handled alike. Whatever the author's code does meanwhile, a watchdog ends the process by `os._exit`.
Source: hashicorp/go-plugin v1.8.0, client.go (Kill).
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DRAIN = 1.2  # seconds that calls in flight may take
END = 1.45  # seconds after which the watchdog ends the process
_POLL = 1.0
_GRACE = 3.0  # seconds for an end in order, once the parent is gone


class Lifecycle:
    """Ends the process once, however often `request` is called; call it from the control loop."""

    def __init__(self, *, on_end: Callable[[], None]) -> None:
        """Keep the last acts (flush, remove the socket), which must not block."""
        self._on_end = on_end
        self.requested = asyncio.Event()
        self._begun = threading.Event()
        threading.Thread(target=self._watch_end, name="watchdog", daemon=True).start()  # then there may be none left

    def request(self) -> None:
        """Begin the end, and start the clock."""
        if self.requested.is_set():
            return
        self.requested.set()
        self._begun.set()

    def exit(self) -> None:
        """End the process now; threads of the author's that still run can't prevent it."""
        try:
            self._on_end()
        finally:
            os._exit(0)

    def _watch_end(self) -> None:
        self._begun.wait()
        threading.Event().wait(END)
        self.exit()

    def watch_signals(self) -> None:
        """Let SIGTERM end the process; ignore Ctrl-C, which a terminal sends to the whole group: Grafana decides."""
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, which child processes would inherit
        try:
            loop.add_signal_handler(signal.SIGTERM, self.request)
        except NotImplementedError:  # Windows
            signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(self.request))

    def watch_parent(self, parent: int) -> None:
        """End the process when the one that started it is gone, even if the control loop is stuck."""
        loop = asyncio.get_running_loop()

        def wait() -> None:
            _wait_for(parent)
            loop.call_soon_threadsafe(self.request)
            threading.Event().wait(_GRACE)
            self.exit()

        threading.Thread(target=wait, name="parent watch", daemon=True).start()


def _wait_for(parent: int) -> None:
    """Wait for the end of the process that started this one."""
    if sys.platform == "win32":
        _wait_for_windows_parent(parent)
        return
    if hasattr(os, "pidfd_open") and parent > 0:
        try:
            descriptor = os.pidfd_open(parent)
        except OSError:
            pass  # an old kernel, or the parent is gone already: polling tells
        else:
            select.select([descriptor], [], [])
            return
    clock = threading.Event()
    while os.getppid() == parent:  # compared with the first one: Grafana may itself be process 1
        clock.wait(_POLL)


def _wait_for_windows_parent(parent: int) -> None:
    """Wait on a handle of the parent; on Windows a process keeps its parent's number when that is long gone."""
    import ctypes  # noqa: PLC0415  # Windows only

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    synchronize, infinite = 0x00100000, 0xFFFFFFFF
    handle = kernel.OpenProcess(synchronize, False, parent)  # noqa: FBT003  # positional in C
    if handle:
        kernel.WaitForSingleObject(handle, infinite)
