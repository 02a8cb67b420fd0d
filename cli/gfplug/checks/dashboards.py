"""`gfplug check --dashboards`: find saved queries that the current plugin would refuse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.bundle.frontend import linker
from gfplug.bundle.rules.finding import note
from gfplug.checks import provisioned, saved_queries
from gfplug.checks.check import Report
from gfplug.checks.migrations import Migrator
from gfplug.errors import ProjectError, UsageError
from gfplug.project.environment import venv
from gfplug.project.plugin_project import Project
from gfplug.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def separate(paths: Sequence[Path]) -> tuple[Path, list[Path]]:
    """Separate the project, a folder with a gfplug.lock, from the files; default project: the current folder."""
    project = next((path for path in paths if (path / "gfplug.lock").is_file()), None)
    return project or Path(), [path for path in paths if path is not project]


def check(project_path: Path, paths: Sequence[Path], *, python: Path | None = None) -> Report:
    """Check the saved queries of dashboards and alert rules against the project's dataclasses.

    Raises: ProjectError if the path is in no project, its dataclasses cannot become a schema, or a file cannot be read.
    """
    project = Project.find(project_path)
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise UsageError("no dashboard to check", hint="gfplug check --dashboards FILE...")
    interpreter = venv.ensure(project, python=python, stages=Stages())
    return check_queries(project, linker.read_schema(project, interpreter), files, python=interpreter)


def check_queries(
    project: Project, schema: Mapping[str, Any], files: Sequence[Path], *, python: Path | None = None
) -> Report:
    """Find values in saved queries that a schema refuses or does not have, after the queries' migration.

    Raises: ProjectError if a file cannot be read, or the project's code does not load.
    """
    sources = provisioned.name_sources(project)
    by_file = {path: saved_queries.find(path, project.manifest.id, sources) for path in files}
    migrator = Migrator(project=project, schema=schema, python=python)
    findings = list(provisioned.check_queries(migrator, [query for queries in by_file.values() for query in queries]))
    for path, queries in by_file.items():
        findings.append(note("saved-queries", str(path), f"{len(queries)} saved queries of {project.manifest.id}"))
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: finding.level != "error")
    return Report(kind="dashboards", path=project.root, findings=tuple(ordered))


def _files(path: Path) -> list[Path]:
    """List a file, or the files of a folder."""
    if not path.is_dir():
        return [path]
    files = provisioned.list_files(path)
    if not files:
        raise ProjectError(f"{path} contains no .json, .yaml or .yml file")
    return files
