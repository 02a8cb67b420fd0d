"""Copies of files that an upgrade will replace, in `.gfplug/backup/1/`, `2/` and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.edits import trees
from gfplug.edits.journal import FOLDER
from gfplug.edits.trees import Edit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NAME = f"{FOLDER}/backup"


def copies(root: Path, paths: Iterable[str]) -> dict[str, Edit]:
    """Return edits that copy the current files to the next numbered folder."""
    numbers = [int(path.name) for path in (root / _NAME).glob("*") if path.name.isdecimal()]
    number = max(numbers, default=0) + 1
    return {f"{_NAME}/{number}/{path}": Edit(None, entry) for path, entry in trees.read(root, paths).items()}
