"""The three-way merge with odd names, modes, a second merge, and random trees."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_trees import BOTH, CONFLICT, LONG, MINE, NEWER, apply_merge, merge, tree

from gfplug.edits.trees import TreeFile
from gfplug.untrusted import repository
from gfplug.upgrades import three_way
from gfplug.upgrades.three_way import MergeResult


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
@pytest.mark.parametrize(
    "name", ["with space", "quo'te\"s", "-leading", "tab\there", "ünï/çødé", "back\\slash", "new\nline", "bytes\udcff"]
)
def test_files_with_unusual_names_are_merged(name: str) -> None:
    """Files with any name that the file system allows are merged."""
    outcome = merge({name: TreeFile(LONG.encode())}, {name: TreeFile(MINE.encode())}, {name: TreeFile(NEWER.encode())})

    assert outcome.writes == {name: TreeFile(BOTH.encode())}


@pytest.mark.parametrize(("yours", "theirs"), [(False, True), (True, False)])
def test_an_executable_bit_arrives_and_stays(*, yours: bool, theirs: bool) -> None:
    """Either side may make a file executable while the other edits it."""
    sides = [{"run": TreeFile(text.encode(), bit)} for text, bit in ((LONG, False), (MINE, yours), (NEWER, theirs))]

    assert merge(*sides).writes == {"run": TreeFile(BOTH.encode(), is_executable=True)}


def test_a_second_merge_changes_nothing() -> None:
    """A second merge with the new version as its base writes nothing."""
    assert merge(tree(f=NEWER), tree(f=BOTH), tree(f=NEWER)) == MergeResult(
        writes={}, deletes=(), conflicts=(), notes=()
    )


def test_unresolved_markers_are_found() -> None:
    """The files of a merge that was not finished are named."""
    assert three_way.list_unresolved(tree(a=CONFLICT, b=LONG, c="=======\n")) == ["a"]


PATHS = st.sampled_from(["a", "b", "dir/a", "dir/b", "dir"])
TREES = st.dictionaries(
    PATHS, st.lists(st.sampled_from("xyz"), max_size=4).map(lambda lines: "\n".join(lines).encode())
)


def _is_possible(files: dict[str, bytes]) -> bool:
    return not ("dir" in files and any(path.startswith("dir/") for path in files))


@pytest.mark.shows("errors: `.rej` files after an upgrade")
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
    """For any three trees, each line that only the user has is in the result, which is a valid tree."""
    mine = {path: TreeFile(content + b"\nonly mine " + path.encode()) for path, content in yours.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repository, "is_installed", lambda: has_git)
        outcome = merge({p: TreeFile(c) for p, c in base.items()}, mine, {p: TreeFile(c) for p, c in theirs.items()})
    result = apply_merge(mine, outcome)

    assert all(any(f"only mine {path}" in text for text in result.values()) for path in mine)
    assert not any(other.startswith(f"{path}/") for path in result for other in result)
