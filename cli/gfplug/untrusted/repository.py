"""Untrusted git repositories: read only by commands that run no program from the repository's settings.

Git's porcelain runs filters, hooks, monitors, signature checkers and pagers that `.git/config` and `.gitattributes`
choose; this module reads objects and names only with plumbing, and compares contents by their digests.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from gfplug.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_GIT_TIMEOUT_SECONDS = 300.0
_NEWEST_COMMITS = 50
_SETTINGS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "protocol.allow=never")
_SHIELD = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_PAGER": "", "GIT_TERMINAL_PROMPT": "0"}


def is_installed() -> bool:
    """Return whether git is installed."""
    return shutil.which("git") is not None


def list_files(folder: Path) -> list[str] | None:
    """List the files below a folder that git tracks or would track; None if the folder is not in a git repository."""
    names = _read(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return None if names is None else sorted({os.fsdecode(name) for name in names.split(b"\0") if name})


def find_uncommitted(folder: Path, paths: Sequence[str]) -> list[str]:
    """Return the paths below a folder whose contents are not in the last commit.

    Return all paths if git has none of them. A file that a filter of the repository changes counts as uncommitted.
    """
    records = _read(folder, "ls-tree", "-r", "-z", "HEAD", ".")
    if records is None:
        return [*paths]
    committed: dict[str, str] = {}
    for record in records.split(b"\0")[:-1]:
        head, _, name = record.partition(b"\t")
        committed[os.fsdecode(name)] = head.split()[2].decode("ascii", "replace")
    return sorted(path for path in paths if committed.get(path) not in _digests(folder / path))


def date_of(folder: Path) -> int | None:
    """Return the time of the last commit that changed a folder, in seconds since 1970; None if there is none."""
    answer = _read(folder, "rev-list", "--max-count=1", "--timestamp", "HEAD", "--", ".")
    seconds = (answer or b"").split(b" ")[0]
    return int(seconds) if seconds.isdigit() else None


def head(folder: Path) -> str:
    """Return the digest of the last commit; empty if there is none."""
    return _line(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def origin(folder: Path) -> str:
    """Return the address from which the repository was cloned, as the user typed it; empty if there is none."""
    return _line(folder, "config", "--local", "--no-includes", "--get", "remote.origin.url")


def has_reference(folder: Path, name: str) -> bool:
    """Return whether a branch or a tag of this name exists, such as `refs/tags/v1.0.0`."""
    return bool(_line(folder, "rev-parse", "--verify", "--quiet", name))


def set_reference(folder: Path, name: str) -> subprocess.CompletedProcess[bytes]:
    """Create a tag or branch at the last commit; git reports an error if it exists."""
    none = "0" * 40
    return run_git(folder, *_SETTINGS, "update-ref", name, "HEAD", none, variables=_SHIELD)


def contents(folder: Path, path: str) -> Iterator[bytes]:
    """Yield the content of a file below a folder in each of the last commits that changed it, the newest first."""
    commits = _read(folder, "rev-list", f"--max-count={_NEWEST_COMMITS}", "HEAD", "--", path) or b""
    for commit in commits.decode("ascii", "replace").split():
        blob = _read(folder, "cat-file", "blob", f"{commit}:./{path}")
        if blob is not None:
            yield blob


def run_git(
    folder: Path, *words: str, variables: Mapping[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, without the variables that git sets if one of its hooks calls gfplug.

    Raises: ToolError if git can't be run, or does not end.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        return subprocess.run(  # noqa: S603 - the words are gfplug's
            ["git", *words],  # noqa: S607 - whichever git the user has
            cwd=folder,
            env={**inherited, **variables},
            input=stdin,
            capture_output=True,
            timeout=_GIT_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"git {words[0]} could not be run: {error}") from error


def _read(folder: Path, *words: str) -> bytes | None:
    """Read from a repository, and change nothing; None if there is no git or no repository, or if git refuses."""
    if not is_installed():
        return None
    answer = run_git(folder, *_SETTINGS, *words, variables=_SHIELD)
    return answer.stdout if answer.returncode == 0 else None


def _line(folder: Path, *words: str) -> str:
    return (_read(folder, *words) or b"").decode("utf-8", "replace").strip()


def _digests(path: Path) -> set[str]:
    """Return git's digests of a file's content: with the file's line ends, and with LF line ends, which git stores."""
    if not path.is_file():
        return set()
    content = path.read_bytes()
    blobs = {b"blob %d\0%s" % (len(each), each) for each in (content, content.replace(b"\r\n", b"\n"))}
    sha1 = {hashlib.sha1(blob, usedforsecurity=False).hexdigest() for blob in blobs}
    return sha1 | {hashlib.sha256(blob).hexdigest() for blob in blobs}
