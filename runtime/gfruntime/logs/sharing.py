"""Advice for errors that occur if threads share a driver's connection, or a client belongs to another event loop."""

from __future__ import annotations

import re

_THREADS = (
    "handlers run in several threads at once: let each query open its own connection, or take one from a pool, or hold "
    "a lock while it uses a shared one"
)
_LOOPS = (
    "`async def` handlers run on one event loop, but `__init__` and `asyncio.run` do not use it: create "
    "the client in the first `async def` handler that needs it"
)
_THREAD_TEXTS = (
    "created in a thread can only be used in that same thread",  # sqlite3
    "recursive use of cursors not allowed",  # sqlite3 with check_same_thread=False, like the next text
    "bad parameter or other api misuse",
    "same object concurrently in two threads",  # apsw
    "packet sequence number wrong",  # PyMySQL
    "commands out of sync",  # mysqlclient
    "unread result found",  # MySQL's connector
    "another (command|operation) is (already )?in progress",  # psycopg, asyncpg
    "connection is busy with results",  # pyodbc
    "unsuccessful or closed pending query result",  # DuckDB
    "cannot switch to a different thread",  # greenlet, which Playwright uses
    "coinitialize has not been called",  # COM
    "only works in main thread",  # signal
)
_LOOP_TEXTS = (
    "attached to a different loop",
    "bound to a different event loop",
    "event loop is closed",
    "no (current|running) event loop",
    "cannot be called from a running event loop",
    "event loop is already running",
    "another loop is running",
    "should be used inside a task",  # aiohttp
    "non-thread-safe operation invoked on an event loop",
)
_ADVICE = {
    advice: re.compile("|".join(texts), re.IGNORECASE)
    for advice, texts in ((_THREADS, _THREAD_TEXTS), (_LOOPS, _LOOP_TEXTS))
}


def advice(text: str) -> str:
    """Return advice on an error if its text is in this list; else an empty text."""
    return next((advice for advice, pattern in _ADVICE.items() if pattern.search(text)), "")
