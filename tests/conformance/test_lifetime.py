"""How a plugin ends, and which events it survives: Kill, signals, a crash, the end of its parent."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from messages import query, query_request
from processes import alive, descendants, ends_well, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host
    from tests.conformance.conftest import HostMaker

WARNING = "plugin failed to exit gracefully"


@pytest.mark.shows("protocol 26", "protocol 30", "protocol 88", "protocol 90", "errors: a plugin in one file")
def test_kill_leaves_no_process(host: Host, any_plugin: Path) -> None:
    """On Grafana's Kill the plugin exits by itself with status 0 in under 2 s, without a warning (26, 30, 88, 90)."""
    plugin = host.start(any_plugin)
    plugin.query(query(), query("B"))

    ends_well(plugin)
    assert WARNING not in [entry["message"] for entry in plugin.logs()]


@pytest.mark.shows("protocol 30")
def test_a_child_of_user_code_does_not_hold_up_the_end(host: Host, python_probe: Path) -> None:
    """A process that user code started does not keep the host's pipes open: Kill would wait for it (item 30)."""
    plugin = host.start(python_probe)
    plugin.query(query(kind="child", seconds=15))
    assert descendants(plugin.pid)
    ended = plugin.kill()

    assert not ended["forced"]
    assert ended["ms"] < 2000


@pytest.mark.shows("protocol 24", "protocol 36")
def test_a_run_of_the_plugin_leaves_no_files(host: Host, any_plugin: Path, tmp_path: Path) -> None:
    """After a start and a stop the plugin's temp folder, of any name, is unchanged (items 24, 36)."""
    folder = tmp_path / "é ☃"
    folder.mkdir()
    for _ in range(3):
        plugin = host.start(any_plugin, env={"TMPDIR": str(folder)})
        assert plugin.started["address"].startswith(str(folder))
        plugin.health()
        plugin.kill()

    assert list(folder.iterdir()) == []


@pytest.mark.shows("protocol 34", "protocol 89")
def test_plugin_is_restarted_after_a_crash(host: Host, any_plugin: Path) -> None:
    """After kill -9 the plugin answers again within 5 s: the restart loop notices its end at once (items 34, 89)."""
    plugin = host.start(any_plugin, restart=True)
    plugin.health()
    family = [plugin.pid, *descendants(plugin.pid)]
    os.kill(plugin.pid, signal.SIGKILL)
    eventually(lambda: plugin.state()["starts"] == 2, within_s=5)

    assert plugin.health()["status"] == "OK"
    assert [pid for pid in family if alive(pid)] == []


@pytest.mark.shows("protocol 33", "faults: The host is killed", "errors: a plugin in one file")
@pytest.mark.parametrize("moment", ["before any call", "after a call", "in a query"])
def test_plugin_dies_with_its_parent(new_host: HostMaker, python_plugin: Path, moment: str) -> None:
    """After kill -9 of Grafana at any time, the plugin and all of its processes end within 5 s (item 33)."""
    host = new_host()
    plugin = host.start(python_plugin)
    if moment != "before any call":
        plugin.health()
    if moment == "in a query":
        plugin.send("query", request=query_request(query(kind="sleep", seconds=60)))
        time.sleep(0.5)
    family = [plugin.pid, *descendants(plugin.pid)]
    host.die()

    eventually(lambda: not any(alive(pid) for pid in family), within_s=5)


@pytest.mark.shows("protocol 31")
def test_plugin_ignores_interrupts(host: Host, any_plugin: Path) -> None:
    """Ctrl-C reaches the plugin, too, which waits until Grafana stops it (item 31)."""
    plugin = host.start(any_plugin)
    os.kill(plugin.pid, signal.SIGINT)
    time.sleep(0.3)

    assert plugin.health()["status"] == "OK"


@pytest.mark.shows("protocol 32")
def test_plugin_ends_on_sigterm(host: Host, python_plugin: Path) -> None:
    """SIGTERM ends the plugin with status 0 within 2 s (item 32)."""
    plugin = host.start(python_plugin)
    plugin.health()
    os.kill(plugin.pid, signal.SIGTERM)
    eventually(lambda: plugin.state()["exited"], within_s=2)

    assert plugin.state()["exit"]["code"] == 0
