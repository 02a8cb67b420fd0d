"""Compare a bundle with its project's dependencies: find unused dependencies, and packages that are not dependencies.

PyInstaller collects the modules that code imports, including optional imports of installed packages. It can't find
files that the code reads, or imports by a computed name.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from gfplug.bundle.components import component

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from gfplug.bundle.components.inventory import Inventory, Package
    from gfplug.project.plugin_project import Project

_RUNTIME = "gfruntime"
_FREEZER = ("pyinstaller", "pyinstaller-hooks-contrib")  # their start-up code is in every bundle
_log = logging.getLogger("gfplug")


def compare(project: Project, inventory: Inventory) -> None:
    """Report dependencies that are not in the bundle, and packages in the bundle that are not dependencies."""
    environment = Environment.of(inventory)
    lines = _requirements(project, environment)
    if lines is None:
        return
    for package in find_missing(environment, lines):
        code = " or ".join(f'"{module}"' for module in package.modules if not module.startswith("_"))
        advice = (
            f"Add {code} to HIDDEN_IMPORTS in plugin.spec if it is imported by name, or remove" if code else "Remove"
        )
        _log.warning(
            "The dependency %s is not in the bundle, because your code does not import it. %s it from pyproject.toml",
            package.name,
            advice,
        )
    if extra_packages := find_undeclared(environment, [*lines, *_FREEZER], own=component.own_names(project)):
        names = ", ".join(f"{name} ({_megabytes(size)})" for name, size in extra_packages.items())
        _log.warning(
            "In the bundle, but not among your dependencies: %s. Add the packages that your code uses to "
            "pyproject.toml, and the others to EXCLUDES in plugin.spec",
            names,
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """The installed packages by their normalized names; those `in_bundle` have code or data in the bundle."""

    packages: Mapping[str, Package]
    in_bundle: Mapping[str, Package]
    markers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, inventory: Inventory) -> Environment:
        """Create the environment from an inventory."""
        packages = {str(canonicalize_name(each.name)): each for each in inventory.packages}
        by_name = {str(canonicalize_name(each.name)): each for each in inventory.bundled if each.files}
        return cls(packages, by_name, inventory.markers)

    def direct(self, lines: Iterable[str], extras: Collection[str] = ("",)) -> list[tuple[str, frozenset[str]]]:
        """Return the names of the requirements that apply with these extras, and the extras that they need."""
        return [
            (canonicalize_name(each.name), frozenset({"", *each.extras}))
            for each in map(_requirement, lines)
            if each.marker is None or any(each.marker.evaluate({**self.markers, "extra": extra}) for extra in extras)
        ]

    def with_dependencies(self, lines: Iterable[str]) -> set[str]:
        """Return the names of the requirements that apply, and of all their requirements."""
        ahead, visited = self.direct(lines), set()
        while ahead:
            name, extras = each = ahead.pop()
            if each not in visited:
                visited.add(each)
                package = self.packages.get(name)
                ahead += self.direct(package.requires if package else (), extras)
        return {name for name, _ in visited}


def find_missing(environment: Environment, lines: Iterable[str]) -> list[Package]:
    """List the packages of the requirements that have no files in a bundle.

    A package without code counts as present if one of its requirements is present; a package without a list of files is
    unknown. The runtime's requirements are ignored: it has two transports, and a bundle contains one.
    """
    packages = []
    runtime = environment.packages.get(_RUNTIME)
    of_runtime = {name for name, _ in environment.direct(runtime.requires)} if runtime else set()
    for name in dict.fromkeys(name for name, _ in environment.direct(lines)):
        package = environment.packages.get(name)
        if package is None or name in environment.in_bundle or name in of_runtime or not package.is_listed:
            continue
        if package.modules or not environment.with_dependencies([name]) & environment.in_bundle.keys():
            packages.append(package)
    return packages


def find_undeclared(environment: Environment, lines: Iterable[str], *, own: Collection[str] = ()) -> dict[str, int]:
    """Map the names of bundled packages that no requirement needs to their bytes in the bundle; largest first.

    If only such a package needs another package, the other one counts as its part.
    """
    required_names = environment.with_dependencies(lines) | set(own)
    extra_packages = {name: package for name, package in environment.in_bundle.items() if name not in required_names}
    parts = {name: environment.with_dependencies([name]) & extra_packages.keys() for name in extra_packages}
    sizes: dict[str, int] = {}
    grouped_names: set[str] = set()
    for name in sorted(extra_packages, key=lambda name: (-len(parts[name]), name)):
        if name not in grouped_names:
            sizes[extra_packages[name].name] = sum(extra_packages[part].size for part in parts[name] - grouped_names)
            grouped_names |= parts[name]
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def _requirements(project: Project, environment: Environment) -> list[str] | None:
    """Return the project's requirements; None if the build computes them and the project is not installed."""
    table = project.pyproject
    if "dependencies" not in table.get("dynamic", ()):
        return [*table.get("dependencies", ()), *_of_built_extras(table)]
    package = environment.packages.get(canonicalize_name(str(table.get("name", ""))))
    return list(package.requires) if package else None


def _of_built_extras(table: Mapping[str, Any]) -> list[str]:
    """List the requirements of the project's own extras that its extra `build` includes: `"name[mysql]"`."""
    extras, own = table.get("optional-dependencies", {}), canonicalize_name(str(table.get("name", "")))
    requirements = [each for each in map(_requirement, extras.get("build", ())) if canonicalize_name(each.name) == own]
    extra_names = sorted({extra for each in requirements for extra in each.extras} - {"build"})
    return [line for extra in extra_names for line in extras.get(extra, ())]


def _requirement(line: str) -> Requirement:
    """Parse a requirement; the project's build may fill in parts of its URL."""
    try:
        return Requirement(line)
    except InvalidRequirement:
        return Requirement(line.partition("@")[0])


def _megabytes(size: int) -> str:
    megabytes = size / 1e6
    return f"{megabytes:.0f} MB" if megabytes >= 10 else f"{max(megabytes, 0.1):.1f} MB"  # noqa: PLR2004
