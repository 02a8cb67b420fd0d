"""What every thread is doing, and where CPU time and memory go, over HTTP on this machine alone.

Enabled by Grafana's own variables for plugins' profilers. The paths are those of the Go SDK, as far as they have a
meaning here: `go tool pprof http://localhost:6060/debug/pprof/profile`.
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
_PATIENCE = 10.0  # seconds for a request to come whole
_LONGEST = 65536
_MOST = 8  # requests at a time
_STACKS = ("", "/debug", "/debug/threads")
_PPROF = "/debug/pprof"
_SECONDS = {"profile": 30.0, "heap": 10.0}
_LONGEST_PROFILE = 300.0  # seconds
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_INDEX = """\
/debug/threads          where each thread stands
/debug/pprof/profile    where CPU time and waiting time go: ?seconds=30
/debug/pprof/heap       what is allocated meanwhile and still in use: ?seconds=10
/debug/pprof/goroutine  where each thread stands, for pprof; as text: ?debug=2
/debug/pprof/cmdline    the command line
"""
_one_at_a_time = threading.Lock()


class _RefusedError(Exception):
    """A request that is not answered: its status, and a sentence."""


def start(environ: Mapping[str, str], plugin_id: str) -> int:
    """Serve, if it is wanted; return the port, 0 when nothing is served."""
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
        f"{''.join(traceback.StackSummary.extract(reversed(places.below(frame))).format())}"
        for number, frame in places.frames_of_threads().items()
    )


def _serve(listener: socket.socket) -> None:
    """Answer requests without http.server: that would bring all of HTML into every bundle."""
    room = threading.Semaphore(_MOST)
    while True:
        connection, _ = listener.accept()
        room.acquire()
        try:
            threading.Thread(target=_talk, args=(connection, room), name="profiling", daemon=True).start()
        except RuntimeError:  # the system has no more threads, which these pages may explain
            _talk(connection, room)


def _talk(connection: socket.socket, room: threading.Semaphore) -> None:
    """Answer one request."""
    try:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(_PATIENCE)
            connection.sendall(_answer(_request_line(connection)))
    finally:
        room.release()


def _request_line(connection: socket.socket) -> str:
    """Read a request to the end of its headers: unread bytes would reset the connection before the answer is read."""
    with connection.makefile("rb") as lines:
        first = lines.readline(_LONGEST)
        while lines.readline(_LONGEST).strip():
            pass
    return first.decode("latin-1")


def _answer(request: str) -> bytes:
    status, kind = "200 OK", _TEXT
    try:
        kind, body = _page(request)
    except _RefusedError as error:
        status, sentence = error.args
        body = f"{sentence}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n".encode() + body


def _page(request: str) -> tuple[str, bytes]:
    """Return the type and the bytes of the page that a request line asks for.

    Raises: _RefusedError if there is none.
    """
    method, target, *_ = [*request.split(), "", ""]
    if method != "GET":
        raise _RefusedError("405 Method Not Allowed", "only GET is answered")
    path, _, query = target.partition("?")
    path, options = path.rstrip("/"), dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
    if path in _STACKS or (path == f"{_PPROF}/goroutine" and options.get("debug", "0") != "0"):
        return _TEXT, stacks().encode("utf-8", "replace")
    if path == _PPROF:
        return _TEXT, _INDEX.encode()
    if path == f"{_PPROF}/cmdline":
        return _TEXT, "\0".join(sys.orig_argv).encode("utf-8", "replace")
    folder, _, name = path.rpartition("/")
    if folder == _PPROF and name in ("goroutine", *_SECONDS):
        return _BYTES, _profile(name, options.get("seconds", ""))
    raise _RefusedError("404 Not Found", f"only these are here:\n{_INDEX}".rstrip())


def _profile(name: str, text: str) -> bytes:
    from gfruntime.telemetry import heap, sampling  # noqa: PLC0415  # few plugins are ever profiled

    if name == "goroutine":
        return sampling.stacks_now().encode()
    try:
        seconds = float(text) if text else _SECONDS[name]
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_PROFILE:
        raise _RefusedError("400 Bad Request", f"seconds is a number above 0, and {_LONGEST_PROFILE:g} at most")
    if not _one_at_a_time.acquire(blocking=False):
        raise _RefusedError("503 Service Unavailable", "another profile is being taken")
    try:
        return (sampling.sample if name == "profile" else heap.observe)(seconds).encode()
    finally:
        _one_at_a_time.release()
