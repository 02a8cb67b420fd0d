"""Profiles over HTTP: the requests, the responses, and the accuracy of the numbers."""

from __future__ import annotations

import gc
import http.client
import sys
import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime import wire
from gfruntime.telemetry import profiling, sampling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.timeout(60)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process can't read its threads' clocks")


@pytest.fixture(scope="module")
def port() -> int:
    """Run the server and return its port."""
    return profiling.start({"GF_PLUGIN_PROFILING_ENABLED": "true", "GF_PLUGIN_PROFILING_PORT": "0"}, "me")


def get(port: int, path: str) -> tuple[int, bytes]:
    """Request a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def read(profile: bytes) -> dict[tuple[str, ...], dict[str, int]]:
    """Read a profile: a stack's functions, the innermost first → its measured values, summed over its lines."""
    parts: dict[int, list[Any]] = {}
    for number, value in wire.fields(zlib.decompress(profile, wbits=31)):
        parts.setdefault(number, []).append(value)
    texts = [each.decode() for each in parts[6]]
    functions = {fields[1]: texts[fields[2]] for fields in map(message, parts.get(5, []))}
    places = {fields[1]: functions[message(fields[4])[1]] for fields in map(message, parts.get(4, []))}
    kinds = [texts[message(each)[1]] for each in parts[1]]
    stacks: dict[tuple[str, ...], dict[str, int]] = {}
    for sample in map(message, parts.get(2, [])):
        stack = tuple(places[number] for number in integers(sample[1]))
        sums = stacks.setdefault(stack, dict.fromkeys(kinds, 0))
        for kind, value in zip(kinds, integers(sample[2]), strict=True):
            sums[kind] += value
    return stacks


def message(content: bytes) -> dict[int, Any]:
    """Read the fields of a message without repeated fields."""
    return dict(wire.fields(content))


def integers(packed: bytes) -> list[int]:
    """Read a repeated field of integers."""
    numbers, shift, number = [], 0, 0
    for byte in packed:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            shift = number = 0
    return numbers


def total(stacks: dict[tuple[str, ...], dict[str, int]], name: str, kind: str) -> int:
    """Sum a value over all stacks with a function whose name ends with this text."""
    return sum(values[kind] for stack, values in stacks.items() if any(each.endswith(name) for each in stack))


def burn(stop: threading.Event) -> None:
    """Use CPU without pause."""
    while not stop.is_set():
        sum(range(500))


def wait(stop: threading.Event) -> None:
    """Use no CPU."""
    stop.wait()


def work_in_bursts(stop: threading.Event) -> None:
    """Use some CPU, and wait in a function that uses none."""
    while not stop.is_set():
        burn_shortly()
        rest_a_while()


def burn_shortly() -> None:
    """Use CPU for three milliseconds, less than the time between two samples."""
    end = time.thread_time() + 0.003
    while time.thread_time() < end:
        sum(range(50))


def rest_a_while() -> None:
    """Use no CPU."""
    time.sleep(0.017)


@contextmanager
def running(*functions: Callable[[threading.Event], None]) -> Iterator[list[threading.Thread]]:
    """Run functions in threads until the end of a block."""
    stop = threading.Event()
    threads = [threading.Thread(target=function, args=(stop,), name=function.__name__) for function in functions]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@linux_only
def test_cpu_time_is_attributed_to_the_function_that_uses_it(port: int) -> None:
    """The profile has the process's CPU time, nearly all in one function, none in a waiting one."""
    with running(burn, wait):
        before = time.process_time_ns()
        status, body = get(port, "/debug/pprof/profile?seconds=1")
        cpu_ns = time.process_time_ns() - before
    stacks = read(body)
    cpu = sum(values["cpu"] for values in stacks.values())

    assert status == 200
    assert 0.5 * cpu_ns < cpu <= cpu_ns
    assert total(stacks, "test_profiling.burn", "cpu") > 0.8 * cpu
    assert total(stacks, "test_profiling.wait", "cpu") < 0.01 * cpu
    assert total(stacks, "test_profiling.wait", "wall") > 800_000_000


@linux_only
def test_cpu_time_is_not_attributed_to_the_function_that_waits_next(port: int) -> None:
    """CPU time between two samples has its callers and a separate name; the sum equals the thread's clock."""
    with running(work_in_bursts) as (thread,):
        assert thread.native_id is not None
        clock = (~thread.native_id << 3) | 6
        before = time.clock_gettime_ns(clock)
        stacks = read(get(port, "/debug/pprof/profile?seconds=1")[1])
        cpu_ns = time.clock_gettime_ns(clock) - before
    cpu = total(stacks, "test_profiling.work_in_bursts", "cpu")

    assert 0.7 * cpu_ns < cpu <= cpu_ns
    assert total(stacks, "test_profiling.rest_a_while", "cpu") < 0.1 * cpu
    assert total(stacks, "test_profiling.rest_a_while", "wall") > 300_000_000
    unseen = {stack[:2]: values["cpu"] for stack, values in stacks.items() if stack[0] == sampling.UNSEEN[0]}
    callers = unseen[sampling.UNSEEN[0], "test_profiling.work_in_bursts"]
    assert callers + total(stacks, "test_profiling.burn_shortly", "cpu") > 0.9 * cpu


def test_a_sample_takes_time_from_the_last_part_first() -> None:
    """It takes time from the last part first; the rest stays in its part."""
    one: sampling.Key = ("t", (("f", "", 1),))
    parts = [(one, 5), (("t", (("g", "", 1),)), 3)]

    assert sampling._take(parts, 4) == 4
    assert parts == [(one, 4)]
    assert sampling._take(parts, 9) == 4
    assert (parts, sampling._take(parts, 9), sampling._take([(one, 5)], 0)) == ([], 0, 0)


def test_without_thread_clocks_only_wall_time_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wall time is never reported as CPU time."""
    monkeypatch.setattr(sampling, "_thread_clock", lambda _: None)
    with running(burn, wait):
        stacks = read(sampling.sample(0.2).encode())

    assert {kind for values in stacks.values() for kind in values} == {"wall"}
    assert total(stacks, "test_profiling.wait", "wall") > 100_000_000


def allocate(blocks: list[bytes]) -> None:
    """Keep eight megabytes, and free another eight."""
    blocks.extend(bytes(1 << 20) for _ in range(8))
    for _ in range(8):
        bytes(1 << 20)


def allocate_when_traced(blocks: list[bytes]) -> None:
    """Wait until allocations are traced, then allocate."""
    while not tracemalloc.is_tracing():
        time.sleep(0.01)
    allocate(blocks)


def test_memory_in_use_is_that_of_the_function_that_allocated_it(port: int) -> None:
    """Freed memory is not listed; afterwards tracing is off."""
    blocks: list[bytes] = []
    thread = threading.Thread(target=allocate_when_traced, args=[blocks])
    thread.start()
    status, body = get(port, "/debug/pprof/heap?seconds=1")
    thread.join()
    stacks = read(body)

    assert status == 200
    assert 8 << 20 <= total(stacks, "test_profiling.allocate", "inuse_space") < 9 << 20
    assert not tracemalloc.is_tracing()
    assert len(blocks) == 8


def test_functions_that_the_collector_does_not_see_have_names(port: int) -> None:
    """`gc.freeze`, which workers call after loading, hides them from the collector; they stay hidden."""
    blocks: list[bytes] = []
    gc.freeze()
    try:
        thread = threading.Thread(target=allocate_when_traced, args=[blocks])
        thread.start()
        stacks = read(get(port, "/debug/pprof/heap?seconds=1")[1])
        thread.join()
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()

    assert total(stacks, "test_profiling.allocate", "inuse_space") >= 8 << 20


def test_a_memory_trace_that_the_author_started_continues(port: int) -> None:
    """The trace is read, but not ended."""
    tracemalloc.start()
    try:
        block = bytes(3 << 20)
        stacks = read(get(port, "/debug/pprof/heap?seconds=0.01")[1])
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()

    assert max(values["inuse_space"] for values in stacks.values()) >= len(block)


def test_thread_stacks_are_served_for_pprof_and_as_text(port: int) -> None:
    """Each thread has its stack."""
    with running(wait):
        stacks = read(get(port, "/debug/pprof/goroutine")[1])
        text = get(port, "/debug/pprof/goroutine?debug=2")[1].decode()

    assert total(stacks, "test_profiling.wait", "threads") == 1
    assert "in wait\n    stop.wait()" in text


def test_index_command_line_and_unknown_pages_are_answered(port: int) -> None:
    """These are the index, the command line, and the pages that only Go has."""
    assert b"/debug/pprof/profile" in get(port, "/debug/pprof/")[1]
    assert get(port, "/debug/pprof/cmdline")[1].split(b"\0") == [each.encode() for each in sys.orig_argv]
    for path in ("/debug/pprof/trace", "/debug/pprof/mutex", "/debug/pprofile", "/profile"):
        status, body = get(port, path)
        assert (status, b"the pages are" in body) == (404, True)


@pytest.mark.parametrize("seconds", ["0", "-1", "301", "nan", "inf", "x"])
@pytest.mark.parametrize("page", ["profile", "heap"])
def test_a_time_that_makes_no_sense_is_refused(port: int, page: str, seconds: str) -> None:
    """It is refused at once."""
    assert get(port, f"/debug/pprof/{page}?seconds={seconds}")[0] == 400


def test_one_profile_is_taken_at_a_time_and_threads_are_shown_meanwhile(port: int) -> None:
    """A second profile would show the work of the first."""
    first: list[int] = []
    thread = threading.Thread(target=lambda: first.append(get(port, "/debug/pprof/profile?seconds=1")[0]))
    thread.start()
    time.sleep(0.3)
    status, body = get(port, "/debug/pprof/heap?seconds=1")
    threads = get(port, "/debug/threads")[0]
    thread.join()

    assert (status, body) == (503, b"another profile is running; try again when it has ended\n")
    assert (threads, first) == (200, [200])
