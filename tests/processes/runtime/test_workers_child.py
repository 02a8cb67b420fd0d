"""`gfruntime.serving.workers.child`: a process that does not load the author's code is ended and reported."""

from __future__ import annotations

import sys
import time

import pytest

from gfruntime.serving.workers import child
from gfruntime.serving.workers.child import Child, StartError, describe
from gfruntime.serving.workers.template import WORKER


@pytest.mark.shows("errors: code that ends")
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("os.close(int(os.environ['GFRUNTIME_WORKER'].split()[1])); time.sleep(60)", "it closed its channel while"),
        ("sys.exit(3)", "it ended with status 3 while it was loading"),
        ("sys.exit('no')", "it ended with status 1 while it was loading: no"),
        ("os.kill(os.getpid(), 9)", "it was killed by SIGKILL while it was loading"),
        ("time.sleep(60)", "it did not answer while it was loading"),
    ],
)
def test_a_process_that_does_not_load_is_ended(code: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that would continue to run is ended, too."""
    monkeypatch.setattr(child, "_LOAD", 5.0)
    process = Child(WORKER, lambda _: None, (sys.executable, "-c", f"import os, sys, time; {code}"))
    began = time.monotonic()
    try:
        with pytest.raises(StartError, match=sentence):
            process.load()
        assert process.status is not None
        assert time.monotonic() - began < 40
    finally:
        process.retire(patience=0)


def test_other_output_becomes_a_log_line() -> None:
    """Grafana panics on a line whose parts are not texts; a crash's output is logged anyway."""
    messages: list[bytes] = []
    code = (
        """print('{"@message": 5}'); print("plain"); print('{"@message": "m", "@level": "info", "@timestamp": "t"}')"""
    )
    process = Child(WORKER, messages.append, (sys.executable, "-c", code))
    with pytest.raises(StartError):
        process.load()
    process.retire(patience=0)

    assert [line for line in messages if line.startswith(b'{"@message": "m"')] == [messages[2]]
    assert b'"@message":"{\\"@message\\": 5}"' in messages[0]
    assert b'"@message":"plain"' in messages[1]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "ended with status 0"),
        (3, "ended with status 3"),
        (-11, "was killed by SIGSEGV"),
        (-99, "was killed by signal 99"),
        (3221225477, "ended with status 0xC0000005"),
    ],
)
def test_the_exit_status_of_a_worker_is_described_in_words(status: int, words: str) -> None:
    """A signal has its name, if known; a crash code of Windows is written as in its documentation."""
    assert describe(status) == words
