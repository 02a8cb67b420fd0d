"""The git program, if it is installed: merges three trees in a temporary repository, isolated from all settings.

This module never reads the user's configuration, runs a hook, or changes the user's repositories.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug.edits.trees import TreeFile
from gfplug.errors import ToolError
from gfplug.untrusted import repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BASE, YOURS, THEIRS = 1, 2, 3
"""The sides of a merge, by git's numbers."""

_OPTIONS = {
    "commit.gpgSign": "false",
    "core.autocrlf": "false",
    "core.fileMode": "false",
    "core.hooksPath": os.devnull,
    "core.longpaths": "true",
    "core.quotePath": "false",
    "core.symlinks": "false",
    "diff.renameLimit": "10000",
    "gc.auto": "0",
    "merge.conflictStyle": "merge",
    "merge.directoryRenames": "false",
    "merge.renameLimit": "10000",
}
_ATTRIBUTES = "* -text -ident !filter !eol !working-tree-encoding !conflict-marker-size\n"
_MARKER = re.compile(rb"^(<{7} HEAD|>{7} theirs)(:[^\r\n]*)?(?=\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitMerge:
    """The result of git's merge of three trees.

    Shape: `tree` is the result, conflict markers included; `stages` maps each unresolved path to the sides that still
    have it (`BASE`, `YOURS`, `THEIRS`); `renames` maps a path in theirs to its path in the base.
    """

    tree: Mapping[str, TreeFile]
    stages: Mapping[str, frozenset[int]]
    renames: Mapping[str, str]


def merge(
    base: Mapping[str, TreeFile],
    yours: Mapping[str, TreeFile],
    theirs: Mapping[str, TreeFile],
    *,
    labels: tuple[str, str],
) -> GitMerge:
    """Merge three trees like `git merge`, following renames; `labels` name yours and theirs in conflict markers.

    Raises: ToolError if git fails for another reason than a conflict.
    """
    with tempfile.TemporaryDirectory(prefix="gfplug-merge-") as name:
        scratch = _Repository(Path(name))
        scratch.run("init", "--quiet", "--template=", ".")
        (scratch.folder / ".git" / "info").mkdir(exist_ok=True)
        (scratch.folder / ".git" / "info" / "attributes").write_text(_ATTRIBUTES, encoding="utf-8")
        names = {"yours": yours, "theirs": theirs}
        scratch.run("fast-import", "--quiet", stdin=b"".join(_stream(base, names)))
        scratch.run("symbolic-ref", "HEAD", "refs/heads/yours")
        scratch.run("read-tree", "-u", "--reset", "HEAD")
        scratch.run("merge", "--quiet", "--no-commit", "--no-ff", "theirs", accepted=(0, 1))
        return _outcome(scratch, labels)


@dataclass(frozen=True, slots=True)
class _Repository:
    folder: Path

    def run(self, *words: str, stdin: bytes = b"", accepted: Sequence[int] = (0,)) -> bytes:
        """Run one git command in the repository and return its standard output."""
        settings = [word for key, value in _OPTIONS.items() for word in ("-c", f"{key}={value}")]
        shield = {
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(self.folder.parent),
            "GIT_MERGE_AUTOEDIT": "no",
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "LC_ALL": "C",
            **{f"GIT_{who}_{what}": "gfplug" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        completed = repository.run_git(self.folder, *settings, *words, variables=shield, stdin=stdin)
        if completed.returncode not in accepted:
            output = (completed.stdout + completed.stderr).decode(errors="replace").strip()
            raise ToolError(f"git {words[0]} failed with exit code {completed.returncode}", details=output[-2000:])
        return completed.stdout


def _stream(base: Mapping[str, TreeFile], sides: Mapping[str, Mapping[str, TreeFile]]) -> Iterator[bytes]:
    """Write three commits, both sides on top of the base, for `git fast-import`."""
    yield from _commit("base", base, mark=1)
    for number, (name, tree) in enumerate(sides.items(), start=2):
        yield from _commit(name, tree, mark=number, parent=b"from :1\n")


def _commit(name: str, tree: Mapping[str, TreeFile], *, mark: int, parent: bytes = b"") -> Iterator[bytes]:
    yield f"commit refs/heads/{name}\nmark :{mark}\ncommitter gfplug <gfplug> 0 +0000\ndata 0\n".encode()
    yield parent + b"deleteall\n"
    for path, entry in sorted(tree.items()):
        mode = b"100755" if entry.is_executable else b"100644"
        yield b"M %s inline %s\ndata %d\n%s\n" % (mode, _quote(path), len(entry.content), entry.content)


def _quote(path: str) -> bytes:
    raw = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + raw + b'"'


def _outcome(scratch: _Repository, labels: tuple[str, str]) -> GitMerge:
    stages: defaultdict[str, set[int]] = defaultdict(set)
    clean: dict[str, tuple[str, bool]] = {}
    executable: set[str] = set()
    for record in scratch.run("ls-files", "--stage", "-z").split(b"\0")[:-1]:
        head, _, name = record.partition(b"\t")
        (mode, blob, stage), path = head.decode().split(), os.fsdecode(name)
        executable |= {path} if mode == "100755" else set()
        if stage == "0":
            clean[path] = (blob, path in executable)
        else:
            stages[path].add(int(stage))
    contents = _blobs(scratch, sorted({blob for blob, _ in clean.values()}))
    tree = {path: TreeFile(contents[blob], is_executable) for path, (blob, is_executable) in clean.items()}
    for path in stages:
        if (file := scratch.folder / path).is_file():
            tree[path] = TreeFile(_label_sides(file.read_bytes(), labels), path in executable)
    unresolved = {path: frozenset(sides) for path, sides in stages.items()}
    return GitMerge(tree=tree, stages=unresolved, renames=_renames(scratch))


def _blobs(scratch: _Repository, names: Sequence[str]) -> dict[str, bytes]:
    """Read many objects with one process."""
    answer = scratch.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    contents, start = {}, 0
    for name in names:
        head_end = answer.index(b"\n", start)
        size = int(answer[start:head_end].split()[2])
        contents[name] = answer[head_end + 1 : head_end + 1 + size]
        start = head_end + 1 + size + 1
    return contents


def _renames(scratch: _Repository) -> dict[str, str]:
    """Map each file that theirs renamed to its name in the base."""
    words = scratch.run("diff", "--find-renames", "--diff-filter=R", "--name-status", "-z", "base", "theirs")
    names = [os.fsdecode(word) for word in words.split(b"\0")[:-1]]
    return {new: old for _, old, new in zip(names[::3], names[1::3], names[2::3], strict=True)}


def _label_sides(content: bytes, labels: tuple[str, str]) -> bytes:
    """Name the two sides in conflict markers."""
    yours, theirs = (label.encode() for label in labels)
    return _MARKER.sub(lambda match: b"<<<<<<< " + yours if b"HEAD" in match[1] else b">>>>>>> " + theirs, content)
