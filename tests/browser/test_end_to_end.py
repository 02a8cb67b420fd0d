"""From a query in the browser to a drawn frame: shim, genuine go-plugin host, Python plugin, example API."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import grafana
import pytest
from hostclient import Host
from programs import Programs
from shim import Configured, Shim

from gfplug.bundle.frontend import linker
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.host, pytest.mark.slow, pytest.mark.timeout(1500)]

TOKEN = "example-token"  # noqa: S105 - not a secret


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """Make the host and the projects once."""
    return Programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundle the newest Grafana's packages for the browser."""
    folder = tmp_path_factory.mktemp("bundle")
    command: list[str | Path] = [
        grafana.program("node"),
        grafana.BROWSER / "bundle.mjs",
        grafana.installed("13"),
        folder,
    ]
    subprocess.run(command, check=True, timeout=300)
    return folder


@pytest.fixture
def api(programs: Programs) -> Iterator[str]:
    """Serve the example API of a generated project."""
    project = programs.project("backend", example="http", options=["--mode", "backend"])
    server = runpy.run_path(str(project / "example_api" / "server.py"))["Server"](TOKEN)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("mode", ["backend", "hybrid", "react"])
def test_a_frame_reaches_the_browser(mode: str, programs: Programs, bundle: Path, api: str, tmp_path: Path) -> None:
    """A panel's query is answered, by Python or through the proxy, and drawn; an alert rule's is Python's and equal."""
    options = ["--frontend", mode] if mode == "react" else ["--mode", mode]
    executable = programs.launched(mode, example="http", options=options)
    project = Project(programs.project(mode, example="http", options=options))
    for name, content in linker.build_frontend(project, Path(sys.executable)).items():
        (tmp_path / name).write_bytes(content)
    routes = project.manifest.content.get("routes", [])
    shots = Path(os.environ.get("GFPLUG_SCREENSHOTS", tmp_path))
    with Host(programs.go("host")) as host:
        plugin = host.start(executable)
        with Shim(plugin, Configured(url=api, secrets={"token": TOKEN}, routes=routes)) as shim:
            places = {
                "API": shim.url,
                "BUNDLE": str(bundle),
                "CHROMIUM": grafana.program("chromium", "chromium-browser", "google-chrome"),
                "MODE": mode,
                "MODULES": str(grafana.installed("13")),
                "PLUGINS": json.dumps({"acme-sales-datasource": str(tmp_path / "module.js")}),
                "SCREENSHOTS": str(shots),
            }
            done = subprocess.run(
                [grafana.program("node"), "--test", "--test-reporter=spec", grafana.BROWSER / "e2e.test.mjs"],
                env={**os.environ, **places},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ℹ pass 4\n" in done.stdout  # noqa: RUF001 - the reporter's own sign
