"""All kinds of calls side by side for a while: does every one succeed, and what does the process hold on to?"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from benchmarks.rig import Watch, look

if TYPE_CHECKING:
    from benchmarks.rig import Running

log = logging.getLogger("benchmarks")

FULL_S = 60.0
WORKERS = 8
WARM = 0.25  # the share of the time after which memory should rise no more
QUIET_S = 7.0  # an instance whose settings changed is disposed of after 5 s


def mixed_load(running: Running, share: float) -> dict[str, float]:
    """Call everything for a minute times `share`, then let the process rest, and end it."""
    seconds = FULL_S * share
    with Watch(running.plugin.pid) as watch:
        mixed = running.plugin.ask("mix", timeout_s=seconds + 60, seconds=seconds, workers=WORKERS)
    kinds = mixed["kinds"]
    for name, kind in sorted(kinds.items()):
        log.info(
            "  %-22s %8d calls, %d failed %s", name, kind["calls"], kind["failures"], kind.get("first_failure", "")
        )
    log.info("  %d changes of settings", mixed["changes"])
    time.sleep(QUIET_S)
    rest = look(running.plugin.pid)
    ended = running.plugin.kill()
    return {
        "calls": sum(kind["calls"] for kind in kinds.values()),
        "failed_calls": sum(kind["failures"] for kind in kinds.values()),
        "rss_warm_mb": watch.at(WARM).rss_mb,
        "rss_half_mb": watch.at(0.5).rss_mb,
        "rss_end_mb": watch.at(1).rss_mb,
        "slope_mb_per_min": watch.slope_mb_per_min(WARM),
        "threads_at_rest": rest.threads,
        "files_at_rest": rest.files,
        "exit_code": ended["exit"]["code"],
        "exit_ms": ended["ms"],
    }
