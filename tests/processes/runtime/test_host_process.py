"""Detecting whether a process runs, and waiting for its end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from gfruntime.serving import host_process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="on Windows the number of a parent never changes")


def test_a_process_is_alive_until_it_ends() -> None:
    """A child process is alive until it has been waited for; another user's process is alive, too."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert host_process.is_alive(child.pid)
        child.communicate(b"\n", timeout=20)

    assert not host_process.is_alive(child.pid)
    assert host_process.is_alive(1)


@pytest.mark.parametrize("has_pidfd", [True, False])
def test_the_plugin_notices_the_end_of_its_host(monkeypatch: pytest.MonkeyPatch, *, has_pidfd: bool) -> None:
    """It uses a descriptor if the system has them, and polls otherwise."""
    if not has_pidfd:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
        monkeypatch.setattr(host_process, "_POLL", 0.01)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as host:
        parent = [host.pid]
        monkeypatch.setattr(os, "getppid", lambda: parent[0])
        waiting = threading.Thread(target=host_process.wait_for_end, args=(host.pid,))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        host.communicate(b"\n", timeout=20)
        parent[0] = 1
        waiting.join(10)

    assert not waiting.is_alive()
