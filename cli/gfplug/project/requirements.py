"""The oldest package versions for a project, which its generated stubs accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.requirements import Requirement

RUNTIME = "gfruntime"
"""The distribution that a plugin imports."""

_FLOORED = ("grpcio", "protobuf")
_MAX_CHARACTERS = 1_000_000


def raise_floors(pyproject: str, floors: Mapping[str, str]) -> str:
    """Return a pyproject.toml whose dependencies are not older than the floors; comments and order are kept.

    A dependency that is missing is added. A cap below the floor moves to the floor's next major version.

    Raises: ProjectError if the text is not TOML, has no list of dependencies, or pins a package below its floor.
    """
    import tomlkit  # noqa: PLC0415 - heavy
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - heavy

    if len(pyproject) > _MAX_CHARACTERS:
        raise ProjectError(f"pyproject.toml: the file is too large to edit ({len(pyproject)} characters)")
    try:
        document = tomlkit.parse(pyproject)
        dependencies: Any = document["project"]["dependencies"]
        if not isinstance(dependencies, list) or not all(isinstance(text, str) for text in dependencies):
            raise TypeError("they are not a list of texts")  # noqa: TRY301 - reported as the others are
        places = {name_of(text): place for place, text in enumerate(dependencies)}
    except (tomlkit.exceptions.TOMLKitError, LookupError, TypeError, RecursionError, InvalidRequirement) as error:
        raise ProjectError(f"pyproject.toml: no readable [project] dependencies: {str(error)!r}") from error
    for name, floor in floors.items():
        place = places.get(name_of(name))
        if place is None:
            dependencies.append(_raise_floor(Requirement(name), floor))
        elif (raised := _raise_floor(Requirement(dependencies[place]), floor)) != str(Requirement(dependencies[place])):
            dependencies[place] = raised
    return tomlkit.dumps(document)


def _raise_floor(requirement: Requirement, floor: str) -> str:
    """Return the requirement with at least this floor; unchanged if its floor is higher."""
    from packaging.version import Version  # noqa: PLC0415 - heavy

    if requirement.url:  # the user's file or URL
        return str(requirement)
    lowest = Version(floor)
    lower = [part for part in requirement.specifier if part.operator in {">", ">="}]
    if any(Version(part.version) >= lowest for part in lower):
        return str(requirement)
    others = [part for part in requirement.specifier if part not in lower]
    if any(Version(part.version.removesuffix(".*")) > lowest for part in others if part.operator == "=="):
        return str(requirement)
    fits = [part for part in others if part.contains(lowest, prereleases=True)]
    if any(part.operator not in {"<", "<="} for part in others if part not in fits):
        raise ProjectError(
            f"pyproject.toml requires {requirement}, but the generated stubs need {requirement.name} {floor} or newer",
            hint=f"change it to {requirement.name}>={floor}",
        )
    has_cap = any(part.operator in {"<", "<=", "~=", "=="} for part in fits)
    parts = [f">={floor}", *(str(part) for part in fits), *([] if has_cap else [f"<{lowest.major + 1}"])]
    rest = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{rest}{','.join(parts)}{marker}"


def take_gfplug_lines(pyproject: str, fresh: str) -> str:
    """Return a pyproject.toml with the gfplug lines of `fresh`, a newly rendered file; the author's lines stay.

    Both sides of a merge get the new lines before the merge, so that an edit next to them makes no conflict. An
    author's requirement that is stricter than a floor stays.

    Raises: ProjectError as in `raise_floors`.
    """
    import tomlkit  # noqa: PLC0415 - heavy

    new: Any = tomlkit.parse(fresh)
    lines = {name_of(line): str(line) for line in new["project"]["dependencies"]}
    floors = {name: floor for name in _FLOORED if (floor := _floor(lines[name]))}
    document: Any = tomlkit.parse(raise_floors(pyproject, floors))
    dependencies = document["project"]["dependencies"]
    for place, line in enumerate(dependencies):
        if name_of(line) == RUNTIME and line != lines[RUNTIME]:
            dependencies[place] = lines[RUNTIME]
    old_source, new_source = (_uv_source(each) for each in (document, new))
    if "path" in old_source and "path" in new_source:
        old_source["path"] = new_source["path"]
    return tomlkit.dumps(document)


def list_dependencies(pyproject: str) -> list[str]:
    """Return the dependencies in a pyproject.toml; none if it can't be read."""
    try:
        lines = documents.parse_toml(pyproject)["project"]["dependencies"]
    except (ValueError, LookupError, TypeError):
        return []
    return lines if isinstance(lines, list) and all(isinstance(line, str) for line in lines) else []


def asks_for_runtime(lines: Iterable[str]) -> bool:
    """Return whether one of the requirements is the runtime."""
    return any(name_of(line) == RUNTIME for line in lines)


def replace_dependencies(pyproject: str, *, old: Iterable[str], new: Iterable[str]) -> str:
    """Return a pyproject.toml without the `old` dependencies, and with the missing `new` ones at the end."""
    import tomlkit  # noqa: PLC0415 - heavy

    document: Any = tomlkit.parse(pyproject)
    dependencies = document["project"]["dependencies"]
    staying = {name_of(line) for line in new if name_of(line) != RUNTIME}
    for line in {*old} & {*dependencies}:
        if name_of(line) not in staying:
            dependencies.remove(line)
    names = {name_of(line) for line in dependencies}
    for line in new:
        if name_of(line) not in names:
            dependencies.append(line)
    return tomlkit.dumps(document)


def _uv_source(document: Any) -> Any:  # noqa: ANN401 - TOML
    """Return the table that tells uv where the runtime comes from; empty if the file has no such table."""
    value = document
    for key in ("tool", "uv", "sources", RUNTIME):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def name_of(line: str) -> str:
    """Return the name in a requirement; hatchling may fill in a part of its URL.

    Raises: ProjectError if it is invalid.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - heavy
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - heavy

    try:
        return canonicalize_name(Requirement(line.partition("@")[0]).name)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise ProjectError(f"pyproject.toml: no readable [project] dependencies: {line!r}: {reason!r}") from error


def _floor(line: str) -> str:
    from packaging.requirements import Requirement  # noqa: PLC0415 - heavy

    return next((part.version for part in Requirement(line).specifier if part.operator == ">="), "")
