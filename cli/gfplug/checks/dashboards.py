"""`gfplug check --dashboards`: saved queries that the plugin, as it is now, would refuse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.bundle.frontend import linker
from gfplug.bundle.rules.finding import Finding, error, note
from gfplug.checks import query_bounds, saved_queries
from gfplug.checks.check import Report
from gfplug.errors import ProjectError, UsageError
from gfplug.host import provisioning
from gfplug.project.environment import venv
from gfplug.project.plugin_project import Project
from gfplug.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HINT = "change the query in Grafana, or the bound in src/plugin/datasource.py"
_SUFFIXES = (".json", ".yaml", ".yml")


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
    """Look for what a schema refuses in the queries of files.

    Raises: ProjectError if a file cannot be read.
    """
    sources = _sources(project)
    findings: list[Finding] = []
    for path in files:
        queries = saved_queries.find(path, project.manifest.id, sources)
        findings += [finding for query in queries for finding in _of_query(schema, query)]
        findings.append(note("saved-queries", str(path), f"{len(queries)} saved queries of {project.manifest.id}"))
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: finding.level != "error")
    return Report(kind="dashboards", path=project.root, findings=tuple(ordered))


def _of_query(schema: Mapping[str, Any], query: saved_queries.SavedQuery) -> Iterator[Finding]:
    """Judge one query by the form that the runtime decodes it into."""
    own = schema.get("own", {})
    kind = query.kind or query.model.get("queryType")
    form = own[kind] if isinstance(kind, str) and kind in own else schema["query"]
    for text in query_bounds.violations(form["fields"], query.model):
        yield error("saved-query", query.where, text, _HINT)


def _files(path: Path) -> list[Path]:
    """List a file, or the files of a folder."""
    if not path.is_dir():
        return [path]
    files = sorted(each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())
    if not files:
        raise ProjectError(f"{path} holds no .json, .yaml or .yml file")
    return files


def _sources(project: Project) -> set[str]:
    """Name the data sources of the plugin that the project provisions: their names and uids."""
    names: set[str] = set()
    for _, content in provisioning.read_all(project.root / "provisioning" / "datasources"):
        listed = content.get("datasources") if isinstance(content, dict) else None
        for each in listed if isinstance(listed, list) else []:
            if isinstance(each, dict) and each.get("type") == project.manifest.id:
                names |= {str(each[key]) for key in ("name", "uid") if each.get(key)}
    return names
