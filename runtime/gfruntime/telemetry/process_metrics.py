"""The metrics that Prometheus clients report for every process: CPU time, memory, files, threads, garbage collector."""

from __future__ import annotations

import gc
import os
import platform
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_imported = time.time()


def lines() -> Iterator[str]:
    """Yield the lines in Prometheus' text format."""
    version, implementation = platform.python_version(), platform.python_implementation()
    yield "# HELP python_info Python platform information."
    yield "# TYPE python_info gauge"
    yield f'python_info{{implementation="{implementation}",version="{version}"}} 1'
    yield "# HELP python_gc_collections_total Number of times a generation was collected."
    yield "# TYPE python_gc_collections_total counter"
    for generation, stats in enumerate(gc.get_stats()):
        yield f'python_gc_collections_total{{generation="{generation}"}} {stats["collections"]}'
    seconds = time.process_time()
    yield from _metric("process_cpu_seconds_total", "counter", "User and system CPU time in seconds.", seconds)
    yield from _metric("process_start_time_seconds", "gauge", "Start time since the epoch in seconds.", _start_time())
    yield from threads()
    virtual, resident = _memory()
    if resident:
        yield from _metric("process_virtual_memory_bytes", "gauge", "Virtual memory in bytes.", virtual)
        yield from _metric("process_resident_memory_bytes", "gauge", "Resident memory in bytes.", resident)
    folder = Path("/proc/self/fd")
    if sys.platform != "win32" and folder.is_dir():  # on Windows /proc is a folder of the current drive
        import resource  # noqa: PLC0415  # not on Windows

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        yield from _metric("process_open_fds", "gauge", "Open file descriptors.", sum(1 for _ in folder.iterdir()))
        yield from _metric("process_max_fds", "gauge", "Largest number of open file descriptors.", most)


def threads() -> Iterator[str]:
    """Write the number of threads, which `prometheus_client` does not report."""
    yield from _metric("process_threads", "gauge", "Threads of Python.", threading.active_count())


def _metric(name: str, kind: str, about: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"


def _memory() -> tuple[int, int]:
    if sys.platform == "win32":
        return 0, 0
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0, 0
    size = os.sysconf("SC_PAGE_SIZE")
    return int(pages[0]) * size, int(pages[1]) * size


def resident() -> int:
    """Return this process's resident memory in bytes; on macOS the maximum so far, and 0 if unknown."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  # Windows only

        counters = (ctypes.c_size_t * 9)()  # PROCESS_MEMORY_COUNTERS: two of 32 bits, then WorkingSetSize at the third
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        own = ctypes.c_void_p(kernel.GetCurrentProcess())
        kernel.K32GetProcessMemoryInfo(own, ctypes.byref(counters), ctypes.sizeof(counters))
        return counters[2]
    if sys.platform == "darwin":
        import resource  # noqa: PLC0415  # not on Windows

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _memory()[1]


def _start_time() -> float:
    """Return the start time of the process; if the system does not report it, the time when metrics were first read."""
    if sys.platform == "win32":
        return _imported
    try:
        ticks = int(Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
        booted = next(
            int(line.split()[1])
            for line in Path("/proc/stat").read_text(encoding="ascii").splitlines()
            if line.startswith("btime ")
        )
    except (OSError, StopIteration, ValueError):
        return _imported
    return booted + ticks / os.sysconf("SC_CLK_TCK")
