"""Profiles over HTTP, on this machine only: the stacks of all threads, CPU time and memory.

Grafana's variables for the profilers of plugins enable them. The paths are those of the Go SDK, as far as they apply to
Python: `go tool pprof http://localhost:6060/debug/pprof/profile`.
Source: grafana-plugin-sdk-go v0.299.0, backend/setup.go; Go's net/http/pprof.
"""

from __future__ import annotations

import contextlib
import logging
import math
import socket
import sys
import threading
import traceback
from typing import TYPE_CHECKING

from gfruntime.logs import places

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOGGER = logging.getLogger("gfruntime")
_PORT = 6060
_REQUEST_TIMEOUT_SECONDS = 10.0  # seconds for a request to arrive completely
_MAX_LINE_BYTES = 65536
_MAX_REQUESTS = 8  # requests that are answered at once
_STACKS = ("", "/debug", "/debug/threads")
_PPROF = "/debug/pprof"
_DEFAULT_SECONDS = {"profile": 30.0, "heap": 10.0}
_LONGEST_PROFILE = 300.0  # seconds
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_INDEX = """\
/debug/threads          the stack of each thread
/debug/pprof/profile    CPU time and waiting time: ?seconds=30
/debug/pprof/heap       memory that is allocated meanwhile and still in use: ?seconds=10
/debug/pprof/goroutine  the stack of each thread, for pprof; as text: ?debug=2
/debug/pprof/cmdline    the command line
"""
_one_at_a_time = threading.Lock()


class _HttpError(Exception):
    """An HTTP error: its status, and a sentence."""


def start(environ: Mapping[str, str], plugin_id: str) -> int:
    """Start the server if it is enabled; return its port, or 0."""
    old = environ.get("GF_PLUGINS_PROFILER")
    if (old != plugin_id) if old is not None else environ.get("GF_PLUGIN_PROFILING_ENABLED") != "true":
        return 0
    text = environ.get("GF_PLUGINS_PROFILER_PORT") or environ.get("GF_PLUGIN_PROFILING_PORT") or ""
    try:
        listener = socket.create_server(("127.0.0.1", int(text) if text.isdecimal() else _PORT))
    except (OSError, OverflowError) as error:
        _LOGGER.warning("Profiling is not available: %s", error)
        return 0
    threading.Thread(target=_serve, args=(listener,), name="profiling", daemon=True).start()
    port: int = listener.getsockname()[1]
    _LOGGER.info("Profiling at http://127.0.0.1:%d/debug/pprof/", port)
    return port


def stacks() -> str:
    """Write every thread's stack."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"{names.get(number, number)}\n"
        f"{''.join(traceback.StackSummary.extract(reversed(places.frames_below(frame))).format())}"
        for number, frame in places.frames_of_threads().items()
    )


def _serve(listener: socket.socket) -> None:
    """Serve without http.server, which would add the html package to every bundle."""
    room = threading.Semaphore(_MAX_REQUESTS)
    while True:
        connection, _ = listener.accept()
        room.acquire()
        try:
            threading.Thread(target=_answer_connection, args=(connection, room), name="profiling", daemon=True).start()
        except RuntimeError:  # no thread is free; these pages may show the reason
            _answer_connection(connection, room)


def _answer_connection(connection: socket.socket, room: threading.Semaphore) -> None:
    """Answer one connection."""
    try:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(_REQUEST_TIMEOUT_SECONDS)
            connection.sendall(_answer(_request_line(connection)))
    finally:
        room.release()


def _request_line(connection: socket.socket) -> str:
    """Read a request to the end of its headers: unread bytes would reset the connection before the answer is read."""
    with connection.makefile("rb") as lines:
        first = lines.readline(_MAX_LINE_BYTES)
        while lines.readline(_MAX_LINE_BYTES).strip():
            pass
    return first.decode("latin-1")


def _answer(request: str) -> bytes:
    status, kind = "200 OK", _TEXT
    try:
        kind, body = _page(request)
    except _HttpError as error:
        status, sentence = error.args
        body = f"{sentence}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n".encode() + body


def _page(request: str) -> tuple[str, bytes]:
    """Return the content type and the bytes of the page for a request line.

    Raises: _HttpError if the page does not exist.
    """
    method, target, *_ = [*request.split(), "", ""]
    if method != "GET":
        raise _HttpError("405 Method Not Allowed", "only GET is answered")
    path, _, query = target.partition("?")
    path, options = path.rstrip("/"), dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
    if path in _STACKS or (path == f"{_PPROF}/goroutine" and options.get("debug", "0") != "0"):
        return _TEXT, stacks().encode("utf-8", "replace")
    if path == _PPROF:
        return _TEXT, _INDEX.encode()
    if path == f"{_PPROF}/cmdline":
        return _TEXT, "\0".join(sys.orig_argv).encode("utf-8", "replace")
    folder, _, name = path.rpartition("/")
    if folder == _PPROF and name in ("goroutine", *_DEFAULT_SECONDS):
        return _BYTES, _profile(name, options.get("seconds", ""))
    raise _HttpError("404 Not Found", f"the pages are:\n{_INDEX}".rstrip())


def _profile(name: str, text: str) -> bytes:
    from gfruntime.telemetry import heap, sampling  # noqa: PLC0415  # few plugins are ever profiled

    if name == "goroutine":
        return sampling.stacks_now().encode()
    try:
        seconds = float(text) if text else _DEFAULT_SECONDS[name]
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_PROFILE:
        raise _HttpError("400 Bad Request", f"seconds must be a number above 0, at most {_LONGEST_PROFILE:g}")
    if not _one_at_a_time.acquire(blocking=False):
        raise _HttpError("503 Service Unavailable", "another profile is running; try again when it has ended")
    try:
        return (sampling.sample if name == "profile" else heap.observe)(seconds).encode()
    finally:
        _one_at_a_time.release()
