"""Prove that a path that a file names stays inside the project.

The journal, `base.zip` and the lock come with the repository, and may be a stranger's.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from gfplug.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LONGEST = 1024
_FORBIDDEN = frozenset("\\:")  # Windows' separator, its drives and its streams
_CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode's categories: they change what a terminal shows
_GIT = ".git"


def require_inside(path: str, *, source: str) -> str:
    """Return a relative POSIX path of a file below the project's folder, after checking that it is one.

    `source` is the file that names the path, for the message.
    Raises: IntegrityError if the path is absolute, leads out of the folder or into git's own folder, or is one that
    some system reads differently.
    """
    parts = path.split("/")
    if (
        len(path) > _LONGEST
        or any(sign in _FORBIDDEN or unicodedata.category(sign) in _CONTROL for sign in path)
        or any(not part.strip(". ") or part != part.rstrip(". ") or _is_git(part) for part in parts)
    ):
        raise IntegrityError(
            f"{source} names {path[:80]!r}, which is not a path inside the project",
            hint="nothing was changed; restore the file from version control, or ask the project's author",
        )
    return path


def require_distinct(paths: Iterable[str], *, source: str) -> None:
    """Refuse paths that are one file on some system: the same twice, or but for upper and lower case.

    Raises: IntegrityError naming the path.
    """
    folded_paths: set[str] = set()
    for path in paths:
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded in folded_paths:
            raise IntegrityError(f"{source} names {path[:80]!r} twice")
        folded_paths.add(folded)


def is_linked(root: Path, path: str) -> bool:
    """Return whether a path below `root` is a symbolic link or junction, or leads through one."""
    place = root
    for part in path.split("/"):
        place /= part
        if place.is_symlink() or _is_junction(place):
            return True
    return False


def _is_git(part: str) -> bool:
    """Return whether a name is git's own folder, on any file system: `.GIT`, or Windows' short name for it."""
    visible = "".join(sign for sign in part if unicodedata.category(sign) != "Cf").casefold()
    return visible in {_GIT, "git~1"}


def _is_junction(place: Path) -> bool:
    return getattr(place, "is_junction", lambda: False)()  # Python 3.12 on Windows
