"""An untrusted repository is read without running programs that its settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import commands
import pytest

from gfplug.untrusted import repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Make a repository whose settings name all kinds of programs; each would write a file `ran`."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 $* >> {tmp_path}/ran\ncat\n")
    program.chmod(0o755)
    root = tmp_path / "cloned"
    root.mkdir()
    commands.git(root, "init", "-q")
    (root / "file").write_text("old\r\n")
    (root / "kept").write_text("kept\n")
    commands.git(root, "add", ".")
    commands.git(root, "commit", "-q", "-m", "first")
    (root / "file").write_text("new\n")
    (root / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction", "pre-commit"):
        (root / ".git" / "hooks").mkdir(exist_ok=True)
        (root / ".git" / "hooks" / hook).write_bytes(program.read_bytes())
        (root / ".git" / "hooks" / hook).chmod(0o755)
    settings = {
        **dict.fromkeys(("filter.evil.clean", "filter.evil.smudge", "filter.evil.process"), str(program)),
        **dict.fromkeys(
            ("diff.evil.textconv", "diff.evil.command", "diff.external", "merge.evil.driver"), str(program)
        ),
        **dict.fromkeys(
            ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass"), str(program)
        ),
        **dict.fromkeys(("gpg.program", "pager.ls-files", "pager.ls-tree", "credential.helper"), str(program)),
        "log.showSignature": "true",
        "core.untrackedCache": "true",
        "filter.evil.required": "true",
        "alias.ls-tree": f"!{program}",
        "alias.rev-list": f"!{program}",
        "remote.origin.url": f"ext::{program}",
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
    }
    for key, value in settings.items():
        commands.git(root, "config", key, value)
    (tmp_path / "ran").unlink(missing_ok=True)
    return root


def test_no_program_of_the_repository_runs(hostile: Path) -> None:
    """The results are right without its filters, monitors, hooks, drivers, pagers, signatures, aliases and remotes."""
    assert repository.list_files(hostile) == [".gitattributes", "file", "kept"]
    assert repository.find_uncommitted(hostile, ["file", "kept", "missing"]) == ["file", "missing"]
    assert list(repository.contents(hostile, "file")) == [b"old\r\n"]
    assert repository.date_of(hostile)
    assert repository.head(hostile) == commands.git(hostile, "rev-parse", "HEAD").strip()
    assert repository.origin(hostile) == f"ext::{hostile.parent / 'program'}"
    assert not (hostile.parent / "ran").exists()


def test_line_ends_that_git_changes_are_not_an_edit(hostile: Path) -> None:
    """A file with CRLF equals the committed one with LF; a file in a subfolder is found from this folder."""
    (hostile / "kept").write_bytes(b"kept\r\n")
    (hostile / "sub").mkdir()

    assert repository.find_uncommitted(hostile, ["kept"]) == []
    assert repository.find_uncommitted(hostile / "sub", ["kept"]) == ["kept"]


def test_without_a_repository_nothing_is_committed(tmp_path: Path) -> None:
    """The list of files, the date and the history are missing, too."""
    (tmp_path / "x").write_text("")

    assert repository.find_uncommitted(tmp_path, ["x"]) == ["x"]
    assert repository.list_files(tmp_path) is None
    assert repository.date_of(tmp_path) is None
    assert (repository.head(tmp_path), repository.origin(tmp_path)) == ("", "")
    assert list(repository.contents(tmp_path, "x")) == []


def test_listing_a_folder_leaves_out_what_git_ignores(tmp_path: Path) -> None:
    """Tracked and new files are listed, ignored ones are not; a folder outside of git has no list."""
    assert repository.list_files(tmp_path) is None
    commands.git(tmp_path, "init", "-q")
    for name in (".gitignore", "seen", "kept/ünï"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("junk\n")
    (tmp_path / "junk").write_text("")

    assert repository.list_files(tmp_path) == [".gitignore", "kept/ünï", "seen"]
    assert repository.list_files(tmp_path / "kept") == ["ünï"]


def test_a_files_history_is_read_without_the_repositorys_programs(tmp_path: Path) -> None:
    """The newest content comes first; the repository's program for signatures is not run."""
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
    digest = commands.git(tmp_path, "hash-object", "-t", "commit", "-w", "--stdin", input=signed).strip()
    commands.git(tmp_path, "update-ref", "HEAD", digest)

    assert list(repository.contents(tmp_path, "file")) == [b"new", b"old"]
    assert list(repository.contents(tmp_path, "missing")) == []
    assert not (tmp_path / "ran").exists()
