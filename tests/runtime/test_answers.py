"""How results of the author's methods are encoded as bytes."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.calls import answers
from gfruntime.frames.data import Frame


class Lazy:
    """A table that is computed when Arrow asks for it, as polars' and DuckDB's are."""

    def __init__(self) -> None:
        """Note that nothing is computed yet."""
        self.is_lock_free = False

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:  # a capsule
        """Compute, and note whether the encoding lock is free."""
        self.is_lock_free = not answers._encoding_lock._is_locked
        return pa.table({"value": [1.0]}).__arrow_c_stream__(requested_schema)


def _is_answered_at_once(result: object) -> bool:
    """Tell whether an answer is encoded while another thread holds the encoding lock."""
    thread = threading.Thread(target=answers.encode, args=(result,), kwargs={"ref_id": "A", "is_json": False})
    with answers._encoding_lock:
        thread.start()
        while thread.is_alive() and not answers._encoding_lock._waiting:
            time.sleep(0.001)
        is_done = not thread.is_alive()
    thread.join(10)
    assert not thread.is_alive()
    return is_done


def test_only_small_answers_wait_for_the_encoding_lock() -> None:
    """Work that needs the interpreter is done one after the other; Arrow's own work needs no lock."""
    assert not _is_answered_at_once(Frame.of(value=[1.0]))
    assert _is_answered_at_once(Frame.of(value=np.arange(20_000)))


def test_the_authors_table_is_read_without_the_encoding_lock() -> None:
    """No other answer waits for a table that is slow to compute."""
    lazy = Lazy()
    answers.encode(lazy, ref_id="A", is_json=False)

    assert lazy.is_lock_free


def test_a_failure_releases_the_encoding_lock() -> None:
    """A frame that can't be encoded does not block the next one."""
    twins = Frame.of(value=[1.0], other=[2.0]).with_meta(type="numeric-wide", typeVersion=[0, 1])
    bad = Frame(fields=[*twins.fields, *twins.fields], meta=twins.meta)

    assert answers.encode(bad, ref_id="A", is_json=False).failure is not None
    assert answers.encode(twins, ref_id="A", is_json=False).failure is None


def test_the_lock_is_taken_in_the_order_of_arrival() -> None:
    """The lock is first come, first served; a holder that fails releases it."""
    lock, order = answers.FairLock(), list[int]()

    def take(number: int) -> None:
        with contextlib.suppress(ValueError), lock:
            order.append(number)
            if number % 2:
                raise ValueError

    threads = [threading.Thread(target=take, args=(number,)) for number in range(20)]
    with lock:
        for waiting, thread in enumerate(threads):
            thread.start()
            while len(lock._waiting) <= waiting:
                time.sleep(0.001)
    for thread in threads:
        thread.join(5)

    assert order == list(range(20))
    assert not lock._is_locked
