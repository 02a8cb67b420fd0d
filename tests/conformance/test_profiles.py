"""Go's pprof reads the profiles of a plugin over HTTP, as those of a Go plugin."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING

import pytest
from programs import go_tool

from gfruntime.telemetry import profiling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def port() -> int:
    """Serve profiles of this process."""
    return profiling.start({"GF_PLUGIN_PROFILING_ENABLED": "true", "GF_PLUGIN_PROFILING_PORT": "0"}, "me")


@pytest.fixture
def _work() -> Iterator[None]:
    """Use CPU, and allocate, while a test runs."""
    stop = threading.Event()
    thread = threading.Thread(target=burn, args=(stop,), name="busy")
    thread.start()
    yield
    stop.set()
    thread.join()


def burn(stop: threading.Event) -> None:
    """Use CPU, and keep the newest blocks of memory, so that some are allocated in each window."""
    blocks: deque[bytes] = deque(maxlen=20_000)
    while not stop.is_set():
        sum(range(500))
        blocks.append(bytes(1000))


def pprof(folder: Path, *words: str) -> str:
    """Run Go's tool, and return its output."""
    done = subprocess.run(
        [go_tool(), "tool", "pprof", *words],
        env={**os.environ, "PPROF_TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("_work")
@pytest.mark.parametrize(
    ("page", "kind"),
    [
        pytest.param(
            "profile?seconds=1", "cpu", marks=pytest.mark.skipif(sys.platform != "linux", reason="threads' clocks")
        ),
        ("heap?seconds=1", "inuse_space"),
        ("goroutine", "threads"),
    ],
)
def test_pprof_lists_the_function_with_its_cpu_time_memory_or_thread(
    port: int, tmp_path: Path, page: str, kind: str
) -> None:
    """The table of pprof has the function, with known units."""
    printed = pprof(tmp_path, "-top", "-cum", f"http://127.0.0.1:{port}/debug/pprof/{page}")
    rows = {row.split()[-1]: row.split() for row in printed.partition("flat%")[2].splitlines()[1:]}

    assert re.search(rf"^Type: {kind}$", printed, re.MULTILINE)
    assert "test_profiles.burn" in rows
    cumulated = rows["test_profiles.burn"][3]
    expected = {"cpu": r"\d+(\.\d+)?m?s", "inuse_space": r"\d+(\.\d+)?[kM]?B", "threads": "1"}
    assert re.fullmatch(expected[kind], cumulated)


@pytest.mark.usefixtures("_work")
def test_pprof_shows_lines_and_threads(port: int, tmp_path: Path) -> None:
    """The thread's name is a label, and lines are those of the source."""
    printed = pprof(tmp_path, "-traces", "-lines", f"http://127.0.0.1:{port}/debug/pprof/goroutine")

    assert re.search(r"thread:\s*busy", printed)
    assert re.search(r"test_profiles\.burn .*test_profiles\.py:\d+", printed)
