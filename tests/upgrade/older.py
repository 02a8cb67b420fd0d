"""What the tests of upgrades share: an older template, a newer one, what the user did, and a project's bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from gfplug import resources
from gfplug.scaffold.template import Answers
from gfplug.upgrades.upgrade import UpgradeRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

LONG = "".join(f"line {number}\n" for number in range(1, 31))
NEWER = LONG.replace("line 28\n", "line 28, newer\n")
MINE = LONG.replace("line 2\n", "line 2, mine\n")
BOTH = MINE.replace("line 28\n", "line 28, newer\n")
BINARY = [bytes([0, 1, 2]) * 9 + bytes([number]) for number in range(3)]
ANSWERS = Answers(org="acme", name="sales", title="Acme Sales", description="Sales in Grafana", author="acme")
REQUEST = UpgradeRequest(given={})

OLD = {
    "notes.txt": LONG.encode(),
    "short.txt": b"line 1\n",
    "moved.txt": LONG.encode(),
    "dropped.txt": b"dropped\n",
    "icon.bin": BINARY[0],
    "run.sh": b"#!/bin/sh\n",
    "conf": b"a file\n",
    "src/plugin/once.py": b"# first\n",
    "vendor/old.txt": b"# owned\n",
    "title.txt.jinja": b"{= title =}\n",
}
NEW = {
    "notes.txt": NEWER.encode(),
    "short.txt": b"line 1\ntheirs\n",
    "renamed.txt": NEWER.encode(),
    "icon.bin": BINARY[2],
    "run.sh": b"#!/bin/sh\n",
    "conf/a": b"in a folder\n",
    "added.txt": b"theirs\n",
    "src/plugin/once.py": b"# second\n",
    "vendor/new.txt": b"# owned\n",
    "title.txt.jinja": b"The title: {= title =}\n",
}


def make_template(folder: Path, extra: dict[str, bytes]) -> Path:
    """Copy the real template and add files to its project."""
    shutil.copytree(resources.folder("template"), folder)
    for path, content in extra.items():
        (folder / "project" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "project" / path).write_bytes(content)
    if "added.txt" in extra:
        (folder / "project" / "run.sh").chmod(0o755)
    return folder


def use_template(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let gfplug render another template."""
    real = resources.folder
    patch.setattr(resources, "folder", lambda name: folder if name == "template" else real(name))


def contents(folder: Path) -> dict[str, bytes]:
    """Read a folder's files, but for git's and Python's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", "__pycache__"}.intersection(path.relative_to(folder).parts)
    }


def run(project: Path, *words: str, accepted: Sequence[int] = (0,)) -> str:
    """Run a module or script with this interpreter in a project's folder, its source on Python's path."""
    command = [sys.executable, *words] if words[0].endswith(".py") else [sys.executable, "-m", *words]
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in accepted, done.stdout + done.stderr
    return done.stdout


def write(project: Path, edits: dict[str, str | None]) -> None:
    """Do what the user did."""
    for path, text in edits.items():
        if text is None:
            (project / path).unlink()
        else:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_bytes(text.encode("latin-1"))


def text_at(project: Path, path: str) -> str | None:
    """Read a file as the table writes it."""
    return (project / path).read_bytes().decode("latin-1") if (project / path).is_file() else None
