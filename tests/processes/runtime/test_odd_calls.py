"""Calls that no gRPC library sends: each ends with a status or a closed connection, and the plugin continues."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc
import http2
import pytest
from children import Child, plugin, query_request
from pluginv2 import backend_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

UNIMPLEMENTED, OK = b"grpc-status\x0212", b"grpc-status\x010"
QUERY = http2.message(query_request({}).SerializeToString())
MIB = 1 << 20


@pytest.fixture(scope="module")
def child(stub_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """Start the sample plugin for all tests of this module; it must end well after all of them."""
    with plugin(stub_folder, tmp_path_factory.mktemp("plugin")) as running:
        running.query({})
        yield running
        running.shutdown()

        assert running.process.returncode == 0


def ask(child: Child, headers: Sequence[http2.Header], body: bytes = QUERY, *, seconds: float = 2.0) -> bytes:
    """Send a request, and check that the first connection is still answered."""
    began = time.monotonic()
    came = http2.ask(child.line.split("|")[3], headers, body, seconds=seconds)

    assert child.query({})["A"].status == 200
    assert time.monotonic() - began < 20
    assert child.process.poll() is None
    assert not any("gRPC server stopped unexpectedly" in entry["@message"] for entry in child.logs())
    return came


def test_a_usual_call_is_answered(child: Child) -> None:
    """The other tests change this valid call."""
    assert OK in ask(child, http2.headers(), seconds=10)


@pytest.mark.shows("faults: A method's name is not a text")
@pytest.mark.parametrize(
    "path",
    [
        *(b"/pluginv2.Data/QueryDat\xe1", b"\xff" * 10, b"/\xc3\x28", b"/\xed\xa0\x80", b"/\xc0\xaf", b"/a\xf0\x9f"),
        *(b"/pluginv2.Data/QueryData/", b"/nowhere", b"*", b"pluginv2.Data/QueryData", b"/" + b"x" * 100_000),
        *(b"/" + b"\xff" * 100_000, b"/" + b"\xff" * MIB, "/pluginv2.Data/Größe".encode()),
    ],
    ids=lambda path: repr(path[:24]) + str(len(path)),
)
def test_unknown_methods_are_unimplemented(child: Child, path: bytes) -> None:
    """A method's name may be any bytes: the call gets the status of an unknown method."""
    assert UNIMPLEMENTED in ask(child, http2.headers({b":path": path}), seconds=10)


@pytest.mark.shows("faults: A method's name is not a text")
def test_a_hundred_invalid_method_names_do_not_affect_other_calls(child: Child) -> None:
    """A pending call is answered although others call invalid names meanwhile."""
    answer = child.start_query({"do": "sleep", "seconds": 1})
    for number in range(100):
        http2.ask(child.line.split("|")[3], http2.headers({b":path": b"/\xff%d" % number}), QUERY)

    assert pb.QueryDataResponse.FromString(answer.result()).responses["A"].status == 200


@pytest.mark.shows("faults: Headers, metadata or messages")
@pytest.mark.parametrize(
    "changes",
    [
        *({b":path": path} for path in (None, b"", b"/\0", b"/\n")),
        *({b":method": method} for method in (None, b"", b"GET", b"\xff")),
        *({b":authority": authority} for authority in (None, b"", b"\xff\xfe", b"a" * 100_000)),
        *({b":scheme": scheme} for scheme in (None, b"", b"\xff")),
        *({b"te": value} for value in (None, b"\xff")),
        *({b"content-type": kind} for kind in (None, b"", b"text/plain", b"application/grpc+json", b"\xff\0")),
        *({b"grpc-encoding": coding} for coding in (b"gzip", b"identity", b"nothing", b"\xff", b"")),
        *({b"grpc-timeout": timeout} for timeout in (b"", b"-1S", b"99999999999S", b"\xff", b"1")),
        *({b"user-agent": agent} for agent in (b"\xff", b"x" * 100_000)),
        *({b"grpc-accept-encoding": b"\xff"}, {b"grpc-message": b"%%%"}, {b"grpc-status": b"\xff"}),
    ],
    ids=repr,
)
def test_odd_headers_of_the_protocol_end_their_own_call(child: Child, changes: dict[bytes, bytes | None]) -> None:
    """Headers with a meaning in gRPC or HTTP/2 may be missing or wrong."""
    ask(child, http2.headers({key: value for key, value in changes.items()}), seconds=0.5)  # noqa: C416


@pytest.mark.shows("faults: Headers, metadata or messages")
@pytest.mark.parametrize("name", [b"x", b"x-bin", b"traceparent", b"tenantid", b"loggerparamsctxmetadata", b"cookie"])
@pytest.mark.parametrize("value", [b"\xff\xfe", b"\0", b"a\r\nb: c", b"!", b"====", b"AAA", "é".encode(), b""])
def test_odd_values_of_metadata_end_their_own_call(child: Child, name: bytes, value: bytes) -> None:
    """Values may be any bytes, and values of binary keys may be invalid base64."""
    ask(child, http2.headers(more=[(name, value)] * 2), seconds=0.5)


@pytest.mark.shows("faults: Headers, metadata or messages")
@pytest.mark.parametrize(
    "name", [b"", b" ", b"X-Upper", b"\xff", b"a:b", b"a\r\nb", b"\0", b":more", b"-bin", b"x" * MIB]
)
def test_odd_names_of_metadata_end_their_own_call(child: Child, name: bytes) -> None:
    """Names may be any bytes."""
    ask(child, http2.headers(more=[(name, b"v")]), seconds=0.5)


@pytest.mark.shows("faults: Headers, metadata or messages")
@pytest.mark.parametrize(
    "body",
    [
        *(http2.message(b"garbage", flag=1), http2.message(b"\x1f\x8b\x08" + b"\0" * 20, flag=1)),
        *(http2.message(b"x", flag=2), http2.message(b"x", flag=255)),
        *(http2.message(b"x", size=2**32 - 1), http2.message(b"x", size=1000), http2.message(b"xxxx", size=1)),
        *(b"", b"\0", b"\0\0\0\0\0", QUERY * 3, QUERY[:-1]),
        *(
            http2.message(b"\xff" * 100),
            http2.message(b"\x1a\x03\x0a\x01\xff"),
            http2.message(b"\x0a\x04\x12\x02\xff\xfe"),
        ),
    ],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("coding", [b"gzip", b"deflate", None], ids=repr)
def test_odd_messages_end_their_own_call(child: Child, body: bytes, coding: bytes | None) -> None:
    """Their compression, length and content may differ from their headers."""
    ask(child, http2.headers({b"grpc-encoding": coding}), body, seconds=0.5)


@pytest.mark.shows("faults: Metadata has up to 16 MiB")
@pytest.mark.parametrize(
    "metadata",
    [
        *([("cookie", "c" * size)] for size in (8_000, 9_000, 15_000, 100_000, MIB, 12 * MIB)),
        [(f"x-{number}", "v" * 1000) for number in range(1000)],
        [("authorization", "Bearer " + "t" * 20_000), ("cookie", "c" * 20_000), ("x-bin", b"\xff" * 20_000)],
    ],
    ids=["8k", "9k", "15k", "100k", "1m", "12m", "many", "tokens"],
)
def test_metadata_of_16_mib_is_accepted(child: Child, metadata: list[tuple[str, Any]]) -> None:
    """16 MiB are always accepted, as by Go's servers; grpcio's limits would refuse some calls at random."""
    method = child.channel.unary_unary("/pluginv2.Data/QueryData")
    message_bytes = query_request({}).SerializeToString()
    for _ in range(20 if len(str(metadata)) < MIB else 2):
        answer = pb.QueryDataResponse.FromString(method(message_bytes, metadata=metadata, timeout=20))
        assert answer.responses["A"].status == 200


@pytest.mark.shows("faults: Metadata has up to 16 MiB")
def test_metadata_over_16_mib_ends_its_own_call(child: Child) -> None:
    """Beyond 16 MiB the call is refused, and the plugin continues."""
    method = child.channel.unary_unary("/pluginv2.Data/QueryData")
    with pytest.raises(grpc.RpcError) as caught:
        method(query_request({}).SerializeToString(), metadata=[("x", "v" * (20 * MIB))], timeout=20)

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined,unused-ignore]
    assert child.query({})["A"].status == 200
