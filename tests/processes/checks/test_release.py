"""`gfplug release`: the problems that prevent a release, the steps before the tag, and the tag."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from commands import commit, git
from projects import new_project

from gfplug import process
from gfplug.bundle import build
from gfplug.checks import check as checking
from gfplug.checks import release
from gfplug.cli import main
from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import package_lock, venv
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="install git: a release is a tag")


class Steps:
    """Stand-ins for the steps that take minutes; each is recorded, and may fail."""

    def __init__(self) -> None:
        """Let all steps succeed."""
        self.names: list[str] = []
        self.broken = ""

    def check(self, path: Path, *, python: Path | None = None) -> SimpleNamespace:
        """Stand in for `gfplug check`."""
        del python
        name = f"check {path.suffix or 'project'}"
        self.names.append(name)
        finding = SimpleNamespace(level="error", where="plugin.json", message="it is wrong")
        return SimpleNamespace(findings=[finding] if name == self.broken else [])

    def build(self, project: Project, _options: build.BuildOptions) -> SimpleNamespace:
        """Stand in for `gfplug build`."""
        self.names.append("build")
        return SimpleNamespace(archive=project.root / "artifacts" / "sales.zip")

    def run(self, command: Sequence[str | Path], *, what: str, **_options: object) -> str:
        """Stand in for a linter or the tests."""
        del command
        self.names.append(what)
        if what == self.broken:
            raise ToolError(f"{what} failed")
        return ""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Put the stand-ins in place; the lock of packages is current."""
    steps = Steps()
    monkeypatch.setattr(checking, "check", steps.check)
    monkeypatch.setattr(build, "build", steps.build)
    monkeypatch.setattr(process, "run", steps.run)
    monkeypatch.setattr(package_lock, "is_current", lambda _: True)
    monkeypatch.setattr(venv, "ensure", lambda *_, **__: Path(sys.executable))
    return steps


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a project whose files are committed."""
    root = new_project(tmp_path / "project")
    commit(root)
    return Project(root)


def test_a_release_is_checked_built_and_tested_and_then_tagged(
    project: Project, steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    """The steps have the workflow's order; stdout has the archive, and the tag is on the last commit."""
    assert main(["release", str(project.root), "--python", sys.executable]) == 0

    out, err = capsys.readouterr()
    assert steps.names == [
        *("check project", "build", "check .zip"),
        *("ruff check", "ruff format --check", "mypy", "pytest --quiet"),
    ]
    assert out == f"{project.root / 'artifacts' / 'sales.zip'}\n"
    assert "First version." in err
    assert "git push origin v0.1.0" in err
    assert git(project.root, "rev-parse", "v0.1.0") == git(project.root, "rev-parse", "HEAD")
    with pytest.raises(ProjectError, match=r"the tag v0\.1\.0 exists: raise the version"):
        release.prepare(project, is_rehearsal=False)


@pytest.mark.usefixtures("steps")
def test_a_rehearsal_makes_no_tag(project: Project) -> None:
    """It accepts a project with uncommitted changes."""
    (project.root / "CHANGELOG.md").write_text("# Changelog\n\n## [0.1.0] - 2026-01-31\n\nMore.\n\n## 0.0.1\n\nOld.\n")

    result = release.prepare(project, python=Path(sys.executable), is_rehearsal=True)

    assert (result.tag, result.notes) == ("v0.1.0", "More.")
    assert main(["release", str(project.root), "--dry-run", "--python", sys.executable]) == 0
    assert git(project.root, "tag") == ""


@pytest.mark.parametrize("broken", ["check project", "check .zip", "mypy", "pytest --quiet"])
def test_no_step_that_fails_leaves_a_tag(project: Project, steps: Steps, broken: str) -> None:
    """The steps after the failed one do not run."""
    steps.broken = broken

    assert main(["release", str(project.root), "--python", sys.executable]) != 0
    assert steps.names[-1] == broken
    assert git(project.root, "tag") == ""


def test_all_missing_preparations_of_a_release_are_reported_at_once(
    project: Project, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is checked or built before this message."""
    path = project.root / "pyproject.toml"
    path.write_text(path.read_text().replace('version = "0.1.0"', 'version = "1.0"'))
    monkeypatch.setattr(package_lock, "is_current", lambda _: False)
    with pytest.raises(ProjectError) as caught:
        release.prepare(project, is_rehearsal=False)

    for part in (
        *("it is not three numbers", "CHANGELOG.md has no text below a line ## 1.0"),
        *("requirements-lock.txt is missing or older", "not committed: pyproject.toml"),
    ):
        assert part in caught.value.message
    assert steps.names == []


@pytest.mark.usefixtures("steps")
def test_a_project_without_a_commit_has_nothing_to_tag(tmp_path: Path) -> None:
    """The project is new."""
    with pytest.raises(ProjectError, match="no commit in git"):
        release.prepare(Project(new_project(tmp_path / "new")), is_rehearsal=False)
