"""A bundle under low limits of the system; tests/processes/runtime/test_limits.py tests a plugin from source."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gfplug.host.smoke import smoke
from gfplug.host.target import Target

if TYPE_CHECKING:
    from building import BuiltProject

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits of Linux")


def command(project: BuiltProject, setting: str) -> tuple[str, ...]:
    """Return the command that starts a bundle after a shell command."""
    (program,) = (path for path in project.dist.glob("gpx_*") if path.suffix != ".bin")
    return ("/bin/sh", "-c", f'{setting}\nexec "$0"', str(program))


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        *((f"ulimit -v {mib * 1024}", f"too little memory: the limit is {mib} MiB (ulimit -v)") for mib in (300, 500)),
        ("ulimit -n 20", "too few open files: the limit is 20 (ulimit -n)"),
        ("ulimit -s 409600; ulimit -v 3145728", "too few threads: the limit is "),
    ],
)
def test_a_bundle_names_the_limit_that_is_too_low(signals: BuiltProject, setting: str, says: str) -> None:
    """Within seconds, Grafana's log gets one line, and the status is 1; the bundle has the modules that this needs."""
    variables = {"grafana_plugin_type": "datasource"}
    ran = subprocess.run(command(signals, setting), env=variables, capture_output=True, timeout=10, check=False)
    (line,) = ran.stderr.splitlines()
    entry = json.loads(line)

    assert (ran.returncode, ran.stdout) == (1, b"")
    assert (entry["@level"], entry["@module"]) == ("error", "gfruntime")
    assert entry["@message"].startswith(f"The plugin can't run: {says}")


@pytest.mark.parametrize("setting", ["ulimit -v 1048576", "ulimit -d 524288", "ulimit -n 64"])
def test_a_bundle_works_under_a_low_limit(signals: BuiltProject, setting: str) -> None:
    """A handshake, a health check, a query and the shutdown succeed."""
    proto = (signals.project / "src/pluginv2/backend.proto").read_bytes()
    target = Target(
        command=command(signals, setting), cwd=signals.dist, plugin_id="acme-signals-datasource", proto=proto
    )
    started = smoke(target, timeout=30.0)

    assert (started.health.status, started.ended.problem) == ("OK", "")
