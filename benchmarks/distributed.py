"""Ask a Dask cluster of a scheduler and two workers on loopback for 10^8 rows, through the example's plugin.

    python -m benchmarks.distributed [--rows 100000000] [--executable FILE]

Prints one JSON object. The plugin is built first, unless `--executable` names a bundle's executable; the host is
the genuine one in Go.
`plugin_mb` is the plugin's memory: before the large query, its maximum, and after the query; `cancel_s` is the time
until the scheduler has no task any more; `killed` is the answer of a query whose cluster lost a worker; `local` is a
cluster that the plugin starts on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rig import Watch, alive, descendants  # it makes the modules of tests/conformance importable

# isort: split
from daskcluster import DaskCluster, dask_cluster
from hostclient import Host
from messages import HOUR_MS, START_MS, query, query_request, settings
from processes import eventually
from programs import Programs, executable
from soak import look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostclient import Pending, Plugin

MB = 1e6
TIMEOUT_S = 600


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--executable", type=Path, help="that of a bundle, in its dist/; default: build one")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = Programs(folder)
        program = options.executable or executable(programs, "distributed-built")
        figures: dict[str, Any] = {"bundle": sizes(program.parent)}
        with Host(programs.go("host")) as host:
            (folder / "dask").mkdir()
            with dask_cluster(folder / "dask") as cluster:
                plugin = host.start(program)
                figures |= measure(plugin, cluster, options.rows)
                plugin.kill()
            figures["local"] = measure_local(host.start(program))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


def measure(plugin: Plugin, cluster: DaskCluster, rows: int) -> dict[str, Any]:
    """Send a small query and the large one, cancel a query, and kill a worker during a query."""
    ask(plugin, 1000, cluster.address)
    before = look(plugin.pid).rss_mb
    with Watch(plugin.pid) as watch:
        begin = time.monotonic()
        total_rows = ask(plugin, rows, cluster.address)
        seconds = time.monotonic() - begin
    after = look(plugin.pid).rss_mb
    cancel_s = cancel(plugin, cluster, rows)
    pending = send(plugin, rows, cluster.address)
    finished_before = cluster.finished()
    eventually(lambda: cluster.finished() > finished_before + 10, within_s=60)
    cluster.kill_worker()
    killed = total(pending.result(TIMEOUT_S))
    return {
        "rows": total_rows,
        "seconds": seconds,
        "rows_per_s": total_rows / seconds,
        "plugin_mb": {"before": before, "peak": max([after, *(each.rss_mb for each in watch.samples)]), "after": after},
        "cancel_s": cancel_s,
        "killed": {"rows": killed, "is_right": killed == total_rows},
    }


def cancel(plugin: Plugin, cluster: DaskCluster, rows: int) -> float:
    """Cancel a query as Grafana does, and return the seconds until its tasks are gone."""
    pending = send(plugin, rows, cluster.address)
    eventually(cluster.tasks, within_s=60)
    plugin.ask("cancel", id=pending.number)
    return eventually(lambda: cluster.tasks() == 0, within_s=30)


def measure_local(plugin: Plugin) -> dict[str, Any]:
    """Let the plugin start a local cluster, then kill the plugin."""
    begin = time.monotonic()
    ask(plugin, 1000, "")
    first_s = time.monotonic() - begin
    family = [plugin.pid, *descendants(plugin.pid)]
    memory = {str(pid): look(pid).rss_mb for pid in family}
    os.kill(plugin.pid, signal.SIGKILL)
    gone_s = eventually(lambda: not any(map(alive, family)), within_s=30)
    return {"first_answer_s": first_s, "processes_mb": list(memory.values()), "gone_after_kill_s": gone_s}


def send(plugin: Plugin, rows: int, scheduler: str) -> Pending:
    """Send a query that counts the readings of an hour with `rows` readings."""
    configured = settings({"period": HOUR_MS / (rows / 2), "timeout": TIMEOUT_S, "scheduler": scheduler})
    model = query(aggregate="count", start_ms=START_MS // HOUR_MS * HOUR_MS)
    return plugin.send("query", timeout_s=TIMEOUT_S, request=query_request(model, settings=configured))


def ask(plugin: Plugin, rows: int, scheduler: str) -> int:
    """Send the query, and return the number of counted readings."""
    return total(send(plugin, rows, scheduler).result(TIMEOUT_S))


def total(reply: dict[str, Any]) -> int:
    """Add up the values of all series."""
    answer = reply["responses"]["A"]
    if answer["error"]:
        raise RuntimeError(answer["error"])
    return int(sum(sum(frame["fields"][1]["values"]) for frame in answer["frames"]))


def sizes(bundle: Path) -> dict[str, float]:
    """Return the sizes of the bundle and of its archive."""
    archives = (bundle.parent / "artifacts").glob("*.zip")
    return {
        "unpacked_mb": sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) / MB,
        "archive_mb": sum(path.stat().st_size for path in archives) / MB,
    }


if __name__ == "__main__":
    sys.exit(main())
