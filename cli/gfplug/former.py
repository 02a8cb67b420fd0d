"""What projects of gfplug 0.1 looked like, for the upgrade that brings them here.

They held the runtime's source in `src/gfruntime` and the editors' in `frontend/stub`, and named the runtime's
requirements beside the author's own. Both folders go; pyproject.toml asks for the library instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.edits.trees import Entry
from gfplug.merging import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_LIST = re.compile(r"^dependencies = \[\n(?P<lines>.*?)^\]\n", re.MULTILINE | re.DOTALL)
_OURS = {
    "# Add what your data source needs here, then run `gfplug build`: it ends up in the bundle.",
    "# The four below are what src/gfruntime needs. The floors of grpcio and protobuf are those of src/pluginv2.",
    '"msgspec>=0.19",',
    '"pyarrow>=22",',
}
_FLOORED = re.compile(r'"(grpcio|protobuf)\b[^"]*",')
_RUNTIME = re.compile(r'^\s*"gfruntime\b', re.MULTILINE)


def pyproject(text: str, fresh: str) -> str:
    """Return a pyproject.toml of gfplug 0.1 with the dependencies as the new one lists them, the author's among them.

    A list that the author wrote in another way stays as it is: the merge then shows what to do.
    """
    for name in ('"src/gfruntime", ', '"gfruntime.*", '):
        text = text.replace(name, "")
    old, new = _LIST.search(text), _LIST.search(fresh)
    if not old or not new or _RUNTIME.search(old["lines"]):
        return text
    theirs = old["lines"].splitlines()
    floored = {match[1]: line for line in theirs if (match := _FLOORED.match(line.strip()))}
    authors = [line for line in theirs if line.strip() not in {*_OURS, *(each.strip() for each in floored.values())}]
    lines = []
    for line in new["lines"].splitlines():
        match = _FLOORED.match(line.strip())
        lines.append(floored.get(match[1], line) if match else line)
        if line.strip().startswith("# Yours"):
            lines += authors
    return (
        f"{text[: old.start()]}dependencies = [\n" + "".join(f"{line}\n" for line in lines) + f"]\n{text[old.end() :]}"
    )


def originals(root: Path, digests: Mapping[str, str], paths: Iterable[str]) -> dict[str, Entry]:
    """Return files as gfplug wrote them, from the project's own history, as far as git has them."""
    committed = {path: git.contents(root, path) for path in paths}
    return {
        path: Entry(content)
        for path, contents in committed.items()
        for content in contents
        if files.sha256(content) == digests.get(path)
    }
