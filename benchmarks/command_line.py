"""Time the commands of gfplug from outside, each in its own process."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Figures = dict[str, float]

DATASOURCE = Path("src", "plugin", "datasource.py")


@dataclass(frozen=True)
class CommandLine:
    """The command line of one side, in an empty folder: `ours`, or `typer`, which only imports typer."""

    side: str
    folder: Path

    def run(self, *words: str | Path) -> Figures:
        """Run a command to its end; return `ms`, the elapsed time, and `cpu_ms` of it and its child processes.

        Raises: subprocess.CalledProcessError if the command fails.
        """
        command = ["-m", "gfplug", *words] if self.side == "ours" else ["-c", "import typer"]
        before, begun = _children_s(), time.perf_counter()
        subprocess.run(  # noqa: S603  # our own
            [sys.executable, *command], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, check=True
        )
        return {"ms": (time.perf_counter() - begun) * 1000, "cpu_ms": (_children_s() - before) * 1000}


def command_line(commands: CommandLine, _share: float) -> Figures:
    """Time the help, the version, and the creation of a project."""
    runs = {
        "new": commands.run("new", "myds", "project", "--defaults"),
        "help": commands.run("--help"),
        "new_help": commands.run("new", "--help"),
        "version": commands.run("--version"),
    }
    return _name(runs)


def build(commands: CommandLine, _share: float) -> Figures:
    """Build a new project, then again unchanged, then with changed code."""
    commands.run("new", "myds", "project", "--defaults")
    runs = {"first": commands.run("build", "project"), "unchanged": commands.run("build", "project")}
    with (commands.folder / "project" / DATASOURCE).open("a", encoding="utf-8") as stream:
        stream.write("\nCHANGED = True\n")
    return _name({**runs, "changed": commands.run("build", "project")})


def _name(runs: dict[str, Figures]) -> Figures:
    return {f"{name}_{unit}": value for name, figures in runs.items() for unit, value in figures.items()}


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
