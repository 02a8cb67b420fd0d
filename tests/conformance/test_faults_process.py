"""User code that harms its process: it prints without end, forks, exits, crashes."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostclient import HostError
from messages import query, query_request, settings
from processes import alive, descendants, ends_well, eventually
from programs import BUNDLE_MARKS

if TYPE_CHECKING:
    from hostclient import Host, Plugin
    from programs import Programs

pytestmark = pytest.mark.parametrize("environment", [{}, {"PROBE_ASYNC": "1"}], ids=["def", "async def"])


@pytest.mark.shows("protocol 22", "faults: It prints megabytes")
def test_megabytes_of_prints_block_nothing(host: Host, faulty_probe: Path, environment: dict[str, str]) -> None:
    """Python, the bare descriptors and child processes each print 4 MiB to stdout and stderr.

    None of these bytes reaches the handshake's pipe, no log line is too long, and other calls are answered meanwhile.
    """
    plugin = host.start(faulty_probe, env=environment, record_stdout=True)
    plugin.query(query())
    printing = plugin.send("query", request=query_request(query(kind="print")))
    begin = time.monotonic()
    if not environment:  # an `async def` handler that prints has the loop for itself
        assert plugin.query(query())["A"]["status"] == 200
    plugin.ping()
    assert time.monotonic() - begin < 5

    assert printing.result()["responses"]["A"]["status"] == 200
    assert plugin.query(query())["A"]["status"] == 200
    ends_well(plugin)
    assert plugin.state()["stdout"].count("\n") == 1
    assert all(len(line) < 60 * 1024 for line in plugin.stderr().encode().splitlines())


@pytest.mark.shows("faults: It forks")
def test_forks_that_end_are_harmless(host: Host, faulty_probe: Path, environment: dict[str, str]) -> None:
    """A child's output is logged; the plugin continues."""
    plugin = host.start(faulty_probe, env=environment)
    answers = plugin.query(*(query(f"Q{number}", kind="fork") for number in range(5)), query())

    assert {answer["status"] for answer in answers.values()} == {200}
    eventually(lambda: "from the fork" in plugin.stderr(), within_s=5)
    ends_well(plugin)


@pytest.mark.shows("faults: It forks")
def test_a_fork_that_returns_from_the_handler_is_ended(
    host: Host, faulty_probe: Path, environment: dict[str, str]
) -> None:
    """A child that returns from the handler would answer a second time, or wait for ever, so it is ended."""
    plugin = host.start(faulty_probe, env=environment)
    for _ in range(3):
        assert plugin.query(query(kind="fork and go on"), query("B"))["A"]["status"] == 200

    eventually(lambda: [pid for pid in descendants(plugin.pid) if alive(pid)] == [], within_s=5)
    assert plugin.query(query())["A"]["status"] == 200
    ends_well(plugin)


@pytest.mark.shows("faults: It forks")
@pytest.mark.parametrize("kind", ["source", pytest.param("bundle", marks=BUNDLE_MARKS)])
def test_pools_of_processes_work(host: Host, programs: Programs, environment: dict[str, str], kind: str) -> None:
    """`multiprocessing` computes with every start method; its helpers do not delay the end.

    In a bundle it starts the plugin's executable, which must not run the plugin then.
    """
    executable = programs.probe("faulty") if kind == "source" else programs.built_probe("faulty")
    plugin = host.start(executable, env=environment)
    answer = plugin.query(query(kind="processes"))["A"]

    assert (answer["error"], answer["status"]) == ("", 200)
    family = [plugin.pid, *descendants(plugin.pid)]
    ended = plugin.kill()
    assert (ended["forced"], ended["exit"]["code"], ended["ms"] < 2000) == (False, 0, True)
    eventually(lambda: not any(map(alive, family)), within_s=5)  # multiprocessing's helpers end after the plugin


@pytest.mark.shows("faults: It exits or crashes")
@pytest.mark.parametrize("ending", [("exit", "exit status 3"), ("crash", "segmentation fault")], ids=["exit", "crash"])
def test_an_unexpected_exit_is_reported_at_once(
    host: Host, faulty_probe: Path, environment: dict[str, str], ending: tuple[str, str]
) -> None:
    """The host gets the exit status, callers get an error; no process is left, and the next start answers."""
    kind, message = ending
    plugin = host.start(faulty_probe, env=environment, restart=True)
    plugin.query(query())
    family = [plugin.pid, *descendants(plugin.pid)]
    with pytest.raises(HostError, match="Unavailable"):
        plugin.query(query(kind=kind))
    eventually(lambda: plugin.state()["starts"] == 2, within_s=10)

    assert [pid for pid in family if alive(pid)] == []
    assert message in json.dumps(plugin.logs())
    eventually(lambda: answers(plugin), within_s=20)


@pytest.mark.shows("faults: It exits or crashes")
def test_a_crash_logs_the_stacks(host: Host, faulty_probe: Path, environment: dict[str, str]) -> None:
    """A segmentation fault leaves the stacks in Grafana's log, the author's file among them."""
    plugin = host.start(faulty_probe, env=environment)
    with pytest.raises(HostError, match="Unavailable"):
        plugin.query(query(kind="crash"))
    eventually(lambda: plugin.state()["exited"], within_s=5)

    assert "Fatal Python error: Segmentation fault" in plugin.stderr()
    assert "datasource.py" in plugin.stderr()


def answers(plugin: Plugin) -> bool:
    """Tell whether the restarted plugin answers."""
    try:
        return bool(plugin.query(query())["A"]["status"] == 200)
    except HostError:
        return False


@pytest.mark.parametrize("place", ["health", "make"])
def test_an_exit_in_any_method_is_reported(
    host: Host, faulty_probe: Path, environment: dict[str, str], place: str
) -> None:
    """If any method ends the process, the caller gets an error at once, and the host has the exit status."""
    plugin = host.start(faulty_probe, env=environment)
    with pytest.raises(HostError, match="Unavailable"):
        plugin.health(settings({place: "exit"}, uid="exits"))
    eventually(lambda: plugin.state()["exited"], within_s=5)

    assert plugin.state()["exit"]["code"] == 3


@pytest.mark.shows("faults: The socket's folder is removed")
def test_a_removed_socket_cuts_no_connection(
    host: Host, faulty_probe: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """If temporary files are removed while the plugin runs, the host's connection stays, and the end is clean."""
    plugin = host.start(faulty_probe, env={**environment, "TMPDIR": str(tmp_path)})
    plugin.query(query())
    socket = Path(plugin.started["address"])
    assert socket.is_relative_to(tmp_path)
    shutil.rmtree(socket.parent)

    assert plugin.query(query())["A"]["status"] == 200
    plugin.ping()
    ends_well(plugin)
    assert list(tmp_path.iterdir()) == []
