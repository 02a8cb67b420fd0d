"""Projects with a frontend of their own pass their own checks, too."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gfplug import sdk
from gfplug.scaffold import new
from gfplug.scaffold.choices import ADOPTED
from gfplug.scaffold.template import Answers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CHECKS = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["pytest", "-q", "-p", "no:cacheprovider"])


@pytest.mark.parametrize("frontend", ["react", ADOPTED])
def test_a_project_passes_its_own_checks(frontend: str, tmp_path: Path) -> None:
    """What is not Python changes nothing for Python's tools."""
    answers = Answers(org="acme", name="sales", title="Sales", description="Sales", author="Acme", frontend=frontend)
    request = new.NewProject(answers=answers, destination=tmp_path / "project", sdk_version=sdk.default())
    project = new.create(request).root
    known = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "LANG") if key in os.environ}
    for words in CHECKS:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=project,
            env=known,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr
