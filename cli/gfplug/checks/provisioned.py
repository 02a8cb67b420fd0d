"""What a project provisions for Grafana, against its own dataclasses: data sources, alert rules, dashboards."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gfplug.bundle.rules.finding import Finding, error
from gfplug.checks import query_bounds, saved_queries
from gfplug.errors import GfplugError
from gfplug.host import known_keys, provisioning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gfplug.checks.saved_queries import SavedQuery
    from gfplug.host.known_keys import KnownKeys
    from gfplug.project.plugin_project import Project

_HINT = "change the query in Grafana, or the bound in src/plugin/datasource.py"
_SUFFIXES = (".json", ".yaml", ".yml")


def check(project: Project, schema: Mapping[str, Any], known: KnownKeys) -> Iterator[Finding]:
    """Find what the plugin refuses or does not read; a file that can't be read is another rule's to tell."""
    with suppress(GfplugError):
        for path, source in provisioning.list_sources(project.root / "provisioning/datasources", project.manifest.id):
            where = path.relative_to(project.root).as_posix()
            for unknown in known_keys.of_source(known, source):
                yield error("unknown-option", where, unknown.sentence, unknown.hint)
    with suppress(GfplugError):
        sources = name_sources(project)
        for name in ("dashboards", "alerting"):
            for path in list_files(project.root / "provisioning" / name):
                folder = path.parent.relative_to(project.root).as_posix()
                for finding in _of_file(project, path, schema, known, sources):
                    yield replace(finding, where=f"{folder}/{finding.where}")


def _of_file(
    project: Project, path: Path, schema: Mapping[str, Any], known: KnownKeys, sources: set[str]
) -> Iterator[Finding]:
    with suppress(GfplugError):
        for query in saved_queries.find(path, project.manifest.id, sources):
            yield from of_query(schema, known, query)


def of_query(schema: Mapping[str, Any], known: KnownKeys, query: SavedQuery) -> Iterator[Finding]:
    """Judge one query by the form, and the keys, that the runtime decodes it into."""
    own = schema.get("own", {})
    kind = query.kind or query.model.get("queryType")
    form = own[kind] if isinstance(kind, str) and kind in own else schema.get("query", {"fields": []})
    for text in query_bounds.violations(form["fields"], query.model):
        yield error("saved-query", query.where, text, _HINT)
    for unknown in known.of_query(query.model, kind=kind):
        yield error("unknown-field", query.where, unknown.sentence, unknown.hint)


def list_files(folder: Path) -> list[Path]:
    """List the files of a folder that may hold saved queries."""
    return sorted(each for each in folder.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())


def name_sources(project: Project) -> set[str]:
    """Name the data sources of the plugin that the project provisions: their names and uids.

    Raises: ProjectError if a file cannot be read.
    """
    listed = provisioning.list_sources(project.root / "provisioning" / "datasources", project.manifest.id)
    return {str(source[key]) for _, source in listed for key in ("name", "uid") if source.get(key)}
