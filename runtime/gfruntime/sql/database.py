"""Open a database by its address: read-only, with a connection pool, limits and cancellation.

`gfruntime.sql.drivers` lists the addresses. `Limits` has the limits of a query. Some databases can't open a read-only
session. For those, the account must have no right to write, and the author must confirm it with `account_reads_only`.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError, failure_of
from gfruntime.frames.cursors import NO_ROWS
from gfruntime.frames.data import Frame
from gfruntime.request.vocabulary import Health, Query, TimeRange
from gfruntime.sql.address import DatabaseAddress
from gfruntime.sql.bounded import BoundedCursor
from gfruntime.sql.database_job import Job
from gfruntime.sql.drivers import find_driver
from gfruntime.sql.filling import with_times
from gfruntime.sql.formats import formatted
from gfruntime.sql.macros import expand_sql
from gfruntime.sql.pool import SessionPool, close_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.sql.dialects import Dialect
    from gfruntime.sql.drivers import Session
    from gfruntime.sql.formats import Format

_MEGABYTE = 1_000_000
_MOST_NAMES = 10_000
_NAMES_S = 30.0
_BY_ACCOUNT = (
    "connect with an account that has no right to write, and say so in the data source's settings (account_reads_only)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one query. An answer with more rows or bytes is cut, and a notice says so.

    An alert rule gets an error instead.

    >>> Limits(rows=1000).seconds
    30.0
    """

    rows: int = 100_000
    """The rows of an answer."""

    bytes: int = 100_000_000
    """The bytes of an answer's rows, as the driver returns them."""

    seconds: float = 30.0
    """The seconds that a query may take, including the connection; fewer if Grafana's time limit is shorter."""

    connections: int = 4
    """The number of statements that run at once; others wait, at most as long as a statement may run."""


class Database:
    """The database at an address, for the queries of a data source, in any number of threads.

    `password` is separate from the address, because Grafana shows the address to editors of the data source.
    `script` is SQL that creates the tables of `sqlite:`, a database in memory. `account_reads_only` says that the
    account has no right to write: for some databases, such as Flight SQL, only this prevents a write.

    >>> Database("sqlite:", script="CREATE TABLE t (a)").dialect
    'sqlite'
    """

    def __init__(
        self,
        address: str,
        *,
        password: str = "",
        script: str = "",
        limits: Limits = Limits(),  # frozen
        account_reads_only: bool = False,
    ) -> None:
        """Read the address; the first query connects.

        Raises: QueryError for an address without a driver.
        """
        self._address, self._script, self._limits = DatabaseAddress.parse(address, password=password), script, limits
        self._driver = find_driver(self._address)
        self._account_reads_only, self._is_read_only = account_reads_only, self._driver.refuses_writes
        self._pool = SessionPool(self._open, most=limits.connections, idle_s=self._driver.idle_s)
        self._names: list[dict[str, str]] = []
        self._names_until = 0.0  # a time of time.monotonic

    @property
    def dialect(self) -> Dialect:
        """The dialect of its SQL; a query may use the macros of this dialect."""
        return self._driver.dialect

    def query(self, query: Query[Any], sql: str, *, format: Format = "timeseries") -> list[Frame]:  # noqa: A002
        """Expand the macros in a query's SQL, run it, and return the answer in a format of Grafana's SQL editors.

        In a time series and in a table, numbers in the column `time` become times. An answer that exceeds the limits is
        cut: a notice says so, and its gaps are not filled; for an alert rule it is an error.

        Raises: QueryError for a wrong macro, for a statement that was cancelled or took too long, and if the query
        might write; the driver's errors, which the panel shows.

        >>> query = Query(model=model, time_range=time_range)
        >>> Database("sqlite:").query(query, "SELECT 1 AS value", format="table")[0]["value"].to_list()
        [1]
        """
        text = expand_sql(sql, query, dialect=self.dialect)
        frame, is_whole = self._read(query, lambda session: session.run(text), self._limits)
        if query.from_alert and not is_whole:
            raise QueryError(
                "the result is too large, and an alert rule must not judge a part of it: aggregate in the query"
            )
        if format == "timeseries":
            return formatted(frame, format, sql=sql if is_whole else "", query=query)
        return formatted(with_times(frame), format)

    def check(self) -> Health:
        """Connect, read nothing, and answer "Save & test"; a failure has the database's error text.

        >>> Database("sqlite:").check().message
        'sqlite answered'
        """
        try:
            self._read(_query_without_caller(), lambda session: session.run("SELECT 1"), self._limits)
        except Exception as error:  # noqa: BLE001  # each driver has its own
            return Health.error(failure_of(error).message)
        by_account = "" if self._is_read_only else "; only the account's rights prevent writes"
        return Health.ok(f"{self.dialect} answered{by_account}")

    def names(self) -> list[dict[str, str]]:
        """List tables and columns as choices for `Ui(options_from=…)`; a column's description has its table and type.

        Shape: at most 10,000 choices; the limit on a query's rows does not apply. They are cached for half a minute.

        >>> Database("sqlite:", script="CREATE TABLE t (a INTEGER)").names()[1]
        {'value': 'a', 'label': 'a', 'description': 't, INTEGER'}
        """
        if time.monotonic() < self._names_until:
            return self._names
        limits = Limits(seconds=self._limits.seconds)
        frame, _ = self._read(_query_without_caller(), lambda session: session.list_columns(), limits)
        names: dict[tuple[str, str], None] = {}
        for schema, table, column, kind in zip(*(field.to_list() for field in frame.fields), strict=True):
            names[(table, f"table of {schema}" if schema else "table")] = None
            names[(column, f"{table}, {kind}")] = None
        choices = islice(names, _MOST_NAMES)
        self._names = [{"value": name, "label": name, "description": what} for name, what in choices]
        self._names_until = time.monotonic() + _NAMES_S
        return self._names

    def close(self) -> None:
        """Close the connections; a connection in use is closed when its query ends.

        >>> Database("sqlite:").close()
        """
        self._pool.close()

    def _open(self) -> Session:
        session: Session = self._driver.open(self._address, self._script)
        return session

    def _read(self, query: Query[Any], run: Callable[[Session], Any], limits: Limits) -> tuple[Frame, bool]:
        """Read a frame from a session, and return whether it has all rows."""
        if not (self._driver.refuses_writes or self._account_reads_only):
            raise QueryError(f"{self._address.scheme} has no read-only sessions: {_BY_ACCOUNT}")
        with self._pool.slot(query, limits.seconds):
            job = Job[tuple[Frame, bool]](query, limits.seconds)
            try:
                return job.run(lambda: self._answer(job, run, limits))
            finally:
                if job.is_left_behind:  # the other sessions use the same network
                    threading.Thread(target=self._pool.close_idle, name="sql-close", daemon=True).start()

    def _begin(self, job: Job[Any]) -> Session:
        session, self._is_read_only = self._pool.begin(job)
        if self._is_read_only or self._account_reads_only:
            return session
        job.cancel_by(None)
        close_session(session)
        raise QueryError(f"the server does not make this session read-only: {_BY_ACCOUNT}")

    def _answer(self, job: Job[Any], run: Callable[[Session], Any], limits: Limits) -> tuple[Frame, bool]:
        session = self._begin(job)
        try:
            frame = _fetch(run(session), limits)
            is_whole = frame.meta is None
            if not is_whole:
                with suppress(Exception):  # the driver raised: unread rows may remain on the connection
                    session.cancel()
            job.cancel_by(None)
            if is_whole and not job.is_stopped and session.end():
                self._pool.give_back(session)
                return frame, is_whole
        except BaseException:
            job.cancel_by(None)
            close_session(session)
            raise
        close_session(session)
        return frame, is_whole


def _fetch(rows: Any, limits: Limits) -> Frame:  # noqa: ANN401  # PEP 249 has no types
    """Read rows within the limits; a notice on the frame says that rows are missing."""
    cursor: Any = BoundedCursor(rows, limits.bytes)
    if not cursor.description:
        raise QueryError(NO_ROWS)
    frame = Frame.from_cursor(cursor, limit=limits.rows)
    if not cursor.is_cut:
        return frame
    text = f"Only the first {len(frame):,} rows are shown: they have {limits.bytes // _MEGABYTE} MB"
    return frame.with_notice(text, "warning")


def _query_without_caller() -> Query[None]:
    """Make a query for a call that has no query."""
    now = datetime.now(UTC)
    return Query(model=None, time_range=TimeRange(start=now, end=now))
