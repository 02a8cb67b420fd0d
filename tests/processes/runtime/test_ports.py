"""Plugins that listen on TCP, as on Windows: many starts at once, and a range without free ports."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest
from children import GO_PLUGIN, HERE
from places import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

STARTS = 10
ON_TCP = """
import runpy
from gfruntime.serving import handshake
handshake._HAS_UNIX_SOCKETS = False
runpy.run_module("fixtures.sample_main", run_name="__main__")
"""


def free_range(count: int) -> range:
    """Find a range of free ports."""
    for first in range(42_000, 60_000, count):
        with ExitStack() as sockets:
            try:
                for port in range(first, first + count):
                    sockets.enter_context(closing(socket.socket())).bind(("127.0.0.1", port))
            except OSError:
                continue
            return range(first, first + count)
    pytest.fail("no ports are free")


def start(stubs: Path, folder: Path, ports: range) -> subprocess.Popen[bytes]:
    """Start the sample without unix sockets."""
    variables = {"PLUGIN_MIN_PORT": str(ports[0]), "PLUGIN_MAX_PORT": str(ports[-1])}
    path = ":".join(map(str, (HERE, SOURCE, stubs)))
    return subprocess.Popen(
        [sys.executable, "-c", ON_TCP],
        env={**GO_PLUGIN, "PYTHONPATH": path, "SAMPLE": "", "TMPDIR": str(folder), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    )


@pytest.mark.shows("protocol 18")
def test_plugins_that_start_simultaneously_share_no_port(stub_folder: Path, tmp_path: Path) -> None:
    """Each plugin gets a port while ports are free; one more ends with an error that names the range."""
    ports = free_range(STARTS)
    plugins = [start(stub_folder, tmp_path, ports) for _ in ports]
    try:
        lines = [plugin.stdout.readline().decode() for plugin in plugins if plugin.stdout]
        late = start(stub_folder, tmp_path, ports)
        plugins.append(late)
        output, errors = late.communicate(timeout=60)
    finally:
        for plugin in plugins:
            plugin.kill()
            plugin.communicate(timeout=10)

    assert sorted(line.split("|")[3] for line in lines) == [f"127.0.0.1:{port}" for port in ports]
    assert (late.returncode, output) == (1, b"")
    (entry,) = (json.loads(line) for line in errors.splitlines())
    assert entry["@message"] == (
        f"The plugin can't run: no port from {ports[0]} to {ports[-1]} is free (PLUGIN_MIN_PORT, PLUGIN_MAX_PORT)"
    )
    assert "stack" not in entry
