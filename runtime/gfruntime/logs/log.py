"""Logs in Grafana's format: one JSON object per line on stderr.

Grafana panics on a log line whose `@message`, `@level` or `@timestamp` is not a string, and shows lines over 64 KiB in
pieces, so both are settled here for whatever reaches the standard `logging` module, warnings and uncaught exceptions.
Lines are written by a thread of their own: a host that doesn't read can never block the author's code.
Source: hashicorp/go-plugin v1.8.0, client.go (logStderr) and log_entry.go.
"""

from __future__ import annotations

import contextvars
import functools
import logging
import math
import os
import select
import sys
import threading
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

from gfruntime.logs import masking

if TYPE_CHECKING:
    import asyncio
    import json
    from collections.abc import Callable, Mapping
    from types import TracebackType

context: contextvars.ContextVar[Callable[[], Mapping[str, str]]] = contextvars.ContextVar("gfruntime_log_context")
"""Gives what is known of the call that is being answered, for all its lines."""

_MAX_LINE = 60 * 1024
_MAX_TEXT = 24 * 1024
_MAX_WAITING = 8 * 1024 * 1024
_CUT = " …[cut]… "
_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
_RESERVED = ("@message", "@level", "@timestamp", "@module")
_TRACE = 10
_SHORT = 2000


def get_logger(name: str = "plugin") -> logging.Logger:
    """Give a logger; `extra={...}` adds keys to its lines."""
    return logging.getLogger(name)


class Writer:
    """Writes lines to a file descriptor, without ever blocking.

    A line that fits into the pipe is written at once; others wait for a thread. When the reader is too slow for long,
    lines are dropped and counted.
    """

    def __init__(self, descriptor: int) -> None:
        """Start the thread."""
        self._descriptor = descriptor
        self._poll = _poller(descriptor)
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._dropped = 0
        self._changed = threading.Condition()
        self._is_writing = False
        self._is_child = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._continue_in_child)
        threading.Thread(target=self._write_all, name="log writer", daemon=True).start()

    def put(self, line: bytes) -> None:
        """Queue one line, which ends with a newline."""
        with self._changed:
            if self._is_child or self._would_fit(line):
                _write(self._descriptor, line)
                return
            if self._waiting + len(line) > _MAX_WAITING:
                self._dropped += 1
                return
            self._lines.append(line)
            self._waiting += len(line)
            self._changed.notify_all()

    def flush(self, timeout: float = 0.3) -> None:
        """Wait until everything is written, or until `timeout` seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines and not self._is_writing, timeout)

    def _would_fit(self, line: bytes) -> bool:
        """Tell whether a line can be written now, in its turn and without waiting."""
        if self._poll is None or self._lines or self._is_writing:
            return False
        return len(line) <= select.PIPE_BUF and bool(self._poll.poll(0))

    def _continue_in_child(self) -> None:
        """Write without a thread in a forked process, where there is none and locks may be held for ever."""
        self._is_child = True
        self._changed = threading.Condition()

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._lines)
                line = self._lines.popleft()
                self._waiting -= len(line)
                self._is_writing = True
                dropped, self._dropped = (0, self._dropped) if self._lines else (self._dropped, 0)
            if dropped:
                line += encode("warn", f"{dropped} log lines were dropped: the reader is too slow", {})
            _write(self._descriptor, line)


class Handler(logging.Handler):
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


def install(descriptor: int, *, level: str = "info") -> Writer:
    """Send every log record, warning and uncaught exception to a file descriptor."""
    writer = Writer(descriptor)
    root = logging.getLogger()
    root.handlers[:] = [Handler(writer)]
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


def uncaught(message: str, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log an exception that nothing caught."""
    if issubclass(kind, SystemExit):
        return
    logging.getLogger("gfruntime").error(message, exc_info=(kind, error, trace))


def uncaught_in_loop(_loop: asyncio.AbstractEventLoop, failure: dict[str, Any]) -> None:
    """Log what an event loop could not hand to anyone: set as its exception handler."""
    logging.getLogger("gfruntime").error(failure["message"], exc_info=failure.get("exception"))


def encode(level: str, message: str, extra: Mapping[str, object]) -> bytes:
    """Make one line, at most 60 KiB long; secrets are hidden and long texts cut."""
    if _is_plain(message, extra):
        return _encoded({**extra, "@level": level, "@message": message, "@timestamp": _now()})
    limit = _MAX_TEXT
    while True:
        fields = {_key(key): _clean(value, limit) for key, value in extra.items()}
        head = {"@level": level, "@message": _shorten(masking.hide(message), limit), "@timestamp": _now()}
        line = _encoded({**fields, **head})
        if len(line) <= _MAX_LINE:
            return line
        limit //= 2
        extra = dict(list(extra.items())[:100])


def _is_plain(message: str, extra: Mapping[str, object]) -> bool:
    """Tell whether all is short text without a secret, as most lines are: they are written as they stand."""
    if not all(type(value) is str for value in extra.values()) or not extra.keys().isdisjoint(_RESERVED[:-1]):
        return False
    whole = "\n".join([message, *map(str, extra.values())])
    return len(whole) <= _SHORT and masking.hide(whole) == whole


def _encoded(fields: Mapping[str, object]) -> bytes:
    return _encoder().encode(fields).encode("utf-8", "replace") + b"\n"


@functools.cache
def _encoder() -> json.JSONEncoder:
    import json  # noqa: PLC0415  # the handshake comes before the first line

    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


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


def _key(key: object) -> str:
    name = masking.hide(str(key))
    return f"field.{name}" if name in _RESERVED and name != "@module" else name


def _clean(value: object, limit: int) -> object:
    """Make a value JSON; whatever JSON doesn't know becomes text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {masking.hide(str(key)): _clean(item, limit) for key, item in list(value.items())[:100]}
    if isinstance(value, (list, tuple, set)):
        return [_clean(item, limit) for item in list(value)[:100]]
    return _shorten(masking.hide(str(value)), limit)


def _shorten(text: str, limit: int) -> str:
    """Cut the middle: a traceback's beginning says where, its end says what."""
    if len(text) <= limit:
        return text
    return text[: limit // 4] + _CUT + text[-(limit - limit // 4) :]


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds // 1000:06d}Z"


def _write(descriptor: int, line: bytes) -> None:
    """Write a line; it is lost when the host is gone, and the parent watch ends the process."""
    try:
        while line:
            line = line[os.write(descriptor, line) :]
    except OSError:
        return


def _poller(descriptor: int) -> select.poll | None:
    """Make what tells whether a write would wait; None where the system can't tell."""
    if not hasattr(select, "poll"):  # Windows
        return None
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return poll
