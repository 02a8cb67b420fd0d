"""The benchmarks: the calls that each sends to a plugin, and its figures.

A figure's name ends in its unit. For `_per_s`, more is better; for `_ms`, `_us` and `_mb`, less.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.command_line import build, command_line
from benchmarks.mixed import mixed_load, mixed_load_and_kills

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.rig import Running

    Figures = dict[str, float]

SMALL_ROWS = 10
WORK_UNITS = 1500  # about 20 ms
WORK_CALLS = 400
POINTS = 100
TABLES = {"ours": "tables", "http2": "tables_http2"}
UPSTREAM_CALLS = 64
UPSTREAM_S = 0.1
BUSY_S = 5.0
IDLE_S = 1.0
IN_FLIGHT_S = 0.8
HEAD_START_S = 0.2


@dataclass(frozen=True)
class Benchmark:
    """One measurement. `measure` gets a new process and a share of the full number of calls, and returns figures.

    A side runs the program of its name, unless `programs` names another. A benchmark without a plugin gets the side's
    `CommandLine` instead of the process.
    """

    measure: Callable[[Any, float], Figures]
    rounds: int = 5
    sides: tuple[str, ...] = ("ours", "go")
    programs: Mapping[str, str] = field(default_factory=dict)
    starts_plugin: bool = True


def latency(
    concurrency: int,
    calls: int,
    *,
    sides: tuple[str, ...] = ("ours", "go", "async", "http2", "http2_async", "floor"),
    programs: Mapping[str, str] = {},
) -> Benchmark:
    """Send small queries, `concurrency` at a time."""

    def measure(running: Running, share: float) -> Figures:
        load = running.load(
            _some(calls, share), concurrency=concurrency, warmup=_some(300, share), kind="series", rows=SMALL_ROWS
        )
        return {"p50_ms": load.p50_ms, "p99_ms": load.p99_ms, "queries_per_s": load.count / load.seconds}

    return Benchmark(measure, sides=sides, programs=programs)


def frames(
    rows: int,
    calls: int,
    *,
    kind: str = "columns",
    rounds: int = 5,
    sides: tuple[str, ...] = ("ours", "go", "http2"),
    programs: Mapping[str, str] = {},
) -> Benchmark:
    """Query repeatedly for a table in the plugin's memory."""
    return _tables(calls, rounds, programs, sides=sides, kind=kind, rows=rows)


def series(count: int, calls: int) -> Benchmark:
    """Query for `count` frames of 100 points, which the plugin makes from a table in memory."""
    return _tables(calls, 5, {}, kind="many", rows=POINTS, series=count)


def _tables(
    calls: int,
    rounds: int,
    programs: Mapping[str, str],
    *,
    sides: tuple[str, ...] = ("ours", "go", "http2"),
    kind: str,
    rows: int,
    series: int = 1,
) -> Benchmark:
    def measure(running: Running, share: float) -> Figures:
        count = _some(calls, share)
        load = running.load(count, warmup=max(1, count // 4), kind=kind, rows=rows, series=series)
        if load.rows != rows * series:
            raise ValueError(f"asked for {rows * series} rows, the host decoded {load.rows}")
        figures = {
            "rows_per_s": rows * series * count / load.seconds,
            "mb_per_s": load.bytes * count / load.seconds / 1e6,
            "p50_ms": load.p50_ms,
            "peak_mb": running.memory_mb("VmHWM"),
        }
        return figures if series == 1 else {**figures, "series_us": load.p50_ms * 1000 / series}

    return Benchmark(measure, rounds=rounds, sides=sides, programs=programs)


def cold_start(running: Running, _share: float) -> Figures:
    """Measure the time of a new process to its handshake, and to the answer to a small query."""
    return {
        "handshake_ms": running.handshake_ms,
        "first_answer_ms": running.first_answer_ms(kind="series", rows=SMALL_ROWS),
    }


def bundle_start(running: Running, _share: float) -> Figures:
    """Measure the time of a new process to its handshake and to its first answer, and the parts of this time.

    `python_ms` is the time until the program refuses a start without Grafana; `server_ms` from there to the handshake;
    `code_ms` from the handshake to the answer.
    """
    answer = running.first_answer_ms()
    python = running.refusal_ms()
    return {
        "handshake_ms": running.handshake_ms,
        "first_answer_ms": answer,
        "python_ms": python,
        "server_ms": running.handshake_ms - python,
        "code_ms": answer - running.handshake_ms,
    }


def bundle_memory(running: Running, _share: float) -> Figures:
    """Measure the memory of a bundle's process after one query, and the size of the bundle."""
    running.first_answer_ms()
    time.sleep(IDLE_S)
    folder = running.command.resolve().parent
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return {"pss_mb": running.memory_mb("Pss"), "unpacked_mb": size}


def idle(running: Running, _share: float) -> Figures:
    """Measure the memory of a process that is idle after one query."""
    running.first_answer_ms(kind="series", rows=SMALL_ROWS)
    time.sleep(IDLE_S)
    return {"pss_mb": running.memory_mb("Pss"), "rss_mb": running.memory_mb("VmRSS")}


def upstream(running: Running, share: float) -> Figures:
    """Send queries that wait for an upstream, all at once."""
    load = running.load(
        _some(UPSTREAM_CALLS * 8, share),
        concurrency=UPSTREAM_CALLS,
        warmup=UPSTREAM_CALLS,
        kind="sleep",
        seconds=UPSTREAM_S,
    )
    return {"p50_ms": load.p50_ms, "p99_ms": load.p99_ms, "queries_per_s": load.count / load.seconds}


def health_busy(running: Running, share: float) -> Figures:
    """Check the health while two queries compute: CheckHealth, and the gRPC check that the process lives."""
    running.first_answer_ms(kind="series", rows=SMALL_ROWS)
    seconds = max(BUSY_S * share, 0.2)
    with running.busy(kind="burn", seconds=seconds), running.busy(kind="burn", seconds=seconds):
        load = running.health(_some(100, share))
        pings = running.pings(_some(200, share))
    return {"p50_ms": load.p50_ms, "p99_ms": load.p99_ms, "ping_p50_ms": pings.p50_ms, "ping_p99_ms": pings.p99_ms}


def computing(running: Running, share: float) -> Figures:
    """Send queries that compute a fixed amount, 8 at a time; then let bare processes do the same, one on each core.

    `bare_per_s` is the rate of the bare processes, `share_of_bare` the plugin's share of that rate.
    """
    calls = _some(WORK_CALLS, share)
    load = running.load(calls, concurrency=8, warmup=_some(16, share), kind="work", rows=WORK_UNITS)
    single = running.load(_some(WORK_CALLS // 4, share), warmup=2, kind="work", rows=WORK_UNITS)
    bare = bare_per_s(WORK_UNITS, calls, processes=os.cpu_count() or 1)
    rate = calls / load.seconds
    return {"queries_per_s": rate, "p50_ms": single.p50_ms, "bare_per_s": bare, "share_of_bare": rate / bare}


def bare_per_s(units: int, calls: int, *, processes: int) -> float:
    """Compute `calls` times in all, in bare Python processes, and return the number for each second."""
    script = Path(__file__).parent / "plugins" / "work.py"
    command = [sys.executable, str(script), str(units), str(calls // processes)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own
        for _ in range(processes)
    ]
    time.sleep(0.5)  # wait until all have started
    for process in started:
        assert process.stdin is not None  # noqa: S101  # for mypy: a pipe
        process.stdin.write("\n")
        process.stdin.flush()
    return sum(calls // processes / float(process.communicate()[0]) for process in started)


def shutdown(running: Running, _share: float) -> Figures:
    """Stop the process during a query that takes 800 ms, and check whether its answer is lost."""
    running.first_answer_ms(kind="series", rows=SMALL_ROWS)
    pending = running.query(kind="sleep", seconds=IN_FLIGHT_S)
    time.sleep(HEAD_START_S)
    ended = running.plugin.kill()
    return {
        "lost_answers": float(pending.answer.exception(10) is not None),
        "exit_ms": ended["ms"],
        "exit_code": ended["exit"]["code"],
    }


def _some(full: int, share: float) -> int:
    return max(1, round(full * share))


BENCHMARKS = {
    "latency-1": latency(1, 1500),
    "latency-8": latency(8, 4000),
    "latency-64": latency(64, 4000),
    "frames-10k": frames(10_000, 400),
    "frames-1m": frames(1_000_000, 16),
    "frames-10m": frames(10_000_000, 4, rounds=3),
    "strings-1m": frames(1_000_000, 16, kind="lists"),
    "pandas-1m": frames(1_000_000, 16, kind="pandas", programs=TABLES),
    "polars-1m": frames(1_000_000, 16, kind="polars", programs=TABLES),
    "series-1k": series(1000, 60),
    "series-5k": series(5000, 16),
    "cold-start": Benchmark(cold_start, rounds=9, sides=("ours", "go", "http2", "floor")),
    "bundle-start": Benchmark(
        bundle_start, rounds=15, sides=("ours", "bundle_http2", "source", "go", "floor"), programs={"ours": "bundle"}
    ),
    "bundle-memory": Benchmark(
        bundle_memory, rounds=3, sides=("ours", "bundle_http2", "go"), programs={"ours": "bundle"}
    ),
    "idle-memory": Benchmark(idle, rounds=3, sides=("ours", "go", "http2", "workers_1", "workers_2", "workers_4")),
    "upstream-64": Benchmark(upstream, rounds=3, sides=("ours", "go", "async")),
    "cpu-8": Benchmark(computing, rounds=3, sides=("ours", "go", "http2")),
    "workers": Benchmark(
        computing, rounds=3, sides=("ours", "workers_1", "workers_2", "workers_4"), programs={"ours": "http2"}
    ),
    "workers-latency-1": latency(1, 1500, sides=("ours", "workers_1", "workers_2"), programs={"ours": "http2"}),
    "workers-latency-8": latency(8, 4000, sides=("ours", "workers_1", "workers_2"), programs={"ours": "http2"}),
    "workers-latency-64": latency(64, 4000, sides=("ours", "workers_1", "workers_2"), programs={"ours": "http2"}),
    "workers-frames-1m": frames(
        1_000_000, 16, rounds=3, sides=("ours", "workers_1", "workers_2"), programs={"ours": "http2"}
    ),
    "health-busy": Benchmark(health_busy, sides=("ours", "go", "http2", "workers_2")),
    "shutdown": Benchmark(shutdown),
    "mixed-load": Benchmark(mixed_load, rounds=1, programs={"ours": "probe"}),
    "mixed-load-killed": Benchmark(mixed_load_and_kills, rounds=1, sides=("ours",), programs={"ours": "workers_probe"}),
    "command-line": Benchmark(command_line, rounds=9, sides=("ours", "typer"), starts_plugin=False),
    "build": Benchmark(build, rounds=3, sides=("ours",), starts_plugin=False),
}
