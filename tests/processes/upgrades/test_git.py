"""The git program: independent of the machine's settings, with its errors reported, and lists of a folder's files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from small_trees import BOTH, CONFLICT, LONG, MINE, NEWER, apply_merge, merge, tree

from gfplug.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_settings_of_the_machine_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The merge ignores the user's configuration and the variables of git hooks."""
    (tmp_path / ".gitconfig").write_text(
        "[core]\nautocrlf = true\nhooksPath = /nowhere\n[commit]\ngpgSign = true\n[merge]\nconflictStyle = diff3\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    base, yours, theirs = tree(f="line 1\n"), tree(f="line 1\nmine\n"), tree(f="line 1\ntheirs\n")

    assert apply_merge(yours, merge(base, yours, theirs)) == {"f": CONFLICT}
    assert [path.name for path in tmp_path.iterdir()] == [".gitconfig"]


def test_git_works_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge works in a container without HOME."""
    monkeypatch.delenv("HOME", raising=False)

    assert merge(tree(f=LONG), tree(f=MINE), tree(f=NEWER)).writes == tree(f=BOTH)


@pytest.mark.skipif(sys.platform == "win32", reason="the git that fails is a shell script")
def test_a_git_that_fails_is_a_tool_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has git's message."""
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\necho no space >&2\nexit 128\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(ToolError, match="git init failed with exit code 128") as caught:
        merge(tree(f=LONG), tree(f=MINE), tree(f=NEWER))
    assert caught.value.details == "no space"
