"""What the author's methods returned, as bytes."""

from __future__ import annotations

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
        """Not yet computed."""
        self.is_others_turn = False

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:  # a capsule
        """Compute, and see whether others could encode meanwhile."""
        self.is_others_turn = not answers._turns._is_taken
        return pa.table({"value": [1.0]}).__arrow_c_stream__(requested_schema)


def _is_answered_at_once(result: object) -> bool:
    """Tell whether an answer is encoded while it is another's turn, and not only after it."""
    thread = threading.Thread(target=answers.answer, args=(result,), kwargs={"ref_id": "A", "is_json": False})
    with answers._turns:
        thread.start()
        while thread.is_alive() and not answers._turns._waiting:
            time.sleep(0.001)
        is_done = not thread.is_alive()
    thread.join(10)
    assert not thread.is_alive()
    return is_done


def test_small_answers_take_turns_and_large_ones_do_not() -> None:
    """What needs the interpreter is done one after the other; what Arrow does by itself needn't wait for that."""
    assert not _is_answered_at_once(Frame.of(value=[1.0]))
    assert _is_answered_at_once(Frame.of(value=np.arange(20_000)))


def test_the_authors_table_is_read_outside_of_the_turn() -> None:
    """A table that is slow to compute keeps no other answer waiting."""
    lazy = Lazy()
    answers.answer(lazy, ref_id="A", is_json=False)

    assert lazy.is_others_turn


def test_a_failure_hands_the_turn_on() -> None:
    """A frame that can't be encoded doesn't stop the next."""
    twins = Frame.of(value=[1.0], other=[2.0]).with_meta(type="numeric-wide", typeVersion=[0, 1])
    bad = Frame(fields=[*twins.fields, *twins.fields], meta=twins.meta)

    assert answers.answer(bad, ref_id="A", is_json=False).failure is not None
    assert answers.answer(twins, ref_id="A", is_json=False).failure is None
