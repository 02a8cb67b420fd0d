"""Kept answers: bounded in time, number and bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfruntime.calls.answer_cache import AnswerCache
from gfruntime.calls.answers import EncodedAnswer


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cache(clock: Clock | None = None, **changes: Any) -> AnswerCache:
    """Make a cache of three answers and a hundred bytes, for ten seconds."""
    bounds: dict[str, Any] = {"seconds": 10, "max_count": 3, "max_bytes": 100}
    return AnswerCache(**bounds | changes, clock=clock or Clock())


def answer(size: int, fill: bytes = b"x") -> EncodedAnswer:
    """Make an answer in two parts."""
    return EncodedAnswer([fill * (size // 2), fill * (size - size // 2)])


def test_an_answer_is_kept_for_so_many_seconds() -> None:
    """Since it was put; another one for the same key begins anew."""
    clock = Clock()
    kept = cache(clock)
    kept.put("a", answer(1))
    clock.now = 9.9
    assert kept.get("a") == answer(1)
    kept.put("a", answer(2))
    clock.now = 19.8
    assert kept.get("a") == answer(2)
    clock.now = 19.9
    assert kept.get("a") is None


@pytest.mark.parametrize("used", [False, True])
def test_a_full_cache_drops_the_least_recently_used_answer(*, used: bool) -> None:
    """`get` counts as a use."""
    kept = cache()
    for name in "abc":
        kept.put(name, answer(1))
    if used:
        kept.get("a")
    kept.put("d", answer(1))

    assert {name for name in "abcd" if kept.get(name)} == (set("acd") if used else set("bcd"))


def test_bytes_are_bounded() -> None:
    """Together; what is too large by itself drives out nothing but its own older answer."""
    kept = cache()
    kept.put("a", answer(60))
    kept.put("b", answer(40))
    kept.put("b", answer(101))
    assert (kept.get("a"), kept.get("b")) == (answer(60), None)
    kept.put("c", answer(41))
    assert (kept.get("a"), kept.get("c")) == (None, answer(41))


def test_expired_answers_are_dropped_without_a_lookup() -> None:
    """They use no memory."""
    clock = Clock()
    kept = cache(clock, max_count=1000, max_bytes=10_000)
    for number in range(50):
        kept.put(number, answer(10))
    clock.now = 30
    kept.put("a", answer(10))

    assert (len(kept._entries), kept._size) == (1, 10)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 120), st.floats(0, 6), st.booleans())))
def test_bounds_hold_and_no_answer_is_anothers(steps: list[tuple[str, int, float, bool]]) -> None:
    """Whatever is put and asked for, and when."""
    clock = Clock()
    kept, last = cache(clock), dict[str, tuple[float, EncodedAnswer]]()
    for name, size, seconds, is_put in steps:
        clock.now += seconds
        if is_put:
            last[name] = (clock.now, answer(size, name.encode()))
            kept.put(name, last[name][1])
        elif (got := kept.get(name)) is not None:
            assert got == last[name][1]
            assert clock.now < last[name][0] + 10
        sizes = [entry.size for entry in kept._entries.values()]
        assert len(sizes) <= 3
        assert sum(sizes) == kept._size <= 100
