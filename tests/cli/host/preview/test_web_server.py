"""HTTP over a socket: access, the size of requests, and the headers of every response."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from gfplug.host.preview.web_messages import WebRequest, WebResponse, json_response
from gfplug.host.preview.web_server import MOST_BODY, WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from small_preview import Small


@pytest.fixture
def server(small: Small) -> Iterator[WebServer]:
    """Run a small preview on a free port."""
    with WebServer(small.application) as web_server:
        yield web_server
        small.feed.close_all()


def ask(server: WebServer, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Any:
    """Send a request below the token, unless the path begins with a slash, and return the response with its body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    address = path if path.startswith("/") else f"/{server.token}/{path}"
    connection.request(method, address, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    response.content = response.read()  # type: ignore[attr-defined]
    connection.close()
    return response


def raw(server: WebServer, text: str) -> bytes:
    """Send bytes unchanged, and return all bytes that the server sends until the connection ends."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as end:
        end.sendall(text.encode("latin-1"))
        end.shutdown(socket.SHUT_WR)
        parts = []
        while part := end.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_every_response_has_security_headers(server: WebServer) -> None:
    """No other page may frame it, only its own scripts run, and no other origin may read it."""
    response = ask(server, "")

    assert (response.status, response.content) == (200, b"<!doctype html><title>preview</title>")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'self'", "script-src 'self'", "frame-ancestors 'none'", "object-src 'none'"} <= set(policy)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_the_server_listens_only_on_the_loopback_address(server: WebServer) -> None:
    """The machine may have other addresses."""
    assert server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.server_port}/{server.token}/"
    assert len(server.token) >= 32


def test_each_preview_has_its_own_token(small: Small) -> None:
    """Two previews run at once."""
    with WebServer(small.application) as one, WebServer(small.application) as other:
        assert one.token != other.token
        assert ask(one, f"/{other.token}/").status == 403


def test_a_ticket_opens_the_page_once(server: WebServer) -> None:
    """The browser gets the ticket on a command line, which others may read; the token is not on it."""
    address = server.ticket_url().removeprefix(f"http://127.0.0.1:{server.server_port}")
    first, second = ask(server, address), ask(server, address)

    assert server.token not in address
    assert (first.status, first.headers["Location"]) == (303, f"/{server.token}/")
    assert (second.status, second.headers["Location"]) == (403, None)
    assert ask(server, "/open/").status == 403
    assert ask(server, server.ticket_url().partition(f":{server.server_port}")[2], method="POST").status == 403


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/preview/boot", {}),
        ("/api/ds/query", {}),
        ("preview/boot", {"Host": "evil.example"}),
        ("preview/boot", {"Origin": "http://evil.example"}),
        ("preview/boot", {"Sec_Fetch_Site": "cross-site"}),
        ("/preview/events", {}),
        ("preview/events", {"Host": "evil.example"}),
        ("preview/events", {"Origin": "http://evil.example"}),
        ("preview/events", {"Origin": "http://evil.example", "Connection": "Upgrade", "Upgrade": "websocket"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
def test_a_refused_request_gets_no_information(
    server: WebServer, path: str, headers: dict[str, str], method: str
) -> None:
    """The status is 403 for every method, and the text does not name the data source."""
    response = ask(server, path, method=method, body=b"{}" if method in ("POST", "PUT") else None, **headers)

    assert response.status == 403
    assert b"sales" not in response.content.lower()
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "..%5csecret.txt",
        "x/../../secret.txt",
        "%2fetc%2fpasswd",
        "app.js%00",
        "app.js/",
        ".",
        "C:%5csecret.txt",
        "public/plugins/acme-sales-datasource/../../../secret.txt",
        "public/plugins/acme-sales-datasource/..%2f..%2fsecret.txt",
        "public/plugins/../page/app.js",
        "public/plugins/acme-other-datasource/module.js",
    ],
)
def test_no_path_leads_out_of_the_page_or_the_plugin(server: WebServer, path: str) -> None:
    """Several encodings of the path are tried."""
    response = ask(server, path)

    assert response.status == 404
    assert b"s3cr3t" not in response.content


def test_a_link_that_leads_out_is_not_followed(server: WebServer, small: Small) -> None:
    """It is among the page's files."""
    try:
        (small.root / "page" / "link.txt").symlink_to(small.root / "secret.txt")
    except OSError:
        pytest.skip("this system makes no links")

    assert ask(server, "link.txt").status == 404


def test_an_unchanged_file_is_not_sent_again(server: WebServer) -> None:
    """A changed file has another ETag."""
    first = ask(server, "app.js")

    assert (first.status, first.content) == (200, b"export {};")
    assert ask(server, "app.js", If_None_Match=first.headers["ETag"]).status == 304
    assert ask(server, "app.js", method="HEAD").content == b""
    assert ask(server, "app.js", method="POST", body=b"").status == 405


def test_the_size_of_a_body_is_limited(server: WebServer) -> None:
    """The declared size is checked before the body is read."""
    text = f"POST /{server.token}/api/ds/query HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n"

    assert b" 413 " in raw(server, f"{text}Content-Length: {MOST_BODY + 1}\r\n\r\n").partition(b"\r\n")[0]
    assert b" 411 " in raw(server, f"{text}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").partition(b"\r\n")[0]
    assert b" 411 " in raw(server, f"{text}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}").partition(b"\r\n")[0]
    assert b" 413 " in raw(server, f"{text}Content-Length: {'1' * 5000}\r\n\r\n").partition(b"\r\n")[0]
    assert b" 400 " in raw(server, f"{text}Content-Length: 5\r\n\r\n{{}}").partition(b"\r\n")[0]
    assert b" 400 " in raw(server, f"{text}Content-Length: -1\r\n\r\n").partition(b"\r\n")[0]


def test_the_body_of_a_refused_request_is_not_read_as_a_request(server: WebServer) -> None:
    """The body looks like a request."""
    inner = f"GET /{server.token}/preview/boot HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n"
    outer = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\nContent-Length: {len(inner)}\r\n\r\n"

    answer = raw(server, outer + inner)

    assert answer.count(b"HTTP/1.1 ") == 1
    assert b" 403 " in answer.partition(b"\r\n")[0]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "PUT", "OPTIONS", "HEAD"])
def test_queries_need_the_method_post(server: WebServer, method: str) -> None:
    """A header that overrides the method on some servers does not count."""
    response = ask(server, "api/ds/query", method=method, X_HTTP_Method_Override="POST")

    assert response.status == 405
    assert response.headers["Allow"] == "POST"


def test_a_plugin_cannot_inject_headers() -> None:
    """A header with a line break is left out."""
    bad = {"X-One": "1\r\nSet-Cookie: a=b", "X Two": "2", "X-Three": "3"}
    with WebServer(lambda _: WebResponse(headers=bad, body=b"x")) as server:
        response = ask(server, "")

    assert response.headers["X-Three"] == "3"
    assert not {"X-One", "Set-Cookie", "X Two"} & set(response.headers)


def test_an_open_event_stream_blocks_no_request(server: WebServer, small: Small) -> None:
    """It sends a first event, then each change; meanwhile queries are answered."""
    events = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    events.request("GET", f"/{server.token}/preview/events")
    stream = events.getresponse()
    assert stream.headers["Content-Type"] == "text/event-stream"
    hello = stream.readline(), stream.readline(), stream.readline()
    assert hello[0] == b"event: hello\n"
    assert json.loads(hello[1].removeprefix(b"data: "))["client"]

    small.feed.publish("settings", {"name": "other\nname"})
    assert stream.readline() == b"event: settings\n"
    assert json.loads(stream.readline().removeprefix(b"data: ")) == {"name": "other\nname"}
    assert ask(server, "api/datasources/uid/sales/health").status == 200
    events.close()


@pytest.mark.parametrize(
    "call", ["POST api/ds/query", "GET api/datasources/uid/sales/health", "POST api/datasources/uid/sales/resources/x"]
)
def test_a_call_is_cancelled_when_its_client_disconnects(server: WebServer, small: Small, call: str) -> None:
    """Grafana does so when a panel sends another query or is closed."""
    small.plugin.wait = lambda: small.plugin.cancelled.wait(10)
    body = json.dumps({"queries": [{"refId": "A"}], "from": "1", "to": "2"})
    method, path = call.split()
    head = f"{method} /{server.token}/{path} HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n"
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as end:
        kind = "Content-Type: application/json"
        end.sendall(f"{head}{kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        assert not small.plugin.cancelled.wait(0.3)

    assert small.plugin.cancelled.wait(5)


def test_a_connection_without_a_request_is_closed(server: WebServer) -> None:
    """Anyone on the machine can open one, and a slow client may never complete its request."""
    server.connections.first_seconds = 0.2
    for text in ("", "GET / HTTP/1.1\r\nX-One: "):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as end:
            end.sendall(text.encode())
            assert end.recv(1) == b""


def test_the_number_of_connections_is_limited(server: WebServer) -> None:
    """A further connection is closed at once; after another has ended, a new one is accepted."""
    server.connections.most = 1
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10):
        deadline = time.monotonic() + 10
        while not server.connections.count and time.monotonic() < deadline:
            time.sleep(0.01)
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as second:
            assert second.recv(1) == b""
    while server.connections.count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ask(server, "").status == 200


@pytest.mark.slow
def test_a_response_may_take_longer_than_the_request_timeout(server: WebServer, small: Small) -> None:
    """The plugin may be slow, and a browser's connection stays open for its next request."""
    server.connections.first_seconds = 0.2
    small.plugin.wait = lambda: time.sleep(0.4)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    for _ in range(2):
        connection.request("GET", f"/{server.token}/api/datasources/uid/sales/health")
        with connection.getresponse() as response:
            assert (response.status, bool(response.read())) == (200, True)
        time.sleep(0.3)
    connection.close()


def test_a_slow_request_does_not_block_another() -> None:
    """Each connection has a thread."""
    is_released = threading.Event()

    def answer(request: WebRequest) -> WebResponse:
        if request.path == "slow":
            assert is_released.wait(10)
        return json_response(request.path)

    with WebServer(answer) as server:
        slow: list[int] = []
        thread = threading.Thread(target=lambda: slow.append(ask(server, "slow").status))
        thread.start()
        assert ask(server, "fast").content == b'"fast"'
        assert not slow
        is_released.set()
        thread.join(10)

    assert slow == [200]
