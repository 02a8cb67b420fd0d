"""Connections with other protocols or incomplete gRPC: each ends by itself, and the host's connection continues."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from children import Child, plugin, query_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(120)

fuzzed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def child(stub_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """Start the sample plugin for all tests of this module; it must end well after all of them."""
    with plugin(stub_folder, tmp_path_factory.mktemp("plugin")) as running:
        running.query({})
        yield running
        running.shutdown()

        assert running.process.returncode == 0


@pytest.fixture(scope="module")
def recording(child: Child, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Record the bytes that a client sends: HTTP/2's preface, settings, a query."""
    path = tmp_path_factory.mktemp("relay") / "socket"
    heard = bytearray()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=relay, args=(listener, address(child), heard), daemon=True).start()
        with grpc.insecure_channel(f"unix:{path}", options=[("grpc.enable_http_proxy", 0)]) as channel:
            ask: Any = channel.unary_unary("/pluginv2.Data/QueryData")
            ask(query_request({}).SerializeToString(), timeout=10)
        return bytes(heard)


def relay(listener: socket.socket, target: str, heard: bytearray) -> None:
    """Forward one connection, and record the bytes of its client."""
    client, _ = listener.accept()
    with client, socket.socket(socket.AF_UNIX) as server:
        server.connect(target)
        back = threading.Thread(target=pump, args=(server, client, bytearray()), daemon=True)
        back.start()
        pump(client, server, heard)


def pump(source: socket.socket, target: socket.socket, buffer: bytearray) -> None:
    """Forward bytes until one side disconnects."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            buffer += data
            target.sendall(data)


def address(child: Child) -> str:
    """Return the path of the plugin's socket."""
    return child.line.split("|")[3]


def say(child: Child, words: bytes) -> None:
    """Connect, send bytes, and disconnect after a short wait."""
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.settimeout(0.05)
        connection.connect(address(child))
        connection.sendall(words)
        connection.recv(1 << 16)


def well(child: Child) -> bool:
    """Tell whether a query on the first connection is answered."""
    return bool(child.query({})["A"].status == 200)


@fuzzed
@given(st.binary(max_size=300))
def test_connections_with_another_protocol_are_closed(child: Child, words: bytes) -> None:
    """The first bytes may have any values."""
    say(child, words)

    assert well(child)


@pytest.mark.shows("faults: Bytes are random")
@fuzzed
@given(data=st.data())
def test_a_cut_connection_leaves_the_others_open(child: Child, recording: bytes, data: st.DataObject) -> None:
    """A client may disconnect at any byte of its request."""
    say(child, recording[: data.draw(st.integers(0, len(recording)))])

    assert well(child)


@pytest.mark.shows("faults: Bytes are random")
@fuzzed
@given(data=st.data())
def test_flipped_bits_end_only_their_own_connection(child: Child, recording: bytes, data: st.DataObject) -> None:
    """Frames, headers and messages with wrong bits end only their own connection."""
    words = bytearray(recording)
    for at in data.draw(st.lists(st.integers(24, len(recording) - 1), min_size=1, max_size=8)):  # after the preface
        words[at] ^= 1 << data.draw(st.integers(0, 7))
    say(child, bytes(words))
    assert well(child)


def test_connections_of_disconnected_clients_are_closed(child: Child, recording: bytes) -> None:
    """Interrupted requests and silent clients leave no connection open."""
    files = Path(f"/proc/{child.process.pid}/fd")
    if not files.is_dir():
        pytest.skip("this system does not show open files")
    before = len(list(files.iterdir()))
    for number in range(50):
        say(child, recording[: number * len(recording) // 50])

    eventually(lambda: len(list(files.iterdir())) <= before + 1, within_s=20)
