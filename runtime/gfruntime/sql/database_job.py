"""Work with a database, in a thread of its own: nobody waits for it longer than its time limit and some seconds.

A driver may wait without end: for a network that is gone, in a call that nothing interrupts. Its thread is then left
behind, and ends by itself once the system gives up the connection.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.request.vocabulary import Query

T = TypeVar("T")

GRACE_S = 5.0
"""How long the work may take to end after it is cancelled."""

_LOGGER = logging.getLogger("gfruntime")
_AGAIN_S = 0.5


class Job(Generic[T]):
    """Work for one query; once that is cancelled or `seconds` are over, what `cancel_by` was told is called.

    It is called again and again until the work ends: one call between two statements cancels nothing.
    """

    def __init__(self, query: Query[Any], seconds: float) -> None:
        """Keep whom it is for, and how long it may take: less, where Grafana waits for less."""
        self._query, left = query, query.time_left
        self._seconds = seconds if left is None else min(seconds, left.total_seconds())
        self._wake, self._is_done = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._cancel: Callable[[], object] | None = None
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.is_stopped = False
        self.is_left_behind = False

    def run(self, work: Callable[[], T]) -> T:
        """Do the work.

        Raises: what it raises; QueryError if it was cancelled or took too long, in the place of its error, and of its
        result, which may be a part of one.
        """
        context = contextvars.copy_context()
        registration = self._query.on_cancel(self._wake.set)
        threading.Thread(target=context.run, args=(self._run, work), name="sql", daemon=True).start()
        try:
            is_late = not self._wake.wait(self._seconds)
        finally:
            registration.end()
        if not self._is_done.is_set():
            self._stop()
            if is_late:
                raise QueryError(f"the database took longer than {self._seconds:.3g} s", status=504) from self._error
            raise QueryError("the query was cancelled", status=499) from self._error
        if self._error is not None:
            raise self._error
        return self._result[0]

    def cancel_by(self, cancel: Callable[[], object] | None) -> None:
        """Say what cancels that which is done now; None for nothing: no call of the one before runs any more then."""
        with self._lock:
            self._cancel = cancel

    def check(self) -> None:
        """Begin nothing more for a query that is cancelled.

        Raises: QueryError.
        """
        if self.is_stopped or self._query.cancel.is_set():
            raise QueryError("the query was cancelled", status=499)

    def _run(self, work: Callable[[], T]) -> None:
        try:
            self._result.append(work())
        except BaseException as error:  # noqa: BLE001  # raised where somebody waits
            self._error = error
        finally:
            self._is_done.set()
            self._wake.set()

    def _stop(self) -> None:
        self.is_stopped = True
        threading.Thread(target=self._cancel_again, name="sql-cancel", daemon=True).start()
        self.is_left_behind = not self._is_done.wait(GRACE_S)
        if self.is_left_behind:
            _LOGGER.warning("A database does not answer, not even to a cancellation: its connection is left behind")

    def _cancel_again(self) -> None:
        while not self._is_done.is_set():
            with self._lock:
                try:
                    if self._cancel is not None:
                        self._cancel()
                except Exception:  # the driver's; the statement ends by itself, or at the next call
                    _LOGGER.warning("A statement could not be cancelled", exc_info=True)
            self._is_done.wait(_AGAIN_S)
