"""`gfplug release`: check on this machine what a release needs, as the project's workflow does on other machines.

The tag comes last; the workflow starts when the author pushes it.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.bundle import build
from gfplug.checks import check
from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import installation, package_lock, venv
from gfplug.stages import Stages
from gfplug.untrusted import documents, repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gfplug.project.plugin_project import Project

CHANGELOG = "CHANGELOG.md"
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
_TOOLS = {
    "style": ("ruff", "check"),
    "format": ("ruff", "format", "--check"),
    "types": ("mypy",),
    "tests": ("pytest", "--quiet"),
}
_STEP_TIMEOUT_SECONDS = 3600.0
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release: the tag that starts the workflow, its section of the changelog, and this platform's archive."""

    tag: str
    notes: str
    archive: Path


def prepare(project: Project, *, python: Path | None = None, is_rehearsal: bool) -> Release:
    """Check a project, build it, check its archive, and run its linters and tests.

    The interpreter `python` builds and tests; without it, the project's `.venv` does.

    Raises: ProjectError with everything that the author must change first, in one message; ToolError if a check or a
    test fails; else as `build` does.
    """
    version, notes = project.version, changes(project)
    problems = [*_problems(project, version, notes)]
    if not is_rehearsal:
        problems += _tag_problems(project, version)
    if problems:
        raise ProjectError(f"version {version} can't be released: {'; '.join(problems)}")
    _require_good(project.root, python)
    archive = build.build(project, build.BuildOptions(python=python)).archive
    _require_good(archive, None)
    _test(project, python)
    return Release(tag=f"v{version}", notes=notes, archive=archive)


def tag(project: Project, name: str) -> None:
    """Tag the last commit.

    Raises: ToolError if git refuses.
    """
    answer = repository.set_reference(project.root, f"refs/tags/{name}")
    if answer.returncode:
        raise ToolError(f"git could not create the tag {name}", details=answer.stderr.decode(errors="replace"))


def changes(project: Project) -> str:
    """Return the changelog's section for the project's version; empty if there is none.

    A section begins with a line such as `## 1.2.0`, `## [1.2.0]` or `## 1.2.0 (2026-01-31)`.
    """
    try:
        text = documents.read_text(project.root / CHANGELOG)
    except FileNotFoundError:
        return ""
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        head, _, body = section.partition("\n")
        if head.replace("[", " ").replace("]", " ").split()[:1] == [project.version]:
            return body.strip()
    return ""


def _problems(project: Project, version: str, notes: str) -> Iterator[str]:
    if not _VERSION.fullmatch(version):
        yield "in pyproject.toml it is not three numbers, such as 1.2.0"
    if not notes:
        yield f"{CHANGELOG} has no text below a line ## {version}"
    if not package_lock.is_current(project):
        yield f"{package_lock.NAME} is missing or older than pyproject.toml: run gfplug build and commit it"


def _tag_problems(project: Project, version: str) -> Iterator[str]:
    root = project.root
    if not repository.head(root):
        yield "the project has no commit in git"
    elif uncommitted := repository.find_uncommitted(root, repository.list_files(root) or []):
        yield f"not committed: {', '.join(uncommitted[:5])}"
    if repository.has_reference(root, f"refs/tags/v{version}"):
        yield f"the tag v{version} exists: raise the version in pyproject.toml"


def _require_good(path: Path, python: Path | None) -> None:
    report = check.check(path, python=python)
    errors = [finding for finding in report.findings if finding.level == "error"]
    if errors:
        lines = "\n".join(f"{finding.where}: {finding.message}" for finding in errors)
        raise ProjectError(f"{path} has errors", hint="gfplug check says what to do", details=lines)


def _test(project: Project, python: Path | None) -> None:
    stages = Stages()
    interpreter = venv.ensure(project, python=python, stages=stages)
    if python is None:
        with stages.stage("tools", doing="Installing the tools", done="Installed the tools that check and test"):
            installation.install_tools(project, project.root / ".venv", interpreter=interpreter)
    for name, words in _TOOLS.items():
        with stages.stage(name, doing=f"Running {' '.join(words)}", done=f"Passed: {' '.join(words)}"):
            process.run(
                [interpreter, "-m", *words], cwd=project.root, what=" ".join(words), timeout=_STEP_TIMEOUT_SECONDS
            )
