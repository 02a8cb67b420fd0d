"""What every thread is doing, over HTTP on this machine alone: for plugins that hang or burn CPU.

Enabled by Grafana's own variables for plugins' profilers; `/debug/threads` shows the stacks as they are now.
Source: grafana-plugin-sdk-go v0.298.0, backend/setup.go.
"""

from __future__ import annotations

import contextlib
import logging
import socket
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
    _LOGGER.info("Profiling at http://127.0.0.1:%d/debug/threads", port)
    return port


def stacks() -> str:
    """Write every thread's stack."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"{names.get(number, number)}\n{''.join(traceback.format_stack(frame))}"
        for number, frame in places.frames_of_threads().items()
    )


def _serve(listener: socket.socket) -> None:
    """Answer one request after the other, without http.server: that would bring all of HTML into every bundle."""
    while True:
        connection, _ = listener.accept()
        with contextlib.suppress(OSError), connection:
            connection.settimeout(_PATIENCE)
            connection.sendall(_answer(_request_line(connection)))


def _request_line(connection: socket.socket) -> str:
    """Read a request to the end of its headers: unread bytes would reset the connection before the answer is read."""
    with connection.makefile("rb") as lines:
        first = lines.readline(_LONGEST)
        while lines.readline(_LONGEST).strip():
            pass
    return first.decode("latin-1")


def _answer(request: str) -> bytes:
    method, path, *_ = [*request.split(), "", ""]
    status, body = "200 OK", stacks().encode()
    if path.partition("?")[0].rstrip("/") not in ("", "/debug", "/debug/threads"):
        status, body = "404 Not Found", b"only /debug/threads is here\n"
    if method != "GET":
        status, body = "405 Method Not Allowed", b"only GET is answered\n"
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body
