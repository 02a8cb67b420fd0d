"""Projects of gfplug 0.1, and how an upgrade converts them.

They had the runtime's source in `src/gfruntime` and the editors' source in `frontend/stub`, and listed the runtime's
requirements among the author's. An upgrade removes both folders; pyproject.toml then depends on the runtime.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.edits.trees import TreeFile
from gfplug.project import requirements
from gfplug.untrusted import documents, repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

HOOKS = "frontend/hooks.js"
"""A file that exists in a project of gfplug 0.1 only if its author wrote it."""

_LIST = re.compile(r"^dependencies = \[\n(?P<lines>.*?)^\]\n", re.MULTILINE | re.DOTALL)
_FLOORED = re.compile(r'\s*"(grpcio|protobuf)\b(?!-)')
_REMOVED = ('"src/gfruntime", ', '"gfruntime.*", ')


def pyproject(text: str, *, base: str, fresh: str) -> str:
    """Return a pyproject.toml of gfplug 0.1 with the new dependencies and the author's dependencies.

    `base` is the old rendered file, whose dependencies are gfplug's. A list in the template's format keeps its lines
    and comments; from any other list, gfplug's requirements are removed and added again at the end.
    """
    ours, new = requirements.list_dependencies(base), requirements.list_dependencies(fresh)
    mine = requirements.list_dependencies(text)
    if not mine or not new or requirements.asks_for_runtime(mine):
        return text
    for name in _REMOVED:
        text = text.replace(name, "")
    lines = [*(line for line in mine if line not in ours), *new]
    edited = _edit_lines(text, base=base, fresh=fresh)
    names = sorted(map(requirements.name_of, requirements.list_dependencies(edited)))
    if names == sorted(set(map(requirements.name_of, lines))) and _is_alike(edited, text):
        return edited
    return requirements.replace_dependencies(text, old=ours, new=new)


def _is_alike(edited: str, text: str) -> bool:
    """Return whether two texts differ only in the list of dependencies."""
    tables = [documents.parse_toml(each) for each in (edited, text)]
    for table in tables:
        table["project"].pop("dependencies")
    return tables[0] == tables[1]


def _edit_lines(text: str, *, base: str, fresh: str) -> str:
    """Replace the lines of a list in the template's format; the caller checks the result."""
    mine, old, new = (_LIST.search(each[: each.rfind("\n]\n") + 3]) for each in (text, base, fresh))
    if not mine or not old or not new:
        return text
    lines = mine["lines"].splitlines()
    floored = {match[1]: line for line in lines if (match := _FLOORED.match(line))}
    rendered = {line.strip() for line in old["lines"].splitlines()}
    ours = [line.strip() in rendered or line in floored.values() for line in lines]
    top = lines[: ours.index(True)] if True in ours else lines
    authors = [line for line, is_ours in zip(lines, ours, strict=True) if not is_ours][len(top) :]
    content = "".join(f"{line}\n" for line in [*top, *_list(new["lines"].splitlines(), floored, authors)])
    return f"{text[: mine.start('lines')]}{content}{text[mine.end('lines') :]}"


def _list(new: Iterable[str], floored: Mapping[str, str], authors: Iterable[str]) -> Iterator[str]:
    """Yield the new list's lines: the author's dependencies below their comment, the floors unchanged."""
    for line in new:
        match = _FLOORED.match(line)
        yield floored.get(match[1], line) if match else line
        if line.strip().startswith("# Yours"):
            yield from authors


def complete_base(
    base: Mapping[str, TreeFile], yours: Mapping[str, TreeFile], theirs: Mapping[str, TreeFile]
) -> dict[str, TreeFile]:
    """Return the base with the file that the author had before the template: it then counts as unchanged."""
    is_authors = HOOKS in yours and HOOKS in theirs and HOOKS not in base
    return {**base, **({HOOKS: theirs[HOOKS]} if is_authors else {})}


def find_original_files(root: Path, digests: Mapping[str, str], paths: Iterable[str]) -> dict[str, TreeFile]:
    """Return files as gfplug wrote them, if the project's git history has these versions."""
    versions = {path: repository.contents(root, path) for path in paths}
    return {
        path: TreeFile(content)
        for path, contents in versions.items()
        for content in contents
        if files.sha256(content) == digests.get(path)
    }
