"""`gfplug check --dashboards`: saved queries that the plugin, as it is now, would refuse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.bundle.frontend import linker
from gfplug.bundle.rules.finding import Finding, note
from gfplug.checks import provisioned, saved_queries
from gfplug.checks.check import Report
from gfplug.errors import ProjectError, UsageError
from gfplug.host.known_keys import KnownKeys
from gfplug.project.environment import venv
from gfplug.project.plugin_project import Project
from gfplug.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def split(paths: Sequence[Path]) -> tuple[Path, list[Path]]:
    """Tell the project among paths, a folder with a gfplug.lock, from the files; without one it is the folder here."""
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
    schema = linker.read_schema(project, venv.ensure(project, python=python, stages=Stages()))
    return judge(project, schema, files)


def judge(project: Project, schema: Mapping[str, Any], files: Sequence[Path]) -> Report:
    """Look for what a schema refuses, or has no field for, in the queries of files.

    Raises: ProjectError if a file cannot be read.
    """
    sources = provisioned.name_sources(project)
    known = KnownKeys.from_json(schema, project)
    findings: list[Finding] = []
    for path in files:
        queries = saved_queries.find(path, project.manifest.id, sources)
        findings += [finding for query in queries for finding in provisioned.of_query(schema, known, query)]
        findings.append(note("saved-queries", str(path), f"{len(queries)} saved queries of {project.manifest.id}"))
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: finding.level != "error")
    return Report(kind="dashboards", path=project.root, findings=tuple(ordered))


def _files(path: Path) -> list[Path]:
    """List a file, or the files of a folder."""
    if not path.is_dir():
        return [path]
    files = provisioned.list_files(path)
    if not files:
        raise ProjectError(f"{path} holds no .json, .yaml or .yml file")
    return files
