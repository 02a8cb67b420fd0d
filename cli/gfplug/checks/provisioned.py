"""Compare the data sources, alert rules and dashboards that a project provisions with its dataclasses."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gfplug.bundle.rules.finding import Finding, error
from gfplug.checks import query_bounds, saved_queries
from gfplug.checks.migrations import SavedValue
from gfplug.errors import GfplugError
from gfplug.host import known_keys, provisioning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from gfplug.checks.migrations import Migrator
    from gfplug.checks.saved_queries import SavedQuery
    from gfplug.host.known_keys import KnownKeys
    from gfplug.project.plugin_project import Project

_HINT = "change the query in Grafana, or the bound in src/plugin/datasource.py"
_KINDS = ("variable", "annotation")
_SUFFIXES = (".json", ".yaml", ".yml")


def check(migrator: Migrator) -> Iterator[Finding]:
    """Find values that the plugin refuses or does not read; other rules report unreadable files.

    Raises: ProjectError or ToolError if the project's code can't migrate anything.
    """
    project = migrator.project
    yield from _check_sources(migrator, list(_sources(project)))
    yield from check_queries(migrator, list(_saved_queries(project)))


def _check_sources(migrator: Migrator, sources: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Finding]:
    """Check data sources; `sources` are pairs of a file and a data source."""
    options = [(where, source.get("jsonData")) for where, source in sources]
    saved_options = [
        SavedValue(kind="options", where=where, values=values if isinstance(values, dict) else {})
        for where, values in options
    ]
    migrated, findings = migrator.migrate(saved_options)
    yield from findings
    keys = migrator.known_keys
    for (where, source), each in zip(sources, migrated, strict=True):
        if each is not None:
            for unknown in known_keys.of_source(keys, {**source, "jsonData": each.values}):
                yield error("unknown-option", where, unknown.sentence, unknown.hint)


def _sources(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    with suppress(GfplugError):
        for path, source in provisioning.list_sources(project.root / "provisioning/datasources", project.manifest.id):
            yield path.relative_to(project.root).as_posix(), source


def _saved_queries(project: Project) -> Iterator[SavedQuery]:
    with suppress(GfplugError):
        sources = name_sources(project)
        for name in ("dashboards", "alerting"):
            for path in list_files(project.root / "provisioning" / name):
                folder = path.parent.relative_to(project.root).as_posix()
                with suppress(GfplugError):
                    for query in saved_queries.find(path, project.manifest.id, sources):
                        yield replace(query, where=f"{folder}/{query.where}")


def check_queries(migrator: Migrator, queries: Sequence[SavedQuery]) -> Iterator[Finding]:
    """Check queries as the plugin reads them: migrated, if their class migrates."""
    kinds = [query.kind or str(query.model.get("queryType") or "") for query in queries]
    values = [
        SavedValue(kind=kind if kind in _KINDS else "query", where=query.where, values=query.model)
        for query, kind in zip(queries, kinds, strict=True)
    ]
    migrated, findings = migrator.migrate(values)
    yield from findings
    keys = migrator.known_keys
    for query, kind, each in zip(queries, kinds, migrated, strict=True):
        if each is not None:
            yield from check_query(migrator.schema, keys, replace(query, kind=kind, model=each.values))


def check_query(schema: Mapping[str, Any], keys: KnownKeys, query: SavedQuery) -> Iterator[Finding]:
    """Check one query of a known kind against its form and its keys."""
    form = schema.get("own", {}).get(query.kind) or schema.get("query", {"fields": []})
    for text in query_bounds.violations(form["fields"], query.model):
        yield error("saved-query", query.where, text, _HINT)
    for unknown in keys.of_query(query.model, kind=query.kind):
        yield error("unknown-field", query.where, unknown.sentence, unknown.hint)


def list_files(folder: Path) -> list[Path]:
    """List the files of a folder that may have saved queries."""
    return sorted(each for each in folder.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())


def name_sources(project: Project) -> set[str]:
    """Return the names and uids of the plugin's data sources that the project provisions.

    Raises: ProjectError if a file cannot be read.
    """
    sources = provisioning.list_sources(project.root / "provisioning" / "datasources", project.manifest.id)
    return {str(source[key]) for _, source in sources for key in ("name", "uid") if source.get(key)}
