"""Do what users do, for the build tests: make a project, build it, break it."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import quick_archive
from commands import Ended, run

SLOWEST_BUILD_S = 560.0


@dataclass(frozen=True, slots=True)
class BuiltProject:
    """A built project, the `--json` output of the build, and its standard error."""

    project: Path
    report: dict[str, Any]
    messages: str

    @property
    def dist(self) -> Path:
        """The bundle."""
        return self.project / "dist"

    @property
    def components(self) -> list[dict[str, Any]]:
        """The components that the bundle lists."""
        (path,) = self.dist.glob("sbom_*.cdx.json")
        entries: list[dict[str, Any]] = json.loads(path.read_text())["components"]
        return entries

    @property
    def proto(self) -> bytes:
        """The protocol that the bundle speaks."""
        return (self.project / "src/pluginv2/backend.proto").read_bytes()

    @property
    def archive(self) -> Path:
        """The archive."""
        return Path(self.report["archive"])


def command(*words: str | Path) -> list[str]:
    """Return the command line of gfplug with these arguments."""
    return [sys.executable, "-m", "gfplug", *map(str, words)]


def gfplug(*words: str | Path) -> Ended:
    """Run gfplug to its end, in an environment that does not influence the result."""
    return run(*command(*words), env=variables(), timeout=SLOWEST_BUILD_S)


def variables() -> dict[str, str]:
    """Return this environment with the date of every build fixed."""
    return {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}


class Interpreter:
    """The interpreter whose packages go into bundles: that of the clean environment from the folder's fixture."""

    path = ""


def build(project: Path, *options: str, python: str = "", quick: bool = False) -> Ended:
    """Build a project with an interpreter's packages; the default is the clean environment.

    `quick` is for a project that was never built, if no test looks at its archive.
    """
    program = quick_archive.COMMAND if quick else command()
    words = map(str, ("build", project, "--python", python or Interpreter.path, "--json", *options))
    return run(*program, *words, env=variables(), timeout=SLOWEST_BUILD_S)


def must_build(project: Path, *options: str, python: str = "", quick: bool = False) -> BuiltProject:
    """Build a project, and fail the test if the build fails."""
    ran = build(project, *options, python=python, quick=quick)
    assert ran.code == 0, ran.err
    return BuiltProject(project, json.loads(ran.out), ran.err)
