"""The status, source and message of each exception."""

from __future__ import annotations

import email.message
import errno
import io
import socket
import sqlite3
import time
import urllib.error
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gfruntime.errors import DownstreamError, FrameError, QueryError, failure_of, source_of_status
from gfruntime.logs import masking

if TYPE_CHECKING:
    from collections.abc import Callable


def _http_error(status: int) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("http://x", status, "no", email.message.Message(), io.BytesIO())


def _library_error(module: str, name: str, **attributes: object) -> Exception:
    kind = type(name, (Exception,), {"__module__": module})
    error: Exception = kind("failed")
    for key, value in attributes.items():
        setattr(error, key, value)
    return error


@pytest.mark.shows("protocol 53")
@pytest.mark.parametrize(
    ("error", "status", "source", "message"),
    [
        (QueryError("no such table"), 400, "plugin", "no such table"),
        (QueryError("gone", status=404), 404, "plugin", "gone"),
        (QueryError("odd", status=42), 500, "plugin", "odd"),
        (DownstreamError("away"), 502, "downstream", "away"),
        (FrameError("bad"), 500, "plugin", "bad"),
        (ValueError("x"), 500, "plugin", "ValueError: x"),
        (KeyError(), 500, "plugin", "KeyError"),
        (TimeoutError("late"), 504, "downstream", "TimeoutError: late"),
        (PermissionError("no"), 401, "plugin", "PermissionError: no"),
        (ConnectionRefusedError("x"), 502, "downstream", "ConnectionRefusedError: x"),
        (socket.gaierror(-2, "unknown"), 502, "downstream", "gaierror: [Errno -2] unknown"),
        (OSError(errno.EHOSTUNREACH, "no route"), 502, "downstream", "OSError: [Errno 113] no route"),
        (urllib.error.URLError(ConnectionResetError("x")), 502, "downstream", "URLError: <urlopen error x>"),
        (FileNotFoundError("x"), 500, "plugin", "FileNotFoundError: x"),
        (_library_error("httpx", "ConnectError"), 502, "downstream", "ConnectError: failed"),
        (_library_error("httpx", "ReadTimeout"), 504, "downstream", "ReadTimeout: failed"),
    ],
)
def test_each_failure_has_a_status_and_a_source(error: Exception, status: int, source: str, message: str) -> None:
    """All errors of the runtime have both; timeouts and unreachable upstreams, also of HTTP clients, are downstream."""
    failure = failure_of(error)

    assert (failure.status, failure.source, failure.message) == (status, source, message)


@pytest.mark.parametrize(
    ("status", "source"), [(404, "downstream"), (500, "downstream"), (405, "plugin"), (501, "plugin")]
)
def test_the_upstreams_status_decides_the_source(status: int, source: str) -> None:
    """The status of an HTTP client's error decides whether the source is the plugin or the upstream."""
    requests_error = _library_error(
        "requests.exceptions", "HTTPError", response=type("R", (), {"status_code": status})()
    )

    assert source_of_status(status) == source
    with closing(_http_error(status)) as http_error:
        for error in (http_error, requests_error):
            assert (failure_of(error).status, failure_of(error).source) == (status, source)


def exception_of(run: Callable[[], object]) -> Exception:
    """Return the exception that a function raises."""
    with pytest.raises(Exception) as refusal:  # noqa: PT011  # any exception is a refusal
        run()
    return refusal.value


def select(statement: str) -> None:
    """Run a statement in an empty database."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(statement, ())


@pytest.mark.parametrize(
    ("error", "status", "source"),
    [
        (exception_of(lambda: select("SELECT * FROM nowhere")), 502, "downstream"),
        (exception_of(lambda: select("SELECT ?")), 400, "downstream"),
        (exception_of(lambda: sqlite3.connect("/nowhere/at/all")), 502, "downstream"),
        (
            type("ServerError", (type("PostgresError", (Exception,), {"__module__": "asyncpg"}),), {})(),
            502,
            "downstream",
        ),
        (type("DatabaseErrors", (Exception,), {})("mine"), 500, "plugin"),
        (
            sqlite3.ProgrammingError("SQLite objects created in a thread can only be used in that same thread"),
            500,
            "plugin",
        ),
    ],
)
def test_a_database_error_is_a_downstream_error(error: Exception, status: int, source: str) -> None:
    """A wrong statement is the query's error; wrong use of a connection is the plugin's."""
    failure = failure_of(error)

    assert (failure.status, failure.source) == (status, source)


def test_a_marked_cause_marks_the_error() -> None:
    """An error raised from a DownstreamError is a downstream error, and its traceback is logged."""
    error = ValueError("wrapped")
    error.__cause__ = DownstreamError("away", status=503)
    failure = failure_of(error)

    assert (failure.status, failure.source, failure.is_expected) == (503, "downstream", False)
    assert failure_of(QueryError("x")).is_expected


def test_exceptions_with_unreadable_texts_get_a_message() -> None:
    """An exception gets a sentence if its text or its attributes raise, or if it is its own cause."""

    class Textless(Exception):  # noqa: N818  # a name is all it has
        def __str__(self) -> str:
            raise SystemExit(1)

    class Odd(Exception):  # noqa: N818
        @property
        def code(self) -> int:
            raise ValueError("no code")

    circle = ValueError("round")
    circle.__cause__ = circle

    assert failure_of(Textless()).message == "Textless: its text can't be read (SystemExit)"
    assert failure_of(circle).message == "ValueError: round"
    assert failure_of(Odd("x")).message == "Odd: x"


def test_error_messages_are_short_and_without_secrets() -> None:
    """A sentence for the panel contains no known secret and fits into a gRPC header."""
    masking.remember(["sesame-errors"])

    assert failure_of(QueryError("token sesame-errors")).message == "token ***"
    assert failure_of(ValueError("sesame-errors")).message == "ValueError: ***"
    assert len(failure_of(QueryError("x" * 100_000)).message) < 5000


@pytest.mark.parametrize("kind", [ValueError, QueryError, sqlite3.DatabaseError])
def test_an_error_with_a_long_text_is_described_in_little_time(kind: type[Exception]) -> None:
    """Only the start of 5 million characters is searched, also in a cause; searching all of them took 15 s."""
    error = kind("x" * 5_000_000)
    error.__cause__ = ValueError("x" * 5_000_000)
    began = time.process_time()
    message = failure_of(error).message

    assert len(message) < 5000
    assert time.process_time() - began < 1


@pytest.mark.shows("errors: several threads use a connection that `__init__` opened")
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        *(
            (text, "; handlers run in several threads at once: let each query open its own connection")
            for text in (
                "SQLite objects created in a thread can only be used in that same thread. The object was made in 1.",
                "(sqlite3.ProgrammingError) SQLite objects created in a thread can only be used in that same thread",
                "Recursive use of cursors not allowed.",
                "bad parameter or other API misuse",
                "You are trying to use the same object concurrently in two threads or re-entrantly",
                "Packet sequence number wrong - got 1 expected 2",
                "2014 (HY000): Commands out of sync; you can't run this command now",
                "Unread result found",
                "sending query failed: another command is already in progress",
                "cannot perform operation: another operation is in progress",
                "[HY000] [Microsoft][ODBC Driver 18] Connection is busy with results for another hstmt",
                "Invalid Input Error: Attempting to execute an unsuccessful or closed pending query result",
                "Cannot switch to a different thread",
                "CoInitialize has not been called.",
                "signal only works in main thread of the main interpreter",
            )
        ),
        *(
            (text, "; `async def` handlers run on one event loop")
            for text in (
                "Task <Task pending> got Future <Future pending> attached to a different loop",
                "<asyncio.locks.Lock object> is bound to a different event loop",
                "Event loop is closed",
                "no running event loop",
                "There is no current event loop in thread 'worker-1'.",
                "asyncio.run() cannot be called from a running event loop",
                "This event loop is already running",
                "Cannot run the event loop while another loop is running",
                "Timeout context manager should be used inside a task",
            )
        ),
    ],
)
def test_driver_errors_about_threads_and_loops_get_advice(text: str, advice: str) -> None:
    """Errors of any class get advice, also as the cause or the context of the author's error."""
    outer, behind = QueryError("the database failed"), QueryError("the database failed")
    outer.__cause__ = behind.__context__ = RuntimeError(text)

    assert failure_of(RuntimeError(text)).message.startswith(f"RuntimeError: {text.rstrip('.')}{advice}")
    assert failure_of(outer).message.startswith(f"the database failed{advice}")
    assert failure_of(behind).message.startswith(f"the database failed{advice}")


def test_upstream_errors_get_no_advice() -> None:
    """An API may have the same text in its error."""
    text = "the upstream says: Event loop is closed"

    assert failure_of(DownstreamError(text)).message == text
    assert failure_of(_library_error("httpx", "RemoteProtocolError")).message == "RemoteProtocolError: failed"
