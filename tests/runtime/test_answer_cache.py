"""The answer cache, which has bounds for time, number and bytes."""

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
        """Start at 0."""
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


def test_an_answer_expires_after_the_configured_seconds() -> None:
    """The seconds count from `put`; another `put` with the same key starts them again."""
    clock = Clock()
    answers = cache(clock)
    answers.put("a", answer(1))
    clock.now = 9.9
    assert answers.get("a") == answer(1)
    answers.put("a", answer(2))
    clock.now = 19.8
    assert answers.get("a") == answer(2)
    clock.now = 19.9
    assert answers.get("a") is None


@pytest.mark.parametrize("is_used", [False, True])
def test_a_full_cache_drops_the_least_recently_used_answer(*, is_used: bool) -> None:
    """`get` counts as a use."""
    answers = cache()
    for name in "abc":
        answers.put(name, answer(1))
    if is_used:
        answers.get("a")
    answers.put("d", answer(1))

    assert {name for name in "abcd" if answers.get(name)} == (set("acd") if is_used else set("bcd"))


def test_bytes_are_bounded() -> None:
    """The bound is for all answers together; an answer that exceeds it alone removes only its own older answer."""
    answers = cache()
    answers.put("a", answer(60))
    answers.put("b", answer(40))
    answers.put("b", answer(101))
    assert (answers.get("a"), answers.get("b")) == (answer(60), None)
    answers.put("c", answer(41))
    assert (answers.get("a"), answers.get("c")) == (None, answer(41))


def test_expired_answers_are_dropped_without_a_lookup() -> None:
    """Expired answers use no memory."""
    clock = Clock()
    answers = cache(clock, max_count=1000, max_bytes=10_000)
    for number in range(50):
        answers.put(number, answer(10))
    clock.now = 30
    answers.put("a", answer(10))

    assert (len(answers._entries), answers._size) == (1, 10)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 120), st.floats(0, 6), st.booleans())))
def test_bounds_hold_and_each_key_gets_its_own_answer(steps: list[tuple[str, int, float, bool]]) -> None:
    """The test makes random puts and gets at random times."""
    clock = Clock()
    answers, last = cache(clock), dict[str, tuple[float, EncodedAnswer]]()
    for name, size, seconds, is_put in steps:
        clock.now += seconds
        if is_put:
            last[name] = (clock.now, answer(size, name.encode()))
            answers.put(name, last[name][1])
        elif (value := answers.get(name)) is not None:
            assert value == last[name][1]
            assert clock.now < last[name][0] + 10
        sizes = [entry.size for entry in answers._entries.values()]
        assert len(sizes) <= 3
        assert sum(sizes) == answers._size <= 100
