"""The programs of a benchmark: the Go host that acts as Grafana, and the plugins that it starts.

This module owns the programs and their processes; `suite` defines the calls and their number.
"""

from __future__ import annotations

import logging
import shlex
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
sys.path += [str(TESTS / name) for name in ("conformance", "build", "processes")]  # the shared modules of these suites

from environments import clean  # noqa: E402  # found by the line above
from hostclient import Host, Pending, Plugin  # noqa: E402
from messages import context, query, query_request  # noqa: E402
from processes import alive, descendants  # noqa: E402
from programs import Programs, bundled, write_launcher  # noqa: E402
from soak import Watch, look_at_all  # noqa: E402

from benchmarks.command_line import CommandLine  # noqa: E402

__all__ = ["Load", "Rig", "Running", "Watch", "alive", "descendants", "look_at_all"]

MB = 1e6
log = logging.getLogger("benchmarks")


@dataclass(frozen=True)
class Load:
    """The times of many equal calls, as the Go client measured them; rows and bytes are those of one answer."""

    count: int
    seconds: float
    min_ms: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    rows: int
    bytes: int


@dataclass(frozen=True)
class Running:
    """One new plugin process."""

    plugin: Plugin
    begun: float
    handshake_ms: float
    command: Path

    def load(self, count: int, *, concurrency: int = 1, warmup: int = 1, **model: Any) -> Load:  # noqa: ANN401  # JSON
        """Send the same query `count` times."""
        request = query_request(query(**model))
        return self._load(count, concurrency=concurrency, warmup=warmup, request=request)

    def health(self, count: int, *, warmup: int = 1) -> Load:
        """Call CheckHealth `count` times, one call at a time."""
        return self._load(count, concurrency=1, warmup=warmup, request={"pluginContext": context()}, health=True)

    def pings(self, count: int) -> Load:
        """Call grpc.health.v1's Check `count` times, one call at a time."""
        return self._load(count, concurrency=1, warmup=1, ping=True)

    def query(self, **model: Any) -> Pending:  # noqa: ANN401
        """Send one query and return at once."""
        return self.plugin.send("query", request=query_request(query(**model)), summary=True)

    @contextmanager
    def busy(self, **model: Any) -> Iterator[None]:  # noqa: ANN401
        """Run one query during a block, and wait for its answer."""
        pending = self.query(**model)
        yield
        pending.result()

    def first_answer_ms(self, **model: Any) -> float:  # noqa: ANN401
        """Send one query, and return the time from the start of the process to the answer."""
        self.plugin.query(query(**model))
        return (time.perf_counter() - self.begun) * 1000

    def refusal_ms(self) -> float:
        """Start the same program by hand, without Grafana's variables, and return the time until it refuses."""
        begun = time.perf_counter()
        subprocess.run([self.command], env={}, capture_output=True, check=False, timeout=60)  # noqa: S603  # our own
        return (time.perf_counter() - begun) * 1000

    def memory_mb(self, key: str) -> float:
        """Return the sum of one figure of the kernel over all processes of the plugin.

        `VmHWM` is the peak of resident memory, `Pss` a process's share of the current resident memory.
        """
        return sum(_memory_mb(pid, key) for pid in (self.plugin.pid, *descendants(self.plugin.pid)))

    def _load(self, count: int, **args: Any) -> Load:  # noqa: ANN401
        measured = self.plugin.ask("load", timeout_s=300, count=count, **args)
        return Load(count=count, **measured)


def _memory_mb(pid: int, key: str) -> float:
    folder = Path("/proc") / str(pid)
    text = (folder / ("status" if key.startswith("Vm") else "smaps_rollup")).read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024 / MB


class Rig:
    """The host and the programs that it starts; each program is built at its first use.

    `ours`, `async` (with async handlers), both on grpcio; `http2`, `http2_async`: the same without grpcio; `tables`,
    `tables_http2`: `ours` and `http2` with pandas and polars installed; `go`;
    `workers_1`, `_2`, `_4`: `http2` with this number of workers; `floor` (bare grpcio);
    `probe` (`ours` with every kind of call), `workers_probe`: with two workers;
    `bundle`, `bundle_http2` and `source`: the default example, as a bundle and as source, in an environment that has
    only its requirements.
    """

    def __init__(self, folder: Path) -> None:
        """Store the folder in which programs are built."""
        self._folder, self._programs = folder, Programs(folder)
        self._makers: dict[str, Callable[[], Path]] = {
            "ours": lambda: self._variant("blocking"),
            "async": lambda: self._variant("awaiting"),
            "http2": lambda: self._variant("blocking-http2"),
            "http2_async": lambda: self._variant("awaiting-http2"),
            "tables": lambda: self._programs.variant("tables", _text("blocking.py")),
            "tables_http2": lambda: self._programs.variant("tables-http2", _text("blocking.py")),
            **dict.fromkeys(("workers_1", "workers_2", "workers_4"), lambda: self._program("http2")),
            "workers_probe": self._programs.probe,
            "probe": self._programs.probe,
            "go": lambda: self._programs.go("goplugin"),
            "floor": lambda: _launcher(folder / "floor", HERE / "plugins" / "floor.py"),
            "bundle": lambda: bundled(self._example(), folder / "built", python=self._clean()),
            "bundle_http2": lambda: bundled(
                self._programs.project("signals-http2"), folder / "built-http2", python=self._clean()
            ),
            "source": lambda: write_launcher(folder / "source", self._example(), python=self._clean()),
        }
        self._commands: dict[str, Path] = {}
        self._interpreters: dict[tuple[str, ...], str] = {}

    @contextmanager
    def start(self, side: str) -> Iterator[Running]:
        """Run a plugin in a new process with a new host, and stop both."""
        command = self._program(side)
        with Host(self._host) as host:
            begun = time.perf_counter()
            plugin = host.start(command, short_log=True, env=_environment(side))
            yield Running(plugin, begun, plugin.started["handshake_ms"], command)

    @contextmanager
    def commands(self, side: str) -> Iterator[CommandLine]:
        """Give a side's command line an empty folder."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield CommandLine(side, Path(folder))

    @cached_property
    def _host(self) -> Path:
        """Return the host; its build takes minutes if Go's cache is empty, else seconds."""
        log.info("making the host")
        return self._programs.go("host")

    def _program(self, side: str) -> Path:
        if side not in self._commands:
            self._commands[side] = self._makers[side]()
        return self._commands[side]

    def _example(self) -> Path:
        return self._programs.project("signals")

    def _variant(self, name: str) -> Path:
        """Return a data source in an environment with numpy but without pandas, which pyarrow would import."""
        self._programs.variant(name, _text(f"{name.removesuffix('-http2')}.py"))
        project, python = self._programs.project(name), self._clean("numpy")
        return write_launcher(self._folder / f"plain-{name}", project, python=python)

    def _clean(self, *packages: str) -> str:
        """Return the interpreter of an environment with the requirements of a new project, and these packages."""
        if packages not in self._interpreters:
            folder = self._folder / "-".join(("environment", *packages))
            self._interpreters[packages] = clean(folder, project=self._example(), extra=packages)
        return self._interpreters[packages]


def _environment(side: str) -> dict[str, str]:
    kind, _, number = side.partition("_")
    return {"GF_PLUGIN_WORKERS": number if number.isdecimal() else "2"} if kind == "workers" else {}


def _text(name: str) -> str:
    return (HERE / "plugins" / name).read_text(encoding="utf-8")


def _launcher(path: Path, script: Path) -> Path:
    path.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -P {shlex.quote(str(script))}\n", encoding="utf-8")
    path.chmod(0o755)
    return path
