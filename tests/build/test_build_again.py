"""Repeated builds are as quick as promised, give the same bytes as a first build, and survive failures."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import roots
from building import SLOWEST_BUILD_S, BuiltProject, Interpreter, command, gfplug, must_build, variables
from commands import run

from gfplug import files
from gfplug.bundle.portable import MODES
from gfplug.host.target import COOKIE

MODULE = "src/plugin/datasource.py"


def test_an_unchanged_project_is_done_at_once(signals: BuiltProject) -> None:
    """It takes two seconds, an eighth of a build on a busy machine: nothing is frozen, started or packed."""
    again = must_build(signals.project)

    stages = again.report.pop("stages")
    assert again.report == {key: value for key, value in signals.report.items() if key != "stages"}
    assert set(stages) == {"environment", "compare"}
    assert sum(stages.values()) < max(2.0, sum(signals.report["stages"].values()) / 8)


def test_a_code_change_needs_no_freeze_and_gives_the_bytes_of_a_full_build(copy: Path) -> None:
    """The bundle has the new code; a first build gives the same archive."""
    path = copy / MODULE
    path.write_text(path.read_text().replace("signals are ready", "signals were changed"))
    quick = must_build(copy)
    assert "freeze" not in quick.report["stages"]
    assert "signals were changed" in gfplug("call", "health", quick.dist).out

    whole = must_build(copy, "--clean")
    assert quick.report["sha256"] == whole.report["sha256"]
    assert sum(quick.report["stages"].values()) < sum(whole.report["stages"].values()) / 2


@pytest.mark.skipif(bool(roots.unavailable()), reason=roots.unavailable() or "possible")
def test_a_full_disk_is_reported_and_the_old_bundle_stays(copy: Path) -> None:
    """All unfinished files are in artifacts/, here on a file system of 30 MB."""
    before = {path: files.sha256_of(path) for path in files.walk(copy / "dist")}
    mounted = 'mount -t tmpfs -o size=30m tmpfs "$1" && shift && exec "$@"'
    ran = run(
        *("/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", mounted, "x"),
        copy / "artifacts",
        *command("build", copy, "--python", Interpreter.path, "--json"),
        env=variables(),
        timeout=SLOWEST_BUILD_S,
    )

    assert ran.code == 6
    assert "the disk is full" in ran.err
    assert ran.out == ""
    assert {path: files.sha256_of(path) for path in files.walk(copy / "dist")} == before


_PARENT = """\
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
print(child.pid, child.stdout.readline().decode().strip(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=MODES)
def orphan(
    request: pytest.FixtureRequest, bundles: dict[str, BuiltProject], tmp_path: Path
) -> Iterator[tuple[int, BuiltProject]]:
    """Start a bundle below a process, and kill that process; yield the bundle's pid and the built project."""
    if not Path("/proc/self").exists():
        pytest.skip("looks into /proc")
    bundle = bundles[request.param]
    env = {COOKIE[0]: COOKIE[1], "PLUGIN_PROTOCOL_VERSIONS": "2", "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, bundle.report["executable"]],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout
    pid, _, handshake = parent.stdout.readline().decode().partition(" ")
    assert handshake.startswith("1|2|")
    parent.kill()
    parent.communicate(timeout=10)
    yield int(pid), bundle
    if Path(f"/proc/{pid}").exists():
        os.kill(int(pid), signal.SIGKILL)


def test_a_bundle_whose_parent_is_killed_leaves_no_process_or_file(
    orphan: tuple[int, BuiltProject], tmp_path: Path
) -> None:
    """No process, socket, temporary folder or file in the bundle remains, with either libc."""
    pid, killed = orphan
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.1)

    assert not Path(f"/proc/{pid}").exists()
    assert [path.name for path in tmp_path.iterdir()] == []
    assert len(files.entries(killed.dist)) == killed.report["files"]
