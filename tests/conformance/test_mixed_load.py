"""Concurrent calls of all kinds, as from a busy Grafana: every call succeeds, and no memory is kept.

A run of ten minutes is `python -m benchmarks --only mixed-load --minutes 10`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from processes import ends_well, eventually
from programs import executable
from soak import Watch, look

if TYPE_CHECKING:
    from hostclient import Host
    from programs import Programs

LOAD_S = 15.0
GROWTH_MB = 60
"""The allowed growth of memory after the first half: threads and allocators are still warming up."""
POOL = 64


@pytest.mark.shows("faults: Everything at once")
@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("name", ["probe", "probe-http2", "probe-workers", "probe-built"])
def test_no_call_of_a_mixed_load_fails(host: Host, programs: Programs, name: str) -> None:
    """Queries, failures, cancellations, streams, resources and changing settings work, and the end is clean."""
    plugin = host.start(executable(programs, name), short_log=True)
    plugin.health()
    before = look(plugin.pid)
    with Watch(plugin.pid) as watch:
        mixed = plugin.ask("mix", seconds=LOAD_S, workers=6, timeout_s=90)
    kinds = mixed["kinds"]

    assert {name: kind["first_failure"] for name, kind in kinds.items() if kind["failures"]} == {}
    assert len(kinds) == 16
    assert all(kind["calls"] for kind in kinds.values())
    assert watch.at(1).rss_mb - watch.at(0.5).rss_mb < GROWTH_MB
    eventually(lambda: look(plugin.pid).files <= before.files + 4, within_s=10)
    eventually(lambda: look(plugin.pid).threads <= before.threads + POOL, within_s=10)
    ends_well(plugin)
