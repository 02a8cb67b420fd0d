"""The steps of a journal: each has one file, with checksums of its old and its new content.

A journal may come with a cloned project, so all steps are checked before the first one is done.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.edits import trees
from gfplug.errors import IntegrityError, ProjectError
from gfplug.untrusted import documents, paths

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gfplug.edits.trees import TreeFile

JOURNAL = ".gfplug/journal"
"""The journal's folder in a project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An edit in the journal: `number` is its file name in the folders `old` and `new`."""

    number: int
    path: str
    old: str | None
    new: str | None


def require_own(root: Path) -> None:
    """Refuse to finish another user's change.

    Raises: IntegrityError naming the folder and the user id of its owner.
    """
    if sys.platform == "win32":
        return
    for place in (root, (root / JOURNAL).parent, root / JOURNAL):
        owner = place.lstat().st_uid
        if owner != os.geteuid():
            raise IntegrityError(
                f"{place} belongs to another user (uid {owner}) and has an interrupted upgrade",
                hint=f"nothing was changed; run gfplug upgrade as that user, or remove {root / JOURNAL}",
            )


def read(path: Path) -> list[Step]:
    """Read the steps in a file of the journal.

    Raises: IntegrityError if it is damaged, or names a path that is not a file inside the project.
    """
    try:
        steps = _parse(path)
    except (ValueError, OSError, ProjectError) as error:
        raise IntegrityError(
            f"{path} is damaged: {error}", hint=f"restore the project from version control, and remove {path.parent}"
        ) from error
    paths.require_distinct((step.path for step in steps), source=JOURNAL)
    return steps


def _parse(path: Path) -> list[Step]:
    if path.is_symlink():
        raise ValueError("it is a link")
    plan = documents.parse_json(documents.read_bytes(path))
    if not isinstance(plan, list):
        raise ValueError("it is not a list of steps")  # noqa: TRY004 - the caller reports both alike
    return [_step(value) for value in plan]


def _step(value: Any) -> Step:  # noqa: ANN401 - JSON
    if not isinstance(value, dict) or value.keys() != {"number", "path", "old", "new"}:
        raise ValueError("a step does not have the keys number, path, old and new")
    number, path, sides = value["number"], value["path"], (value["old"], value["new"])
    if type(number) is not int or number < 0 or not isinstance(path, str):
        raise ValueError("the number or path of a step is of the wrong type")
    if not all(side is None or isinstance(side, str) for side in sides):
        raise ValueError("a digest of a step is not text")
    paths.require_inside(path, source=JOURNAL)
    if f"{path.casefold()}/".startswith(f"{JOURNAL}/"):
        raise ValueError("a step changes the journal itself")
    return Step(number=number, path=path, old=sides[0], new=sides[1])


def require_usable(root: Path, steps: Sequence[Step], folder: Path) -> None:
    """Check all steps before the first one is done.

    Raises: IntegrityError if a path contains a link, or its new content does not match the journal.
    """
    for step in steps:
        source = folder / str(step.number)
        if paths.is_linked(root, step.path):
            raise IntegrityError(f"{JOURNAL} changes {step.path!r}, which is a link, or is in a linked folder")
        if step.new is None or digest_at(root, step.path) == step.new:
            continue
        if folder.is_symlink() or source.is_symlink() or not source.is_file():
            raise IntegrityError(f"{source} is missing, or not a regular file")
        if digest_of(trees.entry_of(source)) != step.new:
            raise IntegrityError(f"{source} does not match its checksum in {JOURNAL}")


def digest_at(root: Path, path: str) -> str | None:
    """Return the checksum of a project's file; None if it is not a regular file, or its path contains a link."""
    is_file = (root / path).is_file() and not paths.is_linked(root, path)
    return digest_of(trees.entry_of(root / path)) if is_file else None


def digest_of(entry: TreeFile | None) -> str | None:
    """Return the checksum of a file in a journal: of its content and its executable flag."""
    if entry is None:
        return None
    return files.sha256(entry.content) + ("+x" if entry.is_executable and os.name == "posix" else "")
