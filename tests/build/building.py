"""What the build tests do as a user would: make a project, build it, break it."""

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
    """A built project, its `--json`, and what the build said on standard error."""

    project: Path
    report: dict[str, Any]
    messages: str

    @property
    def dist(self) -> Path:
        """The bundle."""
        return self.project / "dist"

    @property
    def components(self) -> list[dict[str, Any]]:
        """What the bundle lists as its parts."""
        (path,) = self.dist.glob("sbom_*.cdx.json")
        entries: list[dict[str, Any]] = json.loads(path.read_text())["components"]
        return entries

    @property
    def proto(self) -> bytes:
        """The protocol that it speaks."""
        return (self.project / "src/pluginv2/backend.proto").read_bytes()

    @property
    def archive(self) -> Path:
        """The archive."""
        return Path(self.report["archive"])


def command(*words: str | Path) -> list[str]:
    """Return the command line of gfplug with these words."""
    return [sys.executable, "-m", "gfplug", *map(str, words)]


def gfplug(*words: str | Path) -> Ended:
    """Run gfplug to its end, in an environment that decides nothing about the result."""
    return run(*command(*words), env=variables(), timeout=SLOWEST_BUILD_S)


def variables() -> dict[str, str]:
    """Return this environment with the date of every build fixed."""
    return {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}


class Interpreter:
    """The interpreter whose packages go into bundles: a clean environment's, which the folder's fixture makes."""

    path = ""


def build(project: Path, *options: str, python: str = "", quick: bool = False) -> Ended:
    """Build a project with an interpreter's packages, those of the clean environment unless another is named.

    `quick` is for a project that was never built, and whose archive no test looks at.
    """
    program = quick_archive.COMMAND if quick else command()
    words = map(str, ("build", project, "--python", python or Interpreter.path, "--json", *options))
    return run(*program, *words, env=variables(), timeout=SLOWEST_BUILD_S)


def must_build(project: Path, *options: str, python: str = "", quick: bool = False) -> BuiltProject:
    """Build a project that must build."""
    ran = build(project, *options, python=python, quick=quick)
    assert ran.code == 0, ran.err
    return BuiltProject(project, json.loads(ran.out), ran.err)
