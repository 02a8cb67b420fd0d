"""User code that never returns: other calls are answered, and the plugin ends as fast as usual."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hostclient import HostError
from messages import context, query, query_request, settings
from processes import alive, descendants, ends_well, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host, Pending, Plugin
    from tests.conformance.conftest import HostMaker

ASYNC = {"PROBE_ASYNC": "1"}
THREADS = 64
"""The default number of concurrent `def` handlers."""


def blocked(plugin: Plugin, count: int = 1, **source: Any) -> list[Pending]:
    """Send queries that never end, and wait until they run."""
    request = query_request(query(kind="block"), settings=settings(**source))
    calls = [plugin.send("query", request=request) for _ in range(count)]
    time.sleep(0.5)
    return calls


@pytest.mark.shows("protocol 26", "faults: User code never returns")
def test_a_full_pool_delays_neither_health_nor_shutdown(host: Host, faulty_probe: Path) -> None:
    """With the pool's threads blocked, one of them busy, and queries waiting, "Save & test" and Kill do not wait."""
    plugin = host.start(faulty_probe)
    plugin.query(query())
    plugin.send("query", request=query_request(query(kind="burn")))
    blocked(plugin, THREADS + 16)
    begin = time.monotonic()
    plugin.ping()

    assert plugin.health()["status"] == "OK"
    assert plugin.health(settings(uid="another"))["status"] == "OK"
    assert time.monotonic() - begin < 2
    ends_well(plugin)


@pytest.mark.shows("faults: User code never returns")
def test_a_full_pool_keeps_async_handlers_free(host: Host, faulty_probe: Path) -> None:
    """While `def` methods block every thread, `async def` methods answer."""
    plugin = host.start(faulty_probe, env=ASYNC)
    plugin.query(query())
    for _ in range(THREADS + 16):
        plugin.send("resource", request={"pluginContext": context(), "path": "block"})
    time.sleep(0.5)
    begin = time.monotonic()

    assert plugin.query(query())["A"]["status"] == 200
    assert plugin.health()["status"] == "OK"
    assert time.monotonic() - begin < 2
    ends_well(plugin)


@pytest.mark.shows("faults: User code never returns")
def test_blocked_threads_of_cancelled_queries_are_replaced(host: Host, faulty_probe: Path) -> None:
    """After Grafana has cancelled the queries that block every thread, the next ones are answered."""
    plugin = host.start(faulty_probe)
    plugin.query(query())
    for pending in blocked(plugin, THREADS, uid="hangs"):
        plugin.ask("cancel", id=pending.number)

    assert plugin.query(query())["A"]["status"] == 200
    ends_well(plugin)


@pytest.mark.shows("faults: User code never returns")
@pytest.mark.parametrize("environment", [{}, ASYNC], ids=["def", "async def"])
def test_a_constructor_that_blocks_concerns_its_data_source_alone(
    host: Host, faulty_probe: Path, environment: dict[str, str]
) -> None:
    """Other data sources answer meanwhile; its callers get an error at their deadline."""
    plugin = host.start(faulty_probe, env=environment)
    source = settings({"make": "block"}, uid="hangs")
    calls = [plugin.send("query", request=query_request(query(), settings=source), timeout_s=1) for _ in range(8)]
    calls.append(plugin.send("check_health", request={"pluginContext": context(source)}, timeout_s=1))

    assert plugin.query(query())["A"]["status"] == 200
    assert plugin.health()["status"] == "OK"
    for pending in calls:
        with pytest.raises(HostError, match="DeadlineExceeded"):
            pending.result()
    assert plugin.query(query())["A"]["status"] == 200
    ends_well(plugin)


def test_health_checks_that_block_leave_room_for_others(host: Host, faulty_probe: Path) -> None:
    """Many presses of "Save & test" on a data source that hangs do not stop the tests of others."""
    plugin = host.start(faulty_probe)
    request = {"pluginContext": context(settings({"health": "block"}, uid="hangs"))}
    calls = [plugin.send("check_health", request=request, timeout_s=0.5) for _ in range(20)]
    for pending in calls:
        with pytest.raises(HostError, match="DeadlineExceeded"):
            pending.result()

    assert plugin.health()["status"] == "OK"
    ends_well(plugin)


@pytest.mark.shows("faults: User code never returns")
def test_a_dispose_that_blocks_delays_neither_queries_nor_shutdown(host: Host, faulty_probe: Path) -> None:
    """The next instance and the plugin's end do not wait for `dispose`."""
    plugin = host.start(faulty_probe)
    for version in range(3):
        source = {**settings({"dispose": "block"}), "lastUpdatedMS": 1 + version}
        assert plugin.query(query(), settings=source)["A"]["status"] == 200

    ends_well(plugin)


@pytest.mark.parametrize("environment", [{}, ASYNC], ids=["def", "async def"])
def test_a_stream_that_blocks_delays_neither_other_calls_nor_shutdown(
    host: Host, faulty_probe: Path, environment: dict[str, str]
) -> None:
    """The generator never returns, so it can't be closed."""
    plugin = host.start(faulty_probe, env=environment)
    streams = [plugin.send("run_stream", request={"pluginContext": context(), "path": "block"}) for _ in range(3)]
    time.sleep(0.5)
    plugin.ask("cancel", id=streams[0].number)
    plugin.ping()

    assert plugin.resource("any").code == 200
    ends_well(plugin)


def test_an_async_handler_that_blocks_its_loop_does_not_delay_the_shutdown(host: Host, faulty_probe: Path) -> None:
    """Only the author's loop is blocked: the host's health service, `def` methods and Kill do not wait."""
    plugin = host.start(faulty_probe, env=ASYNC)
    plugin.query(query())
    blocked(plugin)
    plugin.ping()

    assert plugin.resource("any").code == 200
    ends_well(plugin)


def test_the_plugin_dies_with_its_parent_although_its_control_loop_is_stuck(
    new_host: HostMaker, faulty_probe: Path
) -> None:
    """An exception whose text never ends is almost the only way to stop the control loop; no orphan is left."""
    host = new_host()
    plugin = host.start(faulty_probe)
    plugin.query(query())
    plugin.send("check_health", request={"pluginContext": context(settings({"health": "endless text"}, uid="hangs"))})
    time.sleep(0.5)
    with pytest.raises(HostError, match="DeadlineExceeded"):
        plugin.ask("query", request=query_request(query()), timeout_s=0.5)
    host.die()

    eventually(lambda: not alive(plugin.pid), within_s=10)


@pytest.mark.shows("faults: The host is killed")
def test_the_plugin_dies_with_its_parent_while_everything_blocks(new_host: HostMaker, faulty_probe: Path) -> None:
    """A killed host leaves no orphan, although no thread, constructor or stream of the plugin ever returns."""
    host = new_host()
    plugin = host.start(faulty_probe)
    blocked(plugin, THREADS + 16)
    plugin.send("query", request=query_request(query(), settings=settings({"make": "block"}, uid="hangs")))
    plugin.send("run_stream", request={"pluginContext": context(), "path": "block"})
    time.sleep(0.5)
    family = [plugin.pid, *descendants(plugin.pid)]
    host.die()

    eventually(lambda: not any(alive(pid) for pid in family), within_s=5)
