"""Logs in Grafana's format: one JSON object per line on stderr.

Records of the standard `logging` module, warnings and uncaught exceptions become such lines. A separate thread writes
them, so that the author's code never waits for a host that does not read.
Source: hashicorp/go-plugin v1.8.0, client.go (logStderr) and log_entry.go.
"""

from __future__ import annotations

import contextvars
import logging
import os
import select
import sys
import threading
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

from gfruntime.logs import places
from gfruntime.logs.lines import encode

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from types import TracebackType

context: contextvars.ContextVar[Callable[[], Mapping[str, str]]] = contextvars.ContextVar("gfruntime_log_context")
"""A function that returns the current call's fields, for all its lines."""

_MAX_WAITING = 8 * 1024 * 1024
_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
_TRACE = 10


def get_logger(name: str = "plugin") -> logging.Logger:
    """Return a logger; `extra={...}` adds keys to its lines.

    >>> get_logger().info("Asked the API", extra={"rows": 12})
    """
    return logging.getLogger(name)


class Writer:
    """Writes lines to a file descriptor, without ever blocking.

    A line that fits into the pipe is written at once; others wait for a thread. If the reader stays too slow, lines are
    dropped and counted.
    """

    def __init__(self, descriptor: int, *, has_thread: bool = True) -> None:
        """Start the thread; without a thread, each line is written at once, and may block."""
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._dropped = 0
        self._condition = threading.Condition()
        self._is_writing = False
        self._has_thread = has_thread
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._continue_in_child)
        if has_thread:
            threading.Thread(target=self._write_all, name="log writer", daemon=True).start()

    def put(self, line: bytes) -> None:
        """Queue one line, which must end with a newline."""
        with self._condition:
            if not self._has_thread or self._would_fit(line):
                _write(self._descriptor, line)
                return
            if self._waiting + len(line) > _MAX_WAITING:
                self._dropped += 1
                return
            self._lines.append(line)
            self._waiting += len(line)
            self._condition.notify_all()

    def flush(self, timeout: float = 0.3) -> None:
        """Wait until all lines are written, or until `timeout` seconds have passed."""
        with self._condition:
            self._condition.wait_for(lambda: not self._lines and not self._is_writing, timeout)

    def _would_fit(self, line: bytes) -> bool:
        """Tell whether a line can be written now, in order and without blocking."""
        if sys.platform == "win32" or self._lines or self._is_writing:  # Windows does not report it
            return False
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return len(line) <= select.PIPE_BUF and bool(poll.poll(0))

    def _continue_in_child(self) -> None:
        """Write without a thread in a forked process, which has no thread and may hold locks for ever."""
        self._has_thread = False
        self._condition = threading.Condition()

    def _write_all(self) -> None:
        while True:
            with self._condition:
                self._is_writing = False
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._lines)
                line = self._lines.popleft()
                self._waiting -= len(line)
                self._is_writing = True
                dropped, self._dropped = (0, self._dropped) if self._lines else (self._dropped, 0)
            if dropped:
                line += encode("warn", f"{dropped} log lines were dropped: the reader is too slow", {})
            _write(self._descriptor, line)


class LogHandler(logging.Handler):
    """Sends the records of the standard `logging` module to a `Writer`."""

    def __init__(self, writer: Writer) -> None:
        """Keep the writer."""
        super().__init__()
        self.writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            self.writer.put(_line(record))
        except Exception as error:  # noqa: BLE001  # a log call never fails its caller
            self.writer.put(encode("error", "A log record could not be written", {"error": type(error).__name__}))


def install(descriptor: int, *, level: str = "info", has_thread: bool = True) -> Writer:
    """Send every log record, warning and uncaught exception to a file descriptor."""
    writer = Writer(descriptor, has_thread=has_thread)
    root = logging.getLogger()
    root.handlers[:] = [LogHandler(writer)]
    levels = {"trace": 5, "debug": logging.DEBUG, "warn": logging.WARNING, "error": logging.ERROR}
    root.setLevel(levels.get(level.strip().lower(), logging.INFO))
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda kind, error, trace: uncaught("The plugin failed", kind, error, trace)
    threading.excepthook = lambda args: uncaught(
        f"A thread failed: {args.thread.name if args.thread else '?'}",
        args.exc_type,
        args.exc_value or args.exc_type(),
        args.exc_traceback,
    )
    return writer


def writer() -> Writer:
    """Return the writer that `install` created."""
    return next(handler.writer for handler in logging.getLogger().handlers if isinstance(handler, LogHandler))


def tell(logger: logging.Logger, level: int, message: str, extra: Mapping[str, object]) -> None:
    """Log a line of this library; do not create a record unless another handler or filter needs it."""
    root = logging.getLogger()
    is_ours = len(root.handlers) == 1 and type(root.handlers[0]) is LogHandler
    if is_ours and not (logger.handlers or logger.filters or root.handlers[0].filters):
        describe_call = context.get(None)
        fields = {} if describe_call is None else describe_call()
        line = encode(_level(level), message, {**fields, **extra, "@module": logger.name})
        root.handlers[0].writer.put(line)  # type: ignore[attr-defined]  # ours
    else:
        logger.handle(logger.makeRecord(logger.name, level, "", 0, message, (), None, extra=extra))


def failure(message: str, error: BaseException) -> None:
    """Log an exception of the author's code with its place, and its traceback from that code on."""
    place = places.place_of_error(error)
    exc_info = (type(error), error, places.skip_own_frames(error.__traceback__))
    logging.getLogger("gfruntime").error(message, exc_info=exc_info, extra={"at": place} if place else {})


def uncaught(message: str, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log an exception that nothing caught."""
    if issubclass(kind, SystemExit):
        return
    logging.getLogger("gfruntime").error(message, exc_info=(kind, error, trace))


def uncaught_in_loop(_loop: asyncio.AbstractEventLoop, failure: dict[str, Any]) -> None:
    """Log an exception that an event loop could not deliver; for use as the loop's exception handler."""
    logging.getLogger("gfruntime").error(failure["message"], exc_info=failure.get("exception"))


def _line(record: logging.LogRecord) -> bytes:
    describe_call = context.get(None)
    extra: dict[str, object] = {} if describe_call is None else dict(describe_call())
    extra |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
    extra["@module"] = record.name
    if record.exc_info and record.exc_info[0] is not None:
        extra["error"] = traceback.format_exception_only(record.exc_info[0], record.exc_info[1])[-1].strip()
        extra["stack"] = "".join(traceback.format_exception(*record.exc_info))
    elif record.stack_info:
        extra["stack"] = record.stack_info
    return encode(_level(record.levelno), record.getMessage(), extra)


def _level(number: int) -> str:
    if number < _TRACE:
        return "trace"
    names = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"))
    return next((name for lowest, name in names if number >= lowest), "debug")


def _write(descriptor: int, line: bytes) -> None:
    """Write a line; if the host is gone, the line is lost, and the host watcher ends the process."""
    try:
        while line:
            line = line[os.write(descriptor, line) :]
    except OSError:
        return
