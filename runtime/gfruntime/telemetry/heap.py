"""The code that allocated the memory in use, as tracemalloc records it during an observation."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections import defaultdict
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from gfruntime.telemetry.pprof import Profile
from gfruntime.telemetry.sampling import name_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from gfruntime.telemetry.pprof import Spot

_MAX_FRAMES = 32  # frames of an allocation


def observe(seconds: float) -> Profile:
    """Trace allocations for some seconds, and return those that are still in use.

    If tracemalloc already runs, all its allocations are returned, and it continues to run.
    """
    started, begin, was_on = time.time_ns(), time.monotonic_ns(), tracemalloc.is_tracing()
    if not was_on:
        tracemalloc.start(_MAX_FRAMES)
    try:
        time.sleep(seconds)
        snapshot = tracemalloc.take_snapshot()
    finally:
        if not was_on:
            tracemalloc.stop()
    statistics = snapshot.filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)]).statistics("traceback")  # noqa: FBT003  # its own way
    names = _names({frame.filename for each in statistics for frame in each.traceback})
    samples: dict[tuple[str, tuple[Spot, ...]], list[int]] = defaultdict(lambda: [0, 0])
    for each in statistics:
        frames = [(frame.filename, frame.lineno) for frame in reversed(each.traceback)]
        spots = tuple((names.get((file, line), file), file, line) for file, line in frames)
        samples["", spots][0] += each.count
        samples["", spots][1] += each.size
    return Profile(
        kinds=[("inuse_objects", "count"), ("inuse_space", "bytes")],
        default="inuse_space",
        samples=samples,
        started=started,
        duration=time.monotonic_ns() - begin,
    )


def _names(files: Collection[str]) -> dict[tuple[str, int], str]:
    """Map lines of files to their functions, from the existing functions: tracemalloc has only lines.

    If two functions have a line, as with a comprehension, the outer one counts. Lines outside of functions are left
    out.
    """
    codes = [each.__code__ for each in _objects() if type(each) is FunctionType]
    names: dict[tuple[str, int], str] = {}
    while codes:
        inner: list[CodeType] = []
        for code in codes:
            if code.co_filename in files:
                for line in {line for _, _, line in code.co_lines() if line}:
                    names.setdefault((code.co_filename, line), name_of(code))
                inner += [each for each in code.co_consts if isinstance(each, CodeType)]
        codes = inner
    return names


def _objects() -> list[object]:
    """List the objects that the garbage collector tracks, and those that `gc.freeze` hides from it, as in workers."""
    if not gc.get_freeze_count():
        return gc.get_objects()
    was_enabled = gc.isenabled()
    gc.disable()
    gc.unfreeze()
    try:
        return gc.get_objects()
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
