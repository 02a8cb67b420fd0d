"""The channel between the front process and a worker: messages in pieces, how each end closes, who may connect."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from typing import Any, Self

import pytest

from gfruntime.serving.methods import Call, CallError
from gfruntime.serving.workers import caller as callers
from gfruntime.serving.workers import channel, shared
from gfruntime.serving.workers.caller import Caller
from gfruntime.serving.workers.channel import Channel, Offer

QUERY = "/pluginv2.Data/QueryData"
MESSAGES: list[tuple[Any, ...]] = [
    ("call", 1, QUERY, b"\x00\xff", {"x": ["a", "é"], "y-bin": ["\xff"]}, 12.5),
    ("cancel", 1),
    ("part", 2, b"x" * 300_000),
    ("answer", 3, (7, 1 << 40)),
    ("error", 4, "no such table", "UNKNOWN", b""),
]


@pytest.mark.parametrize("size", [1, 3, 7, 4096, 1_000_000])
def test_messages_arrive_whole_from_pieces_of_any_size(size: int) -> None:
    """Messages arrive one by one and in order."""
    messages: list[tuple[Any, ...]] = []
    end = Channel(messages.append, lambda: None)
    stream = b"".join(channel._frame(message) for message in MESSAGES)
    if size < 100:
        stream = stream.replace(channel._frame(MESSAGES[2]), channel._frame(MESSAGES[0]))
    for start in range(0, len(stream), size):
        end.data_received(stream[start : start + size])

    assert messages == (MESSAGES if size >= 100 else [*MESSAGES[:2], MESSAGES[0], *MESSAGES[3:]])


def test_messages_sent_before_the_loop_has_the_socket_are_queued() -> None:
    """No message is lost, and the order stays."""
    ours, theirs = socket.socketpair()
    messages: list[tuple[Any, ...]] = []

    async def talk() -> None:
        closure = asyncio.Event()
        one, other = Channel(lambda _: None, lambda: None), Channel(messages.append, closure.set)
        other.attach(theirs)
        one.attach(ours)
        for message in MESSAGES:
            one.send(*message)
        while len(messages) < len(MESSAGES):  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.001)
        one.close()
        await asyncio.wait_for(closure.wait(), 5)

    asyncio.run(asyncio.wait_for(talk(), 10))
    assert messages == MESSAGES


def test_a_blocking_reader_gets_one_message_and_the_end() -> None:
    """The other end reports that it has loaded before a loop has the socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def write() -> None:
            for each in MESSAGES:
                channel.write(theirs, *each)

        thread = threading.Thread(target=write)
        thread.start()
        assert [channel.read(ours) for _ in MESSAGES] == MESSAGES
        thread.join()
        theirs.close()
        assert channel.read(ours) is None


def test_a_token_opens_the_channel_if_no_socket_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no inherited socket; another process that connects without the token is refused."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(channel, "_PATIENCE", 5.0)
    offer = Offer()
    port, _, token = offer.value.partition(":")
    stranger = socket.create_connection(("127.0.0.1", int(port)))
    stranger.sendall(b"0" * len(token))
    hasty = socket.create_connection(("127.0.0.1", int(port)))
    hasty.close()
    connections: list[socket.socket] = []
    thread = threading.Thread(target=lambda: connections.append(channel.connect(offer.value)))
    thread.start()
    end = offer.accept(lambda: True)
    thread.join()

    assert offer.descriptors == ()
    assert len(token) == 32
    assert stranger.recv(1) == b""
    channel.write(connections[0], "loaded", "", b"", 0)
    assert channel.read(end) == ("loaded", "", b"", 0)
    for each in (*connections, end, stranger):
        each.close()


def test_a_process_that_ends_before_it_connects_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows nothing closes the process's end of the channel then."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(channel, "_LOOK", 0.01)
    answers = [True, True, False]
    with pytest.raises(TimeoutError):
        Offer().accept(lambda: answers.pop(0))

    assert answers == []


class Talk:
    """A caller, and the other end of its channel, for which a test answers."""

    def __init__(self) -> None:
        """Connect the two ends."""
        ours, theirs = socket.socketpair()
        self.caller = Caller(ours, os.getpid())
        self.caller.attach()
        self.messages: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.other = Channel(self.messages.put_nowait, lambda: None)
        self.other.attach(theirs)

    async def __aenter__(self) -> Self:
        """Return the connected pair."""
        return self

    async def __aexit__(self, *_failure: object) -> None:
        """Close both ends."""
        self.other.close()
        while not self.caller._loss:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.001)

    async def next(self, kind: str) -> tuple[Any, ...]:
        """Return the next message of a kind."""
        while (message := await asyncio.wait_for(self.messages.get(), 5))[0] != kind:
            pass
        return message


def test_each_call_gets_its_own_answer() -> None:
    """Answers may come in any order; an answer to no call is dropped."""

    async def talk() -> list[object]:
        async with Talk() as talk:
            calls = [asyncio.create_task(talk.caller.ask(QUERY, b"%d" % number, Call())) for number in range(3)]
            numbers = {(await talk.next("call"))[3]: number for number in range(3)}
            assert talk.caller.calls == 3
            talk.other.send("answer", 99, b"for nobody")
            talk.other.send("part", 98, b"for nobody")
            talk.other.send("over", 97)
            talk.other.send("error", numbers[b"1"], "no", "NOT_FOUND", b"d")
            talk.other.send("answer", numbers[b"2"], b"two")
            talk.other.send("answer", numbers[b"0"], b"zero")
            return [*await asyncio.gather(*calls, return_exceptions=True), talk.caller.calls]

    zero, one, two, count = asyncio.run(talk())
    assert (zero, two, count) == (b"zero", b"two", 0)
    assert isinstance(one, CallError)
    assert (str(one), one.code, one.details) == ("no", "NOT_FOUND", b"d")


def test_a_cancelled_call_is_cancelled_at_the_worker() -> None:
    """A stream that is closed early is cancelled there, too."""

    async def talk() -> None:
        async with Talk() as talk:
            call = asyncio.create_task(talk.caller.ask(QUERY, b"", Call()))
            _, number, *_ = await talk.next("call")
            call.cancel()
            assert await talk.next("cancel") == ("cancel", number)
            stream = talk.caller.stream(QUERY, b"", Call(), is_endless=True)
            part = asyncio.create_task(anext(stream))
            _, number, *_ = await talk.next("call")
            talk.other.send("part", number, b"one")
            assert await part == b"one"
            await stream.aclose()
            assert await talk.next("cancel") == ("cancel", number)
            assert talk.caller.calls == 0

    asyncio.run(talk())


def test_a_reader_requests_more_parts_as_it_reads() -> None:
    """A worker produces only as many parts as are read."""

    async def talk() -> list[object]:
        async with Talk() as talk:

            async def read() -> list[object]:
                return [part async for part in talk.caller.stream(QUERY, b"", Call(), is_endless=False)]

            reading = asyncio.create_task(read())
            _, number, *_ = await talk.next("call")
            for part in (b"a", b"b"):
                talk.other.send("part", number, part)
                assert await talk.next("more") == ("more", number)
            talk.other.send("over", number)
            return await reading

    assert asyncio.run(talk()) == [b"a", b"b"]


def test_calls_of_a_worker_that_is_gone_fail_with_the_reason() -> None:
    """Calls under way and later calls fail."""

    async def talk() -> list[str]:
        async with Talk() as talk:
            call = asyncio.create_task(talk.caller.ask(QUERY, b"", Call()))
            part = asyncio.create_task(anext(talk.caller.stream(QUERY, b"", Call(), is_endless=True)))
            await talk.next("call")
            await talk.next("call")
            talk.other.close()
            ends = await asyncio.gather(call, part, return_exceptions=True)
            late = await asyncio.gather(talk.caller.ask(QUERY, b"", Call()), return_exceptions=True)
            return [str(end) for end in (*ends, *late)]

    assert asyncio.run(talk()) == [callers._LOSS] * 3


@pytest.mark.skipif(not shared.can_fetch(os.getpid()), reason="launchers are for Linux")
def test_shared_memory_outlives_the_workers_descriptor() -> None:
    """The worker closes its end as soon as the front process has mapped it."""
    content = os.urandom(3_000_000)
    descriptor = shared.place(content)
    view = shared.fetch(os.getpid(), descriptor, len(content))
    os.close(descriptor)

    assert bytes(view) == content
    assert view.readonly


def test_large_answers_use_the_channel_without_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers go through the channel; Windows lacks even the flags of the calls."""
    monkeypatch.setattr(sys, "platform", "win32")
    for name in ("O_CLOEXEC", "O_NONBLOCK"):
        monkeypatch.delattr(os, name, raising=False)

    async def talk() -> bytes:
        async with Talk() as talk:
            call = asyncio.create_task(talk.caller.ask(QUERY, b"", Call()))
            _, number, *_ = await talk.next("call")
            talk.other.send("answer", number, b"x" * shared.LARGE)
            return bytes(await call)

    assert len(asyncio.run(talk())) == shared.LARGE


def test_an_answer_that_cannot_be_fetched_is_an_error_of_its_call() -> None:
    """The worker is told that its memory is no longer needed."""

    async def talk() -> object:
        async with Talk() as talk:
            call = asyncio.create_task(talk.caller.ask(QUERY, b"", Call()))
            _, number, *_ = await talk.next("call")
            talk.other.send("answer", number, (9999, 1_000_000))
            (end,) = await asyncio.gather(call, return_exceptions=True)
            assert await talk.next("taken") == ("taken", 9999)
            return end

    assert str(asyncio.run(talk())).startswith("an answer of 1000000 bytes could not be fetched from its worker")
