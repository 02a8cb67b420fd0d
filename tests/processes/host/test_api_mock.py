"""The mock of a project's API, as its own process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from gfplug.errors import ToolError
from gfplug.host import api_mock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("script", ["import time; time.sleep(60)", "print('no address')", "raise SystemExit"])
def test_a_mock_that_does_not_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Gfplug waits for it for a limited time."""
    monkeypatch.setattr(api_mock, "_LONGEST_START", 0.5)
    path = tmp_path / "src/upstream/mock.py"
    path.parent.mkdir(parents=True)
    path.write_text(script, encoding="utf-8")

    with pytest.raises(ToolError, match="the mock of the API did not start"), api_mock.running(tmp_path):
        pass


SERVER = """
import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
print(f"The mock listens on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""
GFPLUG = """
import sys, time
from pathlib import Path
from gfplug.host import api_mock
with api_mock.running(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(60)
"""


def listens(port: int) -> bool:
    """Tell whether a program listens at a port of this machine."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def test_a_mock_ends_when_gfplug_ends_or_is_killed(tmp_path: Path) -> None:
    """A killed process cannot stop the mock, so the mock ends at the end of its standard input."""
    path = tmp_path / "src/upstream/mock.py"
    path.parent.mkdir(parents=True)
    path.write_text(SERVER, encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", GFPLUG, tmp_path], stdout=subprocess.PIPE, text=True) as gfplug:
        assert gfplug.stdout is not None
        port = int(gfplug.stdout.readline().rpartition(":")[2])
        assert listens(port)
        gfplug.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        gfplug.wait(10)
    end = time.monotonic() + 20
    while listens(port) and time.monotonic() < end:
        time.sleep(0.05)

    assert not listens(port)
