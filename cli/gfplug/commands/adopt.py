"""`gfplug adopt`: a data source that has only a frontend gets a backend in Python."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path  # noqa: TC003 - typer evaluates the annotations
from typing import Annotated

import typer

from gfplug import console, sdk
from gfplug.errors import UsageError
from gfplug.scaffold import adopt as service

_log = logging.getLogger(__name__)


def adopt(
    directory: Annotated[Path, typer.Argument(help="The plugin: the folder with its package.json.", metavar="DIR")],
    *,
    backend: Annotated[str, typer.Option(metavar="NAME", help="The folder to make in it.")] = "backend",
    sdk_version: Annotated[
        str, typer.Option(metavar="V|latest|default", help="The Go SDK release to speak.")
    ] = "default",
    source: Annotated[
        Path | None, typer.Option("--from", help="Take the SDK's proto from a file, checkout or module zip.")
    ] = None,
    data: Annotated[
        str,
        typer.Option(metavar="gfplug=REQUIREMENT", help="Where the project gets gfplug from, as `gfplug new` has it."),
    ] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False,
) -> None:
    """Add a Python backend to a data source plugin that has none; none of its own files is touched.

    The backend is a gfplug project in a folder of its own. Its build runs the plugin's own build, and puts both into
    one bundle.
    """
    key, _, requirement = data.partition("=")
    if data and (key != "gfplug" or not requirement):
        raise UsageError(f"--data expects gfplug=REQUIREMENT, got {data!r}")
    project = service.adopt(
        directory,
        backend=backend,
        sdk_version=sdk.resolve(sdk_version, offline=offline),
        source=source,
        offline=offline,
        gfplug=requirement,
    )
    _log.info("")
    _log.info("Made %s. The one file to edit: src/plugin/datasource.py.\nNext:", project.root)
    for line in (f"cd {shlex.quote(str(project.root))}", "gfplug build", "gfplug call query dist"):
        _log.info("  %s", line)
    console.result(project.root)
