"""The author's code in several worker processes: which one answers, crashes, replacement, and the end."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hostclient import HostError
from messages import context, query, query_request
from processes import PROC, alive, descendants, ends_well, eventually
from programs import HERE
from prometheus_client.parser import text_string_to_metric_families
from soak import look

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host, Plugin
    from programs import Programs

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc"),
]
TRANSPORTS = pytest.mark.parametrize("environment", [{}, {"PROBE_THREAD": "1"}], ids=["forked", "started"])
ENDS = [("kill", "was killed by SIGKILL"), ("exit", "ended with status 3"), ("crash", "was killed by SIGSEGV")]


@pytest.fixture(scope="session")
def crew(programs: Programs) -> Path:
    """Return a plugin with two workers, on the runtime's HTTP/2."""
    return programs.variant("crew-workers", (HERE / "probe" / "crew.py").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def lone(programs: Programs) -> Path:
    """Return the same plugin with the defaults: one process, on grpcio."""
    return programs.variant("crew", (HERE / "probe" / "crew.py").read_text(encoding="utf-8"))


def values(plugin: Plugin, **model: Any) -> list[list[int]]:
    """Send one query, and return the columns of its answer."""
    answer = plugin.query(query(**model))["A"]
    assert answer["status"] == 200, answer["error"]
    return [field["values"] for field in answer["frames"][0]["fields"]]


def pids(plugin: Plugin, calls: int = 8) -> set[int]:
    """Send this many queries at once, and return the processes that answered."""
    with ThreadPoolExecutor(calls) as pool:
        return {answer[0][0] for answer in pool.map(lambda _: values(plugin, seconds=0.05), range(calls))}


def channel(path: str) -> dict[str, Any]:
    """Describe a request about a channel."""
    return {"pluginContext": context(), "path": path, "data": ""}


@TRANSPORTS
def test_calls_are_answered_by_all_workers(host: Host, crew: Path, environment: dict[str, str]) -> None:
    """The process that Grafana started answers no call; each worker has its own instance and random numbers."""
    plugin = host.start(crew, env=environment)
    eventually(lambda: len(pids(plugin)) == 2)
    instances = {tuple(value for (value,) in values(plugin)) for _ in range(20)}

    assert plugin.pid not in pids(plugin)
    assert len({pid for pid, _ in instances}) == len({number for _, number in instances}) == len(instances) == 2
    assert "libarrow" not in (PROC / str(plugin.pid) / "maps").read_text(encoding="utf-8")
    ends_well(plugin)


def test_an_operator_sets_the_number_of_workers(host: Host, lone: Path) -> None:
    """Grafana passes `workers = 3` of the plugin's section in grafana.ini as a variable."""
    plugin = host.start(lone, env={"GF_PLUGIN_WORKERS": "3"})

    eventually(lambda: len(pids(plugin, 12)) == 3)
    ends_well(plugin)
    plugin = host.start(lone)
    assert pids(plugin) == {plugin.pid}


@pytest.mark.parametrize("number", ["many", "-1", "1.5", "100000"])
def test_health_reports_an_invalid_number_of_workers(host: Host, lone: Path, number: str) -> None:
    """Health names the variable and its valid values."""
    plugin = host.start(lone, env={"GF_PLUGIN_WORKERS": number})

    assert plugin.health()["status"] == "ERROR"
    assert f"GF_PLUGIN_WORKERS={number}: expected a number from 0 to 256, or auto" in plugin.health()["message"]


@TRANSPORTS
@pytest.mark.parametrize(("kind", "ending"), ENDS)
def test_a_worker_that_ends_fails_only_its_own_calls(
    host: Host, crew: Path, environment: dict[str, str], kind: str, ending: str
) -> None:
    """These calls get an error with its exit; the other worker's calls are answered; a new worker starts in time."""
    plugin = host.start(crew, env=environment)
    eventually(lambda: len(pids(plugin)) == 2)
    waiting = [plugin.send("query", request=query_request(query(seconds=1))) for _ in range(2)]  # one per worker
    time.sleep(0.1)
    dying = plugin.send("query", request=query_request(query(kind=kind)))
    with pytest.raises(HostError, match=f"worker [0-9]+ {ending} before it answered"):
        dying.result()
    outcomes = []
    for each in waiting:
        try:
            outcomes.append(each.result()["responses"]["A"]["status"])
        except HostError as error:
            outcomes.append(error.code)

    assert sorted(map(str, outcomes)) == ["200", "Unavailable"]
    assert eventually(lambda: len(pids(plugin)) == 2) < (1.5 if not environment else 5)
    assert plugin.health()["message"] == "well"
    assert "another one is started" in " ".join(entry["message"] for entry in plugin.logs())
    ends_well(plugin)


def test_health_reports_a_missing_worker(host: Host, crew: Path) -> None:
    """The report ends when the worker is back; the author's own message comes first."""
    plugin = host.start(crew)
    eventually(lambda: len(pids(plugin)) == 2)
    for _ in range(3):  # then there is a pause before the next start
        with pytest.raises(HostError):
            plugin.query(query(kind="kill"))
    message = plugin.health()["message"]

    assert message.startswith("well (1 of 2 workers: worker ")
    assert message.endswith(" was killed by SIGKILL)")
    eventually(lambda: plugin.health()["message"] == "well")


def test_workers_that_cannot_start_are_reported_and_tried_again(host: Host, crew: Path) -> None:
    """The process that Grafana started stays and reports the reason; each pause is longer than the last."""
    plugin = host.start(crew, env={"PROBE_EXIT": "1"})
    health = plugin.health()
    with pytest.raises(HostError, match="ended with status 3 while it was loading"):
        plugin.query(query())

    assert health["status"] == "ERROR"
    assert "a worker could not be started: it ended with status 3 while it was loading" in health["message"]
    tries = [entry["message"] for entry in plugin.logs() if "next try" in entry["message"]]
    assert 2 <= len(tries) <= 8
    ends_well(plugin)


@TRANSPORTS
def test_a_module_that_does_not_import_is_reported(host: Host, crew: Path, environment: dict[str, str]) -> None:
    """Health and each panel show the error, as without workers."""
    plugin = host.start(crew, env={**environment, "PROBE_RAISE": "1"})

    assert plugin.health()["status"] == "ERROR"
    assert "the author's module does not import" in plugin.health()["message"]
    assert "the author's module does not import" in plugin.query(query())["A"]["error"]
    ends_well(plugin)


def test_a_worker_is_replaced_after_so_many_calls(host: Host, crew: Path) -> None:
    """No call fails because of it, and the instances of each worker are disposed of."""
    limits = {"GF_PLUGIN_MAX_REQUESTS": "10", "GF_PLUGIN_MAX_REQUESTS_JITTER": "3"}
    plugin = host.start(crew, env=limits)
    worker_pids: set[int] = set()
    for _ in range(20):
        worker_pids |= pids(plugin)

    assert len(worker_pids) > 5
    eventually(lambda: sum("disposed of in" in entry["message"] for entry in plugin.logs()) >= len(worker_pids) - 3)
    eventually(lambda: len(descendants(plugin.pid)) == 3)
    ends_well(plugin)


@TRANSPORTS
def test_each_worker_disposes_of_its_instances_at_the_end(host: Host, crew: Path, environment: dict[str, str]) -> None:
    """The plugin ends after its workers, whose `dispose` takes 0.5 s, and its log has their last lines."""
    plugin = host.start(crew, env={**environment, "PROBE_DISPOSE_SECONDS": "0.5"})
    eventually(lambda: len(pids(plugin)) == 2)
    workers = pids(plugin)
    ends_well(plugin)

    assert {line for entry in plugin.logs() if (line := entry["message"]).startswith("disposed of in")} == {
        f"disposed of in {pid}" for pid in workers
    }


@TRANSPORTS
def test_a_worker_that_uses_too_much_memory_is_replaced(host: Host, crew: Path, environment: dict[str, str]) -> None:
    """The worker first finishes its calls."""
    plugin = host.start(crew, env={**environment, "GF_PLUGIN_MAX_MEMORY_MB": "400"})
    eventually(lambda: len(pids(plugin)) == 2)
    ((grown,), _) = values(plugin, kind="grow", megabytes=500, seconds=2)

    eventually(lambda: not alive(grown))
    eventually(lambda: len(pids(plugin)) == 2)
    assert any("is replaced: it takes" in entry["message"] for entry in plugin.logs())
    ends_well(plugin)


@TRANSPORTS
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_no_worker_outlives_the_process_that_grafana_started(
    host: Host, crew: Path, environment: dict[str, str], *, busy: bool
) -> None:
    """All workers end, even if the process is killed while a handler blocks."""
    plugin = host.start(crew, env=environment)
    eventually(lambda: len(pids(plugin)) == 2)
    family = descendants(plugin.pid)
    if busy:
        plugin.send("query", request=query_request(query(seconds=60)))
        time.sleep(0.2)
    os.kill(plugin.pid, signal.SIGKILL)

    assert len(family) == (2 if environment else 3)
    eventually(lambda: not any(map(alive, family)), within_s=4)


def test_workers_survive_if_the_process_that_forks_them_is_killed(host: Host, crew: Path) -> None:
    """The workers still answer, and another process forks the next one."""
    plugin = host.start(crew)
    eventually(lambda: len(pids(plugin)) == 2)
    workers = pids(plugin)
    (template,) = (pid for pid in descendants(plugin.pid) if pid not in workers)
    os.kill(template, signal.SIGKILL)
    eventually(lambda: not alive(template))

    assert pids(plugin) == workers
    killed = workers.pop()
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not alive(killed))
    time.sleep(0.1)  # until the end is known
    eventually(lambda: len(pids(plugin)) == 2)
    family = [*workers, *pids(plugin), *descendants(plugin.pid)]
    plugin.kill()
    eventually(lambda: not any(map(alive, family)), within_s=4)


def test_metrics_are_those_of_all_processes(host: Host, crew: Path) -> None:
    """Replaced workers are included, so counters never fall."""
    plugin = host.start(crew, env={"GF_PLUGIN_MAX_REQUESTS": "15"})
    counts = []
    for _ in range(6):
        pids(plugin)
        text = plugin.ask("collect_metrics", request={})["prometheus"]
        families = {family.name: family for family in text_string_to_metric_families(text)}
        labels = {"endpoint": "queryData", "status": "ok", "status_source": "plugin"}
        samples = families["grafana_plugin_request"].samples
        counts.append(sum(each.value for each in samples if each.labels == labels))

    assert counts == [8, 16, 24, 32, 40, 48]
    assert [each.value for each in families["python_info"].samples] == [1]
    assert families["process_resident_memory_bytes"].samples[0].value > 50e6


def test_one_worker_answers_all_calls_of_a_channel(host: Host, crew: Path) -> None:
    """One process answers its subscriptions, its publications and its stream; other channels have the other process."""
    plugin = host.start(crew)
    eventually(lambda: len(pids(plugin)) == 2)
    of = {}
    for path in "abcdefgh":
        (packet,) = plugin.ask("run_stream", request=channel(path), count=1)["packets"]
        published = json.loads(plugin.ask("publish", request=channel(path))["data"])
        assert json.loads(packet)["pid"] == published["pid"]
        of[path] = published["pid"]

    assert len(set(of.values())) == 2


def test_large_answers_arrive_whole_and_leave_nothing_behind(host: Host, crew: Path) -> None:
    """Large answers go through shared memory, whose descriptors are closed on both sides."""
    plugin = host.start(crew)
    eventually(lambda: len(pids(plugin)) == 2)
    family = [plugin.pid, *descendants(plugin.pid)]
    before = [look(pid).files for pid in family]
    rows = 2_000_000
    for _ in range(6):
        (column,) = values(plugin, kind="large", rows=rows)
        assert (len(column), column[0], column[rows // 2], column[-1]) == (rows, 0, rows // 2, rows - 1)

    eventually(lambda: [look(pid).files for pid in family] <= [count + 2 for count in before])
    ends_well(plugin)
