"""Measure gfplug's plugins and those on the Go SDK in one run, and print the ratios.

python -m benchmarks [--json] [--only NAME]... [--quick] [--minutes N] [--page FILE]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import merge, page, table
from benchmarks.suite import BENCHMARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rig import Rig
    from benchmarks.suite import Benchmark

QUICK_SHARE = 0.02
log = logging.getLogger("benchmarks")


def main(words: Sequence[str] | None = None) -> int:
    """Run the chosen benchmarks and print the table, or JSON; return 1 if one can't be built or measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ours beside the Go SDK's, in one run.")
    parser.add_argument("--json", action="store_true", help="print one object per benchmark")
    parser.add_argument("--only", action="append", choices=list(BENCHMARKS), metavar="NAME", help="run this one alone")
    parser.add_argument(
        "--quick", action="store_true", help="one short round each: shows that it runs, measures nothing"
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="also write a page of Markdown, with the day and the machine"
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="how long mixed-load goes on")
    options = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    names = options.only or list(BENCHMARKS)
    import pytest  # noqa: PLC0415  # `programs` says by its exceptions what it could not make

    try:
        results = measure(names, is_quick=options.quick, minutes=options.minutes)
    except (pytest.skip.Exception, pytest.fail.Exception) as reason:
        log.error("%s", reason)  # noqa: TRY400  # one sentence says it all
        return 1
    if options.page is not None:
        text = page(results, day=time.strftime("%Y-%m-%d"), machine=describe_machine())
        options.page.write_text(text, encoding="utf-8")
    sys.stdout.write((json.dumps(results, indent=2) if options.json else table(results)) + "\n")
    return 0 if len(results) == len(names) else 1


def describe_machine() -> dict[str, str]:
    """Describe the machine that the figures depend on: processor, memory, system, versions."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = {line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    go = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.split()[2]  # noqa: S607
    packages = ("grpcio", "protobuf", "pyarrow", "hpack", "msgspec")
    return {
        "processor": f"{', '.join(models)}, {os.cpu_count()} cores, shared with the client that asks",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver())}",
        "Python": platform.python_version(),
        "Go": go.removeprefix("go"),
        "packages": ", ".join(f"{name} {version(name)}" for name in packages),
    }


def measure(names: Sequence[str], *, is_quick: bool = False, minutes: float = 1.0) -> dict[str, dict[str, Any]]:
    """Run benchmarks and return the result of each that did not fail; `minutes` is the length of mixed-load."""
    from benchmarks.rig import Rig  # noqa: PLC0415  # `--help` needs none of it

    with tempfile.TemporaryDirectory(prefix="gfplug-benchmarks-") as folder:
        rig = Rig(Path(folder))
        results = {}
        for name in names:
            benchmark, share = BENCHMARKS[name], minutes if name.startswith("mixed-load") else 1.0
            count, share = (1, QUICK_SHARE) if is_quick else (benchmark.rounds, share)
            try:
                results[name] = merge(alternate(rig, benchmark, name=name, count=count, share=share))
            except Exception:  # keep the results of the others, which took long
                log.exception("%s failed", name)
        return results


def alternate(
    rig: Rig, benchmark: Benchmark, *, name: str, count: int, share: float
) -> dict[str, list[dict[str, float]]]:
    """Run each side once in every round, each in a new process."""
    rounds: dict[str, list[dict[str, float]]] = {side: [] for side in benchmark.sides}
    start = rig.start if benchmark.starts_plugin else rig.commands
    for number in range(count):
        log.info("%s, round %d of %d", name, number + 1, count)
        for side, figures in rounds.items():
            with start(benchmark.programs.get(side, side)) as running:
                figures.append(benchmark.measure(running, share))
    return rounds


if __name__ == "__main__":
    sys.exit(main())
