"""The whole journey on a platform: make a project, build it, query it, and let the genuine host start and end it.

    PYTHON tests/platforms/journey.py --host HOST_PROGRAM --folder EMPTY_FOLDER

PYTHON is the platform's own, 3.11 or later, with gfplug installed; HOST_PROGRAM is `tests/conformance/host`, compiled
for the platform. Prints one JSON line for each step, `{"step", "ok", "seconds", "detail"}`, and exits with 1 if one
failed. If an earlier step failed, later ones run if that makes sense, and fail otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import preview_steps
import standalone_steps
from expectations import (
    MILLISECONDS,
    StepError,
    check_answers,
    check_sine,
    describe_processes,
    gone,
    require_lf,
    running_host,
    wait_for_processes,
)
from processlist import HARD, Family
from report import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostclient import Host, Plugin


HOSTS = 4  # hosts that start a plugin at the same time
WORKERS = 2


class Journey:
    """One run: the host, the folder, and the steps in it; each step returns its observations, or raises."""

    def __init__(self, host: Path, folder: Path, *, patience_s: float) -> None:
        """Use a compiled host and an empty folder; no command takes longer than `patience_s`."""
        self.host, self.folder, self.project = host, folder, folder / "project"
        self.patience_s = patience_s

    def watch(self) -> Callable[[], str]:
        """Record the running processes; return a function that ends the journey's newer processes, and names them."""
        family = Family(self.folder)

        def left_behind() -> str:
            remaining, _ = family.wait_for_end(within_s=2)
            return describe_processes(family.end()) if remaining else ""

        return left_behind

    # The command line

    def gfplug(self, *words: str) -> str:
        """Run gfplug as a user does, and return its standard output."""
        command = [sys.executable, "-m", "gfplug", *words]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=self.patience_s,
        )
        out, err = (text.decode("utf-8", errors="replace") for text in (done.stdout, done.stderr))
        if done.returncode != 0:
            raise StepError(f"gfplug {words[0]} exited with {done.returncode}: {(out + err)[-3000:]}")
        return out

    def new(self) -> str:
        """Make the project of the signals example."""
        self.gfplug("new", "acme-sales", str(self.project), "--example", "signals", "--defaults")
        return f"{require_lf(self.project)} files"

    def build(self, *words: str) -> str:
        """Build the bundle; return its figures."""
        figures = json.loads(self.gfplug("build", str(self.project), "--json", *words))
        require_lf(self.project / "dist", but="_internal_*")
        keys = ("executable", "files", "bundle_bytes", "archive_bytes", "glibc_floor", "handshake_ms", "stages")
        return ", ".join(f"{name} {figures[name]}" for name in keys)

    def build_http2(self) -> str:
        """Build a bundle with the runtime's HTTP/2, and query the source with this transport; the source stays."""
        program = self.project / "src" / "plugin" / "__main__.py"
        text = program.read_text(encoding="utf-8")
        program.write_text(text.replace("serve(load)", 'serve(load, transport="http2")'), encoding="utf-8")
        try:
            return f"source: {self.ask(self.project)}; bundle: {self.build()}"
        finally:
            program.write_text(text, encoding="utf-8")

    def ask(self, target: Path) -> str:
        """Query a project or a bundle by `gfplug call` and check the values."""
        reply = json.loads(self.gfplug("call", "query", str(target), "--json"))["results"]["A"]
        if reply["status"] != 200:
            raise StepError(f"status {reply['status']}: {reply}")
        (frame,) = reply["frames"]
        times, values = frame["data"]["values"]
        return check_sine([moment / MILLISECONDS for moment in times], values)

    def dev(self) -> str:
        """Let `gfplug dev` write a dist/ whose executable runs the source."""
        self.gfplug("dev", str(self.project))
        executable = self.executable()
        return f"{executable.name}, {executable.stat().st_size} bytes"

    def executable(self) -> Path:
        """Find the executable that the host starts."""
        manifest = json.loads((self.project / "dist" / "plugin.json").read_text(encoding="utf-8"))
        files_of_executable = [path for path in self.project.glob(f"dist/{manifest['executable']}_*") if path.is_file()]
        paths = [
            path for path in files_of_executable if path.suffix != ".bin"
        ]  # the launcher of a bundled C library starts such a file
        if len(paths) != 1:
            raise StepError(f"dist/ holds {len(paths)} executables: {[path.name for path in paths]}")
        return paths[0]

    # The genuine host

    def killed(self, workers: int = 0) -> str:
        """Start, query, and Kill as the host does on shutdown; no process is left."""
        family = Family(self.folder)
        with running_host(self.host, self.folder) as host:
            plugin, detail = self._started(host, family, workers)
            ended = plugin.kill()
            detail += f", Kill {ended['ms']:.0f} ms, {ended['exit']['text']}"
            detail += gone(family, "Kill", besides={host.process.pid})
        if ended["forced"] or ended["exit"]["code"] != 0:
            raise StepError(f"{detail}; it did not end well by itself")
        return detail

    def host_dead(self, workers: int = 0) -> str:
        """Start, query, and kill the host hard; all processes end soon."""
        family = Family(self.folder)
        with running_host(self.host, self.folder) as host:
            _, detail = self._started(host, family, workers)
            host.die()
            return detail + gone(family, "the host's death")

    def executable_dead(self, workers: int = 0) -> str:
        """Start, query, and kill the executable hard; its child processes end soon."""
        family = Family(self.folder)
        with running_host(self.host, self.folder) as host:
            plugin, detail = self._started(host, family, workers)
            os.kill(plugin.pid, HARD)
            return detail + gone(family, "the executable's death", besides={host.process.pid})

    def _started(self, host: Host, family: Family, workers: int) -> tuple[Plugin, str]:
        """Start the executable with this many worker processes, and query it; return it and a description."""
        environment = {"GF_PLUGIN_WORKERS": str(workers)} if workers else {}
        plugin = host.start(self.executable(), env=environment)
        if workers:
            wait_for_processes(family, workers + 2)  # the host and the front process add two
        return plugin, check_answers(plugin, family)

    def at_once(self) -> str:
        """Let several hosts start the bundle at the same time; each plugin has its own address."""
        with ExitStack() as stack, ThreadPoolExecutor(HOSTS) as pool:
            hosts = [stack.enter_context(running_host(self.host, self.folder)) for _ in range(HOSTS)]
            plugins = list(pool.map(lambda host: host.start(self.executable()), hosts))
            addresses = sorted(plugin.started["address"] for plugin in plugins)
            if len(set(addresses)) < HOSTS:
                raise StepError(f"plugins share an address: {addresses}")
            for plugin in plugins:
                check_answers(plugin, Family(self.folder))
        return ", ".join(addresses) if plugins[0].started["network"] == "tcp" else f"{HOSTS} sockets"


def options(text: str | None) -> argparse.Namespace:
    """Read the command line: `host`, `folder`, `patience`."""
    parser = argparse.ArgumentParser(description=(text or "").partition("\n")[0])
    parser.add_argument("--host", type=Path, required=True, help="the compiled tests/conformance/host")
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder to work in")
    parser.add_argument("--patience", type=float, default=1800, help="seconds that one command may take")
    return parser.parse_args()


def main() -> int:
    """Read the command line, run all steps, and return the exit status."""
    arguments = options(__doc__)
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        print(f"--folder {folder} is not empty", file=sys.stderr)  # noqa: T201  # a script
        return 2
    report, journey = Report(), Journey(arguments.host.resolve(), folder, patience_s=arguments.patience)
    dist = journey.project / "dist"
    steps: dict[str, Callable[[], str]] = {
        "new": journey.new,
        "build": journey.build,
        "query source": lambda: journey.ask(journey.project),
        "query dist": lambda: journey.ask(dist),
        "bundle: Kill": journey.killed,
        "bundle: host dead": journey.host_dead,
        "bundle: several at once": journey.at_once,
        "workers: Kill": lambda: journey.killed(WORKERS),
        "workers: host dead": lambda: journey.host_dead(WORKERS),
        "workers: executable dead": lambda: journey.executable_dead(WORKERS),
        "standalone: host dead": lambda: standalone_steps.host_dead(journey),
        "standalone: server ends": lambda: standalone_steps.server_ends(journey),
        "dev": journey.dev,
        "dev: Kill": journey.killed,
        "dev: host dead": journey.host_dead,
        "dev: executable dead": journey.executable_dead,
        "preview: gfplug dead": lambda: preview_steps.gfplug_dead(journey),
        "http2: build": journey.build_http2,
        "http2: Kill": journey.killed,
        "http2: host dead": journey.host_dead,
        "http2, workers: host dead": lambda: journey.host_dead(WORKERS),
    }
    for name, act in steps.items():
        report.step(name, act, left_behind=journey.watch())
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
