"""The three-way merge: every row of the scenario table, with git and without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from small_trees import BINARY, BOTH, CONFLICT, LONG, MINE, NEWER, apply_merge, merge, tree

from gfplug.untrusted import repository

if TYPE_CHECKING:
    from gfplug.edits.trees import TreeFile

    Tree = dict[str, TreeFile]

SAME = tree(f="line 1\n"), tree(f="line 1\nmine\n"), tree(f="line 1\ntheirs\n")
MARKERS = "<<<<<<< HEAD\n=======\n>>>>>>> theirs\n"
ATTRIBUTES = "* text eol=crlf filter=lfs ident\n"


@dataclass(frozen=True, slots=True)
class Case:
    """Three trees, the result, the paths in conflict, and the number of notes."""

    base: Tree
    yours: Tree
    theirs: Tree
    result: dict[str, str]
    conflicts: tuple[str, ...] = ()
    notes: int = 0


def crlf(text: str) -> str:
    """Return a text with the line ends of Windows."""
    return text.replace("\n", "\r\n")


def wide(text: str) -> str:
    """Return a text's UTF-16 bytes, each as a character."""
    return text.encode("utf-16-le").decode("ascii")


def trees(base: str, yours: str, theirs: str, **others: str) -> tuple[Tree, Tree, Tree]:
    """Return three trees that differ only in `f`, which is in Latin-1."""
    base_tree, your_tree, their_tree = (tree(f=text.encode("latin-1"), **others) for text in (base, yours, theirs))
    return base_tree, your_tree, their_tree


def edited(before: str = "", after: str = "", **others: str) -> tuple[Tree, Tree, Tree]:
    """Return three trees: yours changes the second line of `f`, theirs a distant one."""
    return trees(before + LONG + after, before + MINE + after, before + NEWER + after, **others)


WITH_GIT = {
    "edits of distant lines": Case(*edited(), {"f": BOTH}),
    "edits of the same lines": Case(*SAME, {"f": CONFLICT}, ("f",)),
    "the same edit": Case(tree(f=LONG), tree(f=MINE), tree(f=MINE), {"f": MINE}),
    "renamed by the template, edited": Case(tree(f=LONG), tree(f=MINE), tree(g=NEWER), {"g": BOTH}),
    "renamed by the template": Case(tree(f=LONG), tree(f=LONG), tree(g=LONG), {"g": LONG}),
    "renamed in letter case": Case(tree(readme=LONG), tree(readme=MINE), tree(README=LONG), {"README": MINE}),
    "deleted by the template, edited": Case(tree(f=LONG), tree(f=MINE), tree(), {"f": MINE}, notes=1),
    "deleted by the template": Case(tree(f=LONG, g="g"), tree(f=LONG, g="g"), tree(g="g"), {"g": "g"}, notes=1),
    "binary changed on both sides": Case(*trees(*BINARY), {"f": BINARY[1], "f.gfplug-new": BINARY[2]}, ("f",)),
    "binary changed by the template": Case(tree(f=BINARY[0]), tree(f=BINARY[0]), tree(f=BINARY[2]), {"f": BINARY[2]}),
    "deleted by the user": Case(tree(f=LONG, g="g"), tree(g="g"), tree(f=LONG, g="g"), {"g": "g"}),
    "deleted by the user, changed by the template": Case(
        tree(f=LONG, g="g"), tree(g="g"), tree(f=NEWER, g="g"), {"g": "g"}, notes=1
    ),
    "moved by the user, changed by the template": Case(
        tree(f=LONG), tree(docs_in_f=MINE), tree(f=NEWER), {"docs/f": BOTH}
    ),
    "moved by both, apart": Case(tree(f=LONG), tree(mine=LONG), tree(new=LONG), {"mine": LONG}, notes=1),
    "added by both": Case(tree(), SAME[1], SAME[2], {"f": CONFLICT}, ("f",)),
    "added alike by both": Case(tree(), tree(f=LONG), tree(f=LONG), {"f": LONG}),
    "added by the template": Case(tree(), tree(g="g"), tree(f=LONG), {"f": LONG, "g": "g"}),
    "CRLF in the work tree": Case(tree(f=LONG), tree(f=crlf(MINE)), tree(f=NEWER), {"f": crlf(BOTH)}),
    "CRLF, renamed by the template": Case(tree(f=LONG), tree(f=crlf(MINE)), tree(g=NEWER), {"g": crlf(BOTH)}),
    "CRLF in conflict": Case(SAME[0], tree(f="line 1\r\nmine\r\n"), SAME[2], {"f": crlf(CONFLICT)}, ("f",)),
    "CRLF in the template": Case(tree(f=crlf(LONG)), tree(f=MINE), tree(f=crlf(NEWER)), {"f": BOTH}),
    "new file with CRLF": Case(tree(), tree(), tree(f="a\r\nb\r\n"), {"f": "a\r\nb\r\n"}),
    "mixed line ends": Case(*edited("a\r\nb\n"), {"f": "a\r\nb\n" + BOTH}),
    "no newline at the end": Case(*edited(after="end"), {"f": BOTH + "end"}),
    "empty file": Case(tree(f=""), tree(f="", mine=""), tree(f=LONG), {"f": LONG, "mine": ""}),
    "latin-1": Case(*edited("é\n"), {"f": "é\n" + BOTH}),
    "UTF-16 is binary": Case(
        *trees(wide(LONG), wide(MINE), wide(NEWER)), {"f": wide(MINE), "f.gfplug-new": wide(NEWER)}, ("f",)
    ),
    "a file with markers of its own": Case(*edited(MARKERS), {"f": MARKERS + BOTH}),
    "attributes that would convert": Case(
        *edited(after="$Id$\n", _dot_gitattributes=ATTRIBUTES), {".gitattributes": ATTRIBUTES, "f": BOTH + "$Id$\n"}
    ),
    "a file ignored by git": Case(*edited(_dot_gitignore="*\n"), {".gitignore": "*\n", "f": BOTH}),
    "a file becomes a folder": Case(tree(conf=LONG), tree(conf=LONG), tree(conf_in_a="a"), {"conf/a": "a"}, notes=1),
    "an edited file becomes a folder": Case(
        tree(conf=LONG), tree(conf=MINE), tree(conf_in_a="a"), {"conf.yours": MINE, "conf/a": "a"}, ("conf",)
    ),
    "a folder becomes a file": Case(tree(conf_in_a=LONG), tree(conf_in_a=LONG), tree(conf="c"), {"conf": "c"}, notes=1),
    "a folder with a file of the user's becomes a file": Case(
        tree(conf_in_a=LONG),
        tree(conf_in_a=LONG, conf_in_b="b"),
        tree(conf="c"),
        {"conf.gfplug-new": "c", "conf/b": "b"},
        ("conf",),
        notes=1,
    ),
}
WITHOUT_GIT = {
    "changed by the template alone": Case(tree(f=LONG), tree(f=LONG), tree(f=NEWER), {"f": NEWER}),
    "changed by the user alone": Case(tree(f=LONG), tree(f=MINE), tree(f=LONG), {"f": MINE}),
    "changed alike": Case(tree(f=LONG), tree(f=NEWER), tree(f=NEWER), {"f": NEWER}),
    "changed by both": Case(*edited(), {"f": MINE, "f.gfplug-new": NEWER}, ("f",)),
    "added by both": Case(tree(), tree(f=MINE), tree(f=NEWER), {"f": MINE, "f.gfplug-new": NEWER}, ("f",)),
    "added by the template": Case(tree(), tree(), tree(f=NEWER), {"f": NEWER}),
    "deleted by the template": Case(tree(f=LONG), tree(f=LONG), tree(), {}, notes=1),
    "deleted by the template, edited": Case(tree(f=LONG), tree(f=MINE), tree(), {"f": MINE}, notes=1),
    "deleted by the user": Case(tree(f=LONG), tree(), tree(f=NEWER), {}, notes=1),
    "a folder becomes a file": Case(tree(c_in_a=LONG), tree(c_in_a=LONG), tree(c="c"), {"c": "c"}, notes=1),
    "an edited file becomes a folder": Case(
        tree(c=LONG), tree(c=MINE), tree(c_in_a="a"), {"c": MINE, "c.gfplug-new/a": "a"}, ("c/a",), notes=1
    ),
    "CRLF": Case(tree(f=LONG), tree(f=crlf(LONG)), tree(f=NEWER), {"f": crlf(NEWER)}),
}


def judge(case: Case) -> None:
    """Merge, and compare the result."""
    outcome = merge(case.base, case.yours, case.theirs)

    assert apply_merge(case.yours, outcome) == case.result
    assert tuple(conflict.path for conflict in outcome.conflicts) == case.conflicts
    assert len(outcome.notes) == case.notes


@pytest.mark.parametrize("name", WITH_GIT)
def test_a_merge_keeps_what_the_user_wrote(name: str) -> None:
    """Each situation has its result; a file that the user must check is a conflict, a decision is a note."""
    judge(WITH_GIT[name])


@pytest.mark.parametrize("name", WITHOUT_GIT)
def test_without_git_only_whole_files_are_merged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that both sides changed stays as the user has it, with the template's file beside it."""
    monkeypatch.setattr(repository, "is_installed", lambda: False)
    judge(WITHOUT_GIT[name])
