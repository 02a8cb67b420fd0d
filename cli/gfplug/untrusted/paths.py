"""Paths in untrusted files: check that each stays inside its folder before it is used."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from gfplug.errors import IntegrityError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MAX_PATH_CHARACTERS = 1024
"""The maximum number of characters of a path."""

_FORBIDDEN = frozenset("\\:")  # on Windows: the separator; drives and streams
_CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode categories that change the display of a terminal
_GIT = ".git"


def is_inside(path: str) -> bool:
    """Return whether a POSIX path stays below its folder on every system, and outside of the folder `.git`."""
    parts = path.split("/")
    return (
        len(path) <= MAX_PATH_CHARACTERS
        and not any(character in _FORBIDDEN or unicodedata.category(character) in _CONTROL for character in path)
        and all(part.strip(". ") and part == part.rstrip(". ") and not _is_git(part) for part in parts)
    )


def require_inside(path: str, *, source: str) -> str:
    """Return a path after a check that it is inside; `source` is the file that names the path, for errors.

    Raises: IntegrityError if the path is absolute, leads out of the folder or into `.git`, or is a path that
    some system reads differently.
    """
    if not is_inside(path):
        raise IntegrityError(
            f"{source} names {path[:80]!r}, which is not a path inside it",
            hint="nothing was changed; restore the file from its origin, or ask its author",
        )
    return path


def require_no_escape(root: Path, path: str) -> Path:
    """Return the path of a file below a folder, after a check that no link in it leads out of the folder.

    Raises: ProjectError naming the path.
    """
    place = root / path
    if not place.resolve().is_relative_to(root.resolve()):
        raise ProjectError(f"{path} leads to {place.resolve()}, outside of {root}", hint="replace the link with a file")
    return place


def require_distinct(paths: Iterable[str], *, source: str) -> None:
    """Refuse paths that some system treats as one file: equal paths, or paths that differ only in case.

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
    """Return whether a name means the folder `.git` on some file system: `.GIT`, or Windows' short name for it."""
    visible = "".join(character for character in part if unicodedata.category(character) != "Cf").casefold()
    return visible in {_GIT, "git~1"}


def _is_junction(place: Path) -> bool:
    return getattr(place, "is_junction", lambda: False)()  # Python 3.12 on Windows
