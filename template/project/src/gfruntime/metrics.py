"""Prometheus text about this process: what the Go SDK exports under the same names, and Python's own.

With `prometheus_client` installed the author's own metrics, which it collects, are added.
"""

from __future__ import annotations

import gc
import os
import platform
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_lock = threading.Lock()
_requests: Counter[tuple[str, str, str]] = Counter()
_started = time.time()
_instances: list[Callable[[], int]] = []


def count(endpoint: str, status: str, source: str) -> None:
    """Count one request."""
    with _lock:
        _requests[endpoint, status, source] += 1


def instances(active: Callable[[], int]) -> None:
    """Tell how to count the instances in use."""
    _instances[:] = [active]


def text() -> bytes:
    """Write everything in Prometheus' text format, ending with a newline."""
    client = sys.modules.get("prometheus_client")  # only when the author uses it
    theirs: bytes = client.generate_latest() if client is not None else b""
    own = "\n".join(_lines(has_process=b"process_cpu_seconds_total" not in theirs))
    return own.encode() + b"\n" + theirs


def _lines(*, has_process: bool) -> Iterator[str]:
    yield "# HELP grafana_plugin_request_total The total amount of plugin requests."
    yield "# TYPE grafana_plugin_request_total counter"
    with _lock:
        counted = sorted(_requests.items())
    for (endpoint, status, source), number in counted:
        labels = f'endpoint="{endpoint}",status="{status}",status_source="{source}"'
        yield f"grafana_plugin_request_total{{{labels}}} {number}"
    yield from _metric("plugins_active_instances", "gauge", "Instances in use.", sum(f() for f in _instances))
    if has_process:
        yield from _process()


def _process() -> Iterator[str]:
    version = platform.python_version()
    yield "# HELP python_info Python platform information."
    yield "# TYPE python_info gauge"
    yield f'python_info{{implementation="{platform.python_implementation()}",version="{version}"}} 1'
    yield "# HELP python_gc_collections_total Number of times a generation was collected."
    yield "# TYPE python_gc_collections_total counter"
    for generation, stats in enumerate(gc.get_stats()):
        yield f'python_gc_collections_total{{generation="{generation}"}} {stats["collections"]}'
    seconds = time.process_time()
    yield from _metric("process_cpu_seconds_total", "counter", "User and system CPU time in seconds.", seconds)
    yield from _metric("process_start_time_seconds", "gauge", "Start time since the epoch in seconds.", _started)
    yield from _metric("process_threads", "gauge", "Threads of Python.", threading.active_count())
    memory = _memory()
    if memory:
        yield from _metric("process_resident_memory_bytes", "gauge", "Resident memory in bytes.", memory)
    folder = Path("/proc/self/fd")
    if folder.is_dir():
        yield from _metric("process_open_fds", "gauge", "Open file descriptors.", sum(1 for _ in folder.iterdir()))


def _metric(name: str, kind: str, about: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"


def _memory() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
