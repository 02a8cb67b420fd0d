"""A project's provisioning, as the page shows it: its data source, dashboards and alert rules."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError
from gfplug.host import alerting, provisioning
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gfplug.host.alerting import Rule

_MOST_DASHBOARDS = 100
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioning:
    """The folders `provisioning/` of a project: its own, and that of the plugin to which it was added."""

    folders: Sequence[Path]
    plugin_id: str

    def source(self) -> tuple[Path, dict[str, Any]] | None:
        """Return the file and the first data source of the plugin, unchanged.

        Raises: ProjectError if a file cannot be read.
        """
        for folder in self.folders:
            for each in provisioning.list_sources(folder / "datasources", self.plugin_id):
                return each
        return None

    def value(self) -> Mapping[str, Any]:
        """Return the first data source with its variables replaced; empty if there is none.

        Raises: ProjectError if a file cannot be read.
        """
        source = self.source()
        value: dict[str, Any] = provisioning.interpolate(source[1]) if source else {}
        return value

    def name_of(self, path: Path) -> str:
        """Return a file's path in its project."""
        roots = (folder.parent for folder in self.folders if path.is_relative_to(folder))
        return next((path.relative_to(root).as_posix() for root in roots), str(path))

    def dashboards(self) -> list[dict[str, Any]]:
        """Return the dashboards; an unreadable one is skipped with a warning."""
        dashboards = []
        for folder in self.folders:
            for path in sorted((folder / "dashboards").rglob("*.json"))[:_MOST_DASHBOARDS]:
                try:
                    dashboard = documents.read_json(path)
                except ProjectError as error:
                    _log.warning("%s", error.message)
                    continue
                if isinstance(dashboard, dict):
                    dashboards.append({"file": path.relative_to(folder.parent).as_posix(), "dashboard": dashboard})
        return dashboards

    def rules(self) -> list[Rule]:
        """Return the alert rules.

        Raises: ProjectError for a file that cannot be read.
        """
        return [rule for folder in self.folders for rule in alerting.read_rules(folder / "alerting")]
