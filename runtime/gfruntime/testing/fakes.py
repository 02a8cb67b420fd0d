"""HTTP servers for tests: `Upstream` sends configured answers, `Replay` repeats recorded ones.

Both run on this machine, so that the data source's own HTTP client is tested too.
"""

from __future__ import annotations

import base64
import http.client
import http.server
import json as json_module
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from gfruntime.http.client import HttpClient
from gfruntime.http.settings import HttpSettings
from gfruntime.testing import recordings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path
    from typing import Self

_NOT_RECORDED = 501


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request that the server received; names of headers are in lower case.

    >>> upstream.requests[0].path  # doctest: +SKIP
    '/rows'
    """

    method: str
    """The HTTP method."""

    path: str
    """The path without the query string."""

    query: Mapping[str, list[str]]
    """The query string; a repeated name keeps all its values."""

    headers: Mapping[str, str] = field(repr=False)
    """The headers; names in lower case."""

    body: bytes = b""
    """The body."""

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the body as JSON.

        Raises: ValueError if it is not JSON.
        """
        return json_module.loads(self.body)


Asked = ReceivedRequest
"""The former name of `ReceivedRequest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A configured answer, sent after `delay` seconds.

    >>> Answer(body=b"[]", status=503, delay=0.1).status
    503
    """

    body: bytes = b""
    """The body."""

    status: int = 200
    """The HTTP status code; 0 closes the connection instead."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers."""

    delay: float = 0.0
    """Seconds to wait before the answer."""


class _QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # as its base
        """Print nothing if a client closes the connection early; other failures are printed for the test."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Server:
    """An HTTP server that runs until it is closed."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.requests: list[ReceivedRequest] = []
        self._server = _QuietServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="fake", daemon=True).start()

    def respond(self, target: str, asked: ReceivedRequest) -> Answer:
        """Answer one request."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.close()


class Upstream(_Server):
    """A server with configured answers.

    >>> with Upstream() as upstream:
    ...     upstream.answer("/sales", json=[{"time": "2026-01-01", "value": 1}])
    ...     frame, = ask(Datasource(settings(Options(url=upstream.url))), query(Model()))
    ...     assert upstream.requests[0].path == "/sales"
    """

    def __init__(self) -> None:
        """Start without answers."""
        self._answers: dict[tuple[str, str], Answer] = {}
        super().__init__()

    def answer(
        self,
        path: str,
        *,
        json: object = None,
        body: bytes | str = b"",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        delay: float = 0.0,
    ) -> None:
        """Set the answer for a path, with any query string."""
        all_headers = dict(headers or {})
        if json is not None:
            body, all_headers = json_module.dumps(json), {"Content-Type": "application/json", **all_headers}
        raw = body.encode() if isinstance(body, str) else body
        self._answers[method, path] = Answer(body=raw, status=status, headers=all_headers, delay=delay)

    def respond(self, target: str, asked: ReceivedRequest) -> Answer:
        """Answer one request; 404 for an unknown path."""
        unknown = Answer(body=f"the test has no answer for {asked.method} {target}\n".encode(), status=404)
        return self._answers.get((asked.method, asked.path), unknown)


class Replay(_Server):
    """A server that repeats recorded answers from a file; `record=True` asks the real system and writes the file.

    The file has the method, path, query and body of each request, and the status, body and type of its answer, but no
    credentials. List query parameters with credentials in `hide`. A `.har` file, as from `gfplug call query --har`, can
    be repeated too; `target` is then the address of the system in that file. `missed` lists the requests that were not
    recorded.

    >>> with Replay("http://localhost:8000", Path("tests/replay.jsonl")) as replay:  # doctest: +SKIP
    ...     Datasource(settings(Options(url=replay.url)))
    """

    def __init__(
        self, target: str, path: Path, *, record: bool = False, hide: Collection[str] = (), timeout: float = 30.0
    ) -> None:
        """Read the file, or prepare to write it."""
        self.missed: list[str] = []
        self._path, self._is_recording, self._hide = path, record, frozenset(hide)
        self._http = HttpClient(HttpSettings(url=target, timeout=timeout))
        self._entries: list[dict[str, Any]] = []
        if path.suffix == ".har":
            if record:
                raise ValueError(
                    f"`record` cannot write {path.name}: use `gfplug call query --har` for it, or a .json file"
                )
            self._entries, self._hide = recordings.read_har(path, target, hide)
        elif not record and path.exists():
            self._entries = json_module.loads(path.read_text(encoding="utf-8"))
        self._lock = threading.Lock()
        super().__init__()

    def respond(self, target: str, asked: ReceivedRequest) -> Answer:
        """Answer one request from the real system, or from the recording."""
        visible_target = recordings.visible_target(target, self._hide)
        key = {"method": asked.method, "target": visible_target, "body": asked.body.decode("utf-8", "replace")}
        if self._is_recording:
            return self._record(key, target, asked)
        with self._lock:
            matching = [entry for entry in self._entries if recordings.matches(entry, key)]
            match = matching[0] if matching else None
            if match is not None and len(matching) > 1:
                self._entries.remove(match)  # a repeated request gets the next answer; the last answer stays
        if match is None:
            self.missed.append(f"{key['method']} {key['target']}")
            text = f"{self.missed[-1]} was not recorded in {self._path}"
            return Answer(body=text.encode(), status=_NOT_RECORDED)
        body = match["text"].encode() if "text" in match else base64.b64decode(match["base64"])
        return Answer(body=body, status=match["status"], headers=match["headers"])

    def close(self) -> None:
        """Stop the server, and write the recording."""
        super().close()
        self._http.close()
        if self._is_recording:
            text = json_module.dumps(self._entries, indent=2, ensure_ascii=False) + "\n"
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(text, encoding="utf-8", newline="\n")

    def _record(self, key: dict[str, str], target: str, request: ReceivedRequest) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name not in {*recordings.DROPPED, "host"}}
        answer = self._http.request(request.method, target, headers=headers, body=request.body)
        stored_headers = {name: value for name, value in answer.headers.items() if name.lower() == "content-type"}
        try:
            body = {"text": answer.body.decode()}
        except UnicodeDecodeError:
            body = {"base64": base64.b64encode(answer.body).decode()}
        with self._lock:
            self._entries.append({**key, "status": answer.status, "headers": stored_headers, **body})
        return Answer(body=answer.body, status=answer.status, headers=stored_headers)


def _handler(server: _Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            """Answer all methods in the same way."""
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            parts = urlsplit(self.path)
            request = ReceivedRequest(
                method=self.command,
                path=parts.path,
                query=parse_qs(parts.query, keep_blank_values=True),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )
            server.requests.append(request)
            answer = server.respond(self.path, request)
            time.sleep(answer.delay)
            if not answer.status:  # a recorded failure
                self.close_connection = True
                return
            self.send_response(answer.status, http.client.responses.get(answer.status, ""))
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            """Print nothing."""

    return Handler
