"""The oldest versions a project may be installed with: those its generated stubs accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.requirements import Requirement


def raise_floors(pyproject: str, floors: Mapping[str, str]) -> str:
    """Return a pyproject.toml whose dependencies are no older than the floors; comments and order stay.

    A dependency that is missing is added. A cap below the floor moves to the floor's next major version.

    Raises: ProjectError if the text is not TOML, has no list of dependencies, or pins one below its floor.
    """
    import tomlkit  # noqa: PLC0415 - heavy
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - heavy
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - heavy

    try:
        document = tomlkit.parse(pyproject)
        dependencies: Any = document["project"]["dependencies"]
        found = {canonicalize_name(Requirement(text).name): place for place, text in enumerate(dependencies)}
    except (tomlkit.exceptions.TOMLKitError, KeyError, TypeError, InvalidRequirement) as error:
        raise ProjectError(f"pyproject.toml: no readable [project] dependencies: {error}") from error
    for name, floor in floors.items():
        place = found.get(canonicalize_name(name))
        if place is None:
            dependencies.append(_raised(Requirement(name), floor))
        elif (raised := _raised(Requirement(dependencies[place]), floor)) != str(Requirement(dependencies[place])):
            dependencies[place] = raised
    return tomlkit.dumps(document)


def _raised(requirement: Requirement, floor: str) -> str:
    """Return the requirement with at least this floor, or as it is when its own floor is higher."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - heavy
    from packaging.version import Version  # noqa: PLC0415 - heavy

    lowest = Version(floor)
    lower = [part for part in requirement.specifier if part.operator in {">", ">="}]
    if any(Version(part.version) >= lowest for part in lower):
        return str(requirement)
    kept = [part for part in requirement.specifier if part not in lower]
    if any(Version(part.version) > lowest for part in kept if part.operator == "=="):
        return str(requirement)
    fits = [part for part in kept if part.contains(lowest, prereleases=True)]
    if any(part.operator not in {"<", "<="} for part in kept if part not in fits):
        raise ProjectError(
            f"pyproject.toml asks for {requirement}, but the generated stubs need {requirement.name} {floor} or newer",
            hint=f"change it to {requirement.name}>={floor}",
        )
    has_cap = any(part.operator in {"<", "<=", "~=", "=="} for part in fits)
    parts = [f">={floor}", *(str(part) for part in fits), *([] if has_cap else [f"<{lowest.major + 1}"])]
    requirement.specifier = SpecifierSet(",".join(parts))
    rest = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{rest}{','.join(parts)}{marker}"
