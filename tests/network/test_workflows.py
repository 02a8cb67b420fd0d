"""The workflows, ours and those that a project starts with, read by the linter that knows GitHub's rules."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from commands import run
from projects import SALES

from gfplug.scaffold import template

pytestmark = [pytest.mark.network, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
LINTER = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
OURS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SOURCES = {
    "vendored": "",
    "from an index": "gfplug==1.0",
    "from an address": "gfplug @ https://example.com/gfplug-1.0-py3-none-any.whl",
}


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
    done = run(linter, "-no-color", workflow)

    assert done.code == 0, done.out


@pytest.mark.parametrize("workflow", OURS, ids=lambda path: path.name)
def test_our_workflow_is_without_fault(linter: str, workflow: Path) -> None:
    """Unknown keys, jobs that do not exist, expressions without a value."""
    accept(linter, workflow)


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_a_projects_workflows_are_without_fault(linter: str, source: str, tmp_path: Path) -> None:
    """Wherever gfplug came from."""
    template.render(replace(SALES, gfplug=source), tmp_path)

    workflows = sorted((tmp_path / ".github" / "workflows").glob("*.yml"))
    assert len(workflows) == 2
    for workflow in workflows:
        accept(linter, workflow)


def test_the_linter_finds_a_fault(linter: str, tmp_path: Path) -> None:
    """A job that waits for one that is not there."""
    template.render(SALES, tmp_path / "project")
    wrong = (tmp_path / "project" / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    (tmp_path / "ci.yml").write_text(wrong.replace("needs: plugin", "needs: plugins"), encoding="utf-8")
    done = run(linter, "-no-color", tmp_path / "ci.yml")

    assert done.code == 1
    assert 'needs job "plugins"' in done.out
