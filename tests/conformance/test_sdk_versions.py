"""Every generation of the SDK's proto: a project for it answers the host."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from messages import query
from programs import gfplug

from gfplug.sdk import goenv

if TYPE_CHECKING:
    from hostclient import Host
    from programs import Programs

pytestmark = [pytest.mark.network, pytest.mark.long]

VERSIONS = ["v0.97.0", "v0.150.0", "v0.250.0", "v0.296.3", "latest"]


@pytest.fixture(scope="module", autouse=True)
def _module_proxy() -> None:
    """Skip if no Go module proxy is configured."""
    if goenv.proxy() in {"", "off", "direct"}:
        pytest.skip("no Go module proxy is configured")


@pytest.mark.parametrize("version", VERSIONS)
def test_project_of_this_version_answers(host: Host, programs: Programs, version: str) -> None:
    """Stubs generated from that release serve health and a query to today's Grafana, and the plugin ends cleanly."""
    name = "sdk-" + version.removeprefix("v").replace(".", "-")
    plugin = host.start(programs.launched(name, options=["--sdk-version", version]))

    assert plugin.health()["status"] == "OK"
    assert plugin.query(query())["A"]["frames"][0]["rows"] > 0
    assert not plugin.kill()["forced"]


STOPS = ["v0.150.0", "v0.242.0", "v0.243.0", "v0.296.3"]


def test_project_that_moves_from_release_to_release_answers_at_each(host: Host, programs: Programs) -> None:
    """From the oldest release on, the plugin answers after each upgrade; the end equals that of one upgrade."""
    launcher = programs.launched("sdk-moving", options=["--sdk-version", "v0.97.0"])
    moving, straight = (
        programs.project("sdk-" + name, options=["--sdk-version", "v0.97.0"]) for name in ("moving", "straight")
    )
    for version in STOPS:
        gfplug("proto", "upgrade", str(moving), "--to", version, "--python", sys.executable)
        plugin = host.start(launcher)

        assert plugin.health()["status"] == "OK"
        assert plugin.query(query())["A"]["frames"][0]["rows"] > 0
        assert not plugin.kill()["forced"]
    gfplug("proto", "upgrade", str(straight), "--to", STOPS[-1], "--no-tests")

    for path in (
        "gfplug.lock",
        *(f"src/pluginv2/backend{end}" for end in (".proto", "_pb2.py", "_pb2.pyi")),
    ):
        assert (moving / path).read_bytes() == (straight / path).read_bytes()
