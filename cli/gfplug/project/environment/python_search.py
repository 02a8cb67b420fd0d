"""Find the Python for a project's environment: one with a shared libpython, which PyInstaller needs, and with a GIL.

It is the Python that runs gfplug; else the nearest version on the PATH or of uv; else a Python that uv downloads.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import interpreters, uv
from gfplug.project.environment.interpreters import NEWEST_PYTHON, OLDEST_PYTHON, Interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from packaging.specifiers import SpecifierSet

    from gfplug.project.plugin_project import Project

_T = TypeVar("_T")
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The result of a search for a Python.

    `own` is the Python that runs gfplug, `best` the installed Python to use; without a `best`, `downloadable` is the
    minor version that uv can download, None if it can't. `static` are the Pythons without a shared libpython.
    """

    own: Interpreter
    versions: SpecifierSet | None
    static: tuple[Interpreter, ...]
    best: Interpreter | None
    downloadable: tuple[int, int] | None

    @property
    def reason(self) -> str:
        """Describe why the Python that runs gfplug is not suitable; empty if it is suitable."""
        if self.own == self.best:
            return ""
        if not _is_among(self.own.version, self.versions):
            return f"pyproject.toml requires Python {self.versions}, and gfplug runs on {self.own}"
        return f"{self.own}, which gfplug runs on, {self.own.defect}"

    @property
    def nearest_version(self) -> tuple[int, int]:
        """The nearest minor version with which a plugin can be built."""
        minors = range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1)
        return _nearest({(3, minor) for minor in minors}, self.versions, self.own) or OLDEST_PYTHON


def versions_of(project: Project | None) -> SpecifierSet | None:
    """Return the Python versions that a project requires; None for all versions, or without a project.

    Raises: ProjectError if its pyproject.toml can't be read.
    """
    if project is None:
        return None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - a bare Python does without

    versions = project.pyproject.get("requires-python", "")
    try:
        return SpecifierSet(versions)
    except (TypeError, AttributeError, InvalidSpecifier) as error:
        path = project.root / "pyproject.toml"
        raise ProjectError(f"{path}: requires-python {versions!r} is not a range", hint='such as ">=3.11"') from error


def search(versions: SpecifierSet | None) -> Search:
    """Search for an installed Python of these versions with which a plugin can be built.

    Raises: ToolError if the Python that runs gfplug does not report its properties.
    """
    own = interpreters.probe(interpreters.running())
    candidates = [own] if _is_among(own.version, versions) else []
    if not candidates or own.defect:
        candidates += sorted(_find_others(versions), key=lambda other: _distance(other.version, own.version))
    best = next((python for python in candidates if not python.defect), None)
    return Search(
        own=own,
        versions=versions,
        static=tuple(python for python in candidates if not (python.has_libpython or python.is_free_threaded)),
        best=best,
        downloadable=None if best else _nearest(_ask_uv(uv.list_downloadable), versions, own),
    )


def download(result: Search) -> Interpreter:
    """Let uv download the Python that a search found.

    Raises: ToolError with uv's message.
    """
    version = result.downloadable or result.nearest_version
    minor = "{}.{}".format(*version)
    _log.info("Downloading Python %s with uv", minor, extra={"transient": True})
    try:
        python = interpreters.probe(uv.download(version))
    except ToolError as error:
        raise ToolError(
            f"{result.reason}, and uv did not install Python {minor}",
            hint="see uv's lines above: a mirror (UV_PYTHON_INSTALL_MIRROR), a proxy, or its settings",
            details=error.details or error.message,
        ) from error
    if python.defect:
        raise ToolError(f"{result.reason}, and {python}, which uv installed, {python.defect}")
    return python


def _find_others(versions: SpecifierSet | None) -> Iterator[Interpreter]:
    """Yield the Pythons on the PATH and of uv with which a plugin can be built, without Pythons that do not run."""
    for path in [*interpreters.on_path(), *_ask_uv(uv.list_installed)]:
        try:
            python = interpreters.probe(path)
        except ToolError as error:
            _log.debug("Passed over %s: %s", path, error)
            continue
        is_supported = OLDEST_PYTHON <= python.version[:2] <= NEWEST_PYTHON and not python.is_free_threaded
        if is_supported and _is_among(python.version, versions):
            yield python


def _ask_uv(question: Callable[[], Collection[_T]]) -> Collection[_T]:
    """Ask uv for Pythons; if it fails, return none."""
    try:
        return question()
    except ToolError as error:
        _log.debug("uv did not list its Pythons: %s", error)
        return ()


def _nearest(
    versions: Collection[tuple[int, int]], allowed: SpecifierSet | None, own: Interpreter
) -> tuple[int, int] | None:
    """Return the minor version nearest to gfplug's own Python that plugins support and the project allows."""
    fitting = [each for each in versions if OLDEST_PYTHON <= each <= NEWEST_PYTHON and _is_among((*each, 99), allowed)]
    return min(fitting, key=lambda version: _distance(version, own.version), default=None)


def _is_among(version: tuple[int, ...], versions: SpecifierSet | None) -> bool:
    return versions is None or versions.contains(".".join(map(str, version)))


def _distance(version: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int]:
    """Return a sort key by distance; of two versions at the same distance, the newer comes first."""
    return abs(version[1] - other[1]), -version[1]
