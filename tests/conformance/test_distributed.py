"""The example `distributed` in the genuine host: a cluster does the work, and the plugin holds only the answer."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from daskcluster import dask_cluster
from hostclient import HostError
from messages import HOUR_MS, START_MS, query, query_request, settings
from processes import alive, descendants, ends_well, eventually
from programs import BUNDLE_MARKS, executable
from soak import look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from daskcluster import DaskCluster
    from hostclient import Host, Plugin
    from programs import Programs
    from tests.conformance.conftest import HostMaker

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="processes and memory are read from /proc"),
]

ROWS = 10_000_000
"""The number of readings that one query counts: with time, site and temperature, 200 MB."""

GROWTH_MB = 40
"""The memory that the plugin may use for the query: a client's connections, and 120 points."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Run a scheduler and two workers."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture
def plugin(host: Host, programs: Programs) -> Plugin:
    """Start the example from source."""
    return host.start(executable(programs, "distributed-source"))


def counting(rows: int, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return settings and a query that count this many readings of an hour, half of them in the north."""
    period_ms = HOUR_MS / (rows / 2)
    return settings({"period": period_ms, "timeout": 100, **options}), query(
        aggregate="count", start_ms=START_MS // HOUR_MS * HOUR_MS
    )


def total(answer: dict[str, Any]) -> int:
    """Add up the values of all series."""
    assert answer["error"] == ""
    return int(sum(sum(frame["fields"][1]["values"]) for frame in answer["frames"]))


def test_the_plugin_holds_only_the_answer_in_memory(plugin: Plugin, cluster: DaskCluster) -> None:
    """The workers read ten million rows; the plugin's memory grows only by an answer of 120 points."""
    few, count_query = counting(1000, scheduler=cluster.address)
    many, _ = counting(ROWS, scheduler=cluster.address)
    assert total(plugin.query(count_query, settings=few)["A"]) == 1000
    before = look(plugin.pid).rss_mb

    assert total(plugin.query(count_query, settings=many)["A"]) == ROWS
    assert look(plugin.pid).rss_mb - before < GROWTH_MB
    assert "workers: 2, threads: 2" in plugin.health(many)["message"]
    ends_well(plugin)


def test_a_cancel_by_grafana_reaches_the_cluster(plugin: Plugin, cluster: DaskCluster) -> None:
    """Within a second the scheduler has no task of the query."""
    settings_of_source, count_query = counting(100 * ROWS, scheduler=cluster.address)
    waiting = plugin.send("query", request=query_request(count_query, settings=settings_of_source))
    eventually(lambda: cluster.tasks() > 100, within_s=30)

    plugin.ask("cancel", id=waiting.number)

    eventually(lambda: cluster.tasks() == 0, within_s=3)
    with pytest.raises(HostError, match=r"Canceled|canceled"):
        waiting.result()


def test_a_worker_that_is_killed_changes_no_answer(plugin: Plugin, tmp_path: Path) -> None:
    """The other worker does the work, too; a cluster that the plugin started has one worker less afterwards."""
    with dask_cluster(tmp_path) as cluster:
        configured, count_query = counting(3 * ROWS, scheduler=cluster.address)
        waiting = plugin.send("query", request=query_request(count_query, settings=configured))
        eventually(lambda: cluster.finished() > 3, within_s=30)
        cluster.kill_worker()

        assert total(waiting.result()["responses"]["A"]) == 3 * ROWS
        assert "workers: 1," in plugin.health(configured)["message"]


@pytest.mark.parametrize("kind", ["source", pytest.param("built", marks=BUNDLE_MARKS)])
@pytest.mark.parametrize("end", ["the plugin is killed", "the host is killed", "in a query"])
def test_a_cluster_that_the_plugin_started_ends_with_it(
    new_host: HostMaker, programs: Programs, kind: str, end: str
) -> None:
    """No worker survives: neither of a bundle, whose executable is the worker, nor of a plugin from source."""
    host = new_host()
    plugin = host.start(executable(programs, f"distributed-{kind}"))
    settings_of_source, count_query = counting(100_000)
    assert total(plugin.query(count_query, settings=settings_of_source)["A"]) == 100_000
    family = [plugin.pid, *descendants(plugin.pid)]
    assert len(family) > 2

    if end == "the host is killed":
        host.die()
    elif end == "the plugin is killed":
        os.kill(plugin.pid, signal.SIGKILL)
    else:
        long, count_query = counting(100 * ROWS)
        plugin.send("query", request=query_request(count_query, settings=long))
        time.sleep(1)
        ended = plugin.kill()
        assert (ended["forced"], ended["exit"]["code"]) == (False, 0)

    eventually(lambda: not any(map(alive, family)), within_s=20)  # less than a second on an idle machine


def test_the_handshake_does_not_wait_for_the_cluster(plugin: Plugin) -> None:
    """No process starts before the first call; its output does not go to the stream of the handshake."""
    assert descendants(plugin.pid) == []

    health = plugin.health(counting(1000)[0])

    assert health["status"] in {"OK", "UNKNOWN"}, health
    assert not plugin.kill()["forced"]
