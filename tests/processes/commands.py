"""Run programs to their end, and git with a user's name."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SLOWEST_S = 240.0
"""The default time limit of a program."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A program's exit code and output."""

    code: int
    out: str
    err: str


def run(*words: str | Path, timeout: float = SLOWEST_S, **options: Any) -> Ended:
    """Run a program to its end, with an empty standard input; `options` are those of `subprocess.run`, such as cwd."""
    done = subprocess.run(
        [str(word) for word in words],
        **({"stdin": subprocess.DEVNULL} | options if "input" not in options else options),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def succeed(*words: str | Path, **options: Any) -> str:
    """Run a program that must end with exit code 0, and return its standard output."""
    ended = run(*words, **options)
    assert ended.code == 0, f"{words}\n{ended.out}{ended.err}"
    return ended.out


def python(*words: str | Path, **options: Any) -> Ended:
    """Run a module with this interpreter to its end: `python("gfplug", "check")`."""
    return run(sys.executable, "-m", *words, **options)


def git(folder: Path, *words: str | Path, **options: Any) -> str:
    """Run git in a folder, as a user without settings; return its standard output."""
    return succeed("git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.com", *words, **options)


def commit(folder: Path) -> None:
    """Commit a folder's current content; if it is not a git repository, make one."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")


def step(script: str, folder: Path, **environment: str) -> None:
    """Run one step of a workflow as GitHub does, with this interpreter's programs; it must end with exit code 0."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script)
    succeed(*words, cwd=folder, env={**os.environ, "PATH": path, **environment})
