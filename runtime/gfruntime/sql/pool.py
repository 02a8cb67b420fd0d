"""A connection pool of one database: limits their number, reuses clean connections, closes idle ones."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gfruntime.request.vocabulary import Query
    from gfruntime.sql.database_job import Job
    from gfruntime.sql.drivers import Session

_LOOK_S = 0.1


class _Idle(NamedTuple):
    session: Session
    since: float  # a time of time.monotonic


class SessionPool:
    """At most `most` sessions, opened by `open_session`; a session that is idle for `idle_s` seconds is closed."""

    def __init__(self, open_session: Callable[[], Session], *, most: int, idle_s: float) -> None:
        """Store the limits; sessions are opened when they are needed."""
        self._open, self._most, self._idle_s = open_session, most, idle_s
        self._slots = threading.BoundedSemaphore(most)
        self._idle: list[_Idle] = []
        self._lock, self._is_closed = threading.Lock(), False
        self._timer: threading.Timer | None = None

    @contextmanager
    def slot(self, query: Query[Any], seconds: float) -> Iterator[None]:
        """Reserve one session.

        Raises: QueryError if the query is cancelled meanwhile, or no session becomes free in `seconds` seconds.
        """
        deadline = time.monotonic() + seconds
        while not self._slots.acquire(timeout=_LOOK_S):
            if query.cancel.is_set() or time.monotonic() > deadline:
                raise QueryError(
                    f"all {self._most} connections of the data source are in use: try again in a moment", status=503
                )
        try:
            yield
        finally:
            self._slots.release()

    def begin(self, job: Job[Any]) -> tuple[Session, bool]:
        """Begin a query in an idle session that works, else in a new one; return whether the session is read-only.

        Raises: the driver's errors; no session stays open then.
        """
        while (idle := self._pop()) is not None:
            with suppress(Exception):  # the server has closed the session, or its file was replaced
                return idle, _begin(idle, job)
            job.check()
        session = self._open()
        return session, _begin(session, job)

    def give_back(self, session: Session) -> None:
        """Keep a clean session for the next query."""
        with self._lock:
            if not self._is_closed:
                self._idle.append(_Idle(session, time.monotonic()))
                self._start_timer()
                return
        close_session(session)

    def close_idle(self) -> None:
        """Close the idle sessions."""
        with self._lock:
            sessions, self._idle = self._idle, []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        _close_all(each.session for each in sessions)

    def close(self) -> None:
        """Close all sessions; a session in use is closed when its query ends."""
        with self._lock:
            self._is_closed = True
        self.close_idle()

    def _pop(self) -> Session | None:
        with self._lock:
            return self._idle.pop().session if self._idle else None

    def _start_timer(self) -> None:
        if self._timer is None and self._idle:
            self._timer = threading.Timer(self._idle_s, self._close_old)
            self._timer.daemon = True
            self._timer.start()

    def _close_old(self) -> None:
        before = time.monotonic() - self._idle_s
        with self._lock:
            old = [each for each in self._idle if each.since <= before]
            self._idle = [each for each in self._idle if each.since > before]
            self._timer = None
            self._start_timer()
        _close_all(each.session for each in old)


def close_session(session: Session) -> None:
    """Close a session, which may have lost its connection."""
    with suppress(Exception):  # an error of the driver
        session.close()


def _begin(session: Session, job: Job[Any]) -> bool:
    job.cancel_by(session.cancel)
    try:
        job.check()
        return session.begin()
    except BaseException:
        job.cancel_by(None)
        close_session(session)
        raise


def _close_all(sessions: Iterable[Session]) -> None:
    for session in sessions:
        close_session(session)
