"""The lock that is given in the order of asking."""

from __future__ import annotations

import contextlib
import threading
import time

from gfruntime.calls.turns import Turns


def test_turns_come_in_the_order_of_asking() -> None:
    """Whoever asks first is first, and one that fails hands its turn on."""
    turns, order = Turns(), list[int]()

    def take(number: int) -> None:
        with contextlib.suppress(ValueError), turns:
            order.append(number)
            if number % 2:
                raise ValueError

    threads = [threading.Thread(target=take, args=(number,)) for number in range(20)]
    with turns:
        for waiting, thread in enumerate(threads):
            thread.start()
            while len(turns._waiting) <= waiting:
                time.sleep(0.001)
    for thread in threads:
        thread.join(5)

    assert order == list(range(20))
    assert not turns._is_taken
