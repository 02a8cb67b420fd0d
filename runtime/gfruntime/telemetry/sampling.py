"""Where a process's CPU time goes, by looking at all of its threads again and again; no code is slowed by a hook.

Each thread's own clock says how much CPU it took since the last look. That is the stack's in which it now runs. A thread
that has stopped meanwhile is at the function that waits, which took none of it: then only those who called both stacks
get it, as `UNSEEN`. What no thread with Python code took (libraries' own threads, and threads that came and went) is
`OTHERS`, so that the sum is the process's. A function in C counts for the Python function that calls it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gfruntime.logs import places
from gfruntime.telemetry.pprof import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType

    from gfruntime.telemetry.pprof import Spot

    Stack = tuple[tuple[CodeType, int], ...]  # codes and lines, the innermost first

UNSEEN: Spot = ("[between two looks]", "", 0)
"""The function of CPU time that a thread took before it was seen to wait."""

OTHERS: Spot = ("[other threads]", "", 0)
"""The function of CPU time that no thread took that was seen."""

_PERIOD, _WINDOW = 0.01, 0.001  # seconds between two looks, and before a look, in which a running thread's clock moves
_RUNS = 0.2  # of the window, from which on a thread runs: others have the interpreter and the processors, too
_PER_THREAD = 6  # of Linux's clock ids: a thread's, and what the scheduler counts
_NANO = 1_000_000_000


@dataclass(slots=True)
class _Thread:
    """A thread as it was seen last; `clock` is the nanoseconds of CPU that it had taken, None where none tells."""

    clock: int | None
    stack: Stack = field(default=())


def sample(seconds: float) -> Profile:
    """Look for so many seconds, 100 times in each; time that is waited has a value of its own, `wall`.

    Where the system has no clock of other threads (it is Linux that has them), there is no value `cpu`.
    """
    started, begin = time.time_ns(), time.monotonic_ns()
    used = _process_clock()
    totals: dict[tuple[str, tuple[Spot, ...]], list[int]] = defaultdict(lambda: [0, 0])
    threads: dict[int, _Thread] = {number: _Thread(clock) for number, clock in _clocks(_numbers()).items()}
    last = begin
    while (now := time.monotonic_ns()) - begin < seconds * _NANO:
        time.sleep(max(0.0, _PERIOD - _WINDOW - (now - last) / _NANO))
        names = _numbers()
        before = _clocks(names)
        time.sleep(_WINDOW)
        stacks, after = _stacks(), _clocks(names)
        now = time.monotonic_ns()
        elapsed, last = now - last, now
        for number, stack in stacks.items():
            clock = after.get(number)
            thread = threads.setdefault(number, _Thread(clock))
            name = names[number][0] if number in names else str(number)
            spots = tuple(map(_spot, stack))
            totals[name, spots][1] += elapsed
            cpu = 0 if clock is None or thread.clock is None else max(0, clock - thread.clock)
            runs = stack == thread.stack or (clock or 0) - (before.get(number) or 0) > _RUNS * _WINDOW * _NANO
            if cpu:
                totals[name, spots if runs else (UNSEEN, *map(_spot, _common(stack, thread.stack)))][0] += cpu
            threads[number] = _Thread(clock, stack)
        for number in threads.keys() - stacks.keys():  # it ended; another may get its number
            del threads[number]
    rest = _process_clock() - used - sum(cpu for cpu, _ in totals.values())
    if rest > 0:
        totals["", (OTHERS,)][0] = rest
    return _profile(totals, started=started, duration=time.monotonic_ns() - begin)


def stacks_now() -> Profile:
    """Look once: how many threads stand where."""
    counts: dict[tuple[str, tuple[Spot, ...]], list[int]] = defaultdict(lambda: [0])
    names = _numbers()
    for number, stack in _stacks().items():
        counts[names[number][0] if number in names else str(number), tuple(map(_spot, stack))][0] += 1
    return Profile(kinds=[("threads", "count")], default="threads", samples=counts, started=time.time_ns())


def _profile(
    totals: Mapping[tuple[str, tuple[Spot, ...]], list[int]], *, started: int, duration: int
) -> Profile:
    has_clocks = _thread_clock(threading.get_native_id()) is not None
    return Profile(
        kinds=[("cpu", "nanoseconds"), ("wall", "nanoseconds")] if has_clocks else [("wall", "nanoseconds")],
        default="cpu" if has_clocks else "wall",
        samples=totals if has_clocks else {key: values[1:] for key, values in totals.items()},
        started=started,
        duration=duration,
        period=round(_PERIOD * _NANO),
    )


def _numbers() -> dict[int, tuple[str, int]]:
    """Map each thread of `threading` to its name and the system's number of it."""
    return {each.ident: (each.name, each.native_id or 0) for each in threading.enumerate() if each.ident is not None}


def _stacks() -> dict[int, Stack]:
    """Map each thread but this one to where it stands."""
    own = threading.get_ident()
    return {
        number: tuple((frame.f_code, line) for frame, line in places.below(frame))
        for number, frame in places.frames_of_threads().items()
        if number != own
    }


def _clocks(names: Mapping[int, tuple[str, int]]) -> dict[int, int | None]:
    return {number: _thread_clock(native) for number, (_, native) in names.items()}


def _thread_clock(native: int) -> int | None:
    """Return the nanoseconds of CPU that a thread has taken, None where the system does not tell, or it has ended.

    Its clock is named by the system's number of it, which the kernel checks; by pthread's a thread that has ended
    could end the process. Source: Linux, include/linux/posix-timers.h, make_thread_cpuclock.
    """
    if sys.platform != "linux":
        return None
    try:
        return time.clock_gettime_ns((~native << 3) | _PER_THREAD)
    except OSError:
        return None


def _process_clock() -> int:
    """Return the nanoseconds of CPU that the process has taken, without this thread's."""
    return time.process_time_ns() - time.thread_time_ns()


def _common(stack: Stack, other: Stack) -> Stack:
    """Return the outer part of a stack whose functions another has, too."""
    depth = 0
    for one, two in zip(reversed(stack), reversed(other), strict=False):
        if one[0] is not two[0]:
            break
        depth += 1
    return stack[len(stack) - depth :]


def _spot(place: tuple[CodeType, int]) -> Spot:
    code, line = place
    return name_of(code), code.co_filename, line


def name_of(code: CodeType) -> str:
    """Name a function as its module's last name and its own, such as `datasource.Datasource.query`."""
    head, tail = os.path.split(code.co_filename)
    module = tail.removesuffix(".py") if tail != "__init__.py" else os.path.basename(head)  # noqa: PTH119  # a text
    return f"{module}.{code.co_qualname}"

