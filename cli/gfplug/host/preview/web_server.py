"""HTTP/1.1 on 127.0.0.1, with one thread for each connection: streams and slow queries do not block each other.

This module checks each request and its size, and sets the headers of each response; `answer` creates the response.
Source: Python 3.11, Lib/http/server.py.
"""

from __future__ import annotations

import logging
import math
import os
import re
import secrets
import selectors
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from gfplug.host.preview import request_guard
from gfplug.host.preview.request_guard import RefusedError
from gfplug.host.preview.web_connections import Connections
from gfplug.host.preview.web_messages import WebRequest, WebResponse, text_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_BODY = 16 << 20
"""The maximum size of a request body, in bytes."""

_IDLE_SECONDS = 120.0
_MOST_DIGITS = 10
_LOOK_SECONDS = 0.1
_TICKET = "/open/"
_WITHOUT_BODY = (204, 304)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_TOKEN_BYTES = 24
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # emotion, which styles @grafana/ui
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_EVERY_RESPONSE = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_log = logging.getLogger("gfplug")


class WebServer(ThreadingHTTPServer):
    """Listens after its creation, and answers during its `with` block."""

    daemon_threads = True
    block_on_close = False  # a connection may be idle, or may be an event stream
    allow_reuse_address = os.name == "posix"  # on Windows another program could take the port

    def __init__(self, answer: Callable[[WebRequest], WebResponse], *, port: int = 0) -> None:
        """Listen on a port of this machine; 0 means a free port.

        Raises: OSError if the port is in use.
        """
        self.answer = answer
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._tickets: set[str] = set()
        self.connections = Connections()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="preview")

    def server_bind(self) -> None:
        """Bind without http.server's look-up of this machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    @property
    def url(self) -> str:
        """The page's address, with the token."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def ticket_url(self) -> str:
        """Return an address that opens the page only once, because other users may see it in the list of processes."""
        ticket = secrets.token_urlsafe(_TOKEN_BYTES)
        self._tickets.add(ticket)
        return f"http://127.0.0.1:{self.server_port}{_TICKET}{ticket}"

    def redeem(self, ticket: str) -> bool:
        """Invalidate a ticket, and return whether it was valid."""
        try:
            self._tickets.remove(ticket)
        except KeyError:
            return False
        return True

    def process_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """Answer a connection in its own thread, unless there are too many connections."""
        if self.connections.add(request):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def service_actions(self) -> None:
        """Close the connections whose request is late; the base class calls this repeatedly."""
        self.connections.end_late()

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        """Close a connection."""
        self.connections.remove(request)
        super().shutdown_request(request)

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop listening."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base class's
        """Log a request's error, unless the browser closed the connection."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            _log.error("the preview failed to answer; this is a bug in gfplug", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def version_string(self) -> str:
        """Return the name of the server."""
        return "gfplug"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Log nothing: the address contains the token."""

    def parse_request(self) -> bool:
        """Read a request's headers, then remove the time limit for the answer."""
        is_request = super().parse_request()
        self.server.connections.expect(self.connection, math.inf)
        return is_request

    def handle_one_request(self) -> None:
        """Answer a request, and wait for the next one; a refused request closes the connection."""
        super().handle_one_request()
        self.server.connections.expect(self.connection, _IDLE_SECONDS)

    def _answer(self) -> None:
        if self.path.startswith(_TICKET) and self.command == "GET":
            self._redeem(self.path.removeprefix(_TICKET))
            return
        try:
            address = request_guard.admit(
                self.command, self.path, self.headers, port=self.server.server_port, token=self.server.token
            )
            body = self._read_body()
        except RefusedError as error:
            self.close_connection = True  # the rest of the body is not read
            self._send(text_response(error.status, error.message))
            return
        path, _, query = address.partition("?")
        is_answered = threading.Event()

        def when_gone(cancel: Callable[[], object]) -> None:
            threading.Thread(target=self._wait_for_end, args=(cancel, is_answered), daemon=True).start()

        request = WebRequest(
            method=self.command, path=path, query=query, headers=self.headers, body=body, when_gone=when_gone
        )
        try:
            response = self.server.answer(request)
        finally:
            is_answered.set()
        self._send(response)

    def _redeem(self, ticket: str) -> None:
        """Redirect the browser, which gfplug opened, to the page."""
        if self.server.redeem(ticket):
            headers = {"Location": f"/{self.server.token}/", "Cache-Control": "no-store"}
            self._send(WebResponse(status=303, headers=headers))
        else:
            self._send(text_response(403, "this address opens the page only once: open the printed address instead"))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - the base class's

    def _wait_for_end(self, cancel: Callable[[], object], is_answered: threading.Event) -> None:
        """Call `cancel` if the connection ends before the answer is ready."""
        with selectors.DefaultSelector() as selector:
            while not is_answered.wait(_LOOK_SECONDS):
                try:
                    if not selector.get_map():
                        selector.register(self.connection, selectors.EVENT_READ)
                    has_ended = bool(selector.select(0)) and self.connection.recv(1, socket.MSG_PEEK) == b""
                except (OSError, ValueError):  # ValueError: the connection is closed
                    has_ended = True
                if has_ended:
                    cancel()
                    return

    def _read_body(self) -> bytes:
        lengths = self.headers.get_all("Content-Length", [])
        if self.headers.get("Transfer-Encoding") is not None or len(lengths) > 1:
            raise RefusedError(411, "a request must have exactly one Content-Length")
        if not lengths:
            return b""
        if not (lengths[0].isascii() and lengths[0].isdigit()):
            raise RefusedError(400, "the Content-Length is not a number")
        length = MOST_BODY + 1 if len(lengths[0]) > _MOST_DIGITS else int(lengths[0])
        if length > MOST_BODY:
            raise RefusedError(413, f"the body has {lengths[0][:20]} bytes, more than the limit of {MOST_BODY:,}")
        body = self.rfile.read(length)
        if len(body) < length:
            raise RefusedError(400, "the body is shorter than its Content-Length")
        return body

    def _send(self, response: WebResponse) -> None:
        self.send_response(response.status)
        for name, value in {**_EVERY_RESPONSE, **response.headers}.items():
            if _HEADER.fullmatch(name) and _VALUE.fullmatch(value):  # a plugin may send invalid headers
                self.send_header(name, value)
        if isinstance(response.body, bytes):
            if response.status not in _WITHOUT_BODY:
                self.send_header("Content-Length", str(len(response.body)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD" and response.status not in _WITHOUT_BODY:
                self.wfile.write(response.body)
            return
        self.close_connection = True
        self.send_header("Connection", "close")
        self.end_headers()
        self._send_parts(response.body)

    def _send_parts(self, parts: Iterator[bytes]) -> None:
        try:
            if self.command != "HEAD":
                for part in parts:
                    self.wfile.write(part)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
