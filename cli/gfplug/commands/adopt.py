"""`gfplug adopt`: add a Python backend to a data source that has only a frontend."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer evaluates the annotations
from typing import Annotated

import typer

from gfplug import console
from gfplug.commands.new import show_next_steps
from gfplug.commands.options import Offline, ProtoSource, SdkVersion, pairs


def adopt(
    directory: Annotated[Path, typer.Argument(help="The plugin: the folder with its package.json.", metavar="DIR")],
    *,
    backend: Annotated[str, typer.Option(metavar="NAME", help="The name of the new folder in DIR.")] = "backend",
    sdk_version: SdkVersion = "default",
    source: ProtoSource = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="gfplug=REQUIREMENT",
            help="How the project installs gfplug, such as gfplug=gfplug==0.2.0; as in `gfplug new --data`.",
        ),
    ] = None,
    offline: Offline = False,
) -> None:
    """Add a Python backend to a plugin that has none.

    The backend is a gfplug project in its own folder; no file of the plugin is touched. The project's build runs
    the plugin's own build, and puts both into one bundle.
    """
    from gfplug import sdk  # noqa: PLC0415 - a command's imports are its own
    from gfplug.scaffold import adopt as service  # noqa: PLC0415

    console.note(
        f"Creates {directory / backend}/. Its builds install Python packages into {backend}/.venv and the plugin's "
        f"missing packages with npm, and run `npm run build` in {directory}."
    )
    project = service.adopt(
        directory,
        backend=backend,
        sdk_version=sdk.resolve(sdk_version, offline=offline),
        source=source,
        offline=offline,
        gfplug=pairs(data or [], ("gfplug",)).get("gfplug", ""),
    )
    show_next_steps(project.root, "gfplug build", "gfplug call query dist")
    console.result(project.root)
