"""`gfplug release`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gfplug import console
from gfplug.commands.options import ProjectFolder  # noqa: TC001 - typer reads the annotations


def release(
    project: ProjectFolder = Path(),
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, build and test, but make no tag.")] = False,
    python: Annotated[
        Path | None,
        typer.Option(help="Build and test with this interpreter's packages instead of the project's .venv."),
    ] = None,
) -> None:
    """Check, build and test a project, then tag it.

    Runs the checks and tests of the workflow release.yml that one machine can run. Only the workflow builds other
    platforms, tests in Grafana, signs and attests. Prints the archive's path. To publish, push the tag.
    """
    from gfplug.checks import release as service  # noqa: PLC0415 - a command's imports are its own
    from gfplug.project.plugin_project import Project  # noqa: PLC0415

    target = Project.find(project)
    result = service.prepare(target, python=python, is_rehearsal=dry_run)
    console.note(f"{result.tag} would say:\n\n{result.notes}\n" if dry_run else f"{result.tag}:\n\n{result.notes}\n")
    if dry_run:
        console.note("Nothing was tagged: --dry-run")
    else:
        service.tag(target, result.tag)
        console.note(f"Tagged {result.tag}. To release it, type: git push origin {result.tag}")
    console.result(result.archive)
