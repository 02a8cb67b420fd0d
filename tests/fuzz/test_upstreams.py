"""For any bytes of an upstream, the HTTP client returns an answer, or raises a downstream error."""

import gzip
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import changed_bytes

from gfruntime import HttpClient
from gfruntime.errors import PluginError, failure_of
from gfruntime.http.settings import HttpSettings

BODY = b'{"message": "hello", "rows": [1, 2, 3]}'
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 39\r\n\r\n" + BODY,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n27\r\n" + BODY + b"\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(BODY, mtime=0),
    b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.0 503 Busy\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n\r\ntry later",
]


class Upstream(socketserver.ThreadingTCPServer):
    """Answers every request with the same bytes, and hangs up."""

    daemon_threads = True
    allow_reuse_address = True
    answer = b""

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors: the client may hang up first."""


class _Handler(socketserver.StreamRequestHandler):
    server: Upstream

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(self.server.answer)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """Run one upstream for all answers."""
    with Upstream(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@given(data=st.data())
@pytest.mark.parametrize("valid", ANSWERS, ids=["length", "chunks", "gzip", "redirect", "text"])
def test_any_answer_is_read_or_is_an_error_of_the_upstream(
    upstream: Upstream, valid: bytes, data: st.DataObject
) -> None:
    """The bytes are almost HTTP; no request hangs, and no error is attributed to the plugin."""
    upstream.answer = data.draw(changed_bytes(valid))
    url = f"http://127.0.0.1:{upstream.server_address[1]}"
    with closing(HttpClient(HttpSettings(url=url, timeout=2))) as client:
        try:
            answer = client.get("rows")
            assert len(answer.body) < 1_000_000
            answer.raise_for_status().json()
        except PluginError as error:
            assert failure_of(error).source == "downstream"
