"""The command line starts fast."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from commands import python, run, succeed

from gfplug.project import wheels

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = (
    *("copier", "grpc", "grpc_tools", "jinja2", "pyarrow", "tomlkit", "google.protobuf", "truststore"),
    *("urllib.request", "ssl", "rich", "pydantic", "gfplug.sdk", "gfplug.files", "gfplug.commands", "tomllib"),
)
FOR_QUESTIONS = ("copier", "plumbum", "questionary", "prompt_toolkit", "pygments", "hatchling", "rich")
"""Packages that no step of `gfplug new --defaults` needs."""


def test_help_imports_nothing_heavy() -> None:
    """`--help` imports no module that only some commands need."""
    script = (
        "import sys; from gfplug.cli import main\n"
        "assert main(['--help']) == 0\n"
        f"sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = run(sys.executable, "-c", script)

    assert done.code == 0
    assert done.err == ""
    assert "new" in done.out


def test_new_imports_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    """Making a project from cached wheels imports none of the slowest modules."""
    words = ["new", "myds", str(tmp_path / "project"), "--defaults"]
    script = (
        "import sys; from gfplug.cli import main\n"
        f"assert main({words!r}) == 0\n"
        f"sys.stdout.write(' '.join(name for name in {FOR_QUESTIONS!r} if name in sys.modules))"
    )
    fill = f"from gfplug.project import wheels; [wheels.build(name) for name in {list(wheels.NAMES)}]"
    own_cache = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}  # other tests fill the user's cache
    succeed(sys.executable, "-c", fill, env=own_cache)
    done = run(sys.executable, "-c", script, env=own_cache)

    assert done.code == 0, done.err
    assert done.out == f"{tmp_path / 'project'}\n"


def test_a_misspelt_command_is_recognised() -> None:
    """The error imports no module of a command."""
    done = python("gfplug", "nwe")

    assert done.code == 2
    assert "Did you mean 'new'?" in done.err
