"""What every thread is doing, over HTTP on this machine alone: for plugins that hang or burn CPU.

Enabled by Grafana's own variables for plugins' profilers; `/debug/threads` shows the stacks as they are now.
Source: grafana-plugin-sdk-go v0.298.0, backend/setup.go.
"""

from __future__ import annotations

import http.server
import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOGGER = logging.getLogger("gfruntime")
_PORT = 6060


def start(environ: Mapping[str, str], plugin_id: str) -> int:
    """Serve, if it is wanted; return the port, 0 when nothing is served."""
    old = environ.get("GF_PLUGINS_PROFILER")
    if (old != plugin_id) if old is not None else environ.get("GF_PLUGIN_PROFILING_ENABLED") != "true":
        return 0
    text = environ.get("GF_PLUGINS_PROFILER_PORT") or environ.get("GF_PLUGIN_PROFILING_PORT") or ""
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(text) if text.isdecimal() else _PORT), _Stacks)
    except OSError as error:
        _LOGGER.warning("Profiling is not available: %s", error)
        return 0
    threading.Thread(target=server.serve_forever, name="profiling", daemon=True).start()
    _LOGGER.info("Profiling at http://127.0.0.1:%d/debug/threads", server.server_port)
    return server.server_port


def stacks() -> str:
    """Write every thread's stack."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"{names.get(number, number)}\n{''.join(traceback.format_stack(frame))}"
        for number, frame in sys._current_frames().items()  # noqa: SLF001  # the documented way, for all its name
    )


class _Stacks(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_known = self.path.partition("?")[0].rstrip("/") in ("", "/debug", "/debug/threads")
        body = stacks().encode() if is_known else b"only /debug/threads is here\n"
        self.send_response(200 if is_known else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing: a line per request is not worth the log."""
