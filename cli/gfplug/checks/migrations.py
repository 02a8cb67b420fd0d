"""What was saved, as the project's classes migrate it: run in the project's interpreter, all of it at once."""

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
class Saved:
    """What was saved, and where; `of` is "query", "options", or the type of a query: "variable" or "annotation"."""

    of: str
    where: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrator:
    """Migrates for a project, whose classes are described by a schema; without an interpreter nothing is migrated."""

    project: Project
    schema: Mapping[str, Any]
    python: Path | None

    @property
    def known(self) -> KnownKeys:
        """The keys that the plugin reads, once what was saved is migrated."""
        keys, migrated = self._keys, self._migrated
        own = {kind: migrated.get(kind, tree) for kind, tree in keys.get("own", {}).items()}
        after = {**keys, **{name: migrated[name] for name in ("options", "query") if name in migrated}, "own": own}
        return KnownKeys.from_json({"keys": after} if migrated else self.schema, self.project)

    def migrate(self, several: Sequence[Saved]) -> tuple[list[Saved | None], list[Finding]]:
        """Return what becomes of each, None where its class fails, and what there is to say.

        Raises: ProjectError if the project's code does not load; ToolError if it does not end.
        """
        results: list[Saved | None] = list(several)
        places = [place for place, saved in enumerate(several) if self._is_migrated(saved.of)]
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

    def _is_migrated(self, of: str) -> bool:
        """Tell whether the class of what was saved migrates; variables and annotations may have none of their own."""
        return (of if of == "options" or of in self._keys.get("own", {}) else "query") in self._migrated


def _ask(project: Project, python: Path, several: Sequence[Saved]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="gfplug-") as folder:
        file = Path(folder) / "saved.json"
        file.write_text(json.dumps([[each.of, each.values] for each in several], default=str), encoding="utf-8")
        return linker.run_module(project, python, _MODULE, [str(file)], kind=list)


def _findings(saved: Saved, outcome: Mapping[str, Any]) -> Iterator[Finding]:
    if "error" in outcome:
        has_variable = _VARIABLE.search(json.dumps(saved.values, default=str))
        hint = "a panel fills variables in before that" if has_variable else "fix it in src/plugin/datasource.py"
        yield (warning if has_variable else error)("migration", saved.where, outcome["error"], hint)
        return
    if not outcome["isStable"]:
        text = "`migrate` changes what it returned itself, and it is given each query every time"
        yield error("migration", saved.where, text, "return what needs no change as it is")
    if outcome["isChanged"]:
        yield note("migration", saved.where, "an older version saved it, and it is migrated whenever it is read")
