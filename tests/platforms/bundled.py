"""A bundle that contains its C library: `gfplug build --libc bundled` of a project that `journey.py` left. Linux only.

    PYTHON tests/platforms/bundled.py --host HOST_PROGRAM --folder FOLDER_OF_THE_JOURNEY

Starts it as the journey does, without Grafana's cookie, and as user 472 in a root that contains only the bundle,
/proc, /tmp and four devices. Needs root, and a mount namespace: `unshare --mount`. Reports like the journey.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from expectations import StepError, check_answers, gone, running_host
from journey import Journey, options
from processlist import Family
from report import Report

_GRAFANA = 472
_DEVICES = ("null", "zero", "random", "urandom")


def refusal_of(journey: Journey) -> str:
    """Start the bundle by hand, without the cookie: it prints an explanation, and fails."""
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [journey.executable()], env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120
    )
    words = (done.stdout + done.stderr).decode(errors="replace").strip()
    if done.returncode != 1 or "plugin" not in words:
        raise StepError(f"exit status {done.returncode}: {words}")
    return f"exit status 1: {words.splitlines()[0]}"


def alone(journey: Journey) -> str:
    """Start the bundle in a root without any C library."""
    root = journey.folder / "empty"
    program = journey.executable()
    shutil.copytree(program.parent, root / "dist", symlinks=True)
    for name in ("proc", "tmp", "dev"):
        (root / name).mkdir()
    for name in _DEVICES:
        (root / "dev" / name).touch()
    for path in ("/proc", "/tmp", *(f"/dev/{name}" for name in _DEVICES)):  # noqa: S108  # the socket lies there
        subprocess.run(["mount", "--rbind", path, root / path.lstrip("/")], check=True)
    script = journey.folder / "enter"
    script.write_text(f'#!/bin/sh\nexec /usr/sbin/chroot --userspec={_GRAFANA}:0 "{root}" "/dist/{program.name}"\n')
    script.chmod(0o755)
    family = Family(journey.folder)
    with running_host(journey.host, journey.folder) as host:
        plugin = host.start(script)
        detail = check_answers(plugin, family)
        plugin.kill()
        detail += gone(family, "Kill", besides={host.process.pid})
    return f"as user {_GRAFANA}, libraries in the root: none; {detail}"


def main() -> int:
    """Read the command line, run all steps, and return the exit status."""
    arguments = options(__doc__)
    report = Report()
    journey = Journey(arguments.host.resolve(), arguments.folder.resolve(), patience_s=arguments.patience)
    report.step("build --libc bundled", lambda: journey.build("--libc", "bundled"), left_behind=journey.watch())
    report.step("bundled: query dist", lambda: journey.ask(journey.project / "dist"), left_behind=journey.watch())
    report.step("bundled: Kill", journey.killed, left_behind=journey.watch())
    report.step("bundled: no cookie", lambda: refusal_of(journey), left_behind=journey.watch())
    report.step("bundled: empty root", lambda: alone(journey), left_behind=journey.watch())
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
