"""`gfplug dev`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gfplug import console
from gfplug.commands.options import ProjectFolder  # noqa: TC001 - typer reads the annotations

_ADDRESS = "127.0.0.1:50051"


def dev(
    project: ProjectFolder = Path(),
    *,
    python: Annotated[
        Path | None, typer.Option(help="Run with this interpreter's packages instead of the project's .venv.")
    ] = None,
    attach: Annotated[
        bool,
        typer.Option("--attach", help="Run the plugin yourself, in a terminal or debugger; Grafana connects to it."),
    ] = False,
    address: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="The address at which Grafana reaches that plugin.")
    ] = _ADDRESS,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Allow an --address that other machines can reach.")
    ] = False,
    link: Annotated[bool, typer.Option("--link", hidden=True, help="Only link module.js, as a reload does.")] = False,
) -> None:
    """Run a project's source in a Grafana on this machine.

    Writes a dist/ that starts the source, and reloads the source after each save.
    """
    from gfplug.bundle import dev as service  # noqa: PLC0415 - a command's imports are its own
    from gfplug.bundle import launcher  # noqa: PLC0415
    from gfplug.errors import UsageError  # noqa: PLC0415
    from gfplug.project.plugin_project import Project  # noqa: PLC0415

    if address != _ADDRESS and not attach:
        raise UsageError("--address needs --attach", hint="add --attach, or omit --address")
    listening = launcher.address(address, allow_remote=allow_remote) if attach else ""
    target = Project.find(project)
    if link and python:
        console.result(service.link(target, python))
        return
    bundle = service.prepare(target, python=python, address=listening)
    plugin_id = target.manifest.id
    console.note(f"""
Let a Grafana on this machine load it (not one in a container):
  {service.link_command(bundle.folder, plugin_id)}
  GF_DEFAULT_APP_MODE=development
  or GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS={plugin_id}
Then (re)start Grafana once.""")
    if bundle.command:
        console.note(f"Start the plugin, before or after Grafana:\n  {bundle.command}")
    else:
        console.note(
            "Each save under src/ is served a moment later; Grafana logs `reloaded (pid ...)`.\n"
            "`gfplug build` puts the built plugin back."
        )
    console.result(bundle.folder)
