"""Systems for tests of the HTTP client: a small server, one with TLS, a proxy, a secure socks proxy."""

from __future__ import annotations

import gzip
import http.server
import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from gfruntime import HttpClient, Settings
from gfruntime.request.config import GrafanaConfig
from gfruntime.serving.tls import self_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self


class Server(http.server.ThreadingHTTPServer):
    """Answers with a description of the request; the path selects the form."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections = 0
        self._open: list[socket.socket] = []
        self.requests: list[dict[str, Any]] = []
        self.scheme = "http"
        if context is not None:
            self.scheme = "https"
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def hang_up(self) -> None:
        """End every connection."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: tests break connections on purpose."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        self.server.connections += 1
        self.server._open.append(self.request)
        super().setup()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = {"method": self.command, "path": self.path, "headers": headers, "body": body.decode()}
        self.server.requests.append(request)
        name = self.path.partition("?")[0].strip("/")
        if name.startswith("status/"):
            self.answer(b"no", status=int(name[7:]))
        elif name.startswith("to/"):
            place = "/" + name[7:] if len(name) > 7 else self.headers["X-To"] or self.path.partition("?to=")[2]
            self.answer(b"", {"Location": place}, status=int(name[3:6]))
        elif name == "slow":
            time.sleep(0.7)
            self.answer(b"late")
        elif name == "drip":
            self.answer(b"", {"Content-Length": "100"})
            for _ in range(20):
                time.sleep(0.1)
                self.wfile.write(b"x")
        elif name == "big":
            self.answer(b"x" * 5000)
        elif name == "bomb":
            self.answer(gzip.compress(b"x" * 5_000_000), {"Content-Encoding": "gzip"})
        elif name == "close":
            self.close_connection = True
            self.answer(b"{}")
        elif name == "cut":
            self.answer(b"", {"Content-Length": "100"})
            self.close_connection = True
        else:
            text = json.dumps(request).encode()
            is_gzip = "gzip" in headers.get("accept-encoding", "")
            self.answer(gzip.compress(text) if is_gzip else text, {"Content-Encoding": "gzip"} if is_gzip else {})

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815  # the base looks for these

    def answer(self, body: bytes, headers: dict[str, str] | None = None, *, status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


class Script:
    """An upstream that answers each connection with these bytes, a part after each pause, and hangs up."""

    def __init__(self, *parts: bytes, pause: float = 0.0, repeats: int = 1, head_end: bytes = b"\r\n\r\n") -> None:
        """Listen on a free port; `head_end` ends a request."""
        self._parts, self._pause, self._repeats, self._head_end = parts, pause, repeats, head_end
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.hangups = 0
        self._is_closed = threading.Event()
        threading.Thread(target=_accept, args=(self._listener, self._answer), daemon=True).start()

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._is_closed.set()
        _close(self._listener)

    def _answer(self, connection: socket.socket) -> None:
        try:
            self._say_all(connection)
        finally:
            self.hangups += 1

    def _say_all(self, connection: socket.socket) -> None:
        with connection:
            request = connection.recv(65536)
            while self._head_end not in request:
                part = connection.recv(65536)
                if not part:
                    return
                request += part
            self.requests.append(request)
            first, *others = self._parts
            connection.sendall(first)
            for part in others * self._repeats:
                if self._is_closed.wait(self._pause):
                    return
                connection.sendall(part)


def settings(**parts: Any) -> Settings[dict[str, Any]]:
    """Describe a data source."""
    data, secrets = parts.pop("data", {}), parts.pop("secrets", {})
    config = GrafanaConfig(parts.pop("config", {}))
    return Settings(options={}, json_data=data, secrets=secrets, config=config, uid="u", name="n", **parts)


def client(server: Server, **parts: Any) -> HttpClient:
    """Make a client for a server."""
    names = ("forward_headers", "allowed_hosts", "deadline", "max_bytes")
    options = {name: parts.pop(name) for name in names if name in parts}
    return HttpClient.of(settings(url=server.url + parts.pop("base", "/base"), **parts), **options)


@contextmanager
def server(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server."""
    instance = Server(context)
    try:
        yield instance
    finally:
        instance.shutdown()
        instance.server_close()


def tls(folder: Path, *, trusts: str = "") -> tuple[ssl.SSLContext, str]:
    """Make a server's TLS configuration and its certificate; with `trusts` clients need this certificate."""
    own = self_signed()
    file = folder / "server.pem"
    file.write_text(own.key_pem + own.pem, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if trusts:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=trusts)
    return context, own.pem


def _accept(listener: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    """Answer each connection in its own thread, until the listener is closed."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_quietly, args=(answer, client), daemon=True).start()


def _close(listener: socket.socket) -> None:
    """Close a listener; the thread that waits for a connection ends."""
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _quietly(answer: Callable[[socket.socket], None], client: socket.socket) -> None:
    """Ignore errors of connections that a test breaks on purpose."""
    with suppress(OSError):
        answer(client)


class Proxy:
    """An HTTP proxy, over TLS or not: tunnels to one server for any name, and answers other requests itself."""

    def __init__(self, to: int, context: ssl.SSLContext | None = None) -> None:
        """Listen on a free port."""
        self.heads: list[str] = []
        self._to, self._context = to, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=_accept, args=(self._listener, self._serve), daemon=True).start()

    def __enter__(self) -> Self:
        """Return the running proxy."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        _close(self._listener)

    def _serve(self, client: socket.socket) -> None:
        stream = self._context.wrap_socket(client, server_side=True) if self._context else client
        with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += stream.recv(1)
            self.heads.append(head.decode())
            if not head.startswith(b"CONNECT"):
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")
                return
            stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with socket.create_connection(("127.0.0.1", self._to)) as onward:
                stream.settimeout(0.01)  # one thread for both directions: two threads may not use one TLS connection
                onward.settimeout(0.01)
                while all(_carry_some(*pair) for pair in ((stream, onward), (onward, stream))):
                    pass


def _carry_some(source: socket.socket, target: socket.socket) -> bool:
    """Forward the bytes that have arrived, and return whether more may come."""
    try:
        data = source.recv(65536)
    except TimeoutError:
        return True
    target.sendall(data)
    return bool(data)


class SocksProxy:
    """SOCKS5 with user and password, over TLS or not; forwards to one server for any name."""

    def __init__(self, to: int, context: ssl.SSLContext | None, *, refuses: int = 0) -> None:
        """Listen on a free port."""
        self.targets: list[tuple[str, bytes, bytes]] = []
        self._to, self._context, self._refuses = to, context, refuses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=_accept, args=(self._listener, self._serve), daemon=True).start()

    def close(self) -> None:
        _close(self._listener)

    def _serve(self, client: socket.socket) -> None:
        stream = client
        try:
            stream = self._context.wrap_socket(client, server_side=True) if self._context else client
            method = stream.recv(3)[2]
            stream.sendall(bytes((5, method)))
            user = password = b""
            if method == 2:
                _, size = stream.recv(2)
                user = stream.recv(size)
                password = stream.recv(stream.recv(1)[0])
                stream.sendall(b"\x01\x00")
            name = stream.recv(stream.recv(5)[4] + 2)
            self.targets.append((name[:-2].decode(), user, password))
            stream.sendall(bytes((5, self._refuses, 0, 1)) + bytes(6))
            with socket.create_connection(("127.0.0.1", self._to)) as onward:
                threading.Thread(target=_carry, args=(onward, stream), daemon=True).start()
                _carry(stream, onward)
        finally:
            stream.close()
            client.close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        return
