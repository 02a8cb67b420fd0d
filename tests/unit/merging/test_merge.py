"""The three-way merge: every row of the scenario table, the edges, and the way without git."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfplug.errors import ToolError
from gfplug.merging import git, merge
from gfplug.merging.merge import Entry, Merged

if TYPE_CHECKING:
    from pathlib import Path

LONG = "".join(f"line {number}\n" for number in range(1, 31))
MINE = LONG.replace("line 2\n", "line 2, mine\n")
NEWER = LONG.replace("line 28\n", "line 28, newer\n")
BOTH = MINE.replace("line 28\n", "line 28, newer\n")
BINARY = [bytes([0, 1, 2]) * 9 + bytes([number]) for number in range(3)]


def tree(**files: str | bytes | Entry) -> dict[str, Entry]:
    """Make a tree of paths, `_dot_` and `_in_` standing for what Python names can't hold."""
    made = {}
    for name, content in files.items():
        path = name.replace("_in_", "/").replace("_dot_", ".")
        raw = (
            content
            if isinstance(content, Entry)
            else Entry(content if isinstance(content, bytes) else content.encode())
        )
        made[path] = raw
    return made


def applied(yours: dict[str, Entry], merged: Merged) -> dict[str, str]:
    """Return the user's tree after the merge, as text."""
    result = {path: entry for path, entry in yours.items() if path not in merged.deletes} | dict(merged.writes)
    return {path: entry.content.decode("latin-1") for path, entry in result.items()}


def merged(base: dict[str, Entry], yours: dict[str, Entry], theirs: dict[str, Entry]) -> Merged:
    """Merge with the label every test expects."""
    return merge.merge(base, yours, theirs, label="template 2.0.0")


CONFLICT = "line 1\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template 2.0.0\n"

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
    base: dict[str, Entry],
    yours: dict[str, Entry],
    theirs: dict[str, Entry],
    expected: dict[str, str],
    conflicts: list[str],
    notes: int,
) -> None:
    """Each situation has its outcome; what needs the user's eye is a conflict, what was decided is a note."""
    found = merged(base, yours, theirs)

    assert applied(yours, found) == expected
    assert [conflict.path for conflict in found.conflicts] == conflicts
    assert len(found.notes) == notes


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
@pytest.mark.parametrize(
    "name", ["with space", "quo'te\"s", "-leading", "tab\there", "ünï/çødé", "back\\slash", "new\nline", "bytes\udcff"]
)
def test_odd_names_are_names(name: str) -> None:
    """Whatever a file system allows in a name goes through the merge."""
    found = merged({name: Entry(LONG.encode())}, {name: Entry(MINE.encode())}, {name: Entry(NEWER.encode())})

    assert found.writes == {name: Entry(BOTH.encode())}


def test_an_executable_bit_arrives() -> None:
    """The template may make a file executable, the user's edit notwithstanding."""
    theirs = {"run": Entry(NEWER.encode(), is_executable=True)}
    found = merged(tree(run=LONG), tree(run=MINE), theirs)

    assert found.writes == {"run": Entry(BOTH.encode(), is_executable=True)}


def test_an_executable_bit_of_the_users_stays() -> None:
    """The user may make a file executable, the template's edit notwithstanding."""
    yours = {"run": Entry(MINE.encode(), is_executable=True)}

    assert merged(tree(run=LONG), yours, tree(run=NEWER)).writes == {"run": Entry(BOTH.encode(), is_executable=True)}


def test_the_settings_of_the_machine_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's configuration nor the variables that a git hook sets reach the merge."""
    (tmp_path / ".gitconfig").write_text(
        "[core]\nautocrlf = true\nhooksPath = /nowhere\n[commit]\ngpgSign = true\n[merge]\nconflictStyle = diff3\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    base, yours, theirs, expected, _, _ = SCENARIOS["edits of the same lines"]

    assert applied(yours, merged(base, yours, theirs)) == expected
    assert [path.name for path in tmp_path.iterdir()] == [".gitconfig"]


def test_no_home_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without HOME merges too."""
    monkeypatch.delenv("HOME", raising=False)

    assert merged(tree(f=LONG), tree(f=MINE), tree(f=NEWER)).writes == tree(f=BOTH)


def test_a_merge_that_was_merged_changes_nothing() -> None:
    """With theirs as the new base, a second merge writes nothing."""
    assert merged(tree(f=NEWER), tree(f=BOTH), tree(f=NEWER)) == Merged(writes={}, deletes=(), conflicts=(), notes=())


def test_unresolved_markers_are_found() -> None:
    """The files of a merge that was not finished are named."""
    assert merge.unresolved(tree(a=CONFLICT, b=LONG, c="=======\n")) == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="the git that fails is a shell script")
def test_a_git_that_fails_is_a_tool_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git said comes with the error."""
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\necho no space >&2\nexit 128\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(ToolError, match="git init failed with exit code 128") as caught:
        merged(tree(f=LONG), tree(f=MINE), tree(f=NEWER))
    assert caught.value.details == "no space"


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
    base: dict[str, Entry],
    yours: dict[str, Entry],
    theirs: dict[str, Entry],
    expected: dict[str, str],
    conflicts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that both sides changed stays as the user has it, with the template's beside."""
    monkeypatch.setattr(git, "is_installed", lambda: False)
    found = merged(base, yours, theirs)

    assert applied(yours, found) == expected
    assert [conflict.path for conflict in found.conflicts] == conflicts


def test_listing_a_folder_leaves_out_what_git_ignores(tmp_path: Path) -> None:
    """Tracked and new files are listed, ignored ones are not; a folder outside of git has no list."""
    assert git.listed(tmp_path) is None
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    for name in (".gitignore", "seen", "kept/ünï"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("junk\n")
    (tmp_path / "junk").write_text("")

    assert git.listed(tmp_path) == [".gitignore", "kept/ünï", "seen"]
    assert git.listed(tmp_path / "kept") == ["ünï"]


PATHS = st.sampled_from(["a", "b", "dir/a", "dir/b", "dir"])
TREES = st.dictionaries(
    PATHS, st.lists(st.sampled_from("xyz"), max_size=4).map(lambda lines: "\n".join(lines).encode())
)


def _is_possible(files: dict[str, bytes]) -> bool:
    return not ("dir" in files and any(path.startswith("dir/") for path in files))


@settings(max_examples=15, deadline=None)
@given(
    base=TREES.filter(_is_possible),
    yours=TREES.filter(_is_possible),
    theirs=TREES.filter(_is_possible),
    has_git=st.booleans(),
)
def test_no_line_the_user_wrote_is_lost(
    base: dict[str, bytes], yours: dict[str, bytes], theirs: dict[str, bytes], *, has_git: bool
) -> None:
    """Whatever the three trees, a line that only the user has is somewhere in the result, and the result is a tree."""
    mine = {path: Entry(content + b"\nonly mine " + path.encode()) for path, content in yours.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(git, "is_installed", lambda: has_git)
        found = merged({p: Entry(c) for p, c in base.items()}, mine, {p: Entry(c) for p, c in theirs.items()})
    result = applied(mine, found)

    assert all(any(f"only mine {path}" in text for text in result.values()) for path in mine)
    assert not any(other.startswith(f"{path}/") for path in result for other in result)
