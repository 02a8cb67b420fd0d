"""The workflows, ours and those that a project starts with, read by the linter that knows GitHub's rules."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.network, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
LINTER = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
WORKFLOWS = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    *sorted((ROOT / "template" / "project" / ".github" / "workflows").glob("*.yml")),
]


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Find actionlint, or let Go install it; skip where neither is possible."""
    if found := shutil.which("actionlint"):
        return found
    go = shutil.which("go")
    if go is None:
        pytest.skip("install Go 1.26: it installs actionlint")
    folder = tmp_path_factory.mktemp("actionlint")
    done = subprocess.run(
        [go, "install", LINTER],
        cwd=folder,
        env={**os.environ, "GOBIN": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    if done.returncode != 0:
        pytest.skip(f"Go can't install actionlint: {done.stderr.strip()[-300:]}")
    return str(folder / "actionlint")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_workflow_is_without_fault(linter: str, workflow: Path) -> None:
    """Unknown keys, jobs that do not exist, expressions without a value."""
    done = subprocess.run([linter, "-no-color", workflow], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stdout


def test_the_linter_finds_a_fault(linter: str, tmp_path: Path) -> None:
    """A job that waits for one that is not there."""
    wrong = (ROOT / "template/project/.github/workflows/ci.yml").read_text(encoding="utf-8")
    (tmp_path / "ci.yml").write_text(wrong.replace("needs: plugin", "needs: plugins"), encoding="utf-8")
    done = subprocess.run(
        [linter, "-no-color", tmp_path / "ci.yml"], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    assert 'needs job "plugins"' in done.stdout
