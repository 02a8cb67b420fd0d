"""Inspect processes from outside (Linux; elsewhere no descendants are found)."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostclient import Plugin

PROC = Path("/proc")


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = _stat(pid)
    return stat is None or stat[0] != "Z"


def descendants(pid: int) -> list[int]:
    """List the processes below one."""
    parents = {
        int(folder.name): int(stat[1])
        for folder in (PROC.iterdir() if PROC.is_dir() else [])
        if folder.name.isdecimal() and (stat := _stat(int(folder.name)))
    }
    children = [child for child, parent in parents.items() if parent == pid]
    return children + [below for child in children for below in descendants(child)]


def cpu(pid: int) -> float:
    """Return a process's CPU time in ticks; 0 when it has ended."""
    stat = _stat(pid)
    return float(stat[11]) + float(stat[12]) if stat else 0.0


def eventually(claim: Callable[[], object], *, within_s: float = 5.0) -> float:
    """Wait until a condition is true, and return the seconds of the wait.

    Raises: TimeoutError if it is not true in time.
    """
    begin = time.monotonic()
    while not claim():
        if time.monotonic() - begin > within_s:
            raise TimeoutError(f"still not so after {within_s} s")
        time.sleep(0.02)
    return time.monotonic() - begin


def ends_well(plugin: Plugin) -> None:
    """Stop a plugin as Grafana does; check that it ends by itself, in time, with status 0, and leaves no process."""
    family = [plugin.pid, *descendants(plugin.pid)]
    ended = plugin.kill()

    assert (ended["forced"], ended["exit"]["code"]) == (False, 0)
    assert ended["ms"] < 2000
    assert {pid: (PROC / str(pid) / "status").read_text() for pid in family if alive(pid)} == {}


def _stat(pid: int) -> list[str] | None:
    try:
        return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
