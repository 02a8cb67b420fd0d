"""The benchmarks: what each asks of a plugin, and what it reports.

A figure's name ends in its unit. In `_per_s` more is better, in `_ms`, `_us` and `_mb` less is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.mixed import mixed_load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.rig import Running

    Figures = dict[str, float]

SMALL_ROWS = 10
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
    """One measurement. `measure` takes a fresh process and a share of the full number of calls, and gives figures.

    A side runs the program of its name, if `programs` names no other.
    """

    measure: Callable[[Running, float], Figures]
    rounds: int = 5
    sides: tuple[str, ...] = ("ours", "go")
    programs: Mapping[str, str] = field(default_factory=dict)


def latency(concurrency: int, calls: int) -> Benchmark:
    """Ask small queries, so many at a time."""

    def measure(running: Running, share: float) -> Figures:
        load = running.load(
            _some(calls, share), concurrency=concurrency, warmup=_some(300, share), kind="series", rows=SMALL_ROWS
        )
        return {"p50_ms": load.p50_ms, "p99_ms": load.p99_ms, "queries_per_s": load.count / load.seconds}

    return Benchmark(measure, sides=("ours", "go", "async", "http2", "http2_async", "floor"))


def frames(
    rows: int,
    calls: int,
    *,
    kind: str = "columns",
    rounds: int = 5,
    programs: Mapping[str, str] = {},
) -> Benchmark:
    """Ask for a table that the plugin holds in memory, again and again."""
    return _tables(calls, rounds, programs, kind=kind, rows=rows)


def series(count: int, calls: int) -> Benchmark:
    """Ask for so many frames of 100 points, which the plugin makes of a table that it holds in memory."""
    return _tables(calls, 5, {}, kind="many", rows=POINTS, series=count)


def _tables(
    calls: int, rounds: int, programs: Mapping[str, str], *, kind: str, rows: int, series: int = 1
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

    return Benchmark(measure, rounds=rounds, sides=("ours", "go", "http2"), programs=programs)


def cold_start(running: Running, _share: float) -> Figures:
    """Tell how long a new process takes to its handshake, and to the answer to a small query."""
    return {
        "handshake_ms": running.handshake_ms,
        "first_answer_ms": running.first_answer_ms(kind="series", rows=SMALL_ROWS),
    }


def bundle_start(running: Running, _share: float) -> Figures:
    """Tell how long a new process takes to its handshake and to its first answer, and what that is made of.

    `python_ms` is the interpreter's start, to the refusal of a start by hand; `server_ms` from there to the handshake;
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


def idle(running: Running, _share: float) -> Figures:
    """Weigh a process that has answered one query and is left alone."""
    running.first_answer_ms(kind="series", rows=SMALL_ROWS)
    time.sleep(IDLE_S)
    return {"pss_mb": running.memory_mb("Pss"), "rss_mb": running.memory_mb("VmRSS")}


def upstream(running: Running, share: float) -> Figures:
    """Ask queries that wait for someone else, all of them at once."""
    load = running.load(
        _some(UPSTREAM_CALLS * 8, share),
        concurrency=UPSTREAM_CALLS,
        warmup=UPSTREAM_CALLS,
        kind="sleep",
        seconds=UPSTREAM_S,
    )
    return {"p50_ms": load.p50_ms, "p99_ms": load.p99_ms, "queries_per_s": load.count / load.seconds}


def health_busy(running: Running, share: float) -> Figures:
    """Ask for health while two queries compute."""
    running.first_answer_ms(kind="series", rows=SMALL_ROWS)
    seconds = max(BUSY_S * share, 0.2)
    with running.busy(kind="burn", seconds=seconds), running.busy(kind="burn", seconds=seconds):
        load = running.health(_some(100, share))
    return {"p50_ms": load.p50_ms, "p99_ms": load.p99_ms}


def shutdown(running: Running, _share: float) -> Figures:
    """Have the process ended while a query is under way that takes 800 ms, and see whether its answer is lost."""
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
    "bundle-start": Benchmark(bundle_start, rounds=15, sides=("ours", "source"), programs={"ours": "bundle"}),
    "idle-memory": Benchmark(idle, rounds=3, sides=("ours", "go", "http2")),
    "upstream-64": Benchmark(upstream, rounds=3, sides=("ours", "go", "async")),
    "health-busy": Benchmark(health_busy),
    "shutdown": Benchmark(shutdown),
    "mixed-load": Benchmark(mixed_load, rounds=1, programs={"ours": "probe"}),
}
