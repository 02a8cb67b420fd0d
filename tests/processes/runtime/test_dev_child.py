"""`gfruntime.dev.child`: a process that says something else than its handshake is ended, and told."""

from __future__ import annotations

import sys
import time

import pytest

from gfruntime.dev.child import Child, StartError


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("print('hello', flush=True); time.sleep(60)", "it wrote 'hello' to stdout, where the handshake line belongs"),
        ("print(flush=True); time.sleep(60)", "it wrote '' to stdout"),
        ("print('a|b|c|d|e', flush=True); time.sleep(60)", r"it wrote 'a\|b\|c\|d\|e' to stdout"),
        ("os.write(1, b'x' * 1_000_000); time.sleep(60)", "it wrote 'x{200}' to stdout"),
        ("os.close(1); time.sleep(60)", "it closed its stdout before its handshake"),
        ("sys.exit(3)", "it ended with status 3 before its handshake"),
        ("sys.exit('no')", "it ended with status 1 before its handshake: no"),
    ],
)
def test_a_process_without_a_handshake_is_ended(code: str, sentence: str) -> None:
    """Also one that would run on."""
    child = Child(lambda _: None, (sys.executable, "-c", f"import os, sys, time; {code}"))
    began = time.monotonic()
    try:
        with pytest.raises(StartError, match=sentence):
            child.load()
        assert child.status is not None
        assert time.monotonic() - began < 40
    finally:
        child.retire(patience=0)
