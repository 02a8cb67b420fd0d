"""The benchmarks' command: the form of its output, and its arithmetic. No test judges a figure."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.report import merge, page, table
from benchmarks.suite import BENCHMARKS
from commands import Ended, python

ROOT = Path(__file__).parents[2]
ROUNDS = {
    "ours": [
        {"p50_ms": 3.0, "calls_per_s": 10.0},
        {"p50_ms": 1.0, "calls_per_s": 30.0},
        {"p50_ms": 2.0, "calls_per_s": 20.0},
    ],
    "go": [{"p50_ms": 0.5, "calls_per_s": 40.0}],
    "floor": [{"p50_ms": 1.0}],
}


def command(*words: str) -> Ended:
    """Run the command as a user does, from the root of the checkout."""
    return python("benchmarks", *words, cwd=ROOT, timeout=280)


def test_an_object_holds_medians_and_ratios_to_each_side() -> None:
    """Rounds become their median; gfplug's over Go's is `_ratio`; a ratio to another side names that side."""
    merged = merge(ROUNDS)

    del merged["rounds"]
    assert merged == {
        "p50_ms": 2.0,
        "calls_per_s": 20.0,
        "go_p50_ms": 0.5,
        "go_calls_per_s": 40.0,
        "p50_ms_ratio": 4.0,
        "calls_per_s_ratio": 0.5,
        "floor_p50_ms": 1.0,
        "p50_ms_floor_ratio": 2.0,
    }


def test_the_rounds_stay_in_the_object() -> None:
    """The object has the measurements of each median."""
    assert merge(ROUNDS)["rounds"] == ROUNDS


def test_a_page_has_a_column_for_each_side() -> None:
    """The page has the date and the machine, too."""
    lines = page({"latency-1": merge(ROUNDS)}, day="2026-01-02", machine={"Python": "3.11.7"}).splitlines()

    assert "One run of `python -m benchmarks`, 2026-01-02." in lines[2]
    assert "- Python: 3.11.7" in lines
    assert lines[lines.index("## latency-1") :] == [
        "## latency-1",
        "",
        "| | ours | go | floor |",
        "| --- | ---: | ---: | ---: |",
        "| p50_ms | 2 | 0.5 | 1 |",
        "| calls_per_s | 20 | 40 | - |",
    ]


def test_a_figure_of_zero_has_no_ratio() -> None:
    """There is no division by zero, and the table shows a dash."""
    merged = merge({"ours": [{"p50_ms": 1.0}], "go": [{"p50_ms": 0.0}]})

    assert "p50_ms_ratio" not in merged
    assert table({"latency-1": merged}).splitlines()[1].split() == ["latency-1", "p50_ms", "1", "0", "-"]


def test_the_table_has_a_line_per_figure() -> None:
    """Each line has the benchmark, the figure, gfplug's value, Go's, the ratio, then other sides with theirs."""
    lines = [line.split() for line in table({"latency-1": merge(ROUNDS)}).splitlines()]

    assert lines[0] == ["benchmark", "figure", "ours", "Go", "ours/Go", "beside", "it"]
    assert lines[1] == ["latency-1", "p50_ms", "2", "0.5", "4", "floor", "1", "(2)"]
    assert lines[2] == ["latency-1", "calls_per_s", "20", "40", "0.5"]


def test_every_promised_benchmark_is_there() -> None:
    """Callers use these names with `--only`."""
    promised = {"latency-1", "latency-8", "latency-64", "frames-10k", "frames-1m", "frames-10m"}

    promised |= {"strings-1m", "pandas-1m", "polars-1m", "series-1k", "series-5k"}
    promised |= {"cold-start", "bundle-start", "bundle-memory", "idle-memory", "upstream-64", "health-busy", "shutdown"}
    promised |= {"cpu-8", "workers", *(f"workers-latency-{many}" for many in (1, 8, 64)), "workers-frames-1m"}
    promised |= {"mixed-load", "mixed-load-killed", "command-line", "build"}
    assert promised == set(BENCHMARKS)


def test_an_unknown_name_is_refused() -> None:
    """A misspelt benchmark is a usage error, not an empty table."""
    assert command("--only", "latency-2").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="the kernel counts no processor time of children there")
def test_the_command_line_is_measured_without_a_plugin() -> None:
    """Each command has its time, that of `import typer` in the same round, and their ratio; no Go is needed."""
    done = command("--quick", "--json", "--only", "command-line")
    assert done.code == 0, done.err
    measured: dict[str, Any] = json.loads(done.out)["command-line"]

    assert "host" not in done.err
    figures = {f"{name}_{unit}" for name in ("new", "help", "new_help", "version") for unit in ("ms", "cpu_ms")}
    expected = figures | {f"typer_{name}" for name in figures} | {f"{name}_typer_ratio" for name in figures}
    assert measured.keys() == expected | {"rounds"}
    assert all(measured[name] > 0 for name in expected)
    assert measured["version_cpu_ms"] < measured["help_cpu_ms"] < measured["new_cpu_ms"]


@pytest.mark.host
@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_the_command_prints_one_object_per_benchmark() -> None:
    """A quick run of the smallest frames gives figures of all sides and ratios; all are positive."""
    done = command("--quick", "--json", "--only", "frames-10k")
    if done.code == 1 and "Traceback" not in done.err:
        pytest.skip(done.err.splitlines()[-1])
    assert done.code == 0, done.err
    results: dict[str, Any] = json.loads(done.out)

    assert list(results) == ["frames-10k"]
    measured = results["frames-10k"]
    figures = {"rows_per_s", "mb_per_s", "p50_ms", "peak_mb"}
    forms = ("{}", "go_{}", "{}_ratio", "http2_{}", "{}_http2_ratio")
    assert {form.format(name) for name in figures for form in forms} | {"rounds"} == set(measured)
    assert all(measured[name] > 0 for name in measured if name != "rounds")
    assert {"ours", "go", "http2"} == set(measured["rounds"])
