"""A sampling profiler: it looks at all threads of the process at intervals, without a hook that slows the code.

Each thread's clock shows the CPU time that it used since the last look. If the clock moves just before and just
after a look, the time belongs to the stack at that look. A thread whose clock does not move is in a function that waits
and uses no time. A look at a running thread stands for the time until the next look, so it also takes the thread's
unassigned time, up to that length. Other unassigned time is shown as the function `UNSEEN`, in the calls that lasted
from one look to the next. Time that no thread with Python code used (libraries' threads, and threads that started and
ended) is `OTHERS`, so that the sum is the process's time. A function in C counts for the Python function that calls it.
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
"""A thread's name, and its stack."""

UNSEEN: Spot = ("[between two looks]", "", 0)
"""The function for CPU time that a thread used before a look found it waiting."""

OTHERS: Spot = ("[other threads]", "", 0)
"""The function for CPU time that no observed thread used."""

_PERIOD, _WINDOW = 0.01, 0.0005  # seconds between two looks, and before and after a look, where clocks are compared
_MIN_CPU_NANOSECONDS = (
    100_000  # ns of CPU time in a window from which a thread counts as running, as others run meanwhile
)
_PER_THREAD = 6  # bits of a Linux clock id: CPUCLOCK_PERTHREAD (4) | CPUCLOCK_SCHED (2)
_NANO = 1_000_000_000


@dataclass(slots=True)
class _Look:
    """A thread at its last look; `clock` is its CPU time in nanoseconds, None if unknown."""

    clock: int | None
    stack: Stack = ()


def sample(seconds: float) -> Profile:
    """Sample for some seconds, 100 times a second; each sample also has the elapsed time, `wall`.

    Only Linux has clocks of other threads; on other systems the value `cpu` is missing.
    """
    started, begin, begin_cpu = time.time_ns(), time.monotonic_ns(), _process_clock()
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
                if min(_moved(before, clocks, number), _moved(clocks, after, number)) > _MIN_CPU_NANOSECONDS:
                    totals[name, _spots(look.stack)][0] += cpu + _take(unseen[number], elapsed - cpu)
                else:
                    unseen[number].append(((name, _lasting(look.stack, earlier.stack)), cpu))
        last = looks
    for key, cpu in (each for parts in unseen.values() for each in parts):
        totals[key][0] += cpu
    rest = _process_clock() - begin_cpu - sum(cpu for cpu, _ in totals.values())
    if rest > 0:
        totals["", (OTHERS,)][0] = rest
    return _profile(totals, started=started, duration=time.monotonic_ns() - begin)


def stacks_now() -> Profile:
    """Look once: count the threads by stack."""
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
    """Map each thread of `threading` to its name and its native id."""
    return {each.ident: (each.name, each.native_id or 0) for each in threading.enumerate() if each.ident is not None}


def _stacks() -> dict[int, Stack]:
    """Map each thread except this one to its stack."""
    own = threading.get_ident()
    return {number: places.frames_below(frame) for number, frame in places.frames_of_threads().items() if number != own}


def _clocks(names: Mapping[int, tuple[str, int]]) -> dict[int, int | None]:
    return {number: _thread_clock(native) for number, (_, native) in names.items()}


def _moved(before: Mapping[int, int | None], after: Mapping[int, int | None], number: int) -> int:
    """Return the time by which a thread's clock has moved; 0 if it has no clock."""
    return (after.get(number) or 0) - (before.get(number) or after.get(number) or 0)


def _thread_clock(native: int) -> int | None:
    """Return the CPU time of a thread in nanoseconds; None if the system does not report it, or the thread has ended.

    The clock id is made from the native id, which the kernel checks; with pthread's id, a thread that has ended could
    crash the process. Source: Linux, include/linux/posix-timers.h, make_thread_cpuclock.
    """
    if sys.platform != "linux":
        return None
    try:
        return time.clock_gettime_ns((~native << 3) | _PER_THREAD)
    except OSError:
        return None


def _process_clock() -> int:
    """Return the CPU time of the process in nanoseconds, without this thread's."""
    return time.process_time_ns() - time.thread_time_ns()


def _take(parts: list[tuple[Key, int]], most: int) -> int:
    """Take at most `most` nanoseconds from the last parts; return the number taken."""
    total = 0
    while parts and total < most:
        key, size = parts.pop()
        if size > most - total:
            parts.append((key, size - (most - total)))
        total += min(size, most - total)
    return total


def _lasting(stack: Stack, earlier: Stack) -> tuple[Spot, ...]:
    """Return the calls that lasted from one look to the next, with `UNSEEN` for calls that did not last."""
    depth = 0
    for (frame, _), (other, _) in zip(reversed(stack), reversed(earlier), strict=False):
        if frame is not other:  # a second call of the same function has another frame
            break
        depth += 1
    lasted = _spots(stack[len(stack) - depth :])
    return lasted if depth == len(stack) == len(earlier) else (UNSEEN, *lasted)


def _spots(stack: Stack) -> tuple[Spot, ...]:
    return tuple((name_of(frame.f_code), frame.f_code.co_filename, line) for frame, line in stack)


def name_of(code: CodeType) -> str:
    """Return a function's name: its module's last part and its own name, such as `datasource.Datasource.query`."""
    head, tail = os.path.split(code.co_filename)
    module = tail.removesuffix(".py") if tail != "__init__.py" else os.path.basename(head)  # noqa: PTH119  # a text
    return f"{module}.{code.co_qualname}"
