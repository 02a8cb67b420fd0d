"""Database work in a separate thread: a caller waits at most for the time limit plus some seconds.

A driver may wait forever for a lost network, in a call that nothing interrupts. The caller then leaves its thread
behind; the thread ends when the operating system gives up the connection.
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
"""The seconds that cancelled work may take to end."""

_LOGGER = logging.getLogger("gfruntime")
_AGAIN_S = 0.5


class Job(Generic[T]):
    """Work for one query; the function of `cancel_by` is called if the query is cancelled or exceeds `seconds`.

    The function is called repeatedly until the work ends: a call between two statements cancels nothing.
    """

    def __init__(self, query: Query[Any], seconds: float) -> None:
        """Keep the query and the time limit; the limit is shorter if Grafana's limit is shorter."""
        self._query, time_left = query, query.time_left
        self._seconds = seconds if time_left is None else min(seconds, time_left.total_seconds())
        self._wake, self._is_done = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._cancel: Callable[[], object] | None = None
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.is_stopped = False
        self.is_left_behind = False

    def run(self, work: Callable[[], T]) -> T:
        """Do the work.

        Raises: the work's errors; QueryError if it was cancelled or took too long. This error replaces the work's
        error, and its result, which may be incomplete.
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
        """Set the function that cancels the current step, or None. On return, the previous function is not running."""
        with self._lock:
            self._cancel = cancel

    def check(self) -> None:
        """Stop if the query is cancelled.

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
            _LOGGER.warning("A database did not react to the cancellation of a query: the connection is abandoned")

    def _cancel_again(self) -> None:
        while not self._is_done.is_set():
            with self._lock:
                try:
                    if self._cancel is not None:
                        self._cancel()
                except Exception:  # an error of the driver; the statement ends by itself, or at the next call
                    _LOGGER.warning("A statement could not be cancelled", exc_info=True)
            self._is_done.wait(_AGAIN_S)
