"""The installed dependencies of a project, direct and indirect, and the parts of them that no code imports."""

from __future__ import annotations

import importlib.metadata
import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path, PurePosixPath

    from packaging.requirements import Requirement

_NO_CODE = {"__init__.py", "__version__.py", "_version.py", "version.py"}
_LIBRARIES = {".so", ".pyd", ".dll", ".dylib"}
_NO_DATA = {".py", ".pyc", ".pyi", ".typed", ".pth"}


def direct_names(root: Path) -> set[str]:
    """Return the packages that pyproject.toml lists for this machine, also by extras of gfruntime: `gfruntime[aws]`."""
    packages = _applying(_requirement_lines(root), {""})
    extras = {extra for name, more in packages if name == "gfruntime" for extra in more}
    try:
        own = importlib.metadata.requires("gfruntime") or () if extras else ()
    except importlib.metadata.PackageNotFoundError:
        own = ()
    return {name for name, _ in [*packages, *_applying(own, extras)]}


def all_names(root: Path) -> set[str]:
    """Return the packages that pyproject.toml lists, and all their dependencies, with the requested extras."""
    ahead = [(name, frozenset({"", *extras})) for name, extras in _applying(_requirement_lines(root), {""})]
    visited = set()
    while ahead:
        name, extras = each = ahead.pop()
        if each in visited:
            continue
        visited.add(each)
        try:
            lines = importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        ahead += [(other, frozenset({"", *more})) for other, more in _applying(lines, extras)]
    return {name for name, _ in visited}


def data_packages(names: Iterable[str], *, excludes: Collection[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """List the modules and the files of the packages that have only data, such as tzdata.

    No code imports these packages: other code reads them by name, like `zoneinfo`, which PyInstaller can't see.
    """
    modules, data = [], []
    for name in sorted(names):
        for path, place in _files(name):
            if place.parts[0] in excludes:
                continue
            if place.name == "__init__.py":
                modules.append(".".join(place.parts[:-1]))
            elif place.suffix not in _NO_DATA:
                data.append((path, str(place.parent)))
    return modules, data


def sqlalchemy_dialects(names: Iterable[str]) -> dict[str, list[str]]:
    """Map packages that register a dialect with SQLAlchemy to its modules; empty if no package depends on SQLAlchemy.

    An address names a dialect, and SQLAlchemy looks for it in the packages' metadata: PyInstaller can't see this.
    """
    names = set(names)
    if "sqlalchemy" not in names:
        return {}
    modules = {name: [point.module for point in _entry_points(name, "sqlalchemy.dialects")] for name in sorted(names)}
    return {name: dialects for name, dialects in modules.items() if dialects}


def _entry_points(name: str, group: str) -> Iterable[importlib.metadata.EntryPoint]:
    try:
        return importlib.metadata.distribution(name).entry_points.select(group=group)
    except importlib.metadata.PackageNotFoundError:
        return ()


def _files(name: str) -> list[tuple[str, PurePosixPath]]:
    """List the files of a package that has only data, and their paths in it; empty for any other package."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return []
    files = [
        file
        for file in distribution.files or ()
        if len(file.parts) > 1 and file.parts[0] != ".." and not file.parts[0].endswith((".dist-info", ".egg-info"))
    ]
    code = [file.name for file in files if file.suffix == ".py"]
    if "__init__.py" not in code or not set(code) <= _NO_CODE:
        return []
    if all(file.suffix in _NO_DATA for file in files) or any(_LIBRARIES & set(file.suffixes) for file in files):
        return []
    return [(str(file.locate()), file) for file in files]


def _requirement_lines(root: Path) -> list[str]:
    """List the dependencies, and those of the project's extras that its extra `build` names: `"name[mysql]"`."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415  # PyInstaller brings it

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    extras = project.get("optional-dependencies", {})
    own = canonicalize_name(project.get("name", ""))
    own_extras = [each for each in map(_requirement, extras.get("build", ())) if canonicalize_name(each.name) == own]
    names = sorted({extra for each in own_extras for extra in each.extras} - {"build"})
    return [*project.get("dependencies", ()), *(line for extra in names for line in extras.get(extra, ()))]


def _applying(lines: Iterable[str], extras: Collection[str]) -> list[tuple[str, set[str]]]:
    """Return the requirements that apply to this machine with these extras: their names and their extras."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415  # PyInstaller brings it

    requirements = map(_requirement, lines)
    return [
        (canonicalize_name(each.name), each.extras)
        for each in requirements
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def _requirement(line: str) -> Requirement:
    """Parse a requirement; its address may have parts that only the project's build fills in."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415  # as above

    try:
        return Requirement(line)
    except InvalidRequirement:
        return Requirement(line.partition("@")[0])
