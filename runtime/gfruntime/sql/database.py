"""Open a database by its address: read-only, with a connection pool, limits and cancellation.

`gfruntime.sql.drivers` lists the addresses. What a query may cost is in `Limits`; whether the database itself keeps it
from writing depends on the database: where only the account's rights do, `Database` wants to be told that they do.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError, failure_of
from gfruntime.frames.data import Frame
from gfruntime.request.vocabulary import Health, Query, TimeRange
from gfruntime.sql.address import Address
from gfruntime.sql.bounded import BoundedCursor
from gfruntime.sql.drivers import find_driver
from gfruntime.sql.filling import with_times
from gfruntime.sql.formats import formatted
from gfruntime.sql.macros import expand_sql
from gfruntime.sql.statement_watch import StatementWatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfruntime.sql.dialects import Dialect
    from gfruntime.sql.drivers import Session
    from gfruntime.sql.formats import Format

_LOOK_S = 0.1
_MEGABYTE = 1_000_000
_MOST_NAMES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one query may cost. An answer with more rows or bytes is cut, and a notice says so.

    >>> Limits(rows=1000).seconds
    30.0
    """

    rows: int = 100_000
    """The rows of an answer."""

    bytes: int = 100_000_000
    """The bytes of an answer's rows, as the driver gives them."""

    seconds: float = 30.0
    """How long a statement may run; less, where Grafana waits for less."""

    connections: int = 4
    """How many statements run at once; others wait as long as a statement may run."""


class Database:
    """The database at an address, for the queries of a data source, in any number of threads.

    `password` goes beside the address, which Grafana shows to those who edit the data source. `script` is SQL that
    makes the tables of `sqlite:`, a database in memory. `account_reads_only` says that the account has no right to
    write: Flight SQL has nothing else that keeps queries from it.

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

        Raises: QueryError for an address that no driver knows.
        """
        self._address, self._script, self._limits = Address.parse(address, password=password), script, limits
        self._driver = find_driver(self._address)
        self._may_run = self._driver.refuses_writes or account_reads_only
        self._slots = threading.BoundedSemaphore(limits.connections)
        self._idle: list[Session] = []
        self._lock, self._is_closed = threading.Lock(), False

    @property
    def dialect(self) -> Dialect:
        """The dialect of its SQL, whose macros a query may use."""
        return self._driver.dialect

    def query(self, query: Query[Any], sql: str, *, format: Format = "timeseries") -> list[Frame]:  # noqa: A002
        """Answer a query's SQL, its macros expanded, in a format of Grafana's SQL editors.

        In a time series and in a table, numbers in the column `time` become times.

        Raises: QueryError for a wrong macro, a statement that was cancelled or took too long, and where nothing keeps
        it from writing; otherwise the driver's own errors, which the panel shows.

        >>> asked = Query(model=model, time_range=time_range)
        >>> Database("sqlite:").query(asked, "SELECT 1 AS value", format="table")[0]["value"].to_list()
        [1]
        """
        frame = self._read(query, expand_sql(sql, query, dialect=self.dialect))
        if format == "timeseries":
            return formatted(frame, format, sql=sql, query=query)
        return formatted(with_times(frame), format)

    def check(self) -> Health:
        """Connect, read nothing, and answer "Save & test"; what fails is said in the database's words.

        >>> Database("sqlite:").check().message
        'sqlite answered'
        """
        try:
            self._read(_nobodys_query(), "SELECT 1")
        except Exception as error:  # noqa: BLE001  # each driver has its own
            return Health.error(failure_of(error).message)
        by_account = "" if self._driver.refuses_writes else "; only the account's rights keep queries from writing"
        return Health.ok(f"{self.dialect} answered{by_account}")

    def names(self) -> list[dict[str, str]]:
        """List the tables and columns, as the choices of `Ui(options_from=…)`: each with its table or its type.

        Shape: at most 10,000.

        >>> Database("sqlite:", script="CREATE TABLE t (a INTEGER)").names()[1]
        {'value': 'a', 'label': 'a', 'description': 't, INTEGER'}
        """
        frame = self._read(_nobodys_query(), self._driver.columns)
        found: dict[tuple[str, str], None] = {}
        for schema, table, column, kind in zip(*(field.to_list() for field in frame.fields), strict=True):
            found[(table, f"table of {schema}" if schema else "table")] = None
            found[(column, f"{table}, {kind}")] = None
        return [{"value": name, "label": name, "description": what} for name, what in list(found)[:_MOST_NAMES]]

    def close(self) -> None:
        """Close the connections, those in use when their queries end.

        >>> Database("sqlite:").close()
        """
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for session in idle:
            _close(session)

    def _read(self, query: Query[Any], sql: str) -> Frame:
        if not self._may_run:
            raise QueryError(
                f"{self._address.scheme} has no session that may only read: connect with an account that has no right"
                " to write, and say so in the data source's settings"
            )
        with self._session(query) as session:
            cursor: Any = None
            with StatementWatch(session.cancel, query, self._limits.seconds):
                if query.cancel.is_set():
                    raise QueryError("the query was cancelled", status=499)
                cursor = BoundedCursor(session.run(sql), self._limits.bytes)
                if not cursor.description:
                    raise QueryError("the statement returns no rows: only a query makes a frame")
                frame = Frame.from_cursor(cursor, limit=self._limits.rows)
            if cursor.is_cut:
                size = self._limits.bytes // _MEGABYTE
                frame = frame.with_notice(
                    f"Only the first {len(frame):,} rows are shown: they have {size} MB", "warning"
                )
            self._give_back(session, is_whole=frame.meta is None)
        return frame

    @contextmanager
    def _session(self, query: Query[Any]) -> Iterator[Session]:
        """Hold one of the connections; it is closed if the block fails."""
        self._wait_for_slot(query)
        try:
            session = self._begin()
            try:
                yield session
            except BaseException:
                _close(session)
                raise
        finally:
            self._slots.release()

    def _wait_for_slot(self, query: Query[Any]) -> None:
        deadline = time.monotonic() + self._limits.seconds
        while not self._slots.acquire(timeout=_LOOK_S):
            if query.cancel.is_set() or time.monotonic() > deadline:
                raise QueryError(f"all {self._limits.connections} connections of the data source are busy", status=503)

    def _begin(self) -> Session:
        """Take a connection that is there, if it still works, else open one."""
        while self._idle:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            if session is not None:
                try:
                    session.begin()
                except Exception:  # noqa: BLE001  # the driver's: the server has closed it
                    _close(session)
                else:
                    return session
        new: Session = self._driver.open(self._address, self._script)
        try:
            new.begin()
        except BaseException:
            _close(new)
            raise
        return new

    def _give_back(self, session: Session, *, is_whole: bool) -> None:
        """Keep a session for the next query, unless rows of this one are still on their way."""
        if not is_whole:
            with suppress(Exception):
                session.cancel()
        if is_whole and session.end():
            with self._lock:
                if not self._is_closed:
                    self._idle.append(session)
                    return
        _close(session)


def _close(session: Session) -> None:
    with suppress(Exception):  # the driver's, of a connection that is gone
        session.close()


def _nobodys_query() -> Query[None]:
    """Make the query of a call that has none."""
    now = datetime.now(UTC)
    return Query(model=None, time_range=TimeRange(start=now, end=now))
