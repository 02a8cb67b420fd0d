"""Automatic changes of the author's files before an upgrade merges them.

Both sides of the merge, the author's files and the base, are rewritten in the same way. The merge then sees only the
author's edits, and the changes of the template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gfplug.edits import trees
from gfplug.project import requirements
from gfplug.upgrades import former

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.edits.trees import TreeFile

PYPROJECT = "pyproject.toml"
_INSTALLING = ("README.md", ".github/workflows/")
"""The files in which a project says how to install gfplug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrites:
    """The replacements: `names` maps names, such as a plugin's id, to new ones.

    `base` is the last rendered file, `fresh` the new one; `sources` maps the old `pip install` argument of gfplug to
    the new one, for the README and the workflows.
    """

    base: Mapping[str, TreeFile]
    fresh: Mapping[str, TreeFile]
    names: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def apply(self, tree: Mapping[str, TreeFile]) -> dict[str, TreeFile]:
        """Return a tree with every text rewritten; line ends are kept.

        Raises: ProjectError if pyproject.toml can't be read.
        """
        return {path: self._rewrite(path, entry) for path, entry in tree.items()}

    def _rewrite(self, path: str, entry: TreeFile) -> TreeFile:
        def change(text: str) -> str:
            text = _rename(text, self.names)
            if path.startswith(_INSTALLING):
                text = _rename(text, self.sources)
            if path == PYPROJECT and path in self.fresh:
                base, fresh = (tree[path].content.decode() if path in tree else "" for tree in (self.base, self.fresh))
                text = requirements.take_gfplug_lines(former.pyproject(text, base=base, fresh=fresh), fresh)
            return text

        try:
            return trees.edit_text(entry, change)
        except UnicodeDecodeError:
            return entry


def _rename(text: str, names: Mapping[str, str]) -> str:
    """Replace whole names: `acme-sales-datasource` is not replaced in `acme-sales-datasource-test`."""
    for old, new in names.items():
        text = re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-]|\.\w)", new.replace("\\", r"\\"), text)
    return text
