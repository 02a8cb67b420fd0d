"""`gfplug rename`: change the plugin id."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gfplug import console
from gfplug.commands.options import DryRun, ProjectFolder, show_changes


def rename(
    name: Annotated[str, typer.Argument(help="The new name, as for `gfplug new`: acme-orders.", metavar="NAME")],
    project: ProjectFolder = Path(),
    *,
    org: Annotated[str | None, typer.Option(help="First part of the plugin id; default: unchanged.")] = None,
    title: Annotated[str | None, typer.Option(help="The name that people see; default: unchanged.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Give a plugin another id.

    Changes the id in plugin.json, in the compose file, in provisioning and code, and in the folder's name. Prints the
    project's path. Data sources that exist in a Grafana keep the old id.
    """
    from gfplug.commands.upgrade import report  # noqa: PLC0415
    from gfplug.project.plugin_project import Project  # noqa: PLC0415
    from gfplug.upgrades import rename as service  # noqa: PLC0415 - a command's imports are its own
    from gfplug.upgrades import upgrade  # noqa: PLC0415

    target = Project.find(project)
    renaming = service.plan_rename(target, name, org=org, title=title)
    if dry_run:
        plan, renamed = upgrade.plan(target, renaming.request), target
    else:
        plan, renamed = service.rename(target, renaming)
    show_changes(plan.changes, console.note)
    console.result(renamed.root)
    console.note(f"{renaming.before.plugin_id} → {renaming.after.plugin_id}")
    report(plan, is_rehearsal=dry_run)
