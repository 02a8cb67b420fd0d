"""A web server for JSON on a free port of this machine: the base of servers that replace Grafana in a test."""

from __future__ import annotations

import json
import threading
from abc import abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class JsonServer(ThreadingHTTPServer):
    """Listens after its creation, and answers inside its `with` block; subclasses define the answers."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def content_type(self, path: str) -> str:
        """Return the content type of the answer for a path."""
        del path
        return "application/json"

    @abstractmethod
    def answer(self, path: str, body: Any, *, authorization: str | None) -> tuple[int, bytes]:
        """Return the status and the JSON for one request; `body` is the decoded one of a POST, None of a GET."""


class _Handler(BaseHTTPRequestHandler):
    server: JsonServer

    def do_GET(self) -> None:
        """Answer a request without a body."""
        self._answer(None)

    def do_POST(self) -> None:
        """Answer a request with a JSON body."""
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    do_PUT = do_POST  # noqa: N815 - the name that the base class looks for

    def _answer(self, body: Any) -> None:
        status, content = self.server.answer(self.path, body, authorization=self.headers["Authorization"])
        self.send_response(status)
        self.send_header("Content-Type", self.server.content_type(self.path))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Print nothing."""
