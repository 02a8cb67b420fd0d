"""Which process is the host, and whether it runs; for Windows a table replaces the processes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from gfruntime.serving import host_process

if TYPE_CHECKING:
    from pathlib import Path

HOST, STUB, LAUNCHER = 10, 20, 30


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, Path]:
    """Make files in place of programs."""
    paths = {name: tmp_path / name for name in ("host.exe", "stub.exe", "python.exe")}
    for path in paths.values():
        path.touch()
    return paths


@pytest.mark.shows("protocol 33")
@pytest.mark.parametrize(
    ("chain", "launchers", "expected"),
    [
        (["host.exe"], ["python.exe", "stub.exe"], HOST),
        (["python.exe", "host.exe"], ["python.exe", "stub.exe"], HOST),
        (["python.exe", "stub.exe", "host.exe"], ["python.exe", "stub.exe"], HOST),
        (["stub.exe", "host.exe"], ["python.exe", "stub.exe"], HOST),
        (["python.exe", "host.exe"], [], LAUNCHER),
        (["python.exe", "python.exe"], ["python.exe"], HOST),
    ],
    ids=["host", "environment", "environment and stub", "stub", "no launchers", "a host in the same environment"],
)
def test_launchers_are_not_the_host(
    programs: dict[str, Path], chain: list[str], launchers: list[str], expected: int
) -> None:
    """Each launcher is skipped once; a host that is the same program as a launcher is the host."""
    numbers = [*[LAUNCHER, STUB][: len(chain) - 1], HOST]
    table = {
        number: (str(programs[name]), parent)
        for number, name, parent in zip(numbers, chain, [*numbers[1:], 1], strict=True)
    }

    assert host_process.skip([str(programs[name]) for name in launchers], numbers[0], table.__getitem__) == expected


def test_a_process_that_cannot_be_inspected_is_the_host(programs: dict[str, Path]) -> None:
    """Windows does not describe another user's process, so it is not one of our launchers."""
    assert host_process.skip([str(programs["python.exe"])], HOST, lambda _pid: ("", 0)) == HOST


def test_launchers_on_windows_are_skipped(monkeypatch: pytest.MonkeyPatch, programs: dict[str, Path]) -> None:
    """The launchers are the environment's python.exe and, above it, the stub that contains the program."""
    table = {LAUNCHER: (str(programs["python.exe"]), STUB), STUB: (str(programs["stub.exe"]), HOST)}
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", str(programs["python.exe"]))
    monkeypatch.setattr(sys, "prefix", "an environment")
    monkeypatch.setattr(sys, "orig_argv", ["python.exe", str(programs["stub.exe"])])
    monkeypatch.setattr(os, "getppid", lambda: LAUNCHER)
    monkeypatch.setattr(host_process, "_program_and_parent", table.__getitem__)

    assert host_process.find() == HOST


def test_on_windows_the_state_of_the_host_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process keeps its parent's number after the parent has ended, so Windows is asked whether the parent runs."""
    dead = {HOST}
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(host_process, "_ends_within", lambda _milliseconds, pid: pid in dead)
    monkeypatch.setattr(os, "getppid", lambda: HOST)

    assert not host_process.is_host(HOST)
    assert not host_process.is_alive(HOST)
    assert host_process.is_host(STUB)
    host_process.wait_for_end(HOST)
