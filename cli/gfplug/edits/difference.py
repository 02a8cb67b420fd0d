"""Edits as unified diffs, for review."""

from __future__ import annotations

import difflib
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.edits.trees import Edit, TreeFile


def show(edits: Mapping[str, Edit]) -> str:
    """Return one text with the difference of each edit, in the order of the paths."""
    return "".join(_difference(path, edit.before, edit.after) for path, edit in sorted(edits.items()))


def _difference(path: str, before: TreeFile | None, after: TreeFile | None) -> str:
    names = (f"a/{path}" if before else "/dev/null", f"b/{path}" if after else "/dev/null")
    texts = [_lines(entry) for entry in (before, after)]
    if None in texts:
        return f"Binary files {names[0]} and {names[1]} differ\n"
    old, new = ([] if text is None else text for text in texts)
    ends = {True: "", False: "\n\\ No newline at end of file\n"}
    lines = list(difflib.unified_diff(old, new, *names))
    mode = f"mode of {path}: {'now' if after and after.is_executable else 'no longer'} executable\n"
    is_moded = bool(after) and (before.is_executable if before else False) != (after.is_executable if after else False)
    return (mode if is_moded else "") + "".join(line + ends[line.endswith("\n")] for line in lines)


def _lines(entry: TreeFile | None) -> list[str] | None:
    """Return a text's lines; None for a binary file."""
    if entry is None:
        return []
    try:
        return io.StringIO(entry.content.decode(), newline="\n").readlines() if b"\0" not in entry.content else None
    except UnicodeDecodeError:
        return None
