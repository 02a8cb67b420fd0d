"""The end of the process: it happens always and soon, and loses no answer that can still be sent.

Grafana kills a plugin 2 s after Shutdown was answered or the connection was lost; SIGTERM and the host's end are
handled in the same way. A watchdog ends the process with `os._exit`, regardless of the author's code.
Source: hashicorp/go-plugin v1.8.0, client.go (Kill).
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING

from gfruntime.serving import host_process

if TYPE_CHECKING:
    from collections.abc import Callable

DRAIN = 1.2  # seconds that calls in flight may take
END = 1.45  # seconds after which the watchdog ends the process
_GRACE = 3.0  # seconds for a clean end, once the host is gone


class Lifecycle:
    """Ends the process once, after one or more calls of `request`; use it on the control loop."""

    def __init__(self, *, on_end: Callable[[], None]) -> None:
        """Store the last steps (flush, remove the socket), which must not block."""
        self._on_end = on_end
        self.requested = asyncio.Event()
        self._begun = threading.Event()
        threading.Thread(
            target=self._watch_end, name="watchdog", daemon=True
        ).start()  # at the end the system may refuse a new thread

    def request(self) -> None:
        """Start the end, and its timeout."""
        if self.requested.is_set():
            return
        self.requested.set()
        self._begun.set()

    def exit(self) -> None:
        """End the process now; the author's running threads can't prevent it."""
        try:
            self._on_end()
        finally:
            os._exit(0)

    def _watch_end(self) -> None:
        self._begun.wait()
        threading.Event().wait(END)
        self.exit()

    def watch_signals(self) -> None:
        """End the process on SIGTERM; ignore Ctrl-C, which a terminal sends to all processes: Grafana decides."""
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, because child processes would inherit it
        try:
            loop.add_signal_handler(signal.SIGTERM, self.request)
        except NotImplementedError:  # Windows
            signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(self.request))

    def watch_host(self, host: int) -> None:
        """End the process when the host's (`host_process.find`) ends, even if the control loop is stuck."""
        loop = asyncio.get_running_loop()

        def wait() -> None:
            host_process.wait_for_end(host)
            loop.call_soon_threadsafe(self.request)
            threading.Event().wait(_GRACE)
            self.exit()

        threading.Thread(target=wait, name="host watch", daemon=True).start()
