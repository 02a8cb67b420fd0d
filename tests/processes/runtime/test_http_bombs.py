"""Responses that would fill the memory, read by a process with little memory."""

from __future__ import annotations

import functools
import gzip
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
from commands import run
from upstreams import Script

if TYPE_CHECKING:
    from collections.abc import Callable

resource = pytest.importorskip("resource", reason="only Unix limits a process's memory so")

ASK = """
import resource, sys
from gfruntime import HttpClient, HttpSettings, PluginError
resource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))
http = HttpClient(HttpSettings(url=sys.argv[1], timeout=50))
try:
    print(len(http.get("x").raise_for_status().body))
except PluginError as error:
    print(type(error).__name__, error)
"""
ZEROS = 64 * 1024 * 1024
HEAD = b"HTTP/1.1 %s\r\nContent-Encoding: %s\r\n\r\n"

pack = functools.partial(gzip.compress, compresslevel=1, mtime=0)


@functools.cache
def members() -> bytes:
    """Compress 2.1 GB of zeros into some hundred kilobytes: 34 members of gzip, which are read as one stream."""
    return pack(bytes(ZEROS)) * 34


@functools.cache
def one_member() -> bytes:
    """Compress 2.1 GB of zeros into one stream, whose end is missing."""
    packer = zlib.compressobj(1, wbits=31)
    first = packer.compress(bytes(ZEROS)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(ZEROS)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * 33


@functools.cache
def deflated() -> bytes:
    """Compress the same zeros without gzip's header."""
    packer = zlib.compressobj(1, wbits=-15)
    first = packer.compress(bytes(ZEROS)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first * 34


BODIES: dict[str, tuple[bytes, Callable[[], bytes]]] = {
    "members of gzip": (b"gzip", members),
    "one member of gzip": (b"gzip", one_member),
    "deflate": (b"deflate", deflated),
    "gzip in gzip": (b"gzip, gzip", lambda: pack(members())),
    "gzip in gzip in gzip": (b"gzip, gzip, gzip", lambda: pack(pack(members()))),
}


@pytest.mark.shows("errors: a small response that becomes huge when decompressed")
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        *((kind, b"200 OK") for kind in BODIES),
        ("members of gzip", b"500 No"),
        ("members of gzip", b"302 Found\r\nLocation: /y"),
    ],
    ids=str,
)
def test_a_small_answer_that_becomes_huge_is_refused(kind: str, status: bytes) -> None:
    """Reading stops at the default limit, which the error names; this includes bodies of errors and redirects."""
    encoding, body = BODIES[kind]
    with Script(HEAD % (status, encoding) + body()) as upstream:
        ended = run(sys.executable, "-c", ASK, upstream.url)

    assert (ended.code, ended.err) == (0, "")
    assert "DownstreamError /x answered more than the limit of 104857600 bytes" in ended.out
    assert "can raise: HttpClient.of(settings, max_bytes=...)" in ended.out


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"],
    ids=["no end", "a huge length"],
)
def test_an_answer_without_an_end_is_refused(head: bytes) -> None:
    """The response may be uncompressed."""
    with Script(head, bytes(1 << 20), repeats=300) as upstream:
        ended = run(sys.executable, "-c", ASK, upstream.url)

    assert (ended.code, ended.err) == (0, "")
    assert "DownstreamError /x answered more than the limit of 104857600 bytes" in ended.out


def test_a_huge_chunk_is_not_waited_for_in_memory() -> None:
    """The announced length of a chunk reserves no memory."""
    with Script(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", bytes(1 << 20), repeats=300
    ) as upstream:
        ended = run(sys.executable, "-c", ASK, upstream.url)

    assert (ended.code, ended.err) == (0, "")
    assert "DownstreamError /x answered more than the limit of 104857600 bytes" in ended.out
