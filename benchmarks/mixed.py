"""All kinds of calls at the same time for a while: count failures, and measure what the process does not release."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from benchmarks.rig import Watch, alive, descendants, look_at_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.rig import Running

log = logging.getLogger("benchmarks")

FULL_S = 60.0
WORKERS = 8
WARM = 0.25  # the share of the time after which memory should not rise
KILL_EVERY_S = 20.0
QUIET_S = 7.0  # an instance is closed 5 s after its settings changed


def mixed_load(running: Running, share: float) -> dict[str, float]:
    """Call everything for `share` minutes, then let the process rest, and stop it."""
    return _mixed(running, share)


def mixed_load_and_kills(running: Running, share: float) -> dict[str, float]:
    """Do the same while each worker in turn is killed, one every 20 seconds.

    `lost_calls` are the calls whose error says that a worker was lost, `orphans` the processes that remain at the end.
    """
    over = threading.Event()
    killed: list[int] = []

    def kill() -> None:
        while not over.wait(KILL_EVERY_S):
            workers = [pid for pid in descendants(running.plugin.pid) if not descendants(pid)]
            killed.append(workers[len(killed) % len(workers)])
            os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    figures = _mixed(running, share, on_end=over.set)
    thread.join(KILL_EVERY_S)
    return figures | {"killed": len(killed)}


def _mixed(running: Running, share: float, on_end: Callable[[], None] = lambda: None) -> dict[str, float]:
    seconds = FULL_S * share
    with Watch(running.plugin.pid, family=True) as watch:
        mixed = running.plugin.ask("mix", timeout_s=seconds + 60, seconds=seconds, workers=WORKERS)
    on_end()
    kinds = mixed["kinds"]
    for name, kind in sorted(kinds.items()):
        log.info(
            "  %-22s %8d calls, %d failed %s", name, kind["calls"], kind["failures"], kind.get("first_failure", "")
        )
    log.info("  %d changes of settings", mixed["changes"])
    time.sleep(QUIET_S)
    rest = look_at_all(running.plugin.pid)
    family = descendants(running.plugin.pid)
    ended = running.plugin.kill()
    return {
        "calls": sum(kind["calls"] for kind in kinds.values()),
        "failed_calls": sum(kind["failures"] for kind in kinds.values()),
        "lost_calls": sum(kind["lost"] for kind in kinds.values()),
        "orphans": sum(map(alive, family)),
        "pss_warm_mb": watch.at(WARM).rss_mb,
        "pss_half_mb": watch.at(0.5).rss_mb,
        "pss_end_mb": watch.at(1).rss_mb,
        "slope_mb_per_min": watch.slope_mb_per_min(WARM),
        "threads_at_rest": rest.threads,
        "files_at_rest": rest.files,
        "exit_code": ended["exit"]["code"],
        "exit_ms": ended["ms"],
    }
