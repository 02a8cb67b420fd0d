"""Calls from other threads on a loop: none is lost, they keep their order, and the loop wakes once for many."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from gfruntime.serving.work import Mailbox

if TYPE_CHECKING:
    from collections.abc import Callable


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that counts how often other threads wake it."""

    times = 0

    def call_soon_threadsafe(  # type: ignore[override]  # typed more exactly there
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.Handle:
        """Count the call, and schedule it."""
        self.times += 1
        return super().call_soon_threadsafe(callback, *args, context=context)


def test_no_call_is_lost_and_each_thread_keeps_its_order() -> None:
    """Eight threads make a thousand calls each."""
    loop = CountingLoop()
    calls: list[tuple[int, int]] = []
    box = Mailbox(loop)

    def send(thread: int) -> None:
        for number in range(1000):
            box.call(calls.append, (thread, number))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]

    async def wait() -> None:
        for thread in threads:
            thread.start()
        while len(calls) < 8000:  # noqa: ASYNC110  # nothing tells when the last one is made
            await asyncio.sleep(0.001)

    loop.run_until_complete(asyncio.wait_for(wait(), 30))
    loop.close()

    for number in range(8):
        assert [each for thread, each in calls if thread == number] == list(range(1000))


def test_a_loop_is_woken_once_for_many_calls() -> None:
    """Waking a loop costs a system call and a turn of the interpreter."""
    loop = CountingLoop()
    box, calls = Mailbox(loop), list[int]()
    for number in range(100):
        box.call(calls.append, number)
    loop.run_until_complete(asyncio.sleep(0))

    assert calls == list(range(100))
    assert loop.times == 1
    box.call(calls.append, 100)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert (calls[-1], loop.times) == (100, 2)


def test_a_failing_call_is_reported_and_the_others_run() -> None:
    """The loop's exception handler gets the exception."""
    loop = CountingLoop()
    box, calls, reports = Mailbox(loop), list[int](), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: reports.append(context))
    box.call(int, "no number")
    box.call(calls.append, 1)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()

    assert calls == [1]
    assert [type(each["exception"]) for each in reports] == [ValueError]


def test_calls_that_add_calls_do_not_block_the_loop() -> None:
    """An endless chain of calls leaves time for other work."""
    loop = CountingLoop()
    box, calls = Mailbox(loop), list[int]()

    def again() -> None:
        calls.append(1)
        box.call(again)

    box.call(again)
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()

    assert 1 <= len(calls) <= 12  # one call for each turn of the loop
