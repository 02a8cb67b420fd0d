"""`gfplug doctor` as a service: check whether this machine can build and start plugins, and what is missing."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.edits import journal
from gfplug.errors import GfplugError
from gfplug.project.environment import interpreters, ownership, prerequisites, python_search, venv
from gfplug.project.environment.interpreters import OLDEST_PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from gfplug.project.environment.prerequisites import MissingPrerequisite
    from gfplug.project.environment.python_search import Search
    from gfplug.project.plugin_project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """The result of one examination: `is_good`, the `state`, and what to do if it is not good."""

    name: str
    is_good: bool
    state: str
    remedy: str = ""

    def to_json(self) -> dict[str, str | bool]:
        """Return the examination as `gfplug doctor --json` prints it."""
        return {"name": self.name, "is_good": self.is_good, "seen": self.state, "remedy": self.remedy}


def examine(project: Project | None, *, folder: Path) -> list[Examination]:
    """Examine the machine, its tools, and the project if there is one."""
    examinations = [_python(), *_pythons(project), _system(), _room(folder), *_optional()]
    if project:
        examinations += [
            _unfinished(project),
            _guard("environment", lambda: _environment(project)),
            _guard("owned folders", lambda: _owned(project)),
        ]
    return examinations


def _guard(name: str, look: Callable[[], Examination]) -> Examination:
    try:
        return look()
    except GfplugError as error:
        return Examination(name=name, is_good=False, state=error.message, remedy=error.hint)


def _judge(name: str, lacks: Iterable[MissingPrerequisite], state: str) -> Examination:
    """Return a good result with this state, or a bad one if something is missing."""
    missing = list(lacks)
    sentences = "; ".join(lack.sentence for lack in missing)
    return Examination(
        name=name,
        is_good=not missing,
        state=sentences or state,
        remedy=prerequisites.remedy(missing) if missing else "",
    )


def _python() -> Examination:
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Examination(
        name="Python",
        is_good=sys.version_info >= OLDEST_PYTHON,
        state=f"{platform.python_version()} at {sys.executable}",
        remedy=f"install Python {oldest} or newer",
    )


def _pythons(project: Project | None) -> list[Examination]:
    """Check for a Python that can create environments, and for the tools that create them."""
    try:
        search = python_search.search(python_search.versions_of(project))
    except GfplugError as error:
        return [Examination(name="libpython", is_good=False, state=error.message, remedy=error.hint)]
    return [
        _judge("libpython", prerequisites.missing_python(search), _plan(search)),
        _judge("venv", prerequisites.missing_venv(search), "environments can be made"),
    ]


def _plan(search: Search) -> str:
    """Return which Python `gfplug build` uses."""
    if not search.reason:
        return "shared"
    version = ".".join(map(str, search.downloadable or ()))
    plan = f"uses {search.best}" if search.best else f"lets uv download Python {version}"
    return f"{search.reason}: `gfplug build` {plan}"


def _system() -> Examination:
    if sys.platform != "linux":
        system = {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, sys.platform)
        return Examination(name=system, is_good=True, state=platform.platform())
    name, version = platform.libc_ver()
    return Examination(
        name="C library",
        is_good=name == "glibc",
        state=f"{name or 'not glibc'} {version}: the newest version that a bundle built here can require",
        remedy="build on a Linux with glibc: some packages have no wheels for musl, and Grafana's hosts have glibc",
    )


def _room(folder: Path) -> Examination:
    place = prerequisites.nearest_existing(folder)
    free = shutil.disk_usage(place).free
    return _judge("disk", prerequisites.check_disk_space(folder), f"{free / 1e9:.1f} GB free at {place}")


def _optional() -> Iterator[Examination]:
    for name, purpose in (
        (
            "git",
            "merges your changes and the template's in an upgrade, and gives a bundle the date of its commit",
        ),
        ("uv", "makes environments faster and downloads Pythons"),
        ("go", "finds the module cache and proxy"),
    ):
        path = shutil.which(name)
        yield Examination(name=name, is_good=True, state=path or f"not found (optional): it {purpose}")


def _unfinished(project: Project) -> Examination:
    is_interrupted = journal.is_interrupted(project.root)
    return Examination(
        name="upgrades",
        is_good=not is_interrupted,
        state="one was interrupted" if is_interrupted else "none is unfinished",
        remedy="finish it: gfplug upgrade",
    )


def _environment(project: Project) -> Examination:
    python = venv.interpreter_of(project.root / ".venv")
    if not python.exists():
        return Examination(name="environment", is_good=True, state="no .venv yet; `gfplug build` makes it")
    if not ownership.is_own(project.root / ".venv"):
        state = "not examined: gfplug has not used this .venv before, so its code is not run; `gfplug build` uses it"
        return Examination(name="environment", is_good=True, state=state)
    interpreter = interpreters.probe(python, distributions=venv.requirements(project))
    lacks = f"lacks {', '.join(interpreter.missing)}" if interpreter.missing else ""
    flaws = " and ".join(filter(None, [interpreter.defect, lacks]))
    return Examination(
        name="environment",
        is_good=not flaws,
        state=f"Python {'.'.join(map(str, interpreter.version))} in .venv {flaws}".strip(),
        remedy="run `gfplug build`, which repairs it or says why it cannot",
    )


def _owned(project: Project) -> Examination:
    edited_files = project.changed_owned()
    return Examination(
        name="owned folders",
        is_good=not edited_files,
        state=f"{len(edited_files)} files differ from gfplug.lock" if edited_files else "as in gfplug.lock",
        remedy="restore them from version control",
    )
