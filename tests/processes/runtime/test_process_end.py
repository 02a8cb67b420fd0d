"""The end of a plugin process: asked for, by signals, with its parent, and whatever runs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from children import GO_PLUGIN, HERE, Child, eventually, plugin
from places import SOURCE
from pluginv2 import backend_pb2 as pb
from processes import alive

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(60)


def test_shutdown_is_quick_and_clean(child: Child, tmp_path: Path) -> None:
    """Shutdown is answered, the process exits with status 0 well under 2 s, and the socket is gone."""
    child.query({})
    seconds = child.shutdown()

    assert seconds < 1
    assert child.process.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["stderr"]


def test_shutdown_loses_no_answer_in_flight(child: Child) -> None:
    """Shutdown is held until a query of 800 ms is answered."""
    child.query({})
    answer = child.start_query({"do": "sleep", "seconds": 0.8})
    time.sleep(0.2)
    seconds = child.shutdown()

    assert pb.QueryDataResponse.FromString(answer.result()).responses["A"].status == 200
    assert seconds < 1.5


def test_shutdown_ends_the_process_whatever_user_code_does(child: Child) -> None:
    """With every handler blocked, and more waiting, the process still exits with 0 within 1.5 s of the call."""
    child.query({})
    for _ in range(70):
        child.start_query({"do": "sleep", "seconds": 30})
    time.sleep(0.3)
    seconds = child.shutdown()

    assert seconds < 1.8
    assert child.process.returncode == 0


def test_blocked_handlers_starve_neither_health_nor_others(child: Child) -> None:
    """While 63 handlers block and one burns CPU, health answers at once."""
    child.query({})
    for _ in range(63):
        child.start_query({"do": "sleep", "seconds": 5})
    child.start_query({"do": "burn", "seconds": 2})
    time.sleep(0.2)
    began = time.monotonic()
    child.ping()

    assert time.monotonic() - began < 0.5


def test_shutdown_during_loading_is_quick(stub_folder: Path, tmp_path: Path) -> None:
    """A process that is still importing ends as fast as any other."""
    with plugin(stub_folder, tmp_path, kind="slow") as child:
        assert child.shutdown() < 2
        assert child.process.returncode == 0


def test_sigterm_disposes_and_exits_with_0(child: Child, tmp_path: Path) -> None:
    """SIGTERM leads to exit status 0 within 2 s, after instance disposal."""
    marker = tmp_path / "marker"
    child.query({}, marker=str(marker))
    began = time.monotonic()
    child.process.send_signal(signal.SIGTERM)

    assert child.process.wait(10) == 0
    assert time.monotonic() - began < 2
    assert marker.read_text(encoding="utf-8") == "disposed\n"


def test_sigint_is_ignored(child: Child) -> None:
    """SIGINT, which a terminal sends to the whole group, is ignored: Grafana decides."""
    child.query({})
    child.process.send_signal(signal.SIGINT)
    time.sleep(0.2)

    assert child.query({})["A"].status == 200


def test_dies_with_its_parent(stub_folder: Path, tmp_path: Path) -> None:
    """When the parent is killed with SIGKILL the plugin exits within 5 s, though a handler blocks."""
    path = ":".join(map(str, (HERE, SOURCE, stub_folder)))
    program = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-m', 'fixtures.sample_main'], stdout=subprocess.PIPE);"
        "print(p.pid, p.stdout.readline().decode(), flush=True); time.sleep(60)"
    )
    with (tmp_path / "stderr").open("wb") as stderr:
        parent = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**GO_PLUGIN, "PYTHONPATH": path, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline().split()[0])
    parent.kill()
    parent.wait()
    parent.stdout.close()

    eventually(lambda: not alive(pid), within=5)


@pytest.mark.parametrize(("kind", "words"), [("spawn", ""), ("fork", "from the fork")])
def test_children_do_not_hold_the_hosts_pipes(child: Child, kind: str, words: str) -> None:
    """No descendant, not even a forked one that may still log, keeps stdout or stderr open after the end."""
    child.query({"do": kind, "seconds": 20})
    eventually(lambda: not words or any(words in entry["@message"] for entry in child.logs()))
    child.shutdown()
    assert child.process.stdout is not None
    began = time.monotonic()
    child.process.stdout.read()  # until end of file

    assert time.monotonic() - began < 1
