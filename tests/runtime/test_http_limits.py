"""The bounds of an exchange with an upstream: the deadline, the size of the answer, and its completeness."""

from __future__ import annotations

import functools
import gzip
import socket
import threading
import time
import zlib

import pytest
from upstreams import Script, Server, client

from gfruntime import DownstreamError, HttpClient, HttpSettings
from gfruntime.request.incoming import Incoming, enter

pytestmark = pytest.mark.usefixtures("without_proxies")

pack = functools.partial(gzip.compress, mtime=0)  # without the time: the same bytes in every process
HEAD = b"HTTP/1.1 200 OK\r\n"
TEXT = b"".join(b"%d," % number for number in range(20_000))


def get(upstream: Script, **options: float) -> bytes:
    """Ask a scripted upstream."""
    return HttpClient(HttpSettings(url=upstream.url)).get("x", **options).body


@pytest.mark.shows("errors: bytes that come slowly")
@pytest.mark.parametrize(
    "parts",
    [
        (b"", b"H"),
        (HEAD, b"X"),
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b"x"),
        (HEAD + b"\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"X-A: b\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + pack(b"")[:10], b"\x00\x00\x00\xff\xff"),
        (b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 1000\r\n\r\n", b"x"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n", b"x"),
    ],
    ids=[
        *("status line", "header", "headers", "body", "body without length", "chunk size", "chunks", "trailer"),
        *("chunk extension", "continue", "empty blocks of gzip", "body of a redirect", "body of an error"),
    ],
)
def test_slow_bytes_do_not_extend_the_deadline(parts: tuple[bytes, ...]) -> None:
    """Each byte arrives within a socket's timeout, but the deadline is for all bytes."""
    began = time.monotonic()
    with (
        Script(*parts, pause=0.05, repeats=60) as upstream,
        pytest.raises(DownstreamError, match=r"/x did not answer within 0\.2 s") as failure,
    ):
        get(upstream, timeout=0.2)

    assert failure.value.status == 504
    assert time.monotonic() - began < 1.2


def test_a_slow_proxy_does_not_extend_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy's answer to CONNECT arrives byte by byte."""
    with Script(b"", b"H", pause=0.05, repeats=60) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(DownstreamError, match=r"/x did not answer within 0\.4 s"):
            HttpClient(HttpSettings(url="https://far.example")).get("x", timeout=0.4)


@pytest.mark.parametrize(
    ("scheme", "first"),
    [
        ("https", b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03"),  # the start of a ServerHello of 16 KiB
        ("http", b"\x05\x02\x01\x00\x05\x00\x00\x03\xff"),  # SOCKS5 accepts, and begins to send a name of 255 bytes
    ],
)
def test_a_slow_handshake_does_not_extend_the_deadline(
    monkeypatch: pytest.MonkeyPatch, scheme: str, first: bytes
) -> None:
    """The bytes of a TLS or SOCKS5 handshake arrive slowly."""
    with Script(first, b"x", pause=0.05, repeats=60, head_end=b"") as upstream:
        address = upstream.url.removeprefix("http://")
        monkeypatch.setenv("http_proxy", f"socks5://u:p@{address}")
        url = f"https://{address}" if scheme == "https" else "http://inside.example"
        began = time.monotonic()
        with pytest.raises(DownstreamError, match=r"/x did not answer within 0\.4 s"):
            HttpClient(HttpSettings(url=url)).get("x", timeout=0.4)

    assert time.monotonic() - began < 1.2


@pytest.mark.shows("errors: bytes that come slowly")
def test_redirects_share_one_deadline() -> None:
    """Each redirect is fast, but all of them together exceed the deadline."""
    with Script(b"", b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", pause=0.15) as upstream:
        began = time.monotonic()
        with pytest.raises(DownstreamError, match="did not answer within"):
            get(upstream, timeout=0.5)

    assert time.monotonic() - began < 1


def test_an_upstream_that_reads_nothing_does_not_extend_the_deadline() -> None:
    """The time to send a body is bounded as well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(DownstreamError, match="did not answer within"):
            HttpClient(HttpSettings(url=url)).post("x", body=b"x" * 50_000_000, timeout=0.4)


@pytest.mark.shows("errors: bytes that come slowly")
def test_a_slow_resolver_does_not_extend_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver has no deadline."""
    is_over = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [is_over.wait(5)])
    with pytest.raises(DownstreamError, match="did not answer within"):
        HttpClient(HttpSettings(url="http://slow.example")).get("x", timeout=0.2)
    is_over.set()


@pytest.mark.parametrize(
    ("clients", "calls", "seconds"), [(0.2, None, "0.2"), (None, 0.2, "0.2"), (0.2, 5.0, "0.2"), (5.0, 0.2, "0.2")]
)
def test_the_smallest_deadline_counts(server: Server, clients: float | None, calls: float | None, seconds: str) -> None:
    """The client, the call and the data source's timeout may each set one."""
    http = client(server, deadline=clients)
    with pytest.raises(DownstreamError, match=f"within {seconds} s"):
        http.get(f"{server.url}/slow", deadline=calls)
    with pytest.raises(DownstreamError, match=r"within 0\.1 s"):
        http.get(f"{server.url}/slow", deadline=calls, timeout=0.1)


@pytest.mark.parametrize(("seconds_left", "seconds"), [(0.3, r"0\.[0-3]"), (-1.0, r"0\.001 s")])
def test_grafanas_deadline_counts_too(server: Server, seconds_left: float, seconds: str) -> None:
    """A request within a query ends when Grafana no longer waits for the answer."""
    enter(Incoming(endpoint="queryData", deadline=time.monotonic() + seconds_left))
    with pytest.raises(DownstreamError, match=f"within {seconds}"):
        client(server).get(f"{server.url}/slow")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", pack(TEXT)),
        ("GZIP", pack(TEXT)),
        ("x-gzip", pack(TEXT)),
        ("gzip", pack(TEXT[:70_000]) + pack(b"") + pack(TEXT[70_000:])),
        ("gzip", pack(TEXT) + bytes(700)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT, wbits=-15)),
        ("gzip, gzip", pack(pack(TEXT))),
        ("deflate, gzip", pack(zlib.compress(TEXT))),
        ("identity", TEXT),
    ],
)
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_encoded_bodies_are_read_whole(encoding: str, body: bytes, size: int) -> None:
    """All gzip members, both kinds of deflate and nested encodings are decoded, in any pieces."""
    head = HEAD + b"Content-Encoding: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % encoding.encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    with Script(head + chunks + b"0\r\n\r\n") as upstream:
        assert get(upstream) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip"])
@pytest.mark.parametrize("status", [b"204 No Content", b"200 OK"])
def test_an_empty_body_is_read_with_any_content_encoding(encoding: str, status: bytes) -> None:
    """Its Content-Encoding does not matter."""
    with Script(b"HTTP/1.1 %s\r\nContent-Encoding: %s\r\n\r\n" % (status, encoding.encode())) as upstream:
        assert get(upstream) == b""


@pytest.mark.shows("errors: a truncated body")
@pytest.mark.parametrize(
    "head",
    [b"Content-Length: %d\r\n", b"Connection: close\r\n", b"Transfer-Encoding: chunked\r\n"],
    ids=["length", "until the end", "chunks"],
)
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", pack(TEXT)[:-1]),
        ("gzip", pack(TEXT)[:-8]),
        ("gzip", pack(TEXT)[:1000]),
        ("gzip", pack(TEXT)[:5]),
        ("gzip", pack(TEXT)[:1]),
        ("gzip", pack(TEXT) + pack(TEXT)[:-3]),
        ("gzip", pack(TEXT) + pack(TEXT)[:4]),
        ("gzip", pack(TEXT) + b"\x1f"),
        ("gzip", pack(TEXT) + b"garbage"),
        ("gzip", pack(TEXT)[:-8] + bytes(8)),
        ("gzip", TEXT),
        ("deflate", zlib.compress(TEXT)[:-1]),
        ("deflate", zlib.compress(TEXT)[:-4] + bytes(4)),
        ("deflate", zlib.compress(TEXT) + b"more"),
        ("deflate", zlib.compress(TEXT, wbits=-15)[:-1]),
        ("gzip, gzip", pack(pack(TEXT)[:-1])),
        ("gzip, gzip", pack(pack(TEXT))[:-1]),
    ],
)
def test_an_incomplete_compressed_body_is_an_error(head: bytes, encoding: str, body: bytes) -> None:
    """The answer is an error and never shortened, although its length is the announced one."""
    content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if b"chunked" in head else body
    first = HEAD + (head % len(body) if b"%d" in head else head)
    with (
        Script(first + b"Content-Encoding: %s\r\n\r\n" % encoding.encode() + content) as upstream,
        pytest.raises(DownstreamError, match="/x answered broken or incomplete compressed data"),
    ):
        get(upstream)


@pytest.mark.shows("errors: a truncated body")
@pytest.mark.parametrize(
    "answer",
    [
        b"Content-Length: 10\r\n\r\n123456789",
        b"Content-Length: 10\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n1234",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345",
        b"Transfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_body_that_ends_too_early_is_an_error(answer: bytes) -> None:
    """The body is shorter than its announced length, or lacks its last chunk."""
    with Script(HEAD + answer) as upstream, pytest.raises(DownstreamError, match="/x could not be asked"):
        get(upstream)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, br", "gzip, gzip, gzip, gzip", "x\x1b[31m"])
def test_an_answer_in_an_unrequested_encoding_is_an_error(encoding: str) -> None:
    """A body in an encoding that was not requested is not read as text."""
    with (
        Script(HEAD + b"Content-Encoding: %s\r\nContent-Length: 1\r\n\r\nx" % encoding.encode()) as upstream,
        pytest.raises(DownstreamError, match="in an encoding that was not requested: '") as failure,
    ):
        get(upstream)

    assert "\x1b" not in str(failure.value)


def test_an_author_may_ask_for_another_encoding() -> None:
    """The author then decodes the bytes."""
    with Script(HEAD + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx") as upstream:
        answer = HttpClient(HttpSettings(url=upstream.url)).get("x", headers={"accept-encoding": "br"})

    assert answer.body == b"x"


@pytest.mark.shows("errors: a small response that becomes huge when decompressed")
@pytest.mark.parametrize(
    ("own", "calls", "grafanas", "limit", "sentence"),
    [
        (None, None, "1000", 1000, "set by Grafana: its setting response_limit"),
        (2000, None, "1000", 1000, "set by Grafana"),
        (1000, None, "2000", 1000, r"which the plugin's author can raise: HttpClient.of\(settings, max_bytes=...\)"),
        (1000, None, "", 1000, "which the plugin's author can raise"),
        (9999, 1000, "", 1000, "which the plugin's author can raise"),
        (0, None, "1000", 1000, "set by Grafana"),
    ],
)
def test_the_error_says_who_set_the_limit(  # noqa: PLR0917  # a table
    server: Server, own: int | None, calls: int | None, grafanas: str, limit: int, sentence: str
) -> None:
    """The error says how to raise the limit."""
    http = client(server, config={"GF_RESPONSE_LIMIT": grafanas} if grafanas else {}, max_bytes=own)
    with pytest.raises(DownstreamError, match=rf"/big answered more than the limit of {limit} bytes, {sentence}"):
        http.get(f"{server.url}/big", max_bytes=calls)


def test_an_answer_of_exactly_the_limit_is_read(server: Server) -> None:
    """An answer is also read with the limit 0, or with a greater limit for one call."""
    assert len(client(server, max_bytes=5000).get(f"{server.url}/big").body) == 5000
    assert len(client(server, max_bytes=0).get(f"{server.url}/big").body) == 5000
    assert len(client(server, max_bytes=10).get(f"{server.url}/big", max_bytes=5000).body) == 5000
