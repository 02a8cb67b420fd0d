"""Compare the imports of a project's code with the dependencies in its pyproject.toml.

With an interpreter, its environment says which packages provide which modules. Without it, only the names are compared:
if a dependency that is not installed may provide a module, the finding is a warning.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from gfplug import process
from gfplug.bundle.components import component, inventory
from gfplug.bundle.dependencies import Environment
from gfplug.bundle.rules.finding import Finding, error, warning
from gfplug.checks import source_imports
from gfplug.errors import GfplugError, ToolError
from gfplug.project.environment import interpreters
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gfplug.checks.source_imports import Import
    from gfplug.project.plugin_project import Project

_FILE = "pyproject.toml"
_LIST_TIMEOUT_SECONDS = 60.0
_MIN_SEARCHED_LETTERS = 3  # shorter names are not searched in longer names
_OF_RUNTIME = {
    "gfruntime": "gfruntime",
    "grpc": "grpcio",
    "google.protobuf": "protobuf",
    "pyarrow": "pyarrow",
    "msgspec": "msgspec",
    "urllib3": "urllib3",
}
"""Modules that every plugin has, and their packages."""

_SHARED = {"google": 2, "google.cloud": 3, "azure": 2}
"""Namespaces of several packages, and how many parts of a name identify the package."""

_OTHER_NAMES = {
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "bs4": "beautifulsoup4",
    "jwt": "pyjwt",
    "MySQLdb": "mysqlclient",
    "zmq": "pyzmq",
    "git": "gitpython",
    "attr": "attrs",
    "Crypto": "pycryptodome",
    "fitz": "pymupdf",
    "win32api": "pywin32",
    "pkg_resources": "setuptools",
    "OpenSSL": "pyopenssl",
}
"""Modules whose package has another name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """The report of an environment: the packages of each module, and modules without a package."""

    standard: Collection[str] = sys.stdlib_module_names
    providers: dict[str, list[str]] = field(default_factory=dict)
    unlisted: Collection[str] = ()


def check(project: Project, python: Path | None) -> Iterator[Finding]:
    """Compare the imports of a project's code with its dependencies; `python` reports the packages of each module."""
    source = source_imports.read(project.source)
    for path, line, text in source.broken if python is None else ():  # without an interpreter, nothing else reports it
        yield error("syntax", _describe_place(project, path, line), f"it is not valid Python: {text}", "fix that line")
    lines = _requirements(project)
    if lines is None:
        return
    try:
        environment = Environment.of(inventory.read_inventory(python)) if python else Environment({}, {})
        report = _ask(python, [each.module for each in source.imports]) if python else _Report()
    except GfplugError as failure:
        yield error("environment", ".venv", failure.message, failure.hint)
        return
    if python:
        yield from _not_installed(environment, lines)
    yield from _undeclared(project, source.imports, lines, environment=environment, report=report)


def _requirements(project: Project) -> list[str] | None:
    """Return the project's requirements; None if they are computed or unreadable: other checks report both."""
    try:
        table = project.pyproject
    except GfplugError:
        return None
    lines = table.get("dependencies", [])
    is_list = isinstance(lines, list) and all(isinstance(line, str) for line in lines)
    return lines if is_list and "dependencies" not in table.get("dynamic", ()) else None


def _not_installed(environment: Environment, lines: Sequence[str]) -> Iterator[Finding]:
    """Find requirements that apply to an environment but that it does not fulfil."""
    for line in lines:
        for name, _ in environment.direct([line]):
            package = environment.packages.get(name)
            if package is None:
                text = f"{name} is a dependency, but it is not installed"
            elif not _fulfils(line, package.version):
                text = f"{line} is a dependency, but {package.version} is installed"
            else:
                continue
            yield error("not-installed", _FILE, text, "`gfplug build` installs the dependencies in pyproject.toml")


def _fulfils(line: str, version: str) -> bool:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return True
    return not requirement.specifier or requirement.specifier.contains(version, prereleases=True)


def _undeclared(
    project: Project, imports: Sequence[Import], lines: Sequence[str], *, environment: Environment, report: _Report
) -> Iterator[Finding]:
    """Find imports that no dependency provides."""
    brought = environment.with_dependencies(lines) | component.own_names(project) | {*_OF_RUNTIME.values()}
    direct = [name for name, _ in environment.direct(lines)]
    unsure = [name for name in direct if name not in environment.packages and name not in _OF_RUNTIME.values()]
    reported: set[str] = set()
    for each in imports:
        unit = _unit(each.module)
        packages = [canonicalize_name(name) for name in report.providers.get(each.module, [])]
        is_brought = bool(brought & {*packages}) if packages else any(_may_be(unit, name) for name in direct)
        if is_brought or unit in reported or _is_there(each.module, report, is_listed=bool(packages)):
            continue
        reported.add(unit)
        name = packages[0] if packages else _OTHER_NAMES.get(unit, re.sub("[._]", "-", unit))
        where, hint = _describe_place(project, each.path, each.line), _hint(project, name)
        if packages or not unsure:
            yield error("undeclared", where, f"`{unit}` is imported, but no dependency provides it", hint)
        else:
            text = f"`{unit}` is imported, but no dependency has its name; {' or '.join(unsure)} could provide it"
            yield warning("undeclared", where, text, hint)


def _is_there(module: str, report: _Report, *, is_listed: bool) -> bool:
    """Tell whether a module is Python's, comes with every plugin, or exists although no package lists it."""
    is_standard = module.partition(".")[0] in report.standard
    return is_standard or module in report.unlisted or (not is_listed and _unit(module) in _OF_RUNTIME)


def _unit(module: str) -> str:
    """Return the part of a module's name that identifies its package."""
    parts = module.split(".")
    count = max((count for name, count in _SHARED.items() if f"{module}.".startswith(f"{name}.")), default=1)
    return ".".join(parts[:count])


def _may_be(module: str, package: str) -> bool:
    """Tell from the names alone whether a module may belong to a package."""
    one, other = (re.sub(r"[-_.]", "", name).lower() for name in (module, package))
    is_inside = min(len(one), len(other)) >= _MIN_SEARCHED_LETTERS and (one in other or other in one)
    return one == other or is_inside or canonicalize_name(_OTHER_NAMES.get(module, module)) == package


def _hint(project: Project, name: str) -> str:
    """Return where to add a package; name the extra that lists it without effect."""
    extras = project.pyproject.get("optional-dependencies", {})
    lines_by_extra = extras.items() if isinstance(extras, dict) else ()
    names = [
        extra
        for extra, lines in lines_by_extra
        if isinstance(lines, list) and any(_names(line, name) for line in lines)
    ]
    vain = f"; the extra {names[0]!r} is only for development" if names else ""
    return f'add "{name}" to the dependencies in {_FILE}{vain}'


def _names(line: Any, name: str) -> bool:  # noqa: ANN401 - TOML
    try:
        return canonicalize_name(Requirement(str(line)).name) == name
    except InvalidRequirement:
        return False


def _describe_place(project: Project, path: Path, line: int) -> str:
    return f"{path.relative_to(project.root).as_posix()}, line {line}"


def _ask(python: Path, modules: Sequence[str]) -> _Report:
    """Ask an interpreter which packages provide some modules.

    Raises: ToolError if the interpreter does not answer.
    """
    command: list[str | Path] = [python, "-I", "-B", Path(__file__).with_name("providers.py"), *modules]
    reply = process.run(
        command, env=interpreters.clean_environment(), what="listing the modules", timeout=_LIST_TIMEOUT_SECONDS
    )
    try:
        report = documents.parse_json(reply.strip().splitlines()[-1])
        return _Report(standard=report["standard"], providers=report["providers"], unlisted=report["unlisted"])
    except (IndexError, KeyError, TypeError, ValueError) as failure:
        raise ToolError(f"{python} does not list its modules", details=reply) from failure
