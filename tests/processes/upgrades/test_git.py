"""The git program: shielded from the machine's settings, its failures told, a folder listed as git sees it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import commands
import pytest
from small_trees import BOTH, CONFLICT, LONG, MINE, NEWER, applied, merged, tree

from gfplug.errors import ToolError
from gfplug.upgrades import git

if TYPE_CHECKING:
    from pathlib import Path


def test_the_settings_of_the_machine_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's configuration nor the variables that a git hook sets reach the merge."""
    (tmp_path / ".gitconfig").write_text(
        "[core]\nautocrlf = true\nhooksPath = /nowhere\n[commit]\ngpgSign = true\n[merge]\nconflictStyle = diff3\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    base, yours, theirs = tree(f="line 1\n"), tree(f="line 1\nmine\n"), tree(f="line 1\ntheirs\n")

    assert applied(yours, merged(base, yours, theirs)) == {"f": CONFLICT}
    assert [path.name for path in tmp_path.iterdir()] == [".gitconfig"]


def test_no_home_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without HOME merges too."""
    monkeypatch.delenv("HOME", raising=False)

    assert merged(tree(f=LONG), tree(f=MINE), tree(f=NEWER)).writes == tree(f=BOTH)


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


def test_listing_a_folder_leaves_out_what_git_ignores(tmp_path: Path) -> None:
    """Tracked and new files are listed, ignored ones are not; a folder outside of git has no list."""
    assert git.list_files(tmp_path) is None
    commands.git(tmp_path, "init", "-q")
    for name in (".gitignore", "seen", "kept/ünï"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("junk\n")
    (tmp_path / "junk").write_text("")

    assert git.list_files(tmp_path) == [".gitignore", "kept/ünï", "seen"]
    assert git.list_files(tmp_path / "kept") == ["ünï"]


def test_a_files_history_is_read_without_the_repositorys_programs(tmp_path: Path) -> None:
    """The newest content comes first; what the repository's settings would run for a signature is not run."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    commands.git(tmp_path, "init", "-q")
    for key, value in {"log.showSignature": "true", "gpg.program": str(program), "gpg.format": "openpgp"}.items():
        commands.git(tmp_path, "config", key, value)
    for text in ("old", "new"):
        (tmp_path / "file").write_text(text)
        commands.git(tmp_path, "add", "file")
        commands.git(tmp_path, "commit", "-q", "-m", text)
    head, _, body = commands.git(tmp_path, "cat-file", "commit", "HEAD").partition("\n\n")
    signed = head + "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n" + body
    written = commands.git(tmp_path, "hash-object", "-t", "commit", "-w", "--stdin", input=signed).strip()
    commands.git(tmp_path, "update-ref", "HEAD", written)

    assert list(git.contents(tmp_path, "file")) == [b"new", b"old"]
    assert list(git.contents(tmp_path, "missing")) == []
    assert not (tmp_path / "ran").exists()
