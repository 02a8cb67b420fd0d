"""Migrate saved values with the project's classes: in the project's interpreter, all in one process."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.bundle.frontend import linker
from gfplug.bundle.rules.finding import Finding, error, note, warning
from gfplug.host.known_keys import KnownKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gfplug.project.plugin_project import Project

_MODULE = "gfruntime.author.saved"
_VARIABLE = re.compile(r"\$\{?\w|\[\[\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedValue:
    """A saved value and its place; `kind` is "query", "options", or the type of a query: "variable" or "annotation"."""

    kind: str
    where: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrator:
    """Migrates saved values with a project's classes; without an interpreter nothing is migrated."""

    project: Project
    schema: Mapping[str, Any]
    python: Path | None

    @property
    def known_keys(self) -> KnownKeys:
        """The keys that the plugin reads from migrated values."""
        keys, migrated = self._keys, self._migrated
        own = {kind: migrated.get(kind, tree) for kind, tree in keys.get("own", {}).items()}
        after = {**keys, **{name: migrated[name] for name in ("options", "query") if name in migrated}, "own": own}
        return KnownKeys.from_json({"keys": after} if migrated else self.schema, self.project)

    def migrate(self, several: Sequence[SavedValue]) -> tuple[list[SavedValue | None], list[Finding]]:
        """Return each migrated value, None if its class fails, and the findings.

        Raises: ProjectError if the project's code does not load; ToolError if it does not end.
        """
        results: list[SavedValue | None] = list(several)
        places = [place for place, value in enumerate(several) if self._is_migrated(value.kind)]
        if not places or self.python is None:
            return results, []
        findings: list[Finding] = []
        outcomes = _ask(self.project, self.python, [several[place] for place in places])
        for place, outcome in zip(places, outcomes, strict=True):
            results[place] = None if "error" in outcome else replace(several[place], values=outcome["migrated"])
            findings += _findings(several[place], outcome)
        return results, findings

    @property
    def _keys(self) -> Mapping[str, Any]:
        keys = self.schema.get("keys")
        return keys if isinstance(keys, dict) else {}

    @property
    def _migrated(self) -> Mapping[str, Any]:
        migrated = self._keys.get("migrated") if self.python else None
        return migrated if isinstance(migrated, dict) else {}

    def _is_migrated(self, kind: str) -> bool:
        """Tell whether the class of a saved value migrates; variables and annotations may have no own class."""
        return (kind if kind == "options" or kind in self._keys.get("own", {}) else "query") in self._migrated


def _ask(project: Project, python: Path, several: Sequence[SavedValue]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="gfplug-") as folder:
        file = Path(folder) / "saved.json"
        file.write_text(json.dumps([[each.kind, each.values] for each in several], default=str), encoding="utf-8")
        return linker.run_module(project, python, _MODULE, [str(file)], kind=list)


def _findings(value: SavedValue, outcome: Mapping[str, Any]) -> Iterator[Finding]:
    if "error" in outcome:
        has_variable = _VARIABLE.search(json.dumps(value.values, default=str))
        hint = (
            "a panel fills in variables before the migration" if has_variable else "fix it in src/plugin/datasource.py"
        )
        yield (warning if has_variable else error)("migration", value.where, outcome["error"], hint)
        return
    if not outcome["isStable"]:
        text = "`migrate` changes its own result when it is called again, and it is called each time a query is read"
        yield error("migration", value.where, text, "return a query unchanged if it is already in the new form")
    if outcome["isChanged"]:
        yield note("migration", value.where, "an older version saved it, so it is migrated each time it is read")
