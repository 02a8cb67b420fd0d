"""Merge three trees: the last rendered files, the user's files, and the newly rendered files.

No edit of the user is lost: it is merged, stored in a second file, or left unchanged, and each case is reported. The
merge is git's; without git, only files that one side changed are merged; other new files are put beside the user's.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gfplug.untrusted import repository
from gfplug.upgrades import git

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.edits.trees import TreeFile
    from gfplug.upgrades.git import GitMerge

BESIDE = ".gfplug-new"
"""The suffix of a file that is put beside the user's file."""

_log = logging.getLogger("gfplug")
_YOURS_ASIDE = ".yours"
_BINARY_HEAD = 8000
_MARKERS = (b"<<<<<<< yours", b">>>>>>> ")


def list_unresolved(tree: Mapping[str, TreeFile]) -> list[str]:
    """List the files that still have conflict markers of an earlier merge."""
    return [path for path, entry in sorted(tree.items()) if _has_markers(entry)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A file that the user must check, and the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """The result, as edits of the user's tree; `notes` describe decisions without a conflict."""

    writes: Mapping[str, TreeFile]
    deletes: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    notes: tuple[str, ...]


def merge(
    base: Mapping[str, TreeFile], yours: Mapping[str, TreeFile], theirs: Mapping[str, TreeFile], *, label: str
) -> MergeResult:
    """Merge three trees of relative POSIX paths; `label` names theirs in conflict markers, such as `template 1.2.0`.

    `yours` may have files that the template never rendered: the user may have moved files there.
    The user's line ends are kept, file by file; new files have the template's line ends.
    """
    sides = _Sides(*({path: _with_lf(entry) for path, entry in tree.items()} for tree in (base, yours, theirs)))
    if repository.is_installed():
        result = _decide(sides, git.merge(sides.base, sides.yours, sides.theirs, labels=("yours", label)))
    else:
        _log.warning(
            "git is not installed: if both sides changed a file, the template's is written next to yours as *%s", BESIDE
        )
        result = _merge_whole_files(sides)
    return _as_changes(result, yours=yours, theirs=theirs)


@dataclass(frozen=True, slots=True)
class _Sides:
    """The three trees, with LF line ends."""

    base: Mapping[str, TreeFile]
    yours: Mapping[str, TreeFile]
    theirs: Mapping[str, TreeFile]


@dataclass(slots=True)
class _Result:
    """The resulting tree during the merge; `renames` maps a path in theirs to its path in the base."""

    tree: dict[str, TreeFile]
    renames: Mapping[str, str] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def conflict(self, path: str, reason: str) -> None:
        """Report a file that the user must check."""
        self.conflicts.append(Conflict(path=path, reason=reason))

    def add_beside(self, path: str, new: TreeFile, reason: str) -> None:
        """Put the template's file beside the user's file, or beside a user's file that blocks its folder."""
        blocked = next((above for above in _folders(path) if above in self.tree), path)
        name = blocked + BESIDE + path.removeprefix(blocked)
        self.tree[name] = new
        self.conflict(path, f"{reason}: the template's file is {name}")


def _decide(sides: _Sides, outcome: GitMerge) -> _Result:
    """Resolve the conflicts that git left, without losing an edit of the user."""
    result = _Result({path: one for path, one in outcome.tree.items() if path not in outcome.stages}, outcome.renames)
    paths = {*sides.base, *sides.yours, *sides.theirs}
    for path, having in sorted(outcome.stages.items()):
        plain, tilde, _ = path.rpartition("~")
        if tilde and path not in paths and plain in paths:
            _set_aside(result, plain, outcome.tree[path], is_yours=git.YOURS in having)
        elif git.YOURS not in having:
            if git.THEIRS in having and path in sides.theirs:
                result.notes.append(f"{path}: the template changed it, but you deleted or moved it: left unchanged")
        elif having == {git.BASE, git.YOURS}:
            result.tree[path] = sides.yours[path]
            result.notes.append(f"{path}: the template no longer has it, but you changed it: kept")
        else:
            _settle_contents(result, path, outcome.tree.get(path), sides)
    _keep_edits(result, sides)
    return result


def _settle_contents(result: _Result, path: str, entry: TreeFile | None, sides: _Sides) -> None:
    """Use git's text with its markers; of two binaries, keep the user's and put the template's beside it."""
    mine = sides.yours.get(path) or sides.yours.get(result.renames.get(path, ""))
    new = sides.theirs.get(path)
    if entry is not None and _has_markers(entry):
        result.tree[path] = entry
        result.conflict(path, "you and the template changed the same lines")
    elif mine is not None and new is not None and mine.content != new.content:
        result.tree[path] = mine
        result.add_beside(path, new, "both sides changed it, and it can't be merged")
    elif choice := entry or mine or new:
        result.tree[path] = choice


def _set_aside(result: _Result, path: str, entry: TreeFile, *, is_yours: bool) -> None:
    """Report a file with a new name, because a folder replaced a file or the reverse."""
    name = path + (_YOURS_ASIDE if is_yours else BESIDE)
    result.tree[name] = entry
    whose, other = (
        ("your file", "the template has a folder") if is_yours else ("the template's file", "you have a folder")
    )
    result.conflict(path, f"{whose} is now {name}: {other} of that name")


def _keep_edits(result: _Result, sides: _Sides) -> None:
    """Report files that are removed because the template dropped them; keep all others."""
    moved = {old for new, old in result.renames.items() if new in result.tree}
    aside = {path.removesuffix(_YOURS_ASIDE) for path in result.tree if path.endswith(_YOURS_ASIDE)}
    for path in sorted(sides.yours.keys() - result.tree.keys() - moved - aside):
        if path in sides.base and sides.base[path].content == sides.yours[path].content:
            result.notes.append(f"{path}: the template no longer has it: deleted")
        else:
            result.tree[path] = sides.yours[path]
            result.conflict(path, "it could not be merged: kept as you have it")


def _merge_whole_files(sides: _Sides) -> _Result:
    """Merge without git: a file that one side changed is merged, any other is put beside the user's."""
    result = _Result(dict(sides.yours))
    for path in sorted((sides.base.keys() - sides.theirs.keys()) & sides.yours.keys()):
        is_edited = sides.yours[path] != sides.base[path]
        result.notes.append(
            f"{path}: the template no longer has it{', but you changed it: kept' if is_edited else ': deleted'}"
        )
        if not is_edited:
            del result.tree[path]
    for path, new in sorted(sides.theirs.items()):
        old, mine = sides.base.get(path), sides.yours.get(path)
        if new in (old, mine):
            continue
        if mine is None and old is not None:
            result.notes.append(f"{path}: the template changed it, but you deleted or moved it: left unchanged")
        elif mine == old and not _is_blocked(path, result.tree):
            result.tree[path] = new
        else:
            result.add_beside(path, new, "both sides changed it")
    return result


def _is_blocked(path: str, tree: Mapping[str, TreeFile]) -> bool:
    """Tell whether a path can't be created: a part of it is a file, or it is a folder."""
    return any(above in tree for above in _folders(path)) or any(name.startswith(f"{path}/") for name in tree)


def _folders(path: str) -> list[str]:
    """List the folders of a path, outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _as_changes(result: _Result, *, yours: Mapping[str, TreeFile], theirs: Mapping[str, TreeFile]) -> MergeResult:
    """Return the result as edits of the user's tree; line ends are kept."""
    models = {path: yours.get(path) or yours.get(result.renames.get(path, "")) for path in result.tree}
    tree = {
        path: _with_ends_of(entry, models[path] or theirs.get(path.replace(BESIDE, "")))
        for path, entry in result.tree.items()
    }
    return MergeResult(
        writes={path: entry for path, entry in sorted(tree.items()) if yours.get(path) != entry},
        deletes=tuple(sorted(yours.keys() - tree.keys())),
        conflicts=tuple(result.conflicts),
        notes=tuple(result.notes),
    )


def _with_lf(entry: TreeFile) -> TreeFile:
    return replace(entry, content=entry.content.replace(b"\r\n", b"\n")) if _is_crlf(entry) else entry


def _with_ends_of(entry: TreeFile, model: TreeFile | None) -> TreeFile:
    if model is None or not _is_crlf(model) or _is_binary(entry):
        return entry
    return replace(entry, content=entry.content.replace(b"\n", b"\r\n"))


def _is_crlf(entry: TreeFile) -> bool:
    """Tell whether every line of a text ends with CRLF."""
    ends = entry.content.count(b"\r\n")
    return 0 < ends == entry.content.count(b"\n") == entry.content.count(b"\r") and not _is_binary(entry)


def _is_binary(entry: TreeFile) -> bool:
    return b"\0" in entry.content[:_BINARY_HEAD]


def _has_markers(entry: TreeFile) -> bool:
    return all(marker in entry.content for marker in _MARKERS)
