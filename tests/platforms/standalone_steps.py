"""The steps with a standalone server: the process that the host starts redirects it to a running server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expectations import StepError, check_answers, gone, running_host
from processlist import Family

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Host
    from journey import Journey


def host_dead(journey: Journey) -> str:
    """Redirect the host to a standalone server; the redirecting process ends when the host does."""
    family = Family(journey.folder)
    with _server(journey) as server:
        served = {process.pid for process in family.members()}
        with running_host(journey.host, journey.folder) as host:
            detail = _redirected(journey, host, family)
            host.die()
            detail += gone(family, "the host's death", besides=served)
        if server.poll() is not None:
            raise StepError(f"the server ended with the host: exit status {server.returncode}")
    return f"{detail}; the server still ran"


def server_ends(journey: Journey) -> str:
    """Redirect the host to a standalone server; the redirecting process ends when the server does."""
    family = Family(journey.folder)
    with running_host(journey.host, journey.folder) as host:
        with _server(journey):
            detail = _redirected(journey, host, family)
        detail += gone(family, "the server's end", besides={host.process.pid})
        again = check_answers(host.start(journey.executable()), family)
        return f"{detail}; then the bundle itself: {again}"


def _note(journey: Journey) -> Path:
    return journey.project / "dist" / "standalone.txt"


@contextmanager
def _server(journey: Journey) -> Iterator[subprocess.Popen[bytes]]:
    """Run the source as a standalone server, and end it."""
    scripts = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    command = [str(journey.project.joinpath(".venv", *scripts)), "-m", "plugin", "-standalone"]
    environment = os.environ | {"PYTHONPATH": str(journey.project / "src")}
    note, log = _note(journey), journey.folder / "standalone.log"
    note.unlink(missing_ok=True)  # a server that Windows ended could not remove the file
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=journey.project, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        end = time.monotonic() + 60
        while not (note.exists() and note.stat().st_size):
            if server.poll() is not None or time.monotonic() > end:
                raise StepError(f"no standalone.txt: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(20)


def _redirected(journey: Journey, host: Host, family: Family) -> str:
    address = _note(journey).read_text(encoding="utf-8").strip()
    plugin = host.start(journey.executable())
    if plugin.started["address"] != address:
        raise StepError(f"the host was told {plugin.started['address']}; the server listens on {address}")
    return check_answers(plugin, family)
