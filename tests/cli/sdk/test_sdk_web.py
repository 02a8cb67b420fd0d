"""A GET request to servers that misbehave in many ways."""

import base64
import socket
import time
from unittest.mock import Mock

import pytest
from sdk_world import NOBODY, RawServer, Server
from servers import serving

from gfplug.errors import FetchError, IntegrityError
from gfplug.sdk import addresses, web
from gfplug.sdk.web import Deadline, MissingError
from gfruntime.testing.fakes import Answer

_LIMIT = 1000


def _get(server: Server | RawServer, path: str = "/x", *, seconds: float = 5.0) -> bytes:
    return web.get(server.url + path, deadline=Deadline(seconds), limit=_LIMIT)


def test_a_download_is_one_request_without_content_encoding(server: Server) -> None:
    """There is one request, without content encoding, with a user agent."""
    server.serve_body("/x", b"body")

    assert _get(server) == b"body"
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert server.requests[0].headers["user-agent"].startswith("gfplug/")
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("status", "tries"),
    [(404, 1), (410, 1), (400, 1), (401, 1), (403, 1), (304, 1), (500, 3), (503, 3), (429, 3)],
)
def test_only_temporary_errors_are_retried(server: Server, status: int, tries: int) -> None:
    """A refusal is final, an overloaded server may recover; only "not found" passes a comma in GOPROXY."""
    server.serve_status("/x", status)

    with pytest.raises(FetchError, match=f"answered {status}") as excinfo:
        _get(server)
    assert isinstance(excinfo.value, MissingError) == (status in {404, 410})
    assert len(server.requests) == tries


def test_a_server_that_recovers_gives_its_body(server: Server) -> None:
    """Two errors come first."""
    server.serve("/x", Answer(status=503), Answer(status=502), Answer(body=b"body"))

    assert _get(server) == b"body"


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(server: Server) -> None:
    """A pause beyond the deadline is not waited for."""
    server.serve_status("/x", 503, headers={"Retry-After": "60"})
    start = time.monotonic()

    with pytest.raises(FetchError, match="answered 503"):
        _get(server)
    assert len(server.requests) == 1
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("pieces", "what"),
    [
        ([b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * 200], "a body that drips"),
        ([b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n"] * 90], "headers that drip"),
        ([b"HTTP/1.1 200 OK\r\n\r\n", b""], "a body that never comes"),
        ([b""], "an answer that never comes"),
    ],
)
def test_the_deadline_holds_for_any_server(pieces: list[bytes], what: str) -> None:
    """With a timeout for each read, a slow server could take forever."""
    start = time.monotonic()

    with (
        serving(RawServer(*pieces, pause=0.05)) as server,
        pytest.raises(FetchError, match=r"the download took longer than 0\.4 s"),
    ):
        _get(server, seconds=0.4)
    server.ended.set()
    assert time.monotonic() - start < 3, what


OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("answer", "kind", "sentence", "tries"),
    [
        (OK + b"Content-Length: 100\r\n\r\nshort", IntegrityError, "ended after 5 of 100 bytes", 3),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n64\r\nshort", IntegrityError, "ended after", 3),
        (b"", FetchError, "cannot reach", 3),
        (OK + b"Content-Length: 5000\r\n\r\n" + bytes(5000), FetchError, "larger than 1000 bytes", 1),
        (OK + b"\r\n" + bytes(5000), FetchError, "larger than 1000 bytes", 1),
        (OK + b"Content-Type: text/html; charset=utf-8\r\n\r\n<html>", IntegrityError, "answered with a web page", 1),
        (OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b", FetchError, "encoding 'gzip'", 1),
    ],
    ids=["cut short", "a piece cut short", "no answer", "too large, as said", "too large", "a web page", "encoded"],
)
def test_an_invalid_download_is_refused(answer: bytes, kind: type[Exception], sentence: str, tries: int) -> None:
    """It is incomplete, too large, a login page or encoded; only temporary errors are retried."""
    with serving(RawServer(answer)) as server, pytest.raises(kind, match=sentence):
        _get(server)
    assert server.connections == tries


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(server: Server, status: int) -> None:
    """They are absolute or relative."""
    server.serve_status("/x", status, headers={"Location": "/y?token=1"})
    server.serve_body("/y", b"body")

    assert _get(server) == b"body"


def test_a_redirect_loop_ends(server: Server) -> None:
    """It ends after five redirects."""
    server.serve_status("/x", 302, headers={"Location": "/x"})

    with pytest.raises(FetchError, match="more than 5 redirects"):
        _get(server)
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        *((place, "is not|invalid") for place in ("file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "http://[bad")),
        ("http://a.example/x", "redirects to an unencrypted address"),
    ],
)
def test_redirects_to_unsafe_addresses_are_refused(location: str, sentence: str) -> None:
    """They lead to a local file or another protocol, or from https to http."""
    with pytest.raises(FetchError, match=sentence):
        addresses.RequestTarget.of("https://a.example/x").follow_redirect(location)


def test_credentials_of_the_address_are_sent_and_never_shown(server: Server) -> None:
    """user:password@ becomes a header; an error names only the server."""
    server.serve_status("/x", 403)
    url = server.url.replace("//", "//me:s%40cret@")

    with pytest.raises(FetchError) as excinfo:
        web.get(f"{url}/x?token=hidden", deadline=Deadline(5), limit=_LIMIT)
    text = f"{excinfo.value} {excinfo.value.hint} {excinfo.value!r}"
    assert not any(secret in text for secret in ("s@cret", "s%40cret", "hidden", "me:"))
    assert server.requests[0].headers["authorization"] == "Basic " + base64.b64encode(b"me:s@cret").decode()


def test_credentials_stay_with_their_origin() -> None:
    """Another host, port or scheme is another origin."""
    target = addresses.RequestTarget.of("https://me:secret@a.example/x")

    assert target.follow_redirect("/y").authorization == target.authorization
    assert target.follow_redirect("https://a.example:443/y").authorization == target.authorization
    for other in ("https://b.example/y", "https://a.example:8443/y"):
        assert target.follow_redirect(other).authorization is None


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://me:secret@a.example:8443/go?token=1#x", "https://a.example:8443/go"),
        ("https://a.example/go", "https://a.example/go"),
        ("https://me:secret@a.example:port/go", "(an invalid address)"),
        ("file:///srv/go", "file:/srv/go"),
        ("me:secret@a.example", "me:secret@a.example"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, text: str) -> None:
    """Messages and logs show them; a text that is not a URL is never sent."""
    assert addresses.redact(url) == text


@pytest.mark.parametrize(
    "url", ["ftp://a.example/x", "https://", "https://me:secret@a.example:port/x", "a.example", "https://[secret/x"]
)
def test_invalid_addresses_are_refused_without_their_secrets(url: str) -> None:
    """A mistyped address may have a password."""
    with pytest.raises(FetchError) as excinfo:
        web.get(url, deadline=Deadline(5), limit=_LIMIT)
    assert "secret" not in str(excinfo.value)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a b", "/a%20b"),
        ("/\u00e9", "/%C3%A9"),
        ("/%C3%A9", "/%C3%A9"),
        ("/x HTTP/1.1\r\nX-Evil: 1\r\n", "/x%20HTTP/1.1X-Evil:%201"),
    ],
)
def test_an_address_is_escaped_once(server: Server, path: str, target: str) -> None:
    """The path may have spaces and non-ASCII letters; text after a line end does not become a header."""
    server.serve_body(target, b"body")

    assert _get(server, path) == b"body"
    assert "x-evil" not in server.requests[0].headers


def test_a_refused_connection_is_named() -> None:
    """The error has the system's message."""
    with pytest.raises(FetchError, match=f"cannot reach {NOBODY}/x: Connection refused"):
        web.get(f"{NOBODY}/x", deadline=Deadline(5), limit=_LIMIT)


def test_an_unknown_host_is_not_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not retried."""
    resolve = Mock(side_effect=socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    with pytest.raises(FetchError, match=r"cannot reach http://a\.example/x: Name or service not known"):
        web.get("http://a.example/x", deadline=Deadline(5), limit=_LIMIT)
    resolve.assert_called_once()


def test_the_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for an unknown host arrives at the proxy; addresses in NO_PROXY do not."""
    monkeypatch.setenv("http_proxy", server.url)
    server.serve_body("http://a.example/x", b"body")

    assert web.get("http://a.example/x", deadline=Deadline(5), limit=_LIMIT) == b"body"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.serve_body("/x", b"body of its own")

    assert _get(server) == b"body of its own"


def test_after_the_deadline_no_request_is_sent(server: Server) -> None:
    """Earlier requests used all the time."""
    with pytest.raises(FetchError, match="the download took longer than 0 s"):
        _get(server, seconds=0)
    assert server.requests == []
