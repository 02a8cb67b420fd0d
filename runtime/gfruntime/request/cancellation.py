"""Cancellation of a request: an event is set, and the author's registered functions are called.

Each function is called once, in its own thread, and only while the work that registered it runs: a function that
cancels a statement must not cancel the next statement on the same connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_LOGGER = logging.getLogger("gfruntime")


class Registration:
    """A function to call on a cancellation.

    It is registered until its `with` block ends, or until the handler that registered it returns.
    """

    def __init__(self, function: Callable[[], object], owner: object) -> None:
        """Store the function and its owner."""
        self.owner = owner
        self._function = function
        self._lock = threading.Lock()
        self._is_over = False

    def run(self) -> None:
        """Call the function, unless its registration has ended."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            try:
                self._function()
            except Exception:  # the author's code, outside of any request
                _LOGGER.warning("A function of on_cancel failed", exc_info=True)

    def end(self) -> None:
        """End the registration, and wait until a running function ends; do not wait on an event loop."""
        self._is_over = True
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            return
        with self._lock:
            pass

    def __enter__(self) -> None:
        """Keep the registration for a block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the registration."""
        self.end()


class Cancellation(threading.Event):
    """An event that calls the registered functions when it is set."""

    def __init__(self) -> None:
        """Create it with no functions."""
        super().__init__()
        self._guard = threading.Lock()
        self._registrations: list[Registration] = []

    def set(self) -> None:
        """Set the event, and call the functions in another thread; returns at once."""
        with self._guard:
            super().set()
            due, self._registrations = self._registrations, []
        _call(due)

    def register(self, function: Callable[[], object], owner: object) -> Registration:
        """Register a function to call when the event is set; call it at once if it is set already."""
        registration = Registration(function, owner)
        with self._guard:
            is_late = self.is_set()
            if not is_late:
                self._registrations.append(registration)
        _call([registration] if is_late else [])
        return registration

    def forget(self, owner: object) -> None:
        """End the registrations of a query whose handler has returned."""
        with self._guard:
            mine = [each for each in self._registrations if each.owner is owner]
            self._registrations = [each for each in self._registrations if each.owner is not owner]
        for registration in mine:
            registration.end()

    def forget_all(self) -> None:
        """End all registrations, because the call is over."""
        with self._guard:
            self._registrations = []


class Cancellable:
    """An object with a `cancel` event: a query, a request, a stream."""

    cancel: threading.Event

    def on_cancel(self, function: Callable[[], object]) -> Registration:
        """Call a function, in its own thread, when Grafana cancels the request; at once if it is already cancelled.

        The registration lasts until the handler returns, or for a `with` block. Leave the block before another query
        uses the connection.

        >>> with query.on_cancel(connection.cancel):
        ...     cursor.execute(sql)
        """
        if isinstance(self.cancel, Cancellation):
            return self.cancel.register(function, self)
        return Registration(function, self)  # a plain event, as in tests


def _call(registrations: list[Registration]) -> None:
    if registrations:
        threading.Thread(target=_run, args=(registrations,), name="on_cancel", daemon=True).start()


def _run(registrations: list[Registration]) -> None:
    for registration in registrations:
        registration.run()
