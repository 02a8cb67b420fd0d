"""`gfplug deploy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gfplug import console
from gfplug.commands.options import BundleFolder, choice

Way = Literal["ini", "env", "compose", "helm", "dockerfile", "all"]


def deploy(
    target: BundleFolder = Path(),
    *,
    way: Annotated[Way, choice(Way, "--as", help="How Grafana is run.")] = "all",
    url: Annotated[str, typer.Option(help="The address from which the host downloads the archive.")] = "",
    image: Annotated[str, typer.Option(help="The Grafana image in compose, Helm and Dockerfile.")] = "",
) -> None:
    """Print the lines that install a plugin in a Grafana.

    With --url the host downloads the archive; without it, you copy the archive to the host.
    """
    from gfplug.bundle import deploy as service  # noqa: PLC0415 - a command's imports are its own
    from gfplug.bundle import dist  # noqa: PLC0415

    bundle = dist.locate_bundle(target)
    manifest = bundle.manifest
    archive = bundle.archives[0].name if bundle.archives else f"{manifest.id}-{manifest.version}.zip"
    image_option = {"image": image} if image else {}
    plugin = service.DeployedPlugin(
        id=manifest.id, archive=archive, is_signed=(bundle.folder / "MANIFEST.txt").is_file(), url=url, **image_option
    )
    for each in service.WAYS if way == "all" else (way,):
        if way == "all":
            console.result(f"# ---- {each} ----")
        console.result(service.lines(plugin, each))
