"""The three-way merge: every row of the scenario table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_trees import BINARY, BOTH, CONFLICT, LONG, MINE, NEWER, applied, merged, tree

if TYPE_CHECKING:
    from gfplug.edits.trees import TreeFile

# name: base, yours, theirs, the result, the paths in conflict, how many notes
SCENARIOS = {
    "edits of distant lines": (tree(f=LONG), tree(f=MINE), tree(f=NEWER), {"f": BOTH}, [], 0),
    "edits of the same lines": (
        tree(f="line 1\n"),
        tree(f="line 1\nmine\n"),
        tree(f="line 1\ntheirs\n"),
        {"f": CONFLICT},
        ["f"],
        0,
    ),
    "the same edit": (tree(f=LONG), tree(f=MINE), tree(f=MINE), {"f": MINE}, [], 0),
    "renamed by the template, edited": (tree(f=LONG), tree(f=MINE), tree(g=NEWER), {"g": BOTH}, [], 0),
    "renamed by the template": (tree(f=LONG), tree(f=LONG), tree(g=LONG), {"g": LONG}, [], 0),
    "renamed in letter case": (tree(readme=LONG), tree(readme=MINE), tree(README=LONG), {"README": MINE}, [], 0),
    "deleted by the template, edited": (tree(f=LONG), tree(f=MINE), tree(), {"f": MINE}, [], 1),
    "deleted by the template": (tree(f=LONG, g="g"), tree(f=LONG, g="g"), tree(g="g"), {"g": "g"}, [], 1),
    "binary changed on both sides": (
        tree(f=BINARY[0]),
        tree(f=BINARY[1]),
        tree(f=BINARY[2]),
        {"f": BINARY[1].decode("latin-1"), "f.gfplug-new": BINARY[2].decode("latin-1")},
        ["f"],
        0,
    ),
    "binary changed by the template": (
        tree(f=BINARY[0]),
        tree(f=BINARY[0]),
        tree(f=BINARY[2]),
        {"f": BINARY[2].decode("latin-1")},
        [],
        0,
    ),
    "deleted by the user": (tree(f=LONG, g="g"), tree(g="g"), tree(f=LONG, g="g"), {"g": "g"}, [], 0),
    "deleted by the user, changed by the template": (
        tree(f=LONG, g="g"),
        tree(g="g"),
        tree(f=NEWER, g="g"),
        {"g": "g"},
        [],
        1,
    ),
    "moved by the user, changed by the template": (
        tree(f=LONG),
        tree(docs_in_f=MINE),
        tree(f=NEWER),
        {"docs/f": BOTH},
        [],
        0,
    ),
    "moved by both, apart": (tree(f=LONG), tree(mine=LONG), tree(new=LONG), {"mine": LONG}, [], 1),
    "added by both": (
        tree(),
        tree(f="line 1\nmine\n"),
        tree(f="line 1\ntheirs\n"),
        {"f": CONFLICT},
        ["f"],
        0,
    ),
    "added alike by both": (tree(), tree(f=LONG), tree(f=LONG), {"f": LONG}, [], 0),
    "added by the template": (tree(), tree(g="g"), tree(f=LONG), {"f": LONG, "g": "g"}, [], 0),
    "CRLF in the work tree": (
        tree(f=LONG),
        tree(f=MINE.replace("\n", "\r\n")),
        tree(f=NEWER),
        {"f": BOTH.replace("\n", "\r\n")},
        [],
        0,
    ),
    "CRLF, renamed by the template": (
        tree(f=LONG),
        tree(f=MINE.replace("\n", "\r\n")),
        tree(g=NEWER),
        {"g": BOTH.replace("\n", "\r\n")},
        [],
        0,
    ),
    "CRLF in conflict": (
        tree(f="line 1\n"),
        tree(f="line 1\r\nmine\r\n"),
        tree(f="line 1\ntheirs\n"),
        {"f": CONFLICT.replace("\n", "\r\n")},
        ["f"],
        0,
    ),
    "CRLF in the template": (
        tree(f=LONG.replace("\n", "\r\n")),
        tree(f=MINE),
        tree(f=NEWER.replace("\n", "\r\n")),
        {"f": BOTH},
        [],
        0,
    ),
    "new file with CRLF": (tree(), tree(), tree(f="a\r\nb\r\n"), {"f": "a\r\nb\r\n"}, [], 0),
    "mixed line ends": (
        tree(f="a\r\nb\n" + LONG),
        tree(f="a\r\nb\n" + MINE),
        tree(f="a\r\nb\n" + NEWER),
        {"f": "a\r\nb\n" + BOTH},
        [],
        0,
    ),
    "no newline at the end": (
        tree(f=LONG + "end"),
        tree(f=MINE + "end"),
        tree(f=NEWER + "end"),
        {"f": BOTH + "end"},
        [],
        0,
    ),
    "empty file": (tree(f=""), tree(f="", mine=""), tree(f=LONG), {"f": LONG, "mine": ""}, [], 0),
    "latin-1": (
        tree(f=("é\n" + LONG).encode("latin-1")),
        tree(f=("é\n" + MINE).encode("latin-1")),
        tree(f=("é\n" + NEWER).encode("latin-1")),
        {"f": "é\n" + BOTH},
        [],
        0,
    ),
    "UTF-16 is binary": (
        tree(f=LONG.encode("utf-16-le")),
        tree(f=MINE.encode("utf-16-le")),
        tree(f=NEWER.encode("utf-16-le")),
        {
            "f": MINE.encode("utf-16-le").decode("latin-1"),
            "f.gfplug-new": NEWER.encode("utf-16-le").decode("latin-1"),
        },
        ["f"],
        0,
    ),
    "a file with markers of its own": (
        tree(f="<<<<<<< HEAD\n=======\n>>>>>>> theirs\n" + LONG),
        tree(f="<<<<<<< HEAD\n=======\n>>>>>>> theirs\n" + MINE),
        tree(f="<<<<<<< HEAD\n=======\n>>>>>>> theirs\n" + NEWER),
        {"f": "<<<<<<< HEAD\n=======\n>>>>>>> theirs\n" + BOTH},
        [],
        0,
    ),
    "attributes that would convert": (
        tree(_dot_gitattributes="* text eol=crlf filter=lfs ident\n", f=LONG + "$Id$\n"),
        tree(_dot_gitattributes="* text eol=crlf filter=lfs ident\n", f=MINE + "$Id$\n"),
        tree(_dot_gitattributes="* text eol=crlf filter=lfs ident\n", f=NEWER + "$Id$\n"),
        {".gitattributes": "* text eol=crlf filter=lfs ident\n", "f": BOTH + "$Id$\n"},
        [],
        0,
    ),
    "a file ignored by git": (
        tree(_dot_gitignore="*\n", f=LONG),
        tree(_dot_gitignore="*\n", f=MINE),
        tree(_dot_gitignore="*\n", f=NEWER),
        {".gitignore": "*\n", "f": BOTH},
        [],
        0,
    ),
    "a file becomes a folder": (tree(conf=LONG), tree(conf=LONG), tree(conf_in_a="a"), {"conf/a": "a"}, [], 1),
    "an edited file becomes a folder": (
        tree(conf=LONG),
        tree(conf=MINE),
        tree(conf_in_a="a"),
        {"conf.yours": MINE, "conf/a": "a"},
        ["conf"],
        0,
    ),
    "a folder becomes a file": (tree(conf_in_a=LONG), tree(conf_in_a=LONG), tree(conf="c"), {"conf": "c"}, [], 1),
    "a folder with a file of the user's becomes a file": (
        tree(conf_in_a=LONG),
        tree(conf_in_a=LONG, conf_in_b="b"),
        tree(conf="c"),
        {"conf.gfplug-new": "c", "conf/b": "b"},
        ["conf"],
        1,
    ),
}


@pytest.mark.parametrize(
    ("base", "yours", "theirs", "expected", "conflicts", "notes"), list(SCENARIOS.values()), ids=list(SCENARIOS)
)
def test_a_merge_keeps_what_the_user_wrote(  # noqa: PLR0917 - the columns of a table
    base: dict[str, TreeFile],
    yours: dict[str, TreeFile],
    theirs: dict[str, TreeFile],
    expected: dict[str, str],
    conflicts: list[str],
    notes: int,
) -> None:
    """Each situation has its outcome; what needs the user's eye is a conflict, what was decided is a note."""
    found = merged(base, yours, theirs)

    assert applied(yours, found) == expected
    assert [conflict.path for conflict in found.conflicts] == conflicts
    assert len(found.notes) == notes
