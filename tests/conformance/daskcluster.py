"""A Dask cluster as an operator runs one: a scheduler and workers, each its own process, on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distributed import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 60.0


@dataclass(frozen=True)
class DaskCluster:
    """A running cluster, and a client that inspects it."""

    address: str
    workers: list[subprocess.Popen[bytes]]
    client: Any

    def tasks(self) -> int:
        """Return the number of tasks that the scheduler knows."""
        return int(self.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))

    def finished(self) -> int:
        """Return the number of tasks that workers have done since the cluster started."""
        return int(
            self.client.run_on_scheduler(
                lambda dask_scheduler: sum(
                    each.state_counts["memory"] for each in dask_scheduler.task_prefixes.values()
                )
            )
        )

    def kill_worker(self) -> None:
        """Kill a worker as the kernel does when memory is short; no other worker is started."""
        worker = self.workers.pop()
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)


@contextlib.contextmanager
def dask_cluster(folder: Path, *, workers: int = 2) -> Iterator[DaskCluster]:
    """Run a cluster whose workers have dask and pyarrow, but no code of a plugin."""
    note = folder / "scheduler.json"
    with (folder / "dask.log").open("wb") as log, contextlib.ExitStack() as stack:

        def start(module: str, *words: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-P", "-m", f"distributed.cli.{module}", "--scheduler-file", str(note), *words]
            environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            stack.callback(_end, process)
            return process

        start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        address = str(_read(note)["address"])
        words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder)]
        running = [start("dask_worker", *words) for _ in range(workers)]
        client = stack.enter_context(
            Client(address, timeout=PATIENCE_S, set_as_default=False)  # type: ignore[no-untyped-call]  # dask's
        )
        client.wait_for_workers(workers, timeout=PATIENCE_S)
        yield DaskCluster(address, running, client)


def _read(note: Path) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(note.read_text(encoding="utf-8"))
        time.sleep(0.05)
    raise TimeoutError(f"no scheduler started within {PATIENCE_S} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(10)
