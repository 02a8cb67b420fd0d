"""Write the folder that comes from an API's description again, from the stored description or a new one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gfplug.errors import ProjectError
from gfplug.scaffold.openapi import stored_model, upstream_changes, upstream_files
from gfplug.scaffold.openapi.upstream_files import Upstream
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.project.plugin_project import Project
    from gfplug.scaffold.openapi.model import DataSource
    from gfplug.scaffold.openapi.stored_model import StoredModel
    from gfplug.scaffold.openapi.upstream_changes import UpstreamChange


def read(project: Project) -> StoredModel:
    """Return the stored description of the project.

    Raises: ProjectError if the project was not created from a description, or the file can't be read.
    """
    path = project.root / stored_model.NAME
    if path.is_file():
        return stored_model.decode(documents.read_bytes(path))
    if stored_model.NAME in project.lock.owned:
        raise ProjectError(f"{path} does not exist", hint="restore it from version control")
    raise ProjectError(
        f"{project.root} was not made from an API's description",
        hint="gfplug new NAME --openapi FILE makes a project from one",
    )


def choose(source: DataSource, operations: Sequence[str]) -> StoredModel:
    """Return a description with those of the chosen operations that it still has; without a choice, with all.

    Raises: ProjectError if it has none of the chosen operations.
    """
    operations_left = tuple(each for each in source.operations if not operations or each.name in operations)
    if not operations_left:
        raise ProjectError(
            f"the description has none of the project's operations: {', '.join(operations)}",
            hint="choose others with --operations",
        )
    return stored_model.StoredModel(replace(source, operations=operations_left), tuple(operations))


def compare(project: Project, after: StoredModel) -> list[UpstreamChange]:
    """List the changes of a new description that affect saved queries and alert rules.

    Raises: like `read`.
    """
    return upstream_changes.compare(read(project).source, after.source)


def write(project: Project, stored: StoredModel | None) -> Upstream:
    """Write the folder's files, from a new description or the stored one; nothing if the project has none.

    Raises: like `read`, if the project should have a description.
    """
    if stored is None and stored_model.NAME not in project.lock.owned:
        return Upstream({}, {})
    before = read(project)
    return upstream_files.write_upstream(stored or before)
