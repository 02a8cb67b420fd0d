"""The limit that an error names; tests/processes tests real limits."""

from __future__ import annotations

import _thread
import errno
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from calls import Plain, Services, queries

from gfruntime.errors import FrameError
from gfruntime.serving import folders, limits

if TYPE_CHECKING:
    from pathlib import Path

    from gfruntime import Frame


def test_no_shortage_is_found_on_this_machine() -> None:
    """This machine has enough of everything, and the check leaves nothing open."""
    before = threading.active_count()

    assert limits.find_shortage() == ""
    assert threading.active_count() == before


def test_too_few_threads_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many threads are started as a plugin has; all of them end."""
    attempts: list[Any] = []
    start = _thread.start_new_thread

    def start_some(function: Any, arguments: tuple[()]) -> int:
        attempts.append(function)
        if len(attempts) > 5:
            raise RuntimeError("can't start new thread")
        return start(function, arguments)

    monkeypatch.setattr(_thread, "start_new_thread", start_some)

    assert limits.find_shortage().startswith("too few threads")
    assert "a plugin needs" in limits.find_shortage()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_too_few_files_are_named(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The limit may be the process's or the system's."""

    def refuse(_descriptor: int) -> int:
        raise OSError(number, "Too many open files")

    monkeypatch.setattr(os, "dup", refuse)

    assert limits.find_shortage().startswith("too few open files: ")
    assert "(ulimit -n)" in limits.find_shortage()


def wrap(error: BaseException) -> FrameError:
    """Wrap an error as the runtime does."""
    wrapper = FrameError("the values can't be read")
    wrapper.__cause__ = error
    return wrapper


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (MemoryError(), "too little memory"),
        (wrap(MemoryError("malloc of size 64 failed")), "too little memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "too little memory"),
        (ImportError("libarrow.so: failed to map segment from shared object"), "too little memory"),
        (RuntimeError("can't start new thread"), "too few threads"),
        (OSError(errno.EMFILE, "Too many open files", "x.py"), "too few open files"),
        (ImportError("x.so: cannot open shared object file: Error 24"), "too few open files"),
        (ModuleNotFoundError("No module named 'x'"), ""),
        (OSError(errno.ENOENT, "No such file", "out of memory"), ""),
        (ValueError("out of memory"), ""),
        (SystemExit(3), ""),
    ],
)
def test_errors_of_a_limit_are_distinguished_from_others(error: BaseException, what: str) -> None:
    """A plugin that can't be loaded ends only for these errors."""
    sentence = limits.shortage_behind(error)

    assert sentence.startswith(what)
    assert bool(sentence) is bool(what)


def test_a_circle_of_causes_is_followed_once() -> None:
    """`raise error from error` makes a circle."""
    error = ValueError("x")
    error.__cause__ = error

    assert limits.shortage_behind(error) == ""


def test_a_folder_on_a_full_disk_is_not_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder may fit on the disk while its lock does not."""

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse)
        with pytest.raises(OSError, match="No space left"):
            folders.make(str(tmp_path))

    assert list(tmp_path.iterdir()) == []


class Hungry(Plain):
    """Fails for lack of memory."""

    def query(self, query: Any) -> Frame:
        raise MemoryError


def test_queries_without_a_thread_are_answered_with_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each query has its error, and the call itself succeeds."""
    services = Services(Plain)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        answers = services.query(queries({}, {}))

    assert {ref: (each.status, each.error) for ref, each in answers.items()} == dict.fromkeys(
        "AB", (500, "RuntimeError: can't start new thread")
    )
    assert services.query(queries({}))["A"].status == 200


def test_a_query_without_memory_is_answered_with_an_error() -> None:
    """MemoryError is an error like any other."""
    answer = Services(Hungry).query(queries({}))["A"]

    assert (answer.status, answer.error) == (500, "MemoryError")
