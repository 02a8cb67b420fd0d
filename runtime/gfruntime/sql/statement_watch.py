"""Cancel a statement in the database when its query is cancelled or its time limit is over."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from gfruntime.request.vocabulary import Query

_LOGGER = logging.getLogger("gfruntime")
_AGAIN_S = 0.5


class StatementWatch:
    """A block in which a query runs; once it is cancelled or `seconds` are over, `cancel` is called in a thread.

    It is called again and again until the block ends: one call between two statements cancels nothing. The block's
    end waits for a call that runs, so that none meets the connection's next statement.
    """

    def __init__(self, cancel: Callable[[], object], query: Query[Any], seconds: float) -> None:
        """Keep what cancels, and when."""
        self._cancel, self._query = cancel, query
        left = query.time_left
        self._seconds = seconds if left is None else min(seconds, left.total_seconds())
        self._wake, self._is_over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sql-watch", daemon=True)
        self._is_late = self._is_cancelled = False

    def __enter__(self) -> None:
        """Begin to watch."""
        self._registration = self._query.on_cancel(self._wake.set)
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it.

        Raises: QueryError if the statement was cancelled, in the place of the database's error, and of an answer, which
        may be a part of one.
        """
        self._is_over.set()
        self._wake.set()
        self._thread.join()
        self._registration.end()
        if not self._is_cancelled or (error is not None and not isinstance(error, Exception)):
            return
        if self._is_late:
            raise QueryError(f"the database took longer than {self._seconds:.3g} s", status=504) from error
        raise QueryError("the query was cancelled", status=499) from error

    def _run(self) -> None:
        self._is_late = not self._wake.wait(self._seconds)
        while not self._is_over.is_set():
            self._is_cancelled = True
            try:
                self._cancel()
            except Exception:  # the driver's; the statement ends by itself, or at the next call
                _LOGGER.warning("A statement could not be cancelled", exc_info=True)
            self._is_over.wait(_AGAIN_S)
