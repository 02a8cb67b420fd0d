"""From a query in the browser to a drawn frame: shim, genuine go-plugin host, Python plugin, example API."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import grafana
import pytest
from exampleapi import TOKEN, example_api
from hostclient import Host
from programs import Programs
from shim import Configured, Shim

from gfplug.bundle.frontend import linker
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.host, pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """Make the host and the projects once."""
    return Programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def api(programs: Programs) -> Iterator[str]:
    """Serve the example API of a generated project."""
    with example_api(programs.project("backend", example="http", options=["--mode", "backend"])) as url:
        yield url


@pytest.mark.parametrize("mode", ["backend", "hybrid", "react"])
def test_a_frame_reaches_the_browser(mode: str, programs: Programs, api: str, tmp_path: Path) -> None:
    """A panel's query is answered, by Python or through the proxy, and drawn; an alert rule's is Python's and equal."""
    options = ["--frontend", mode] if mode == "react" else ["--mode", mode]
    executable = programs.launched(mode, example="http", options=options)
    project = Project(programs.project(mode, example="http", options=options))
    for name, content in linker.build_frontend(project, Path(sys.executable)).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    routes = project.manifest.content.get("routes", [])
    with Host(programs.go("host")) as host:
        plugin = host.start(executable)
        with Shim(plugin, Configured(url=api, secrets={"token": TOKEN}, routes=routes)) as shim:
            grafana.passes(
                "e2e",
                tests=4,
                version="13",
                plugins={"acme-sales-datasource": tmp_path / "module.js"},
                API=shim.url,
                MODE=mode,
                SCREENSHOTS=os.environ.get("GFPLUG_SCREENSHOTS", str(tmp_path)),
            )
