"""Replace a project's generated editors by React sources, made from the dataclasses, which the author then owns."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfplug.edits.trees import Edit, TreeFile
from gfplug.scaffold.react.sources import FOLDER, write_sources

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

_HOOKS = "frontend/hooks.js"
_LOCALES = "frontend/locales"


@dataclass(frozen=True, slots=True, kw_only=True)
class Editors:
    """The new files, and notes for the author."""

    edits: Mapping[str, Edit] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def write(root: Path, schema: Mapping[str, Any] | None, *, deleted: Collection[str]) -> Editors:
    """Write the sources for the schema; write nothing without a schema. Existing files stay unchanged.

    `deleted` are unedited files that the upgrade removes.
    Raises: ProjectError naming a field without a control in this gfplug.
    """
    if schema is None:
        return Editors()
    sources = write_sources(schema)
    existing = [path for path in sources if os.path.lexists(root / path)]
    edits = {path: Edit(None, TreeFile(content)) for path, content in sources.items() if path not in existing}
    notes = [f"{path}: your file exists already: left unchanged" for path in existing]
    if _HOOKS not in deleted and (root / _HOOKS).is_file():
        notes.append(f"{_HOOKS}: it no longer runs; move its code into the DataSource class in {FOLDER}datasource.ts")
    if any((root / _LOCALES).glob("*.json")):
        notes.append(f"{_LOCALES}: it is no longer read; the texts in {FOLDER} come from the dataclasses")
    return Editors(edits=edits, notes=tuple(notes))
