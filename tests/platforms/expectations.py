"""The answers that a plugin of the signals example must give the genuine host, and the end of its processes."""

from __future__ import annotations

import math
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))
from hostclient import Host
from messages import HOUR_MS, START_MS, query

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hostclient import Plugin
    from processlist import Family, Process

PERIOD_S = 600.0
"""The default period of the example's sine, in seconds."""

FEWEST = 50
"""Least number of points in an hour: 100 are requested."""

BOUND_S = 10.0
"""Seconds within which the processes of a plugin end after their host."""

START_S = 60.0
"""Seconds within which all processes of a plugin run; emulation is slow."""

NANOSECONDS, MILLISECONDS = 1e9, 1e3


class StepError(Exception):
    """A step failed; the message says what happened."""


@contextmanager
def running_host(program: Path, folder: Path) -> Iterator[Host]:
    """Run a host; a dead host is closed without an error."""
    host = Host(program, cwd=folder)
    try:
        yield host
    finally:
        host.close()


def gone(family: Family, event: str, *, besides: Collection[int] = ()) -> str:
    """Check that the processes end soon after an event, and return the time as text."""
    remaining, seconds = family.wait_for_end(within_s=BOUND_S, besides=besides)
    if remaining:
        raise StepError(f"still running {seconds:.0f} s after {event}: {describe_processes(remaining)}")
    return f", gone {seconds:.1f} s after {event}"


def wait_for_processes(family: Family, count: int) -> None:
    """Wait until this many processes run, as workers still start while the first one answers.

    Raises: StepError if fewer run for too long.
    """
    end = time.monotonic() + START_S
    while (running := len(family.members())) < count:
        if time.monotonic() > end:
            raise StepError(f"{running} processes instead of {count}: {describe_processes(family.members())}")
        time.sleep(0.1)


def check_answers(plugin: Plugin, family: Family) -> str:
    """Check health and a query's values, and list the plugin's processes while they run."""
    health = plugin.health()
    if health["status"] != "OK":
        raise StepError(f"health: {health}")
    begin = time.monotonic()
    reply = plugin.query(query(signal="sine"))["A"]
    milliseconds = (time.monotonic() - begin) * MILLISECONDS
    if reply["error"]:
        raise StepError(f"query: {reply['error']}")
    (frame,) = reply["frames"]
    times, values = (field["values"] for field in frame["fields"])
    seconds = [moment / NANOSECONDS for moment in times]
    if min(seconds) * MILLISECONDS < START_MS or max(seconds) * MILLISECONDS > START_MS + HOUR_MS:
        raise StepError(f"points from {min(seconds)} s to {max(seconds)} s, for an hour from {START_MS} ms")
    points = check_sine(seconds, values)
    count = len(family.members()) - 1  # one of them is the host
    network, handshake = plugin.started["network"], plugin.started["handshake_ms"]
    return f"{network}, handshake {handshake:.0f} ms, query {milliseconds:.0f} ms: {points}, {count} processes"


def require_lf(folder: Path, *, but: str = "vendor") -> int:
    """Check that the texts in a folder end their lines with LF, and return how many files there are.

    Raises: StepError naming those that do not.
    """
    left_out = {each for place in folder.glob(but) for each in place.rglob("*")}
    files = [path for path in folder.rglob("*") if path.is_file()]
    contents = {path: path.read_bytes() for path in files if path not in left_out and ".git" not in path.parts}
    wrong = [path.name for path, content in contents.items() if b"\r\n" in content and b"\0" not in content]
    if wrong:
        raise StepError(f"lines end with CRLF in {', '.join(sorted(wrong))}")
    return len(files)


def check_sine(times_s: Sequence[float], values: Sequence[float]) -> str:
    """Compare an answer with the sine that the example computes from the clock."""
    if len(times_s) < FEWEST or len(times_s) != len(values):
        raise StepError(f"{len(times_s)} times and {len(values)} values")
    for moment, value in zip(times_s, values, strict=True):
        expected = math.sin(2 * math.pi * (moment / PERIOD_S % 1.0))
        if not math.isclose(value, expected, abs_tol=1e-6):
            raise StepError(f"{value} at {moment} s, not {expected}")
    return f"{len(values)} points are right"


def describe_processes(processes: Sequence[Process]) -> str:
    """Return the names of processes in one line."""
    return ", ".join(f"{process.pid} (parent {process.parent}) {process.command[:120]}" for process in processes)
