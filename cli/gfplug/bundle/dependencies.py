"""What a bundle holds beside what its project asks for, and what the project asks for that is not in the bundle.

PyInstaller takes what code imports, and of that also what is only tried and happens to be installed. It can't see what
is read or imported by a computed name.
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
    """Say what of the dependencies is not in the bundle, and what in the bundle is not of the dependencies."""
    environment = Environment.of(inventory)
    lines = _listed(project, environment)
    if lines is None:
        return
    for package in missing(environment, lines):
        code = " or ".join(f'"{module}"' for module in package.modules if not module.startswith("_"))
        advice = f"Add {code} to HIDDEN_IMPORTS in plugin.spec if it is imported by name, or take" if code else "Take"
        _log.warning(
            "Nothing of %s is in the bundle, though it is among your dependencies: your code does not import it. "
            "%s it out of pyproject.toml",
            package.name,
            advice,
        )
    if strangers := undeclared(environment, [*lines, *_FREEZER], own=component.own_names(project)):
        names = ", ".join(f"{name} ({_megabytes(size)})" for name, size in strangers.items())
        _log.warning(
            "In the bundle, but not among your dependencies: %s. Add to pyproject.toml what your code uses, and to "
            "EXCLUDES in plugin.spec what it does not",
            names,
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """The installed packages by their normalized names; those `in_bundle` have code or data there."""

    packages: Mapping[str, Package]
    in_bundle: Mapping[str, Package]
    markers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, inventory: Inventory) -> Environment:
        """Sort an inventory."""
        packages = {str(canonicalize_name(each.name)): each for each in inventory.packages}
        used = {str(canonicalize_name(each.name)): each for each in inventory.used if each.files}
        return cls(packages, used, inventory.markers)

    def direct(self, lines: Iterable[str], extras: Collection[str] = ("",)) -> list[tuple[str, frozenset[str]]]:
        """Return the names of the requirements that hold here with these extras, and the extras that they ask for."""
        return [
            (canonicalize_name(each.name), frozenset({"", *each.extras}))
            for each in map(_requirement, lines)
            if each.marker is None or any(each.marker.evaluate({**self.markers, "extra": extra}) for extra in extras)
        ]

    def all(self, lines: Iterable[str]) -> set[str]:
        """Return the names of the requirements that hold here, and of all that they ask for."""
        ahead, visited = self.direct(lines), set()
        while ahead:
            name, extras = each = ahead.pop()
            if each not in visited:
                visited.add(each)
                package = self.packages.get(name)
                ahead += self.direct(package.requires if package else (), extras)
        return {name for name, _ in visited}


def missing(environment: Environment, lines: Iterable[str]) -> list[Package]:
    """List the packages of the requirements that a bundle holds nothing of.

    One without code of its own is there if something is that it asks for; of one whose files nobody listed, nobody can
    tell. What the runtime asks for is its own affair: it has two transports, and a bundle holds one.
    """
    packages = []
    runtime = environment.packages.get(_RUNTIME)
    of_runtime = {name for name, _ in environment.direct(runtime.requires)} if runtime else set()
    for name in dict.fromkeys(name for name, _ in environment.direct(lines)):
        package = environment.packages.get(name)
        if package is None or name in environment.in_bundle or name in of_runtime or not package.is_listed:
            continue
        if package.modules or not environment.all([name]) & environment.in_bundle.keys():
            packages.append(package)
    return packages


def undeclared(environment: Environment, lines: Iterable[str], *, own: Collection[str] = ()) -> dict[str, int]:
    """Map the names of packages that a bundle holds, and no requirement asks for, to their bytes there; largest first.

    What only such a package asks for counts as a part of it.
    """
    asked_for = environment.all(lines) | set(own)
    strangers = {name: package for name, package in environment.in_bundle.items() if name not in asked_for}
    parts = {name: environment.all([name]) & strangers.keys() for name in strangers}
    sizes: dict[str, int] = {}
    counted: set[str] = set()
    for name in sorted(strangers, key=lambda name: (-len(parts[name]), name)):
        if name not in counted:
            sizes[strangers[name].name] = sum(strangers[part].size for part in parts[name] - counted)
            counted |= parts[name]
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def _listed(project: Project, environment: Environment) -> list[str] | None:
    """Return the project's requirements; None where its build computes them, and it is not installed."""
    table = project.pyproject
    if "dependencies" not in table.get("dynamic", ()):
        return [*table.get("dependencies", ()), *_of_built_extras(table)]
    package = environment.packages.get(canonicalize_name(str(table.get("name", ""))))
    return list(package.requires) if package else None


def _of_built_extras(table: Mapping[str, Any]) -> list[str]:
    """List the requirements of the project's own extras that its extra `build` asks for: `"name[mysql]"`."""
    extras, own = table.get("optional-dependencies", {}), canonicalize_name(str(table.get("name", "")))
    built = [each for each in map(_requirement, extras.get("build", ())) if canonicalize_name(each.name) == own]
    asked = sorted({extra for each in built for extra in each.extras} - {"build"})
    return [line for extra in asked for line in extras.get(extra, ())]


def _requirement(line: str) -> Requirement:
    """Read a requirement; its address may have parts that only the project's build fills in."""
    try:
        return Requirement(line)
    except InvalidRequirement:
        return Requirement(line.partition("@")[0])


def _megabytes(size: int) -> str:
    megabytes = size / 1e6
    return f"{megabytes:.0f} MB" if megabytes >= 10 else f"{max(megabytes, 0.1):.1f} MB"  # noqa: PLR2004
