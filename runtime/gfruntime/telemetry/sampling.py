"""Where a process's CPU time goes, by looking at all of its threads again and again; no code is slowed by a hook.

Each thread's own clock says how much CPU it took since the last look. Where the clock moves just before and just after
a look, that is the stack's which is seen. A thread that has stopped meanwhile is in a function that waits, which took
none of it. As a look at a running thread stands for all the time to the next one, it takes what is open of the thread's
time, up to that much. What no look takes is `UNSEEN`, below the calls that lasted from one look to the next; what no
thread with Python code took (libraries' own threads, and threads that came and went) is `OTHERS`: so the sum is the
process's. A function in C counts for the Python function that calls it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from gfruntime.logs import places
from gfruntime.telemetry.pprof import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, FrameType

    from gfruntime.telemetry.pprof import Spot

    Stack = Sequence[tuple[FrameType, int]]  # frames and lines, the innermost first

Key: TypeAlias = "tuple[str, tuple[Spot, ...]]"
"""A thread's name, and where it was."""

UNSEEN: Spot = ("[between two looks]", "", 0)
"""The function of CPU time that a thread took before it was seen to wait."""

OTHERS: Spot = ("[other threads]", "", 0)
"""The function of CPU time that no thread took that was seen."""

_PERIOD, _WINDOW = 0.01, 0.0005  # seconds between two looks, and before and after one, where clocks are compared
_RUNS = 100_000  # nanoseconds of each window from which on a thread runs: others take the interpreter meanwhile
_PER_THREAD = 6  # of Linux's clock ids: a thread's, and what the scheduler counts
_NANO = 1_000_000_000


@dataclass(slots=True)
class _Look:
    """A thread when it was looked at last; `clock` is the nanoseconds of CPU that it had taken, None if unknown."""

    clock: int | None
    stack: Stack = ()


def sample(seconds: float) -> Profile:
    """Look for so many seconds, 100 times in each; time that passes has a value of its own, `wall`.

    Where the system has no clock of other threads (it is Linux that has them), there is no value `cpu`.
    """
    started, begin, used = time.time_ns(), time.monotonic_ns(), _process_clock()
    totals: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    unseen: dict[int, list[tuple[Key, int]]] = defaultdict(list)
    last = {number: _Look(clock) for number, clock in _clocks(_numbers()).items()}
    looked = begin
    while looked - begin < seconds * _NANO:
        time.sleep(max(0.0, _PERIOD - 2 * _WINDOW))
        names = _numbers()
        before = _clocks(names)
        time.sleep(_WINDOW)
        stacks, clocks = _stacks(), _clocks(names)
        elapsed, looked = time.monotonic_ns() - looked, time.monotonic_ns()
        time.sleep(_WINDOW)
        after = _clocks(names)
        looks = {number: _Look(clocks.get(number), stack) for number, stack in stacks.items()}
        for number, look in looks.items():
            name = names[number][0] if number in names else str(number)
            totals[name, _spots(look.stack)][1] += elapsed
            earlier = last.get(number)
            if earlier and (cpu := (look.clock or 0) - (earlier.clock or look.clock or 0)) > 0:
                if min(_moved(before, clocks, number), _moved(clocks, after, number)) > _RUNS:
                    totals[name, _spots(look.stack)][0] += cpu + _take(unseen[number], elapsed - cpu)
                else:
                    unseen[number].append(((name, _lasting(look.stack, earlier.stack)), cpu))
        last = looks
    for key, cpu in (each for parts in unseen.values() for each in parts):
        totals[key][0] += cpu
    rest = _process_clock() - used - sum(cpu for cpu, _ in totals.values())
    if rest > 0:
        totals["", (OTHERS,)][0] = rest
    return _profile(totals, started=started, duration=time.monotonic_ns() - begin)


def stacks_now() -> Profile:
    """Look once: how many threads stand where."""
    counts: dict[Key, list[int]] = defaultdict(lambda: [0])
    names = _numbers()
    for number, stack in _stacks().items():
        counts[names[number][0] if number in names else str(number), _spots(stack)][0] += 1
    return Profile(kinds=[("threads", "count")], default="threads", samples=counts, started=time.time_ns())


def _profile(totals: Mapping[Key, list[int]], *, started: int, duration: int) -> Profile:
    has_clocks = _thread_clock(threading.get_native_id()) is not None
    return Profile(
        kinds=[("cpu", "nanoseconds"), ("wall", "nanoseconds")] if has_clocks else [("wall", "nanoseconds")],
        default="cpu" if has_clocks else "wall",
        samples=totals if has_clocks else {key: values[1:] for key, values in totals.items() if values[1]},
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
    return {number: places.below(frame) for number, frame in places.frames_of_threads().items() if number != own}


def _clocks(names: Mapping[int, tuple[str, int]]) -> dict[int, int | None]:
    return {number: _thread_clock(native) for number, (_, native) in names.items()}


def _moved(before: Mapping[int, int | None], after: Mapping[int, int | None], number: int) -> int:
    """Return by how much a thread's clock has moved; 0 where it has none."""
    return (after.get(number) or 0) - (before.get(number) or after.get(number) or 0)


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


def _take(parts: list[tuple[Key, int]], most: int) -> int:
    """Take nanoseconds from the last of some parts, up to so many; return how many."""
    taken = 0
    while parts and taken < most:
        key, size = parts.pop()
        if size > most - taken:
            parts.append((key, size - (most - taken)))
        taken += min(size, most - taken)
    return taken


def _lasting(stack: Stack, earlier: Stack) -> tuple[Spot, ...]:
    """Return the calls that lasted from one look to the next, with `UNSEEN` for those that did not."""
    depth = 0
    for (frame, _), (other, _) in zip(reversed(stack), reversed(earlier), strict=False):
        if frame is not other:  # the same function, called again, has another
            break
        depth += 1
    lasted = _spots(stack[len(stack) - depth :])
    return lasted if depth == len(stack) == len(earlier) else (UNSEEN, *lasted)


def _spots(stack: Stack) -> tuple[Spot, ...]:
    return tuple((name_of(frame.f_code), frame.f_code.co_filename, line) for frame, line in stack)


def name_of(code: CodeType) -> str:
    """Name a function as its module's last name and its own, such as `datasource.Datasource.query`."""
    head, tail = os.path.split(code.co_filename)
    module = tail.removesuffix(".py") if tail != "__init__.py" else os.path.basename(head)  # noqa: PTH119  # a text
    return f"{module}.{code.co_qualname}"
