"""An upstream on this machine that records its requests, for tests of the preview's data proxy."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

STATUSES = {"redirect": 302, "refuse": 401, "none": 404}
TOKEN = "acc3ss-t0ken"  # noqa: S105 - not a real one


class Upstream(ThreadingHTTPServer):
    """Records its requests and answers them with JSON."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.requests: list[dict[str, Any]] = []
        self.token: dict[str, Any] = {"access_token": TOKEN, "expires_in": "3600"}


class _Handler(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        """Answer, redirect or refuse, depending on the path."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        self.server.requests.append(request)
        status = next((each for word, each in STATUSES.items() if word in self.path), 200)
        self.send_response(status)
        self.send_header("X-Rows", "0")
        self.send_header("referrer-policy", "unsafe-url")
        self.send_header("x-frame-options", "ALLOWALL")
        self.send_header("Clear-Site-Data", '"*"')
        self.send_header("Set-Cookie", "session=1")
        self.send_header("Access-Control-Allow-Origin", "*")
        if status == 302:
            self.send_header("Location", "http://evil.example/")
        content = json.dumps(self.server.token if "oauth" in self.path else {"rows": []}).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_DELETE = do_GET  # noqa: N815 - the base class's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Print nothing."""


@contextmanager
def run_upstream(tls: ssl.SSLContext | None = None) -> Iterator[Upstream]:
    """Run an upstream."""
    with Upstream(tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
