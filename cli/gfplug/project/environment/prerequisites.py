"""The prerequisites for a project's environment; one report lists everything that the machine lacks.

This module needs only the standard library, so that `.ci/prerequisites.py` can use it on a bare machine.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.errors import ToolError
from gfplug.project.environment import interpreters, python_search, system_packages, uv

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gfplug.project.environment.interpreters import Interpreter
    from gfplug.project.environment.python_search import Search
    from gfplug.project.plugin_project import Project

ROOM = 1_000_000_000
"""The bytes that a first build needs: an environment, a frozen plugin twice, and an archive."""

LONGEST_PATH, DEEPEST = 259, 145
"""The length of the longest path on Windows, and of the longest path below an environment: PyInstaller's hooks."""

_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPrerequisite:
    """A missing prerequisite: a sentence; packages or alternatives that provide it; advice if there is no package."""

    sentence: str
    packages: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    advice: str = ""


def require(project: Project, folder: Path) -> Interpreter:
    """Return the Python for an environment at `folder`, downloaded by uv if necessary; log it if it is not gfplug's.

    Raises: ToolError that lists everything the machine lacks; ProjectError if pyproject.toml can't be read.
    """
    search = python_search.search(python_search.versions_of(project))
    if lacks := [*missing_python(search), *missing_venv(search), *check_disk_space(folder), *check_path_length(folder)]:
        sentences = "; ".join(lack.sentence for lack in lacks)
        raise ToolError(f"this machine cannot build yet: {sentences}", hint=remedy(lacks))
    python = search.best or python_search.download(search)
    if search.reason:
        _log.info("Making %s with %s: %s", folder.name, python, search.reason)
    return python


def missing_python(search: Search) -> Iterator[MissingPrerequisite]:
    """Yield a missing prerequisite if no installed Python is suitable and uv can't download one."""
    if search.best or search.downloadable:
        return
    package = system_packages.with_libpython(search.static, search.nearest_version)
    ways = ["let uv download a Python (UV_OFFLINE, UV_PYTHON_DOWNLOADS)" if uv.program() else "install uv"]
    if system_packages.is_pyenvs(search.own):
        version = ".".join(map(str, search.own.version))
        ways.insert(0, f"PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install --force {version}")
    yield MissingPrerequisite(
        sentence=f"{search.reason}; no other Python on this machine is suitable",
        packages=(package,) if package else (),
        alternatives=tuple(ways),
    )


def missing_venv(search: Search) -> Iterator[MissingPrerequisite]:
    """Yield a missing prerequisite if neither uv nor the chosen Python can create environments."""
    python = search.best or next(iter(search.static), search.own)
    if uv.program() or not interpreters.probe(python.path, modules=["venv", "ensurepip"]).missing:
        return
    package = system_packages.with_venv(python)
    yield MissingPrerequisite(
        sentence=f"{python} has no ensurepip",
        packages=(package,) if package else (),
        alternatives=("install uv",),
    )


def check_disk_space(folder: Path) -> Iterator[MissingPrerequisite]:
    """Yield a problem if the disk is full or not writable."""
    place = nearest_existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        yield MissingPrerequisite(sentence=f"{place} cannot be written: {error.strerror}", advice="make it writable")
    if (free := shutil.disk_usage(place).free) < ROOM:
        advice = f"make room: a first build takes about {ROOM / 1e9:.0f} GB"
        yield MissingPrerequisite(sentence=f"{free / 1e9:.1f} GB are free at {place}", advice=advice)


def check_path_length(folder: Path) -> Iterator[MissingPrerequisite]:
    """Yield a problem if the folder's path is so long that Windows refuses the paths of an environment's files.

    Source: Microsoft, "Maximum Path Length Limitation": 260 characters with the null, unless LongPathsEnabled is 1.
    """
    place = str(folder.absolute())
    longest = {"win32": LONGEST_PATH - DEEPEST}.get(sys.platform, len(place))
    if len(place) > longest and not _long_paths_enabled():
        yield MissingPrerequisite(
            sentence=f"{place} has {len(place)} characters, and the paths of installed files add up to "
            f"{DEEPEST} more: Windows allows {LONGEST_PATH} in all",
            advice="move the project to a shorter path, or let an administrator enable long paths (LongPathsEnabled)",
        )


def _long_paths_enabled() -> bool:
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - Windows only

        with (
            contextlib.suppress(OSError),
            winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key,
        ):
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    return False


def nearest_existing(folder: Path) -> Path:
    """Return a folder, or its nearest existing parent."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def remedy(lacks: Sequence[MissingPrerequisite]) -> str:
    """Return what to type or to do, in one line: one command for all packages, alternatives, and the rest."""
    command = system_packages.install(*(package for lack in lacks for package in lack.packages))
    ways = dict.fromkeys([command, *(way for lack in lacks for way in lack.alternatives)])
    things = [", or ".join(filter(None, ways)), *(lack.advice for lack in lacks)]
    return "; ".join(filter(None, things))
