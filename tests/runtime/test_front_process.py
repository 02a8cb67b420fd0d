"""`gfruntime.serving.workers.front_process`: the events that end this process, and the end of the watch."""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from gfruntime.serving.workers import front_process

if TYPE_CHECKING:
    from collections.abc import Iterator


class EndError(Exception):
    """This process would have ended."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Connect our end with the front process's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_channel_with_unread_data_is_not_closed(pair: tuple[socket.socket, socket.socket]) -> None:
    """The channel is closed only after its last byte."""
    ours, theirs = pair
    assert not front_process._is_closed(ours)
    theirs.sendall(b"call")
    theirs.shutdown(socket.SHUT_WR)
    assert not front_process._is_closed(ours)
    assert ours.recv(9) == b"call"
    assert front_process._is_closed(ours)


def test_a_channel_with_a_reset_connection_is_closed() -> None:
    """Windows resets the connection of a process that was killed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    theirs.close()
    with ours:
        assert front_process._is_closed(ours)


def test_the_thread_ends_the_process_only_when_the_channel_closes(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the block the thread has ended."""
    ends: list[int] = []
    has_ended = threading.Event()

    def end(status: int) -> None:
        ends.append(status)
        has_ended.set()

    monkeypatch.setattr(front_process, "_LOOK", 0.01)
    monkeypatch.setattr(os, "_exit", end)
    ours, theirs = pair
    with front_process.watch_in_thread(ours):
        theirs.sendall(b"x")
        assert not has_ended.wait(0.1)
        ours.recv(1)
        theirs.close()
        assert has_ended.wait(5)
    assert "front process" not in {thread.name for thread in threading.enumerate()}
    assert ends[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel sends no signal for it")
def test_the_signal_is_off_after_the_block(pair: tuple[socket.socket, socket.socket]) -> None:
    """Otherwise the answer to `loaded` would be an event, too."""
    import fcntl  # noqa: PLC0415  # Windows has none

    ours, _ = pair
    before = fcntl.fcntl(ours, fcntl.F_GETFL)
    with front_process.watch(ours):
        assert fcntl.fcntl(ours, fcntl.F_GETFL) == before | os.O_ASYNC
        assert fcntl.fcntl(ours, fcntl.F_GETOWN) == os.getpid()
    assert fcntl.fcntl(ours, fcntl.F_GETFL) == before


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_a_channel_that_closed_before_the_watch_ends_the_process(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system sends no event for an earlier end."""

    def end(status: int) -> None:
        raise EndError(status)

    monkeypatch.setattr(os, "_exit", end)
    ours, theirs = pair
    theirs.close()
    with pytest.raises(EndError), front_process.watch(ours):
        pass
