"""The three-way merge on a machine without git: whole files, and what both sides changed put beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_trees import LONG, MINE, NEWER, applied, merged, tree

from gfplug.upgrades import git

if TYPE_CHECKING:
    from gfplug.edits.trees import TreeFile

NO_GIT = {
    "changed by the template alone": (tree(f=LONG), tree(f=LONG), tree(f=NEWER), {"f": NEWER}, []),
    "changed by the user alone": (tree(f=LONG), tree(f=MINE), tree(f=LONG), {"f": MINE}, []),
    "changed alike": (tree(f=LONG), tree(f=NEWER), tree(f=NEWER), {"f": NEWER}, []),
    "changed by both": (tree(f=LONG), tree(f=MINE), tree(f=NEWER), {"f": MINE, "f.gfplug-new": NEWER}, ["f"]),
    "added by both": (tree(), tree(f=MINE), tree(f=NEWER), {"f": MINE, "f.gfplug-new": NEWER}, ["f"]),
    "added by the template": (tree(), tree(), tree(f=NEWER), {"f": NEWER}, []),
    "deleted by the template": (tree(f=LONG), tree(f=LONG), tree(), {}, []),
    "deleted by the template, edited": (tree(f=LONG), tree(f=MINE), tree(), {"f": MINE}, []),
    "deleted by the user": (tree(f=LONG), tree(), tree(f=NEWER), {}, []),
    "a folder becomes a file": (tree(c_in_a=LONG), tree(c_in_a=LONG), tree(c="c"), {"c": "c"}, []),
    "an edited file becomes a folder": (
        tree(c=LONG),
        tree(c=MINE),
        tree(c_in_a="a"),
        {"c": MINE, "c.gfplug-new/a": "a"},
        ["c/a"],
    ),
    "CRLF": (
        tree(f=LONG),
        tree(f=LONG.replace("\n", "\r\n")),
        tree(f=NEWER),
        {"f": NEWER.replace("\n", "\r\n")},
        [],
    ),
}


@pytest.mark.parametrize(("base", "yours", "theirs", "expected", "conflicts"), list(NO_GIT.values()), ids=list(NO_GIT))
def test_without_git_only_whole_files_are_merged(  # noqa: PLR0917 - the columns of a table
    base: dict[str, TreeFile],
    yours: dict[str, TreeFile],
    theirs: dict[str, TreeFile],
    expected: dict[str, str],
    conflicts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that both sides changed stays as the user has it, with the template's beside."""
    monkeypatch.setattr(git, "is_installed", lambda: False)
    found = merged(base, yours, theirs)

    assert applied(yours, found) == expected
    assert [conflict.path for conflict in found.conflicts] == conflicts
