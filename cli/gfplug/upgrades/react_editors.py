"""A project's editors become its author's: React sources from its dataclasses, in the place of what a build makes."""

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
    """The files that are new, and what the author should know."""

    edits: Mapping[str, Edit] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def write(root: Path, schema: Mapping[str, Any] | None, *, deleted: Collection[str]) -> Editors:
    """Write the sources that the schema describes; nothing without one. A file that is there stays as it is.

    `deleted` are files that the upgrade removes, because their author left them as they were.
    Raises: ProjectError naming a field that has no control in this gfplug.
    """
    if schema is None:
        return Editors()
    sources = write_sources(schema)
    there = [path for path in sources if os.path.lexists(root / path)]
    edits = {path: Edit(None, TreeFile(content)) for path, content in sources.items() if path not in there}
    notes = [f"{path}: yours is there already: left so" for path in there]
    if _HOOKS not in deleted and (root / _HOOKS).is_file():
        notes.append(
            f"{_HOOKS}: nothing runs it any more: move what it does into the DataSource class in {FOLDER}datasource.ts"
        )
    if any((root / _LOCALES).glob("*.json")):
        notes.append(f"{_LOCALES}: nothing reads it any more: the texts in {FOLDER} are those of the dataclasses")
    return Editors(edits=edits, notes=tuple(notes))
