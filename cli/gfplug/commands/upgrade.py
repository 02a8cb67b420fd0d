"""`gfplug upgrade`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gfplug import console
from gfplug.commands import openapi_options
from gfplug.commands.options import DryRun, ProjectFolder, pairs, show_changes
from gfplug.errors import ConflictError, GfplugError, UsageError

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project
    from gfplug.scaffold.openapi.stored_model import StoredModel
    from gfplug.upgrades.upgrade import Plan


def upgrade(
    project: ProjectFolder = Path(),
    *,
    dry_run: DryRun = False,
    as_diff: Annotated[bool, typer.Option("--diff", help="Only show what would change, as a diff.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace owned files that were edited; keeps a copy in .gfplug/backup.")
    ] = False,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Change a setting of the template, such as frontend=react."),
    ] = None,
    packages: Annotated[
        bool, typer.Option("--packages", help="Only update requirements-lock.txt to the newest packages.")
    ] = False,
    openapi: openapi_options.OpenApi = None,
    operations: openapi_options.Operations = None,
    strict: openapi_options.Strict = False,
) -> None:
    """Move a project to this gfplug's template and runtime.

    Your edits are kept, and src/plugin, tests and frontend/src are never touched. --data frontend=react writes React
    editors of your own into frontend/src, once, from your dataclasses. --openapi writes src/upstream again, from a new
    description of the API, and lists what changes for saved queries. Prints the files that changed. Marks conflicts in
    the files and lists these files; the exit code is then 8.
    """
    from gfplug.edits import difference  # noqa: PLC0415 - a command's imports are its own
    from gfplug.project.plugin_project import Project  # noqa: PLC0415
    from gfplug.upgrades import upgrade as service  # noqa: PLC0415

    openapi_options.require_openapi(openapi, operations=operations, strict=strict)
    is_rehearsal = dry_run or as_diff
    if packages:
        _renew_only_packages(project, is_alone=not (is_rehearsal or force or data or openapi))
        return
    target = Project.find(project) if is_rehearsal else Project.find_unfinished(project)
    answers = pairs(data or [])
    schema = _read_schema(target) if answers.get("frontend") == "react" else None
    upstream = None if openapi is None else _read_upstream(target, openapi, operations, strict=strict)
    request = service.UpgradeRequest(answers=answers, force=force, schema=schema, upstream=upstream)
    plan = service.plan(target, request) if is_rehearsal else service.upgrade(target, request)
    if as_diff:
        console.result(difference.show({path: plan.edits[path] for path in plan.changes}).rstrip("\n"))
    else:
        show_changes(plan.changes)
    if not is_rehearsal and not plan.conflicts:
        _renew_packages(target)
    report(plan, is_rehearsal=is_rehearsal)


def _renew_only_packages(folder: Path, *, is_alone: bool) -> None:
    """Write the lock of packages with the newest versions.

    Raises: UsageError if there are other options; else as `package_lock.write` does.
    """
    from gfplug.project.environment import package_lock  # noqa: PLC0415 - as above
    from gfplug.project.plugin_project import Project  # noqa: PLC0415

    if not is_alone:
        raise UsageError("--packages can't be used with other options", hint="run gfplug upgrade again for the others")
    if package_lock.write(Project.find(folder), newest=True):
        console.result(package_lock.NAME)
    else:
        console.note(f"{package_lock.NAME} has the newest packages")


def _renew_packages(project: Project) -> None:
    """Write the newest packages to the lock, if there is one; run no code of the project.

    A failure does not undo the upgrade.
    """
    from gfplug.project.environment import package_lock  # noqa: PLC0415 - as above

    if not package_lock.path_of(project).is_file():
        return
    try:
        if package_lock.write(project, newest=True, may_build=False):
            show_changes({package_lock.NAME: "changed"})
    except GfplugError as error:
        console.note(f"note: {package_lock.NAME} did not change: {error.message}")


def _read_schema(project: Project) -> dict[str, Any] | None:
    """Describe the project's dataclasses, if its editors are made from them; create its `.venv` if needed.

    Raises: ProjectError if the dataclasses cannot become a form; ToolError if the environment can't be created;
    UsageError if the dataclasses come from an API's description.
    """
    from gfplug.bundle.frontend import linker, npm  # noqa: PLC0415 - as above
    from gfplug.project.environment import venv  # noqa: PLC0415
    from gfplug.scaffold import template  # noqa: PLC0415
    from gfplug.scaffold.openapi import stored_model  # noqa: PLC0415
    from gfplug.stages import Stages  # noqa: PLC0415

    if stored_model.NAME in project.lock.owned:
        raise template.react_error()
    if npm.locate_frontend(project) is not None:
        return None
    return linker.read_schema(project, venv.ensure(project, stages=Stages()))


def _read_upstream(project: Project, openapi: str, operations: str | None, *, strict: bool) -> StoredModel:
    """Read a new description of the project's API, and print what it changes.

    Raises: as `description.read` does; ProjectError if the project was not made from a description.
    """
    from gfplug.upgrades import api_description  # noqa: PLC0415 - as above

    before, operation_names = api_description.read(project), openapi_options.names(operations)
    source = openapi_options.read(openapi, operation_names, strict=strict, previous=before.operations)
    selection = tuple(each.name for each in source.operations) if operation_names else before.operations
    stored = api_description.choose(source, selection)
    openapi_options.show_changes(api_description.compare(project, stored))
    return stored


def report(plan: Plan, *, is_rehearsal: bool) -> None:
    """Print the result, and the conflicts to resolve.

    Raises: ConflictError if there are conflicts.
    """
    for note in plan.notes:
        console.note(f"note: {note}")
    versions = plan.after if plan.before == plan.after else f"{plan.before} → {plan.after}"
    if not plan.edits:
        console.note(f"Up to date with gfplug {plan.after}")
    elif is_rehearsal:
        console.note(f"Nothing was changed: a dry run of gfplug {versions}")
    else:
        console.note(f"Upgraded to gfplug {versions}: {len(plan.changes)} files")
    if plan.conflicts:
        lines = "\n".join(f"{conflict.path}: {conflict.reason}" for conflict in plan.conflicts)
        count = len(plan.conflicts)
        verb = "would have" if is_rehearsal else "has" if count == 1 else "have"
        raise ConflictError(
            f"{count} {'file' if count == 1 else 'files'} {verb} conflicts",
            hint="resolve the conflicts above, then commit; everything else is done",
            details=lines,
        )
